"""8.2 and 8.3: readers. What is said here of a reader is said of reader and gateway together."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from safezone_conformance.case import case
from safezone_conformance.cases._happening import fresh_tag, outer, present, press_tag, the_tag
from safezone_conformance.equipment_ambient import STAY_GAP_S
from safezone_conformance.equipment_bench import EquipmentBench, Up
from safezone_conformance.wire import unix

IN_FIELD = (
    "태그를 안테나 앞에 2초 두었다가 치운다",
    "a tag is held before an antenna for 2 s, then taken away",
)


def _of(tag: str, phase: str, antenna: str | None = None) -> Callable[[Mapping[str, Any]], bool]:
    return lambda d: d["tag"] == tag and d["phase"] == phase and (antenna is None or d["antenna"] == antenna)


def _phase(phase: str, tag: str) -> str:
    return f"tag.sighted of phase {phase} of {tag}"


def _end_by(t: EquipmentBench, done_t: float) -> float:
    """When the end of a stay is there at the latest."""
    return done_t + STAY_GAP_S + t.at_once


@case(
    "TC-READER-TAG-01",
    ko="첫 읽음에 start를, 머묾이 끝나면 같은 이름의 end를 보낸다",
    en="start comes at the first read, and end of the same stay when it is over",
    verifies=["READER-TAG-001", "READER-TAG-002", "READER-TAG-005", "READER-TAG-006"],
    steps=[IN_FIELD, ("6초 넘게 기다린다", "wait for more than 6 s")],
    slow_s=12,
)
def one_stay(t: EquipmentBench) -> None:
    tag, antenna = fresh_tag(t), outer(t)
    done = present(t, tag, antenna, 2.0)
    start = t.expect_up("READER-TAG-001", "tag.sighted", since=done.asked_t, until=done.t + t.at_once, where=_of(tag, "start"),
                        what=f"tag.sighted of phase start of {tag}")  # fmt: skip
    if done.t < done.done_t - 0.5:  # the reply says when the tag came
        t.check("READER-TAG-001", start.t <= done.t + t.at_once, "at the first read", f"{start.t - done.t:.2f} s after the tag came",
                within=t.at_once, seen=start)  # fmt: skip
    t.check(
        "READER-TAG-005",
        start.data["antenna"] == antenna,
        f"antenna {antenna}",
        start.data["antenna"],
        seen=start,
    )
    end = t.expect_up("READER-TAG-002", "tag.sighted", since=start.t, until=_end_by(t, done.done_t), where=_of(tag, "end"),
                      what=f"tag.sighted of phase end of {tag}")  # fmt: skip
    t.check(
        "READER-TAG-002",
        end.data["stay"] == start.data["stay"],
        f"the stay {start.data['stay']}",
        end.data["stay"],
        seen=end,
    )
    first, last = unix(str(end.data["first_at"])), unix(str(end.data["last_at"]))
    t.check(
        "READER-TAG-006",
        first <= last,
        "first_at not after last_at",
        f"{end.data['first_at']}, {end.data['last_at']}",
        seen=end,
    )
    t.check(
        "READER-TAG-006",
        end.data["reads"] >= start.data["reads"],
        f"{start.data['reads']} reads or more",
        end.data["reads"],
        seen=end,
    )


@case(
    "TC-READER-TAG-02",
    ko="6초보다 가까운 읽음은 한 머묾이고, 그 뒤의 머묾은 새 이름을 가진다",
    en="Reads less than 6 s apart are one stay; the next stay has a new name",
    verifies=["READER-TAG-003", "READER-TAG-004"],
    steps=[
        (
            "태그를 1초 두었다 치우고 3초 뒤 다시 1초 둔다",
            "a tag is there for 1 s, away for 3 s, there again for 1 s",
        ),
        ("end를 기다린 뒤 다시 한 번 둔다", "after the end it is shown once more"),
    ],
    slow_s=22,
)
def double_read(t: EquipmentBench) -> None:
    tag, antenna = fresh_tag(t), outer(t)
    first = present(t, tag, antenna, 1.0)
    start = t.given_up(
        "tag.sighted", since=first.asked_t, until=first.done_t + t.at_once, where=_of(tag, "start"),
        what=_phase("start", tag),
    )  # fmt: skip
    t.wait(3.0)
    again = present(t, tag, antenna, 1.0)
    t.given(again.done_t - first.done_t < STAY_GAP_S - 0.5, "the tag came back within 6 s")
    end = t.given_up("tag.sighted", since=start.t, until=_end_by(t, again.done_t), where=_of(tag, "end"),
                     what=f"{_phase('end', tag)}, 6 s without a read after it went")  # fmt: skip
    starts = [
        u for u in t.ups("tag.sighted", _of(tag, "start", antenna), since=first.asked_t) if u.t <= end.t
    ]
    t.check(
        "READER-TAG-003",
        len(starts) == 1 and end.data["stay"] == start.data["stay"],
        "one stay",
        f"{len(starts)} stays",
        seen=end,
    )
    third = present(t, tag, antenna, 1.0)
    other = t.given_up(
        "tag.sighted", since=third.asked_t, until=third.done_t + t.at_once, where=_of(tag, "start"),
        what=_phase("start", tag),
    )  # fmt: skip
    t.check(
        "READER-TAG-004",
        other.data["stay"] != start.data["stay"],
        "a new name for the next stay",
        other.data["stay"],
        seen=other,
    )


@case(
    "TC-READER-TAG-03",
    ko="다시 켜진 뒤에도 머묾의 이름을 다시 쓰지 않는다",
    en="The name of a stay is not used again after a power cut either",
    verifies=["READER-TAG-004"],
    steps=[
        ("태그 둘을 차례로 보인다", "two tags are shown, one after the other"), ("모든 전원을 3초 끊는다", "all power is cut for 3 s"),
        ("태그 둘을 다시 보인다", "both are shown again"),
    ],
    slow_s=25,
)  # fmt: skip
def stays_after_restart(t: EquipmentBench) -> None:
    t.given(len(t.device.tags) >= 2, "device.tags of the IXIT names two tags")
    for tag in t.device.tags[:2]:
        t.clear_field(outer(t), [tag])
    began = t.line.stamp()
    shown = [present(t, tag, outer(t)) for tag in t.device.tags[:2]]
    t.await_all(shown[-1].done_t + STAY_GAP_S + t.at_once)
    before = {u.data["stay"] for u in t.ups("tag.sighted", since=began)}
    cut = t.do("power_cut", takes_s=3.0, off_s=3.0)
    t.given(
        t.await_up(None, cut.done_t + t.allowed(float(t.value("device.start_s"))), since=cut.asked_t)
        is not None,
        "the reader is back",
    )
    after = []
    for tag in t.device.tags[:2]:
        done = present(t, tag, outer(t))
        after.append(
            t.given_up(
                "tag.sighted",
                since=done.asked_t,
                until=done.done_t + t.at_once,
                where=_of(tag, "start"),
                what=_phase("start", tag),
            )
        )
    again = [u.data["stay"] for u in after if u.data["stay"] in before]
    t.check("READER-TAG-004", not again, "new names for new stays", again or [u.data["stay"] for u in after])


@case(
    "TC-READER-TAG-04",
    ko="문의 리더기는 바깥과 안쪽 안테나의 머묾을 따로 보낸다",
    en="A gate reader reports stays at its outer and its inner antenna separately",
    verifies=["READER-TAG-007", "READER-TAG-005"],
    steps=[
        ("태그가 바깥 안테나, 안쪽 안테나를 차례로 지난다", "a tag passes the outer, then the inner antenna")
    ],
    slow_s=5,
)
def gate(t: EquipmentBench) -> None:
    tag = the_tag(t)
    t.given(
        {"outer", "inner"} <= set(t.device.antennas.values()),
        "device.antennas of the IXIT names an outer and an inner antenna",
    )
    out, in_ = t.device.antenna("outer"), t.device.antenna("inner")
    for antenna in (out, in_):
        t.clear_field(antenna, [tag])
    firsts: list[Up] = []
    for antenna in (out, in_):
        done = present(t, tag, antenna)
        firsts.append(t.expect_up("READER-TAG-007", "tag.sighted", since=done.asked_t, until=done.done_t + t.at_once,
                                  where=_of(tag, "start", antenna), what=f"a start at the antenna {antenna}"))  # fmt: skip
    order = [unix(str(u.data["first_at"])) for u in firsts]
    t.check("READER-TAG-007", order[0] < order[1] and firsts[0].data["stay"] != firsts[1].data["stay"],
            "two stays, the outer first", [dict(u.data) for u in firsts])  # fmt: skip
    t.hold("READER-TAG-005")


@case(
    "TC-READER-TAG-05",
    ko="모르는 태그도 보낸다",
    en="Tags it does not know are reported, too",
    verifies=["READER-TAG-008"],
    steps=[("리더기가 모르는 태그를 보인다", "a tag the reader does not know is shown")],
    slow_s=3,
)
def unknown_tag(t: EquipmentBench) -> None:
    tag = str(t.value("device.unknown_tag"))
    t.given(bool(tag), "device.unknown_tag of the IXIT names a tag")
    done = present(t, tag, outer(t), 1.0)
    t.expect_up("READER-TAG-008", "tag.sighted", since=done.asked_t, until=done.done_t + t.at_once, where=_of(tag, "start"),
                what=f"tag.sighted of {tag}")  # fmt: skip


@case(
    "TC-READER-TAG-06",
    ko="10초 안에 문을 지나는 태그 30개를 하나도 빠뜨리지 않는다",
    en="Every one of 30 tags that pass a gate within 10 s is reported",
    verifies=["READER-TAG-009"],
    steps=[("태그 30개가 10초 안에 문을 지난다", "30 tags pass the gate within 10 s")],
    slow_s=25,
)
def crowd(t: EquipmentBench) -> None:
    count, seconds = int(t.timing("gate_crowd_tags")), t.timing("gate_crowd_s")
    t.given(len(t.device.tags) >= count, f"device.tags of the IXIT names {count} tags")
    tags = list(t.device.tags[:count])
    sides = [t.device.antenna("outer", "single"), t.device.antenna("inner", "single")]
    antennas = list(dict.fromkeys(sides))
    for antenna in antennas:
        for tag in tags:
            t.clear_field(antenna, [tag])
    done = t.do("present_tags", takes_s=seconds, tags=tags, antennas=antennas, seconds=seconds)
    t.await_all(done.done_t + t.at_once)
    came = {(u.data["tag"], u.data["antenna"]) for u in t.ups("tag.sighted", since=done.asked_t)}
    missing = [f"{tag} at {a}" for tag in tags for a in antennas if (tag, a) not in came]
    t.check(
        "READER-TAG-009", not missing, f"all of {count} tags at {' and '.join(antennas)}", missing or "all"
    )


@case(
    "TC-READER-TAG-07",
    ko="범위 끝에서 이따금 읽히는 태그도 온전한 머묾으로 보낸다",
    en="A tag at the edge of range, read now and then, is reported in whole stays",
    verifies=["READER-TAG-002", "READER-TAG-003", "READER-TAG-006"],
    steps=[
        ("태그를 범위의 끝에 25초 둔다", "a tag is kept at the edge of range for 25 s"),
        ("6초 넘게 기다린다", "wait for more than 6 s"),
    ],
    slow_s=40,
)
def edge(t: EquipmentBench) -> None:
    tag, antenna = fresh_tag(t), outer(t)
    done = t.do("edge_of_range", takes_s=25.0, tag=tag, antenna=antenna, seconds=25.0)
    t.await_all(_end_by(t, done.done_t))
    starts = t.ups("tag.sighted", _of(tag, "start", antenna), since=done.asked_t)
    ends = {u.data["stay"]: u for u in t.ups("tag.sighted", _of(tag, "end", antenna), since=done.asked_t)}
    t.given(bool(starts), f"{tag} was read at all")
    loose = [u.data["stay"] for u in starts if u.data["stay"] not in ends]
    t.check("READER-TAG-002", not loose, "an end of every stay", loose or "all have")
    pairs = pairwise(starts)
    near = [f"{b.data['stay']} {unix(str(b.data['first_at'])) - unix(str(ends[a.data['stay']].data['last_at'])):.2f} s after {a.data['stay']}"
            for a, b in pairs if a.data["stay"] in ends
            and unix(str(b.data["first_at"])) - unix(str(ends[a.data["stay"]].data["last_at"])) < STAY_GAP_S - 0.01]  # fmt: skip
    t.check("READER-TAG-003", not near, "6 s or more between stays", near or f"{len(starts)} stays")
    t.hold("READER-TAG-006")


# 8.3 Calls


def _call(t: EquipmentBench, tag: str, requirement: str = "") -> tuple[Up, object]:
    """The tag.called of one press, and the tag's own counter if somebody read it."""
    done = press_tag(t, tag)
    found = t.await_up("tag.called", done.t + t.at_once, since=done.asked_t, where=lambda d: d["tag"] == tag)
    if requirement:
        t.require(requirement, found is not None, f"tag.called of {tag} at once", "came" if found else f"none; there came: {t.heard(done.asked_t)}",
                  within=t.at_once, seen=found)  # fmt: skip
    t.given(found is not None, f"tag.called of {tag}")
    assert found is not None
    return found, done.seen.get("press")


@case(
    "TC-READER-CALL-01",
    ko="태그의 긴급호출을 들으면 곧바로 한 번만 보낸다",
    en="A tag's call is sent at once, and once only however often it is heard",
    verifies=["READER-CALL-001", "READER-CALL-004"],
    steps=[
        ("태그의 단추를 한 번 누른다", "the tag's button is pressed once"),
        ("5초 지켜본다", "watch for 5 s"),
    ],
    slow_s=8,
)
def call(t: EquipmentBench) -> None:
    tag = the_tag(t)
    heard, _ = _call(t, tag, "READER-CALL-001")
    t.wait(5.0)
    more = [u for u in t.ups("tag.called", lambda d: d["tag"] == tag, since=heard.t) if u is not heard]
    t.check("READER-CALL-004", not more, "one tag.called of one press", f"{1 + len(more)}", seen=heard)


@case(
    "TC-READER-CALL-02",
    ko="press는 태그의 누름 계수기 값이다",
    en="press is the value of the tag's press counter",
    verifies=["READER-CALL-002"],
    steps=[
        ("태그의 단추를 1초 넘게 두고 두 번 누른다", "the tag's button is pressed twice, more than 1 s apart")
    ],
    slow_s=6,
)
def counter(t: EquipmentBench) -> None:
    tag = the_tag(t)
    first, said_first = _call(t, tag)
    t.wait(1.5)
    second, said_second = _call(t, tag)
    got = [first.data["press"], second.data["press"]]
    t.check("READER-CALL-002", got[1] == got[0] + 1, "one more at the second press", got, seen=second)
    known = [(g, s) for g, s in zip(got, (said_first, said_second), strict=True) if s is not None]
    t.check(
        "READER-CALL-002",
        all(g == s for g, s in known),
        f"the tag's own counter {[s for _, s in known]}",
        [g for g, _ in known],
        seen=second,
    )


@case(
    "TC-READER-CALL-03",
    ko="계수기가 없는 태그의 press는 0이다",
    en="press is 0 for a tag without a counter",
    verifies=["READER-CALL-003"],
    steps=[("계수기가 없는 태그의 단추를 누른다", "the button of a tag without a counter is pressed")],
    slow_s=3,
)
def no_counter(t: EquipmentBench) -> None:
    up, _ = _call(t, the_tag(t))
    t.check("READER-CALL-003", up.data["press"] == 0, "press 0", up.data["press"], seen=up)


@case(
    "TC-READER-CALL-04",
    ko="60 m에서 누른 긴급호출을 듣는다",
    en="A call at 60 m is heard",
    verifies=["READER-CALL-005"],
    steps=[("60 m 떨어진 곳에서 태그의 단추를 누른다", "the tag's button is pressed at 60 m")],
    slow_s=3,
)
def far_call(t: EquipmentBench) -> None:
    tag = the_tag(t)
    done = press_tag(t, tag, distance_m=t.timing("reader_call_range_m"))
    found = t.await_up("tag.called", done.t + t.at_once, since=done.asked_t, where=lambda d: d["tag"] == tag)
    t.check(
        "READER-CALL-005",
        found is not None,
        "tag.called of a press at 60 m",
        "came" if found else "none",
        seen=found,
    )


@case(
    "TC-READER-LINK-01",
    ko="게이트웨이와 리더기 사이의 단절 동안 읽은 것도 온다",
    en="What was read while gateway and reader were apart comes as well",
    verifies=["DEV-RETRY-006"],
    needs=("gateway",),
    steps=[
        ("게이트웨이와 리더기 사이를 끊는다", "the network between gateway and reader is cut"), IN_FIELD,
        ("사이를 잇고 기다린다", "it is restored; wait"),
    ],
    slow_s=15,
)  # fmt: skip
def gateway_apart(t: EquipmentBench) -> None:
    tag = fresh_tag(t)
    t.do("network", up=False, link="gateway")
    done = present(t, tag, outer(t), 2.0)
    back = t.do("network", up=True, link="gateway")
    found = t.expect_up("DEV-RETRY-006", "tag.sighted", since=back.asked_t, until=back.done_t + t.allowed(float(t.value("device.reconnect_s"))),
                        where=_of(tag, "start"), what=f"tag.sighted of {tag}")  # fmt: skip
    at = unix(str(found.data["first_at"]))
    t.check(
        "DEV-RETRY-006",
        t.unix(done.asked_t) - 30 <= at <= t.unix(done.done_t) + 30,
        "at the time it was there",
        found.data["first_at"],
        seen=found,
    )

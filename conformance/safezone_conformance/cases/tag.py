"""8.2 and 8.3: tags, before a golden reader. Nothing is said of a tag unless the golden pair worked first."""

import re

from safezone_conformance.case import case
from safezone_conformance.cases._happening import outer, present, press_tag, the_tag
from safezone_conformance.equipment_bench import EquipmentBench, Up

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
GOLDEN = (
    "골든 태그를 골든 리더기에 보인다: 읽히지 않으면 판정 보류",
    "the golden tag is shown to the golden reader: if it is not read, inconclusive",
)


def _golden(t: EquipmentBench) -> None:
    tag = str(t.value("device.golden_tag"))
    t.clear_field(outer(t), [tag])
    done = present(t, tag, outer(t))
    found = t.await_up(
        "tag.sighted", done.done_t + t.at_once, since=done.asked_t, where=lambda d: d["tag"] == tag
    )
    t.given(found is not None, f"the golden reader reads the golden tag {tag}")


def _pressed(t: EquipmentBench, tag: str, *, bounces: int = 0) -> Up:
    done = press_tag(t, tag, bounces=bounces)
    return t.given_up("tag.called", since=done.asked_t, until=done.done_t + t.at_once, where=lambda d: d["tag"] == tag,
                      what=f"tag.called of {tag}")  # fmt: skip


@case(
    "TC-TAG-TAG-01",
    ko="태그는 등록된 범위 안을 지나면 읽힌다",
    en="A tag is read when it passes within the registered range",
    verifies=["TAG-TAG-010"],
    steps=[
        GOLDEN,
        (
            "태그가 등록된 range_m의 거리를 세 번 지난다",
            "the tag passes three times at the registered range_m",
        ),
    ],
    slow_s=30,
)
def in_range(t: EquipmentBench) -> None:
    _golden(t)
    tag, distance = the_tag(t), float(t.value("device.range_m"))
    for _ in range(3):
        t.clear_field(outer(t), [tag])
        done = present(t, tag, outer(t), 2.0, distance)
        found = t.await_up(
            "tag.sighted",
            done.done_t + t.at_once,
            since=done.asked_t,
            where=lambda d: d["tag"] == tag and d["phase"] == "start",
        )
        t.check(
            "TAG-TAG-010",
            found is not None,
            f"read at {distance:g} m",
            "read" if found else "not read",
            seen=found,
        )


@case(
    "TC-TAG-TAG-02",
    ko="태그의 식별자는 바뀌지 않고, 이 규격의 id로 적을 수 있다",
    en="A tag's identifier does not change and can be written as an id of this standard",
    verifies=["TAG-TAG-011"],
    steps=[
        GOLDEN,
        ("태그를 보인다", "the tag is shown"),
        ("배터리를 바꾼다", "its battery is changed"),
        ("다시 보인다", "it is shown again"),
    ],
    slow_s=30,
)
def same_id(t: EquipmentBench) -> None:
    _golden(t)
    golden = str(t.value("device.golden_tag"))
    tag = the_tag(t)
    names = []
    for n in range(2):
        if n:
            t.do("change_battery", takes_s=15.0, tag=tag)
        t.clear_field(outer(t), [tag])
        done = present(t, tag, outer(t), 2.0)
        found = t.given_up("tag.sighted", since=done.asked_t, until=done.done_t + t.at_once, where=lambda d: d["tag"] != golden and d["phase"] == "start",
                           what=f"a sighting of {tag}")  # fmt: skip
        names.append(str(found.data["tag"]))
    t.check("TAG-TAG-011", names == [tag, tag], f"the identifier {tag} each time", names)
    t.check("TAG-TAG-011", all(ID.fullmatch(n) for n in names), "an id of this standard", names)


@case(
    "TC-TAG-CALL-01",
    ko="누름 계수기는 누를 때마다 하나 오르고, 배터리를 바꾸어도 되돌아가지 않는다",
    en="The press counter rises by one at every press and survives a change of battery",
    verifies=["TAG-CALL-006"],
    steps=[
        GOLDEN,
        ("단추를 두 번 누른다", "the button is pressed twice"),
        ("배터리를 바꾼다", "its battery is changed"),
        ("다시 누른다", "it is pressed again"),
    ],
    slow_s=30,
)
def counts(t: EquipmentBench) -> None:
    _golden(t)
    tag = the_tag(t)
    presses = []
    for n in range(3):
        if n == 2:
            t.do("change_battery", takes_s=15.0, tag=tag)
        presses.append(int(_pressed(t, tag).data["press"]))
        t.wait(1.5)
    t.check("TAG-CALL-006", presses[1] == presses[0] + 1, "one more at the second press", presses)
    t.check("TAG-CALL-006", presses[2] == presses[1] + 1, "one more after the change of battery", presses)


@case(
    "TC-TAG-CALL-02",
    ko="태그는 한 번의 누름을 여러 번 내보낸다",
    en="A tag transmits a press several times",
    verifies=["TAG-CALL-007"],
    steps=[
        GOLDEN,
        ("단추를 한 번 누른다", "the button is pressed once"),
        ("들린 횟수를 본다", "see how often it was heard"),
    ],
    slow_s=5,
)
def transmits(t: EquipmentBench) -> None:
    _golden(t)
    _pressed(t, the_tag(t))
    count = t.observe("transmissions").get("transmissions")
    t.check("TAG-CALL-007", isinstance(count, int | float) and count >= 2, "two transmissions or more", count)


def _one_press(t: EquipmentBench) -> None:
    _golden(t)
    tag = the_tag(t)
    first = _pressed(t, tag, bounces=5)
    t.wait(5.0)
    calls = t.ups("tag.called", lambda d: d["tag"] == tag, since=first.t)
    t.check(
        "TAG-CALL-008",
        len(calls) == 1,
        "one press",
        f"{len(calls)}: presses {[u.data['press'] for u in calls]}",
        seen=first,
    )


@case(
    "TC-TAG-CALL-03",
    ko="튀는 접점은 한 번의 누름이다",
    en="Bounce of the tag's button is one press",
    verifies=["TAG-CALL-008"],
    steps=[
        GOLDEN,
        ("접점이 다섯 번 튀게 한 번 누른다", "the button is pressed once, its contact bouncing five times"),
        ("5초 지켜본다", "watch for 5 s"),
    ],
    slow_s=10,
)
def bounce(t: EquipmentBench) -> None:
    _one_press(t)

"""11.3: where a child is, was, and went."""

import math
from collections.abc import Sequence
from typing import Any

from safezone_conformance.case import case
from safezone_conformance.hub_bench import SETUP_S, Answer, Flow, HubBench
from safezone_conformance.town import SCHOOL, Item, Maker, Town, lat_lon, metres
from safezone_conformance.wire import iso, unix

PHONES = Town(children=2, parts=())
SAMPLES = 40
STEP_S = 30.0
NEAR_S = 0.002  # times are told to 1 ms


def quoted(at: float) -> str:
    return iso(at).replace("+", "%2B")


def position(t: HubBench, child: str = "c1", at: float | None = None) -> Answer:
    return t.http("GET", f"/v1/children/{t.id(child)}/position" + ("" if at is None else f"?at={quoted(at)}"))


def path(t: HubBench, child: str, since: float | None = None, until: float | None = None) -> Answer:
    given = [f"{n}={quoted(v)}" for n, v in (("from", since), ("to", until)) if v is not None]
    answer = t.http("GET", f"/v1/children/{t.id(child)}/path" + ("?" + "&".join(given) if given else ""))
    t.given(answer.status == 200, f"the path of {child}: {answer.status}")
    return answer


def whole(at: float) -> float:
    """A moment as the wire tells it."""
    return unix(iso(at))


def off_by(body: dict[str, Any], x: float, y: float) -> float:
    """Metres between a position and a point of the town."""
    px, py = metres(body["lat"], body["lon"])
    return math.hypot(px - x, py - y)


@case(
    "TC-HUB-LOC-01",
    ko="위치는 그 순간 이전의 가장 새로운 관측에서 온다",
    en="A position comes of the newest observation at or before the instant",
    verifies=["HUB-LOC-001", "HUB-LOC-002", "HUB-LOC-003"],
    needs=("location",),
    town=PHONES,
    steps=[
        ("c1의 위치를, 아무것도 알려지기 전에 조회한다", "ask for the position of c1 before anything is known"),
        ("100 m씩 떨어진 위치 셋을 60 s 간격으로 보낸다", "send three positions 60 s and 100 m apart"),
        ("at 없이, 둘째와 셋째의 사이, 둘째의 순간, 첫째의 하루보다 더 전, c2에 대해 조회한다",
         "ask without at, between the second and the third, at the second, more than a day before the first, and of c2"),
    ],
    criteria=[
        ("at은 그 관측의 event_at이고, 자리는 그 관측의 둘레이다", "at is the event_at of that observation, and the place is near it"),
        ("age_s는 물은 순간에서 그 시각을 뺀 것이다", "age_s is the instant asked for minus that time"),
        ("아무것도 모르면 404 no_position이다", "where nothing is known it is 404 no_position"),
    ],
)  # fmt: skip
def newest(t: HubBench) -> None:
    empty = position(t)
    t.check("HUB-LOC-003", (empty.status, empty.title) == (404, "no_position"), "404 no_position", (empty.status, empty.title),
            seen=empty)  # fmt: skip
    begin = whole(t.now() - 125)
    fixes = [(begin + 60 * n, 200.0 + 100 * n) for n in range(3)]
    t.accepted(*(t.located("p1", x, 0, at, moving=n < 2) for n, (at, x) in enumerate(fixes)))
    asked: list[tuple[float | None, int]] = [
        (None, 2),
        (fixes[2][0] - 5, 1),
        (fixes[1][0], 1),
        (fixes[1][0] - 0.5, 0),
    ]
    for at, wanted in asked:
        before = t.now()
        answer = position(t, "c1", at)
        t.require("HUB-LOC-001", answer.status == 200, "a position", answer.status, seen=answer)
        body, (event_at, x) = answer.json, fixes[wanted]
        told = unix(body["at"])
        t.check("HUB-LOC-001", abs(told - event_at) <= NEAR_S, f"at {iso(event_at)}", body["at"], seen=answer)
        away = off_by(body, x, 0)
        t.check("HUB-LOC-001", away < 60, f"near {x:.0f} m", f"{away:.0f} m away", seen=answer)
        age = (before if at is None else at) - event_at
        slack = 0.01 if at is not None else t.allowed(2.0) + (answer.t - answer.question.t)
        t.check(
            "HUB-LOC-002", abs(body["age_s"] - age) <= slack, f"age_s {age:.2f}", body["age_s"], seen=answer
        )
    for child, moment in (("c1", begin - 2 * 86400), ("c2", None)):
        answer = position(t, child, moment)
        ok = (answer.status, answer.title) == (404, "no_position")
        t.check("HUB-LOC-003", ok, "404 no_position", (answer.status, answer.title), seen=answer)


@case(
    "TC-HUB-LOC-02",
    ko="basis는 위치가 무엇에서 왔는지, state는 어디에 언제부터 있는지와 그곳의 이름을 말한다",
    en="basis tells what a position comes of, state where the child is, since when, and what that place is called",
    verifies=["HUB-LOC-004", "HUB-LOC-010", "HUB-LOC-012"],
    needs=("location",),
    town=Town(children=2, parts=("school", "pole")),
    slow_s=20.0,
    steps=[
        ("c1의 휴대전화가 위치를 보낸다", "the phone of c1 sends a position"),
        ("거리의 리더기 pole이 c2의 태그를 본다", "the reader pole in the street sees the tag of c2"),
        ("c2의 태그가 학교 정문을 안으로 지나고, 알림이 온 뒤 밖으로 지난다",
         "the tag of c2 passes the school gate inward, and after the notice outward"),
    ],
    criteria=[
        ("c1은 basis phone과 device p1, c2는 basis reader와 device pole이다", "c1: basis phone, device p1; c2: basis reader, device pole"),
        ("들어간 뒤에는 basis가 place면 place가 학교이고 reader면 device가 그 정문이다",
         "once inside, basis place names the school, or basis reader the gate"),
        ("state.place는 학교, 나간 뒤에는 way이고 since는 지난 시각이다. 학교일 때 name과 role은 그 장소의 것이다",
         "state.place is the school, once outside way, and since is when it passed; name and role are those of the school"),
    ],
)  # fmt: skip
def basis_and_state(t: HubBench) -> None:
    flow = t.flow()
    now = whole(flow.now)
    t.accepted(t.located("p1", 300, 0, now - 4, exercise=flow.exercise))
    body = _known(t, "c1")
    t.check(
        "HUB-LOC-004", (body["basis"], body.get("device")) == ("phone", t.id("p1")), "phone p1", _short(body)
    )
    t.accepted(t.sighted("pole", "a", "t2", now - 60, now - 58, exercise=flow.exercise))
    body = _known(t, "c2")
    t.check(
        "HUB-LOC-004",
        (body["basis"], body.get("device")) == ("reader", t.id("pole")),
        "reader pole",
        _short(body),
    )
    inward = whole(flow.now) - 20
    _pass(t, flow, "t2", True, inward)
    body = _known(t, "c2")
    fits = {"place": body.get("place") == t.id("school"), "reader": body.get("device") == t.id("gs")}
    t.check("HUB-LOC-004", fits.get(body["basis"], False), "place school, or reader gs", _short(body))
    _in_state(t, body, t.id("school"), inward, inward + 3)
    state = body["state"]
    named = (state.get("name"), state.get("role"))
    t.check("HUB-LOC-012", named == ("school", "school"), "name and role of the area: school, school", named)
    outward = whole(flow.now) - 5
    _pass(t, flow, "t2", False, outward)
    _in_state(t, _known(t, "c2"), "way", outward, outward + 3)


def _pass(t: HubBench, flow: Flow, tag: str, inward: bool, at: float) -> None:
    """A pass of the school gate that has taken effect: its guardian was told."""
    sent = t.pass_gate("gs", tag, inward, at, exercise=flow.exercise)
    t.accepted(*sent)
    service, limit = "school_arrival" if inward else "school_departure", t.limit("school_arrival")
    if flow.exercise is not None:
        flow.by(limit)
    told = t.await_one(
        lambda s: t.is_down(s, f"guardian/g{tag[1:]}", "notice", t.about(service)),
        sent[1].t + limit + SETUP_S,
    )
    t.given(told is not None, f"{service} is told")


def _known(t: HubBench, child: str) -> dict[str, Any]:
    answer = position(t, child)
    t.given(answer.status == 200, f"the position of {child}: {answer.status}")
    return dict(answer.json)


def _short(body: dict[str, Any]) -> dict[str, Any]:
    return {k: body[k] for k in ("basis", "device", "place", "at") if k in body}


def _in_state(t: HubBench, body: dict[str, Any], place: str, first: float, last: float) -> None:
    """Whether state tells this place since a moment of a pass from ``first`` to ``last``."""
    state = body["state"]
    t.check("HUB-LOC-010", state["place"] == place, f"state.place {t.name(place)}", state["place"])
    since = unix(state["since"])
    t.check(
        "HUB-LOC-010", first - 1 <= since <= last + 1, f"since {iso(first)} to {iso(last)}", state["since"]
    )


@case(
    "TC-HUB-LOC-03",
    ko="accuracy_m은 정직하다: 참 위치의 약 68 %가 그 안에 있다",
    en="accuracy_m is honest: about 68 % of true positions lie within it",
    verifies=["HUB-LOC-005"],
    needs=("location",),
    town=Town(children=1, parts=()),
    steps=[
        ("1.2 m/s로 걷는 어린이의 위치를 30 s마다 40번 보낸다. 오차는 accuracy_m이 뜻하는 대로 흩어져 있다",
         "send 40 positions of a child walking at 1.2 m/s, one every 30 s, with errors spread as their accuracy_m means"),
        ("그 순간마다, 그리고 20 s 뒤마다 위치를 조회한다", "ask for the position at each of those instants, and 20 s after each"),
    ],
    criteria=[
        ("그 순간의 참 위치는 50 %에서 92 %가 accuracy_m 안에 있다", "at those instants 50 % to 92 % of the true positions lie within accuracy_m"),
        ("20 s 뒤의 참 위치는 50 % 이상이 accuracy_m 안에 있다", "20 s later at least 50 % do"),
    ],
)  # fmt: skip
def honest(t: HubBench) -> None:
    begin, speed = whole(t.now() - STEP_S * SAMPLES - 30), 1.2
    stated = [(10.0, 20.0, 30.0)[n % 3] for n in range(SAMPLES)]
    order = list(range(SAMPLES))
    t.identity.random.shuffle(order)
    sent = []
    for n, accuracy in enumerate(stated):
        # The error of every rank once: a circle normal spread whose 68 % radius is accuracy_m.
        share = (order[n] + 0.5) / SAMPLES
        error = accuracy * math.sqrt(math.log(1 - share) / math.log(1 - 0.68))
        turn = t.identity.random.uniform(0, 2 * math.pi)
        x, y = speed * STEP_S * n + error * math.cos(turn), error * math.sin(turn)
        sent.append(t.located("p1", x, y, begin + STEP_S * n, accuracy_m=accuracy))
    t.accepted(*sent)
    for later, most in ((0.0, 0.92), (20.0, 1.0)):
        within = 0
        for n in range(SAMPLES):
            answer = position(t, "c1", begin + STEP_S * n + later)
            t.given(answer.status == 200, f"a position: {answer.status}")
            away = off_by(answer.json, speed * (STEP_S * n + later), 0)
            within += away <= answer.json["accuracy_m"]
        share = within / SAMPLES
        t.check("HUB-LOC-005", 0.5 <= share <= most, f"50 % to {most:.0%} within accuracy_m, {later:.0f} s after the fix",
                f"{share:.0%}")  # fmt: skip


@case(
    "TC-HUB-LOC-04",
    ko="경로는 두 순간 사이의 점을 때의 순서로, 한 번씩, 그 어린이의 것만 준다",
    en="A path gives the points between two instants in order of time, each once, and of that child only",
    verifies=["HUB-LOC-006", "HUB-LOC-007", "HUB-LOC-008", "HUB-LOC-009"],
    needs=("location",),
    town=PHONES,
    steps=[
        ("c1의 위치 1, 2, 4, 5를, 그 뒤 늦은 3을 보낸다. 4를 한 번 더 보낸다",
         "send positions 1, 2, 4 and 5 of c1, then the late 3, and repeat 4"),
        ("같은 때에 c2의 위치를 보낸다", "send positions of c2 at the same times"),
        ("2의 순간부터 4의 순간까지, 그리고 처음부터 끝까지 경로를 조회한다",
         "ask for the path from the instant of 2 to that of 4, and for the whole of it"),
    ],
    criteria=[
        ("2, 3, 4와 1, 2, 3, 4, 5가 이 순서로 한 번씩, 보낸 자리와 때로 있다",
         "2, 3, 4 and 1, 2, 3, 4, 5 are there in this order, once each, with the places and times sent"),
        ("c2의 점은 없다", "there is no point of c2"),
    ],
)  # fmt: skip
def paths(t: HubBench) -> None:
    begin = whole(t.now() - 200)
    at = [begin + 30 * n for n in range(6)]

    def fix(n: int) -> Any:
        return t.located("p1", 40.0 * n, 0, at[n])

    one, two, four, five = (fix(n) for n in (1, 2, 4, 5))
    others = [t.located("p2", 40.0 * n, 400, at[n] + 1) for n in (1, 2, 3, 4, 5)]
    t.accepted(one, two, four, five, *others)
    t.accepted(fix(3))
    again = t.repeat(four)
    t.given(t.receipt(again, 15.0, after=again.t) is not None, "the repeat is receipted")
    for since, until, wanted in ((at[2], at[4], [2, 3, 4]), (None, None, [1, 2, 3, 4, 5])):
        answer = path(t, "c1", since, until)
        points = answer.json["points"]
        found = [_which(p, at) for p in points]
        mine = [n for n in found if n]
        foreign = [p for p, n in zip(points, found, strict=True) if not n]
        t.check("HUB-LOC-009", not foreign, "no point but those of c1", foreign, seen=answer)
        t.check("HUB-LOC-006", mine[:1] + mine[-1:] == [wanted[0], wanted[-1]], f"from {wanted[0]} to {wanted[-1]}, both included",
                mine, seen=answer)  # fmt: skip
        times = [unix(p["at"]) for p in points]
        t.check("HUB-LOC-006", times == sorted(times), "in order of time", mine, seen=answer)
        t.check(
            "HUB-LOC-007",
            3 in mine and mine.index(3) == wanted.index(3),
            "the late 3 at its own time",
            mine,
            seen=answer,
        )
        t.check("HUB-LOC-008", mine.count(4) == 1, "the repeated 4 once", mine, seen=answer)
        t.check("HUB-LOC-006", sorted(set(mine)) == wanted, f"the points {wanted}", mine, seen=answer)
        off = [
            n
            for p, n in zip(points, found, strict=True)
            if n and (off_by(p, 40.0 * n, 0) > 1 or p["basis"] != "phone")
        ]
        t.check("HUB-LOC-006", not off, "each where it was sent", off, seen=answer)


def _which(point: dict[str, Any], at: Sequence[float]) -> int:
    """The number of the fix at the time of a point, 0 if there is none."""
    told = unix(point["at"])
    return next((n for n in range(1, len(at)) if abs(told - at[n]) <= NEAR_S), 0)


@case(
    "TC-HUB-LOC-05",
    ko="늦게 온 옛 관측은 지금 위치를 되돌리지 않는다",
    en="An older observation that comes late does not move the present position back",
    verifies=["HUB-LOC-011"],
    needs=("location",),
    town=Town(children=1, parts=("school",)),
    slow_s=10.0,
    steps=[
        ("c1의 새 위치를, 그 뒤 200 s 전의 다른 위치를 보낸다", "send a position of c1, then one of 200 s before, elsewhere"),
        ("정문을 안으로 지난 것을 보내고, 그보다 옛 밖의 위치를 보낸다", "send a pass of the gate inward, then an older position outside"),
    ],
    criteria=[("위치와 state는 새것 그대로이다", "position and state stay those of the newer")],
)  # fmt: skip
def not_back(t: HubBench) -> None:
    flow = t.flow()
    now = whole(flow.now)
    t.accepted(t.located("p1", 300, 0, now - 60, moving=False, exercise=flow.exercise))
    t.accepted(t.located("p1", 300, 250, now - 260, moving=False, exercise=flow.exercise))
    body = _known(t, "c1")
    t.check("HUB-LOC-011", abs(unix(body["at"]) - (now - 60)) <= NEAR_S, f"at {iso(now - 60)}", body["at"])
    t.check(
        "HUB-LOC-011", off_by(body, 300, 0) < 100, "near the newer fix", f"{off_by(body, 300, 0):.0f} m away"
    )
    _pass(t, flow, "t1", True, now - 20)
    t.accepted(t.located("p1", 300, 0, now - 70, exercise=flow.exercise))
    body = _known(t, "c1")
    t.check("HUB-LOC-011", body["state"]["place"] == t.id("school"), "in school", body["state"])
    t.check(
        "HUB-LOC-011", off_by(body, *SCHOOL) < 160, "at the school", f"{off_by(body, *SCHOOL):.0f} m away"
    )


@case(
    "TC-HUB-LOC-06",
    ko="리더기에서 나온 위치는 안테나의 자리이고 정확도는 그 읽는 거리만큼이다",
    en="A position of a reader is that of its antenna, as exact as its range",
    verifies=["HUB-LOC-013"],
    needs=("location",),
    town=Town(children=1, parts=(), extra=lambda m: [_wide(m)]),
    before=[("리더기 pole은 (500, 0) m에 서고 그 안테나 a는 (530, 0) m에서 20 m까지 읽는다", "the reader pole stands at (500, 0) m; its antenna a, at (530, 0) m, reads up to 20 m")],
    steps=[("pole이 20 s 전부터 지금까지의 t1의 머무름을 알리고, 그 시작의 위치를 조회한다",
            "pole tells a stay of t1 from 20 s ago to now; the position at its start is asked for")],
    criteria=[("위치는 (530, 0) m이고 accuracy_m은 10에서 25 m이다", "the position is (530, 0) m, accuracy_m 10 to 25 m")],
)  # fmt: skip
def of_a_reader(t: HubBench) -> None:
    began = whole(t.now() - 20)
    t.accepted(t.sighted("pole", "a", "t1", began, began + 20))
    answer = position(t, "c1", began)
    t.require("HUB-LOC-013", answer.status == 200, "a position", answer.status, seen=answer)
    away = off_by(answer.json, 530, 0)
    t.check("HUB-LOC-013", away < 2, "(530, 0) m", f"{away:.0f} m away", seen=answer)
    stated = answer.json["accuracy_m"]
    t.check("HUB-LOC-013", 10 <= stated <= 25, "accuracy_m from 10 to 25", stated, seen=answer)


def _wide(m: Maker) -> Item:
    pole = m.reader("pole", "pole", (500, 0))
    return pole | {"antennas": [{"id": "a", "side": "single", **lat_lon(530, 0), "range_m": 20}]}

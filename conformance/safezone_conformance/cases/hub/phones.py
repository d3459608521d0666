"""9.12 and 8.5: the speed-dial call to 112, and positions that prove nothing."""

from typing import Any

from safezone_conformance.case import case
from safezone_conformance.cases.hub._day import Day
from safezone_conformance.cases.hub.location import off_by, path, position
from safezone_conformance.cases.hub.tag_call import cites, expect_alert_of, no_more
from safezone_conformance.hub_bench import HubBench
from safezone_conformance.town import Town, lat_lon

SERVICE = "phone_call_112"
CALLER = Town(parts=("desk",), extra=lambda m: [m.guardian("h1", ["c1"])])


@case(
    "TC-HUB-PHONE-01",
    ko="112 통화의 기록은 위치가 있든 없든 5 s 안에 상황실과 모든 보호자에게 간다",
    en="phone.called goes to the desk and every guardian within 5 s, with or without a position",
    verifies=["HUB-PHONE-009", "HUB-PHONE-010"],
    town=CALLER,
    rows={"with a position": {"placed": True}, "without": {"placed": False}},
    steps=[("p1이 phone.called를 (위치와 함께, 또는 위치 없이) 보낸다", "p1 sends phone.called (with a position, or without)")],
)  # fmt: skip
def called(t: HubBench, placed: bool) -> None:
    given = {**lat_lon(333.0, 44.0), "accuracy_m": 12.0} if placed else None
    call = t.phone_called("p1", "call-1", position=given)
    limit = t.limit(SERVICE)
    alert = t.expect_alert("HUB-PHONE-009", SERVICE, child="c1", since=call, within=3 * limit)
    notices = [
        t.expect_notice("HUB-PHONE-009", g, SERVICE, child="c1", since=call, within=3 * limit)
        for g in ("g1", "h1")
    ]
    latest = max(m.t for m in (alert, *notices))
    t.check(
        "HUB-PHONE-010",
        latest - call.t <= limit,
        "alert and notices in time",
        f"after {latest - call.t:.2f} s",
        within=limit,
        sent=call,
    )


@case(
    "TC-HUB-PHONE-02",
    ko="(전화기, call) 하나는 한 번의 통화이다",
    en="One (phone, call) is one call",
    verifies=["HUB-PHONE-011"],
    town=CALLER,
    steps=[
        ("p1이 같은 call을 두 개의 메시지로, 둘째에는 위치를 담아 보낸다", "p1 sends one call in two messages, the second with a position"),
        ("다른 call을 보낸다", "it sends another call"),
    ],
    criteria=[("상황실과 보호자에게 call마다 한 번씩 알린다", "desk and guardians are told once for each call")],
)  # fmt: skip
def one_call(t: HubBench) -> None:
    now = t.now()
    first = t.phone_called("p1", "call-1", now - 4)
    alert = expect_alert_of(t, "HUB-PHONE-011", first, SERVICE)
    t.accepted(t.phone_called("p1", "call-1", now - 4, position={**lat_lon(300.0, 0.0), "accuracy_m": 10.0}))
    other = t.phone_called("p1", "call-2", now)
    expect_alert_of(t, "HUB-PHONE-011", other, SERVICE)
    for guardian in ("g1", "h1"):
        for call in (first, other):
            t.expect_notice("HUB-PHONE-011", guardian, SERVICE, child="c1", since=first, within=other.t - first.t + t.limit(SERVICE),
                            where=cites(call))  # fmt: skip
    no_more(
        t, "HUB-PHONE-011", "one alert and one notice of one call", min(alert.t, first.t), service=SERVICE
    )


@case(
    "TC-HUB-PHONE-03",
    ko="phone.called에 위치가 없으면 경보는 마지막으로 아는 위치를 담는다",
    en="Where phone.called has no position, the alert carries the last known one",
    verifies=["HUB-PHONE-012"],
    town=Town(parts=("pole", "desk")),
    rows={"of the phone": {"by": "phone", "at": (300.0, 20.0)}, "of the tag": {"by": "reader", "at": (500.0, 0.0)}},
    steps=[
        ("p1이 측위 하나를 보낸다(또는 pole이 t1의 머무름을 보낸다)", "p1 sends a fix (or pole a stay of t1)"),
        ("p1이 위치 없는 phone.called를 보낸다", "p1 sends phone.called without a position"),
    ],
    criteria=[("경보의 position은 그 곳에서 60 m 안이다", "position of the alert is within 60 m of it")],
)  # fmt: skip
def last_known(t: HubBench, by: str, at: tuple[float, float]) -> None:
    now = t.now()
    t.accepted(
        t.located("p1", *at, now - 20, moving=False)
        if by == "phone"
        else t.sighted("pole", "a", "t1", now - 20)
    )
    call = t.phone_called("p1", "call-1", now)
    alert = expect_alert_of(t, "HUB-PHONE-012", call, SERVICE)
    placed: Any = alert.data.get("position")
    near = isinstance(placed, dict) and off_by(placed, *at) <= 60 and placed.get("accuracy_m", 0) > 0
    t.check("HUB-PHONE-012", near, f"a position near {at} m", placed, seen=alert)


@case(
    "TC-HUB-PHONE-04",
    ko="정확도가 100 m보다 나쁜 측위는 경로에는 남고 아무 근거도 되지 않는다",
    en="A fix with accuracy worse than 100 m is kept for the path and serves as evidence for nothing",
    verifies=["HUB-PHONE-013"],
    needs=["everyday", "danger", "location"],
    town=Town(parts=("school", "danger", "desk")),
    rows={
        "in school": {"at": (1000.0, 0.0), "accuracy_m": 101.0},
        "in the danger area": {"at": (500.0, -225.0), "accuracy_m": 101.0},
        "far off the route": {"at": (300.0, 1500.0), "accuracy_m": 120.0},
    },
    steps=[
        ("c1이 집을 나선 뒤 p1이 그 곳의 그러한 측위 여덟을 보낸다", "after c1 has left home p1 sends eight such fixes there"),
        ("경로를 조회한다", "the path is asked for"),
    ],
    criteria=[("여덟에 관해 아무것도 알리지 않고, 경로에는 여덟이 모두 있다", "nothing is told upon the eight, and all of them are in the path")],
)  # fmt: skip
def unusable(t: HubBench, at: tuple[float, float], accuracy_m: float) -> None:
    day = Day(t)
    day.on_the_way(at=day.start - 290)
    sent = day.walks("p1", [at] * 8, day.start, 25.0, accuracy_m=accuracy_m, moving=False)
    day.not_told("HUB-PHONE-013", "nothing upon fixes that are not usable", since=sent[0])
    points = path(t, "c1", day.start - 180, day.start + 1).json["points"]
    there = [p for p in points if off_by(p, *at) < 5]
    t.check(
        "HUB-PHONE-013", len(there) == 8, "all eight in the path", f"{len(there)} of {len(points)} points"
    )


@case(
    "TC-HUB-PHONE-05",
    ko="묶이지 않은 전화기의 위치는 어느 어린이의 위치도 되지 않는다",
    en="A position of an unbound phone becomes no child's position",
    verifies=["HUB-PHONE-014"],
    needs=["everyday", "location"],
    town=Town(parts=("school",), extra=lambda m: [m.device("u1", "phone")]),
    steps=[
        ("p1이 길 위의 측위 하나를 보낸다", "p1 sends a fix on the way"),
        ("묶이지 않은 전화기 u1이 학교 안의 측위 셋을 보낸다", "the unbound phone u1 sends three fixes inside the school"),
        ("c1의 위치와 경로를 조회한다", "position and path of c1 are asked for"),
    ],
    criteria=[("c1의 위치는 p1의 것이고 경로에 u1의 것이 없으며, 등교를 알리지 않는다",
               "the position of c1 is that of p1, none of u1 is in the path, and no arrival is told")],
)  # fmt: skip
def unbound(t: HubBench) -> None:
    day = Day(t)
    t.accepted(*day.walks("p1", [(300.0, 0.0)], day.start - 100))
    strange = day.walks("u1", [(1000.0, 0.0)] * 3, day.start, moving=False)
    day.not_told("HUB-PHONE-014", "no arrival", "school_arrival", since=strange[0])
    answer = position(t, "c1", day.start)
    t.given(answer.status == 200, f"the position of c1: {answer.status}")
    t.check(
        "HUB-PHONE-014",
        off_by(answer.json, 300, 0) < 200,
        "the position of its own phone",
        answer.json,
        seen=answer,
    )
    found = [
        p for p in path(t, "c1", day.start - 300, day.start + 1).json["points"] if off_by(p, 1000, 0) < 100
    ]
    t.check("HUB-PHONE-014", not found, "nothing of the other phone in the path", found)

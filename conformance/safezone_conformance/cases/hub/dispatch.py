"""16.1 and 16.4: units that could go, places in words, the hand-over of the shift."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from safezone_conformance.case import case
from safezone_conformance.cases.hub._calls import (
    act,
    alert_of,
    incident,
    incident_of,
    operator,
    patrol,
    press_bell,
)
from safezone_conformance.hub_bench import Down, HubBench
from safezone_conformance.town import Item, Maker, Town, lat_lon, lon_lat
from safezone_conformance.wire import unix

BELL = (510.0, 0.0)
REMIND_S = 3.0


def _units(alert: Down) -> list[Mapping[str, Any]]:
    return [u for u in alert.data.get("units", []) if isinstance(u, Mapping)]


def _names(t: HubBench, alert: Down) -> list[str]:
    return [t.name(str(u.get("id"))) for u in _units(alert)]


def _report(t: HubBench, unit: str, *, at: tuple[float, float] | None = None, available: bool = True) -> None:
    body = {"available": available} | (lat_lon(*at) if at is not None else {})
    answer = t.http("PUT", f"/v1/units/{t.id(unit)}/status", json=body)
    t.given(answer.status == 200, f"{unit} reports: {answer.status} {answer.body[:200]!r}")


def _street(name: str, *line: tuple[float, float]) -> Callable[[], Item]:
    """Where it lies is known when the case has its plot."""
    return lambda: {"name": name, "line": [lon_lat(*p) for p in line], "foot": True, "car": True}


def _bell_town(*units: tuple[str, tuple[float, float]], streets: Sequence[Callable[[], Item]] = (), children: int = 0,
               more: Sequence[str] = ()) -> Town:  # fmt: skip
    def extra(m: Maker) -> list[Item]:
        items = [patrol(m, name, at) for name, at in units]
        return items + ([m.other("streets", "streets", lines=[s() for s in streets])] if streets else [])

    return Town(children=children, parts=("bell", "desk", *more), extra=extra)


ROW_OF_UNITS = _bell_town(
    ("u0", (610, 0)), ("u1", (910, 0)), ("u2", (1210, 0)), ("u3", (1510, 0)), ("u4", (1810, 0)), ("u5", (2110, 0)),
    children=1,
)  # fmt: skip


@case(
    "TC-HUB-DISP-01",
    ko="긴급과 위험의 경보는 갈 수 있는 출동 조를 거리와 예상 시간과 함께 보인다",
    en="An alert of class emergency or danger lists the units that could go, with distance and expected time",
    verifies=["HUB-DISP-001", "HUB-DISP-002"],
    needs=["dispatch"],
    town=ROW_OF_UNITS,
    rows={"emergency": {"service": "bell_call"}, "danger": {"service": "missing_report"}},
    before=[("비상벨 동쪽 100, 400, 700, 1000, 1300, 1600 m에 순찰 u0–u5. u0은 나갈 수 없다고 알렸다",
             "Patrols u0 to u5 stand 100, 400, 700, 1000, 1300 and 1600 m east of the bell; u0 has said that it is not available")],
    steps=[("긴급: 비상벨이 눌린다. 위험: 휴대전화가 비상벨 곁에 있는 어린이 c1의 실종이 신고된다",
            "emergency: the bell is pressed; danger: child c1, whose phone is beside the bell, is reported missing"),
           ("경보를 받는다", "the alert is received")],
    criteria=[("units의 각 조에 distance_m과 expected_s가 있고 distance_m은 직선거리보다 짧지 않다",
               "each of units has distance_m and expected_s, and distance_m is not less than the straight line"),
              ("u1은 그 가운데 있고 u0은 없다", "u1 is among them, u0 is not")],
)  # fmt: skip
def units_are_listed(t: HubBench, service: str) -> None:
    _report(t, "u0", available=False)
    if service == "bell_call":
        alert = press_bell(t)
    else:
        t.accepted(t.located("p1", *BELL, t.now() - 5))
        report = t.http("POST", f"/v1/zones/{t.zone}/incidents", json={"child": t.id("c1")})
        t.given(report.status == 201, f"the report is taken: {report.status} {report.body[:200]!r}")
        alert = alert_of(t, report, service)
        t.given("position" in alert.data, "the place of the child is known")
    units, names = _units(alert), _names(t, alert)
    t.require("HUB-DISP-001", bool(units), "units that could go", alert.data.get("units"), seen=alert)
    away = {f"u{n}": 100.0 + 300.0 * n for n in range(6)}
    wrong = [
        u
        for u in units
        if "expected_s" not in u
        or u.get("distance_m", -1.0) < 0.95 * away.get(t.name(str(u["id"])), 0.0) - 20
    ]
    t.check("HUB-DISP-001", not wrong, "distance_m and expected_s of each unit", wrong, seen=alert)
    t.check("HUB-DISP-002", "u1" in names, "u1, which would be there first", names, seen=alert)
    t.check("HUB-DISP-002", "u0" not in names, "no unit that is not available", names, seen=alert)


@case(
    "TC-HUB-DISP-02",
    ko="도로가 등록되어 있으면 출동 거리는 도로를 따라 잰다",
    en="Where streets are registered distances of units are measured along them",
    verifies=["HUB-DISP-002", "HUB-DISP-003"],
    needs=["dispatch"],
    town=_bell_town(
        ("road", (100, 0)), ("a1", (500, -150)), ("a2", (510, -150)), ("a3", (520, -150)), ("a4", (530, -150)), ("a5", (540, -150)),
        streets=[_street("시험로", (0, 0), (510, 0), (1010, 0)), _street("먼길", (1010, 0), (1010, -150), (400, -150))],
    ),
    before=[("동서로 난 길에 비상벨과, 410 m 서쪽에 순찰 road가 있다. 다섯 순찰 a1–a5는 직선으로 150 m 남쪽이나 길로는 1100 m가 넘는다",
             "The bell stands on a street from west to east, and 410 m west on it the patrol road; five patrols a1 to a5 are 150 m "
             "south as the crow flies, and more than 1100 m by the streets")],
    steps=[("비상벨이 눌린다", "the bell is pressed"), ("경보를 받는다", "the alert is received")],
    criteria=[("road가 units에 있다", "road is among the units"),
              ("거리는 도로를 따른 길이이다: road 410 m, a1–a5는 1110–1160 m (±10 %)",
               "distances are those along the streets: road 410 m, a1 to a5 1110 to 1160 m (±10 %)")],
)  # fmt: skip
def along_the_streets(t: HubBench) -> None:
    alert = press_bell(t)
    names = _names(t, alert)
    t.check("HUB-DISP-002", "road" in names, "road, which would be there first", names, seen=alert)
    ways = {"road": 410.0} | {f"a{n}": 500.0 + 150.0 + 1010.0 - (490.0 + 10.0 * n) for n in range(1, 6)}
    told = {t.name(str(u["id"])): float(u.get("distance_m", -1)) for u in _units(alert)}
    wrong = {name: d for name, d in told.items() if abs(d - ways[name]) > 0.1 * ways[name]}
    t.check(
        "HUB-DISP-003", bool(told) and not wrong, "distances along the streets", wrong or told, seen=alert
    )


@case(
    "TC-HUB-DISP-03",
    ko="출동한 조는 사건이 끝나거나 스스로 나갈 수 있다고 알릴 때까지 빠진다",
    en="A unit that was dispatched is left out until its incident closes or it reports itself available",
    verifies=["HUB-DISP-004"],
    needs=["dispatch", "incidents"],
    town=_bell_town(("u1", (610, 0)), ("u2", (910, 0))),
    steps=[("비상벨이 눌리고 u1을 출동시킨다", "the bell is pressed and u1 is dispatched"),
           ("비상벨이 다시 눌린다", "the bell is pressed again"),
           ("u1이 나갈 수 있다고 알리고, 비상벨이 다시 눌리고, 그 사건에 u1을 출동시킨다",
            "u1 reports itself available, the bell is pressed again, u1 is dispatched to that incident"),
           ("그 사건을 끝내고 비상벨이 다시 눌린다", "that incident is closed and the bell is pressed again")],
    criteria=[("출동한 동안 u1은 경보의 units에 없고 조의 목록에서 available이 false이다",
               "while dispatched u1 is not in units of the alert, and available is false in the list of units"),
              ("알린 뒤와 사건이 끝난 뒤에는 u1이 units에 있다", "after the report, and after the incident closed, u1 is in units")],
)  # fmt: skip
def dispatched_is_busy(t: HubBench) -> None:
    first = press_bell(t, press=1)
    t.given("u1" in _names(t, first), "u1 could go before")
    act(t, incident_of(first), "dispatch", unit=t.id("u1"))
    listed = t.http("GET", f"/v1/zones/{t.zone}/units")
    t.given(listed.status == 200, f"the units are listed: {listed.status}")
    free = {t.name(u["id"]): u["available"] for u in listed.json["items"]}
    t.check("HUB-DISP-004", free.get("u1") is False, "u1 not available", free, seen=listed)
    second = press_bell(t, press=2)
    t.check(
        "HUB-DISP-004",
        "u1" not in _names(t, second),
        "u1 not among the units",
        _names(t, second),
        seen=second,
    )
    _report(t, "u1")
    third = press_bell(t, press=3)
    t.check(
        "HUB-DISP-004", "u1" in _names(t, third), "u1 again, after its report", _names(t, third), seen=third
    )
    act(t, incident_of(third), "dispatch", unit=t.id("u1"))
    act(t, incident_of(third), "resolve")
    fourth = press_bell(t, press=4)
    t.check(
        "HUB-DISP-004",
        "u1" in _names(t, fourth),
        "u1 again, after its incident closed",
        _names(t, fourth),
        seen=fourth,
    )


@case(
    "TC-HUB-DISP-04",
    ko="출동 조가 알린 위치와 상태는 다음 사건부터 쓰인다",
    en="Position and status that a unit reports count from the next incident on",
    verifies=["HUB-DISP-005"],
    needs=["dispatch"],
    town=_bell_town(("near", (810, 0)), ("far", (4510, 0))),
    before=[("순찰 near는 300 m, far는 4 km 떨어져 있다", "The patrol near stands 300 m away, far 4 km")],
    steps=[("far가 비상벨에서 100 m 되는 위치를, near가 나갈 수 없음을 알린다", "far reports a position 100 m from the bell, near that it is not available"),
           ("비상벨이 눌린다", "the bell is pressed")],
    criteria=[("far가 100 m 남짓한 거리로 units에 있고 near는 없다", "far is in units with a distance of little more than 100 m, near is not")],
)  # fmt: skip
def reports_count(t: HubBench) -> None:
    _report(t, "far", at=(610, 0))
    _report(t, "near", available=False)
    alert = press_bell(t)
    told = {t.name(str(u["id"])): float(u.get("distance_m", -1)) for u in _units(alert)}
    t.check(
        "HUB-DISP-005", 95 <= told.get("far", -1) <= 300, "far, at its reported position", told, seen=alert
    )
    t.check("HUB-DISP-005", "near" not in told, "near left out, as it reported", told, seen=alert)


@case(
    "TC-HUB-DISP-05",
    ko="경보의 주소는 가장 가까운 길과, 가장 가까운 비상벨이나 전주와 그 거리를 말한다",
    en="The address of an alert names the nearest road and the nearest bell or pole with the distance to it",
    verifies=["HUB-DISP-006"],
    needs=["dispatch"],
    town=Town(children=1, parts=("bell", "pole", "desk"), extra=lambda m: [
        m.device("bell2", "bell", placement=lat_lon(720, 20)),
        m.other("streets", "streets", lines=[_street("시험로", (0, 0), (1000, 0))(), _street("다른길", (0, 200), (1000, 200))()]),
    ]),
    before=[("시험로에서 20 m, 비상벨 bell2에서 20 m 되는 곳. 다른 길과 비상벨, 전주는 더 멀다",
             "A place 20 m from the road «시험로» and 20 m from the bell bell2; another road, bell and pole are farther")],
    steps=[("c1의 휴대전화가 그 위치와 함께 112에 전화한다(phone.called)", "the phone of c1 calls 112 with that position (phone.called)")],
)  # fmt: skip
def address_in_words(t: HubBench) -> None:
    called = t.phone_called("p1", "call-1", position={**lat_lon(700, 20), "accuracy_m": 10})
    alert = alert_of(t, called, "phone_call_112")
    address = alert.data.get("address") or {}
    t.check("HUB-DISP-006", address.get("road") == "시험로", "the road «시험로»", address, seen=alert)
    near = address.get("near") or {}
    t.check("HUB-DISP-006", near.get("id") == t.id("bell2") and abs(near.get("distance_m", -1) - 20) <= 5,
            "bell2 at 20 m", address, seen=alert)  # fmt: skip


@case(
    "TC-HUB-DISP-06",
    ko="근무를 넘기면 누가 누구에게 언제 어떤 열린 사건을 넘겼는지 남고 사건의 시계는 멈추지 않는다",
    en="A hand-over of the shift keeps who, to whom, when and the open incidents, and stops no clock",
    verifies=["HUB-DISP-007"],
    needs=["dispatch", "incidents", "escalation", "tokens"],
    town=Town(
        children=0, parts=("bell", "desk"), extra=lambda m: [operator(m, "o1"), operator(m, "o2")],
        zone={"policy": {"escalation": {"remind_s": REMIND_S, "supervisor_after_s": 600, "fire119_after_s": 1200}}},
    ),
    before=[(f"구역의 policy에서 remind_s가 {REMIND_S:.0f}초", f"remind_s is {REMIND_S:.0f} s in the zone's policy")],
    steps=[("비상벨이 눌린다", "the bell is pressed"), ("근무자 o1이 o2에게 근무를 넘긴다", "operator o1 hands the shift to o2")],
    criteria=[("답에 from o1, to o2, 지금 시각, 그 사건이 있다", "the answer has from o1, to o2, the present time and the incident"),
              ("확인하지 않은 사건의 다시 알림이 제때 온다", "the reminder of the unacknowledged incident comes in time")],
    slow_s=4,
)  # fmt: skip
def shift_is_handed_over(t: HubBench) -> None:
    alert = press_bell(t)
    here = incident_of(alert)
    who = t.login("operator/o1")
    answer = t.expect_http("HUB-DISP-007", 200, "POST", f"/v1/zones/{t.zone}/shift", who=who,
                           json={"to": t.id("o2"), "note": "열린 사건 하나"})  # fmt: skip
    body = answer.json
    told = (body.get("from"), body.get("to"), here in body.get("incidents", []))
    t.check("HUB-DISP-007", told == (f"operator/{t.id('o1')}", f"operator/{t.id('o2')}", True),
            "from o1, to o2, with the open incident", body, seen=answer)  # fmt: skip
    t.check(
        "HUB-DISP-007",
        abs(unix(str(body.get("at"))) - t.unix(answer.t)) < 60,
        "the time of the hand-over",
        body.get("at"),
        seen=answer,
    )
    t.expect_down("HUB-DISP-007", "desk/d112", "alert", since=alert.t, within=t.allowed(REMIND_S) + 5.0, what="the reminder",
                  where=t.about("bell_call", None, lambda d: "reminder" in d.get("flags", [])))  # fmt: skip


@case(
    "TC-HUB-DISP-07",
    ko="근무를 넘기면 넘긴 이의 열린 사건과 주인 없는 사건만 넘어간다",
    en="With the shift go the open incidents of whoever leaves and those that nobody has, no others",
    verifies=["HUB-DISP-008"],
    needs=["dispatch", "incidents", "tokens"],
    town=Town(children=0, parts=("bell", "desk"), extra=lambda m: [operator(m, f"o{n}") for n in (1, 2, 3)]),
    steps=[
        ("비상벨이 네 번 눌린다. 둘째 사건은 o1이, 셋째는 o3이 take하고, 넷째는 o1이 take한 뒤 resolve한다",
         "the bell is pressed four times; o1 takes the second incident, o3 the third; o1 takes the fourth and resolves it"),
        ("o1이 o2에게 근무를 넘긴다", "o1 hands the shift to o2"), ("네 사건을 조회한다", "the four incidents are queried"),
    ],
    criteria=[("owner는 차례로 o2, o2, o3, o1이다", "their owners are o2, o2, o3 and o1")],
)  # fmt: skip
def only_what_is_open(t: HubBench) -> None:
    ids = [incident_of(press_bell(t, press=n)) for n in (1, 2, 3, 4)]
    who, other = t.login("operator/o1"), t.login("operator/o3")
    for id_, taker in zip(ids[1:], (who, other, who), strict=True):
        act(t, id_, "take", who=taker)
    act(t, ids[3], "resolve", who=who)
    t.expect_http("HUB-DISP-008", 200, "POST", f"/v1/zones/{t.zone}/shift", who=who, json={"to": t.id("o2")})
    owners = [incident(t, id_).get("owner") for id_ in ids]
    wanted = [f"operator/{t.id(o)}" for o in ("o2", "o2", "o3", "o1")]
    t.check("HUB-DISP-008", owners == wanted, f"owners {wanted}", owners)

"""9.13 and 14.3: children reported missing, and where to search for them."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from safezone_conformance.case import case
from safezone_conformance.cases.hub._calls import press_bell
from safezone_conformance.cases.hub._work import (
    OPERATOR,
    act,
    call,
    id_of,
    incident,
    operator,
    report,
    reported,
    staff,
    staffed,
)  # fmt: skip
from safezone_conformance.hub_bench import SETUP_S, Answer, HubBench
from safezone_conformance.town import Item, Maker, Town, lat_lon, lon_lat, metres
from safezone_conformance.wire import iso, unix

FEW_M = 15.0  # what rounding and a map's projection may make
POLE = (500.0, 0.0)
CAMERAS = {"cam5": 5.0, "cam60": 60.0, "cam150": 150.0, "cam400": 400.0, "cam900": 900.0, "cam20k": 20000.0}


def _another_zone(m: Maker) -> list[Item]:
    """A second zone with a child, and a guardian of it."""
    zone = m.identity.id("z2")
    elsewhere = {"code": m.identity.id("s2"), **lat_lon(50000.0, 0.0)}
    return [
        m.zone(id=zone, zone=zone, name="다른 구역", school=elsewhere),
        m.area("home9", "home", (50000.0, 100.0), 50, zone=zone),
        m.child(9, zone=zone, places=[], routes=[], home=m.identity.id("home9")),
        m.guardian("g9", ["c9"], zone=zone),
        m.consent("c9", "g9") | {"zone": zone},
    ]


@case(
    "TC-HUB-MISS-01",
    ko="보호자, 학교, 상황실의 실종 신고는 사건을 열고 15 s 안에 상황실에 간다",
    en="A report by a guardian, the school or the desk opens an incident and is told to the desk within 15 s",
    verifies=["HUB-MISS-001"],
    needs=["missing", "tokens"],
    town=Town(parts=("desk",), extra=staffed(staff)),
    rows={"guardian": {"who": "guardian/g1"}, "school": {"who": "school/s1"}, "desk": {"who": OPERATOR}},
    steps=[
        ("신고자가 c1의 실종을 신고한다", "the reporter reports c1 missing"),
        ("상황실의 경보를 기다리고 사건을 조회한다", "the desk's alert is awaited, and the incident queried"),
    ],
)
def is_told(t: HubBench, who: str) -> None:
    answer = report(t, t.login(who), text="학원에 오지 않았다고 함")
    t.require(
        "HUB-MISS-001",
        answer.status == 201,
        "the report is taken",
        f"{answer.status} {answer.title}",
        seen=answer,
    )
    alert = t.expect_alert(
        "HUB-MISS-001",
        "missing_report",
        child="c1",
        since=answer.question.t,
        within=t.limit("missing_report"),
    )
    t.check(
        "HUB-MISS-001",
        id_of(alert) == answer.json["id"],
        "the incident of the answer",
        id_of(alert),
        seen=alert,
    )
    body = incident(t, id_of(alert))
    t.check("HUB-MISS-001", body["service"] == "missing_report" and body["state"] == "open", "an open incident of missing_report",
            (body["service"], body["state"]))  # fmt: skip


@case(
    "TC-HUB-MISS-02",
    ko="실종 신고의 경보는 마지막 관측과 위치를 든다",
    en="The alert of a report cites the last observations, and has the position",
    verifies=["HUB-MISS-002"],
    needs=["missing"],
    town=Town(parts=("pole", "desk"), extra=staffed()),
    steps=[
        ("pole에서의 감지와, 이어 가까이의 전화 위치를 보낸다", "a sighting at the pole is sent, then a fix of the phone close by"),
        ("상황실이 c1의 실종을 신고한다", "the desk reports c1 missing"),
    ],
    criteria=[
        ("경보의 evidence에 마지막 관측(전화 위치)이 있고, position이 그 곳에서 100 m 안이다",
         "evidence of the alert has the last observation (the fix), and position is within 100 m of it"),
    ],
)  # fmt: skip
def cites(t: HubBench) -> None:
    now = t.now()
    seen = t.sighted("pole", "a", "t1", now - 40)
    fix = t.located("p1", 520.0, 0.0, now - 10)
    t.accepted(seen, fix)
    answer, _ = reported(t, t.login(OPERATOR))
    alert = t.expect_alert(
        "HUB-MISS-002", "missing_report", child="c1", since=answer.question.t, within=SETUP_S
    )
    t.check(
        "HUB-MISS-002",
        fix.ref in alert.data["evidence"],
        "the last observation in evidence",
        alert.data["evidence"],
        seen=alert,
    )
    position = alert.data.get("position")
    t.require("HUB-MISS-002", isinstance(position, dict), "a position", position, seen=alert)
    assert isinstance(position, dict)
    x, y = metres(position["lat"], position["lon"])
    away = math.hypot(x - 520.0, y)
    t.check("HUB-MISS-002", away <= 100, "within 100 m of the last fix", f"{away:.0f} m", seen=alert)


def _family(m: Maker) -> Sequence[Item]:
    guardians = [m.guardian(g, ["c1"]) for g in ("h1", "gb", "gw")]
    return [operator(m, "o1"), *guardians, m.child(1, barred=[m.identity.id("gb")])]


@case(
    "TC-HUB-MISS-03",
    ko="실종 신고는 신고한 이와 막힌 이를 뺀 모든 보호자에게 간다",
    en="A report is told to every guardian save the one who reported and those barred or withheld from",
    verifies=["HUB-MISS-003"],
    needs=["missing", "tokens"],
    town=Town(parts=("pole", "desk"), extra=_family),
    before=[("c1의 보호자는 g1, h1, gb(양육권으로 막힘), gw이다", "the guardians of c1 are g1, h1, gb (barred by custody) and gw")],
    steps=[
        ("c1이 호출하고 상황실이 gw에게 withhold한다", "c1 calls, and the desk withholds it from gw"),
        ("g1이 실종을 신고한다", "g1 reports the child missing"),
        ("상황실이 한 번 더 신고한다", "the desk reports once more"),
    ],
    criteria=[
        ("g1의 신고는 h1에게만, 상황실의 신고는 g1과 h1에게 간다; gb와 gw에게는 아무것도 가지 않는다",
         "the report of g1 goes to h1 only, that of the desk to g1 and h1; nothing goes to gb and gw"),
    ],
)  # fmt: skip
def every_guardian(t: HubBench) -> None:
    who, g1 = t.login(OPERATOR), t.login("guardian/g1")
    act(t, id_of(call(t)), "withhold", who=who, guardian=t.id("gw"))
    first, one = reported(t, g1)
    since = first.question.t
    t.expect_notice(
        "HUB-MISS-003", "h1", "missing_report", since=since, where=lambda d: d.get("incident") == one
    )
    second, two = reported(t, who)
    for guardian in ("g1", "h1"):
        t.expect_notice(
            "HUB-MISS-003",
            guardian,
            "missing_report",
            since=second.question.t,
            where=lambda d: d.get("incident") == two,
        )
    limit = t.limit("missing_report")
    for guardian, why in (("g1", "of its own report"), ("gb", "barred"), ("gw", "withheld from")):
        t.expect_none("HUB-MISS-003", to=f"guardian/{guardian}", type_="notice", after=since, limit=limit,
                      where=t.about("missing_report"), expected=f"nothing to {guardian}: {why}")  # fmt: skip


@case(
    "TC-HUB-MISS-04",
    ko="보호자는 자기 어린이만, 학교와 상황실은 자기 구역의 어린이만 신고할 수 있고 다른 것은 404이다",
    en="A guardian can report only a child of its own, school and desk only one of their zone; anything else gets 404",
    verifies=["HUB-MISS-004"],
    needs=["missing", "tokens"],
    town=Town(children=2, parts=("desk",), extra=lambda m: [*staffed(staff)(m), *_another_zone(m)]),
    before=[("다른 구역에 어린이 c9가 있다", "another zone has the child c9")],
    steps=[
        ("g1이 c2, c9, 없는 어린이를, 학교와 상황실이 c9와 없는 어린이를 신고한다",
         "g1 reports c2, c9 and an unknown child; school and desk report c9 and an unknown child"),
        ("다른 구역의 주소로도 신고한다", "they report to the other zone too"),
        ("g1과 학교와 상황실이 c1을 신고한다", "g1, school and desk report c1"),
    ],
    criteria=[("앞의 것은 모두 404, c1의 신고는 201이다", "the former all get 404, the reports of c1 201")],
)  # fmt: skip
def only_ones_own(t: HubBench) -> None:
    other = t.id("z2")
    for who, children in (
        ("guardian/g1", ("c2", "c9", "c77")),
        ("school/s1", ("c9", "c77")),
        (OPERATOR, ("c9", "c77")),
    ):
        t.login(who)
        for child in children:
            answer = report(t, who, child)
            t.check(
                "HUB-MISS-004",
                answer.status == 404,
                f"404 to {who} reporting {child}",
                answer.status,
                seen=answer,
            )
        answer = t.http("POST", f"/v1/zones/{other}/incidents", who=who, json={"child": t.id("c9")})
        t.check(
            "HUB-MISS-004", answer.status == 404, f"404 to {who} in another zone", answer.status, seen=answer
        )
        answer = report(t, who, "c1")
        t.check(
            "HUB-MISS-004", answer.status == 201, f"201 to {who} reporting c1", answer.status, seen=answer
        )


@case(
    "TC-HUB-MISS-05",
    ko="같은 key의 신고는 한 사건이다",
    en="Reports with the same key are one incident",
    verifies=["HUB-MISS-005"],
    needs=["missing"],
    town=Town(parts=("pole", "desk"), extra=staffed()),
    steps=[
        ("상황실이 c1을 key r1로 두 번, 이어 key r2로 한 번 신고한다", "the desk reports c1 twice with the key r1, then once with r2"),
        ("사건의 목록을 조회한다", "the list of incidents is queried"),
    ],
    criteria=[
        ("두 번째 답은 첫 사건의 id를 들고 경보가 더 오지 않는다; r2는 다른 사건이다. 목록에는 둘이다",
         "the second answer has the id of the first incident, and no further alert comes; r2 is another incident. The list has two"),
    ],
)  # fmt: skip
def same_report(t: HubBench) -> None:
    who = t.login(OPERATOR)
    first, one = reported(t, who, key="r1")
    t.expect_alert("HUB-MISS-005", "missing_report", since=first.question.t, within=SETUP_S)
    again = report(t, who, key="r1")
    t.check(
        "HUB-MISS-005", again.status in (200, 201), "the second report is answered", again.status, seen=again
    )
    t.check(
        "HUB-MISS-005",
        (again.json or {}).get("id") == one,
        f"incident {one} again",
        (again.json or {}).get("id"),
        seen=again,
    )
    t.expect_none("HUB-MISS-005", to="desk/d112", type_="alert", after=again.question.t, limit=t.limit("missing_report"),
                  where=t.about("missing_report"), expected="no second alert")  # fmt: skip
    _, two = reported(t, who, key="r2")
    t.check("HUB-MISS-005", two != one, "another key is another incident", two)
    found = t.http("GET", f"/v1/zones/{t.zone}/incidents?state=all", who=who).json["items"]
    t.check(
        "HUB-MISS-005",
        sorted(i["id"] for i in found) == sorted((one, two)),
        "two incidents in the list",
        [i["id"] for i in found],
    )


# The search (14.3)


def _search(t: HubBench, id_: str, at: float | None = None, who: str = OPERATOR) -> Answer:
    query = "" if at is None else f"?at={iso(at)}"
    return t.http("GET", f"/v1/incidents/{id_}/search{query}", who=who)


def _area(t: HubBench, requirement: str, id_: str, at: float) -> dict[str, Any]:
    answer = _search(t, id_, at)
    t.require(
        requirement, answer.status == 200, "a search area", f"{answer.status} {answer.title}", seen=answer
    )
    return dict(answer.json)


def _inside(outline: Sequence[Any], x: float, y: float) -> bool:
    """Whether a point, metres, lies in the outline: in an odd number of its rings."""
    crossings = 0
    for ring in outline:
        points = [metres(lat, lon) for lon, lat, *_ in ring]
        for (ax, ay), (bx, by) in pairwise(points):
            if (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay):
                crossings += 1
    return crossings % 2 == 1


def _border_m(outline: Sequence[Any], x: float, y: float) -> float:
    """Metres from a point to the nearest side of the outline."""
    best = math.inf
    for ring in outline:
        points = [metres(lat, lon) for lon, lat, *_ in ring]
        for (ax, ay), (bx, by) in pairwise(points):
            length2 = (bx - ax) ** 2 + (by - ay) ** 2
            share = (
                0.0
                if not length2
                else max(0.0, min(1.0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length2))
            )
            best = min(best, math.hypot(x - ax - share * (bx - ax), y - ay - share * (by - ay)))
    return best


@case(
    "TC-HUB-MISS-06",
    ko="search는 마지막 증거, 그 나이, 갈 수 있는 거리와 윤곽을 알려 주고, 늦은 at일수록 거리가 줄지 않는다",
    en="search tells the last evidence, its age, how far the child can have gone and the outline; a later at never gives less",
    verifies=["HUB-MISS-006", "HUB-MISS-007"],
    needs=["missing"],
    town=Town(parts=("pole", "desk"), extra=staffed()),
    steps=[
        ("pole에서의 감지 뒤 전화 위치를 보내고 실종을 신고한다", "a sighting at the pole and then a fix of the phone are sent, and the child is reported missing"),
        ("at을 30 s 앞, 지금, 5분 뒤, 20분 뒤로 하여 search를 묻는다", "search is asked with at 30 s ago, now, in 5 and in 20 minutes"),
    ],
    criteria=[
        ("last는 그 전화 위치이고(basis phone, device, at, 15 m 안), age_s는 at과의 차이(1 s 안)이며, 윤곽은 닫힌 고리로 그 곳을 두른다",
         "last is that fix (basis phone, device, at, within 15 m), age_s the difference to at (within 1 s), and the outline closed rings round it"),
        ("reach_m은 0보다 크고 at이 늦을수록 줄지 않는다", "reach_m is above 0 and never falls with a later at"),
    ],
)  # fmt: skip
def tells_where(t: HubBench) -> None:
    t.login(OPERATOR)
    now = t.now()
    fixed = now - 60
    t.accepted(t.sighted("pole", "a", "t1", now - 120), t.located("p1", 460.0, 20.0, fixed))
    _, id_ = reported(t, OPERATOR)
    reaches: list[float] = []
    for at in (now - 30, now, now + 300, now + 1200):
        found = _area(t, "HUB-MISS-006", id_, at)
        last = found["last"]
        x, y = metres(last["lat"], last["lon"])
        is_fix = (
            last["basis"] == "phone"
            and last.get("device", t.id("p1")) == t.id("p1")
            and abs(unix(last["at"]) - fixed) <= 1
        )
        t.check(
            "HUB-MISS-006", is_fix and math.hypot(x - 460, y - 20) <= FEW_M, "the fix as last evidence", last
        )
        t.check(
            "HUB-MISS-006", abs(found["age_s"] - (at - fixed)) <= 1, f"age {at - fixed:.0f} s", found["age_s"]
        )
        closed = bool(found["outline"]) and all(
            len(r) >= 4 and list(r[0]) == list(r[-1]) for r in found["outline"]
        )
        t.check(
            "HUB-MISS-006",
            closed and _inside(found["outline"], x, y),
            "closed rings round the last evidence",
            found["outline"][:1],
        )
        t.check("HUB-MISS-006", found["reach_m"] > 0, "reach_m above 0", found["reach_m"])
        reaches.append(float(found["reach_m"]))
    t.check("HUB-MISS-007", reaches == sorted(reaches) and reaches[-1] > 0, "never smaller later", reaches)


@case(
    "TC-HUB-MISS-07",
    ko="길이 없는 구역의 범위는 원이고, 그 안의 카메라와 리더기가 모두, 그것만 열거된다",
    en="Without streets the area is a circle; all cameras and readers inside it are listed, and none outside",
    verifies=["HUB-MISS-008", "HUB-MISS-009"],
    needs=["missing", "cameras"],
    town=Town(
        parts=("pole", "desk"),
        extra=lambda m: [operator(m, "o1"), m.reader("near", "pole", (500, 30)), m.reader("far", "pole", (500, 9000)),
                         *(m.camera(c, (POLE[0], -d), {"n": 0}) for c, d in CAMERAS.items())],
    ),
    before=[("pole에서 5 m, 60 m, 150 m, 400 m, 900 m, 20 km에 카메라가, 30 m와 9 km에 리더기가 있다",
             "there are cameras 5 m, 60 m, 150 m, 400 m, 900 m and 20 km from the pole, and readers at 30 m and 9 km")],
    steps=[
        ("pole에서 c1이 감지되고 실종이 신고된다", "c1 is seen at the pole and reported missing"),
        ("at을 지금과 5분 뒤로 하여 search를 묻는다", "search is asked with at now and in 5 minutes"),
    ],
    criteria=[
        ("윤곽의 모든 점은 마지막 증거에서 reach_m 이상, 서로 5 % 안으로 같은 거리이다",
         "all points of the outline are reach_m or more from the last evidence, and equally far within 5 %"),
        ("윤곽 안의 카메라와 리더기는 모두 목록에 있고 밖의 것은 없다 (윤곽에서 15 m 안의 것은 보지 않는다)",
         "every camera and reader inside the outline is listed and none outside (those within 15 m of it are left aside)"),
    ],
)  # fmt: skip
def lists_equipment(t: HubBench) -> None:
    t.login(OPERATOR)
    now = t.now()
    t.accepted(t.sighted("pole", "a", "t1", now - 60))
    _, id_ = reported(t, OPERATOR)
    cameras = {c: (POLE[0], -d) for c, d in CAMERAS.items()}
    readers = {"pole": POLE, "near": (500.0, 30.0), "far": (500.0, 9000.0), "gh1": (50.0, 0.0)}
    for at in (now, now + 300):
        found = _area(t, "HUB-MISS-008", id_, at)
        last = metres(found["last"]["lat"], found["last"]["lon"])
        radii = [
            math.hypot(x - last[0], y - last[1])
            for ring in found["outline"]
            for x, y in (metres(p[1], p[0]) for p in ring)
        ]
        round_ = bool(radii) and max(radii) <= 1.05 * min(radii) and min(radii) >= 0.99 * found["reach_m"]
        t.check(
            "HUB-MISS-009",
            round_,
            f"a circle of at least {found['reach_m']} m",
            (min(radii, default=0), max(radii, default=0)),
        )
        for kind, placed in (("cameras", cameras), ("readers", readers)):
            listed = {t.name(row["id"]) for row in found[kind]}
            sure = {
                n: _inside(found["outline"], *p)
                for n, p in placed.items()
                if _border_m(found["outline"], *p) > FEW_M
            }
            missing = sorted(n for n, inside in sure.items() if inside and n not in listed)
            t.check("HUB-MISS-008", not missing, f"all {kind} inside the outline", f"missing: {missing}")
            outside = sorted(n for n in listed if not sure.get(n, n in placed))
            t.check("HUB-MISS-008", not outside, f"no {kind} outside the outline", f"listed: {outside}")


def _street(m: Maker) -> Item:
    line = {
        "line": [lon_lat(x, 0.0) for x in range(-4000, 4001, 500)],
        "foot": True,
        "car": True,
        "name": "시험로",
    }
    return m.other("streets", "streets", lines=[line])


@case(
    "TC-HUB-MISS-08",
    ko="길이 등록된 구역의 범위는 길을 따라 넓어진다",
    en="Where streets are registered the area widens along them",
    verifies=["HUB-MISS-009"],
    needs=["missing", "streets"],
    town=Town(parts=("pole", "desk"), extra=lambda m: [operator(m, "o1"), _street(m)]),
    before=[("pole을 지나는 곧은 길 하나만 등록되어 있다", "one straight street past the pole is all that is registered")],
    steps=[
        ("pole에서 c1이 감지되고 실종이 신고된다", "c1 is seen at the pole and reported missing"),
        ("at을 10분 뒤로 하여 search를 묻는다", "search is asked with at in 10 minutes"),
    ],
    criteria=[
        ("길을 따라 reach_m의 절반 간 곳은 윤곽 안에, 길에서 reach_m의 0.8배 벗어난 곳은 밖에 있다",
         "half of reach_m along the street is inside the outline, and 0.8 of reach_m off the street outside it"),
    ],
)  # fmt: skip
def along_streets(t: HubBench) -> None:
    t.login(OPERATOR)
    now = t.now()
    t.accepted(t.sighted("pole", "a", "t1", now - 60))
    _, id_ = reported(t, OPERATOR)
    found = _area(t, "HUB-MISS-009", id_, now + 600)
    reach = float(found["reach_m"])
    t.given(250 <= reach <= 4000, f"in 11 minutes a child comes 250 m to 4 km far: {reach:.0f} m")
    for x, y, wanted in ((0.5, 0.0, True), (-0.5, 0.0, True), (0.0, 0.8, False), (0.0, -0.8, False)):
        inside = _inside(found["outline"], POLE[0] + x * reach, y * reach)
        t.check(
            "HUB-MISS-009",
            inside == wanted,
            f"{x:g}, {y:g} of reach_m from the pole {'inside' if wanted else 'outside'}",
            inside,
        )


@case(
    "TC-HUB-MISS-09",
    ko="어린이가 없는 사건과 아무것도 모르는 어린이의 search는 404 no_position이다",
    en="search of an incident without a child, or of a child of whom nothing is known, gets 404 no_position",
    verifies=["HUB-MISS-010"],
    needs=["missing", "privacy"],
    town=Town(
        children=2, parts=("pole", "bell", "desk"),
        extra=lambda m: [operator(m, "o1"), m.consent("c2", "g2", collect=False)],
    ),
    before=[("c2에게는 수집의 동의가 없다", "there is no consent to collect positions of c2")],
    steps=[
        ("비상벨의 사건의 search를 묻는다", "search is asked of the incident of a bell"),
        ("c2의 실종을 신고하고 그 search를 묻는다", "c2 is reported missing, and its search is asked"),
        ("pole에서 감지된 c1의 실종을 신고하고 그 search를 묻는다", "c1, seen at the pole, is reported missing and its search asked"),
    ],
    criteria=[("앞의 둘은 404와 title no_position, c1의 것은 200이다", "the first two get 404 titled no_position, that of c1 200")],
)  # fmt: skip
def nothing_known(t: HubBench) -> None:
    t.login(OPERATOR)
    t.accepted(t.sighted("pole", "a", "t1", t.now() - 20))
    _, unknown = reported(t, OPERATOR, "c2")
    _, known = reported(t, OPERATOR, "c1")
    for id_, whose in (
        (id_of(press_bell(t)), "without a child"),
        (unknown, "of a child of whom nothing is known"),
    ):
        answer = _search(t, id_)
        t.check("HUB-MISS-010", (answer.status, answer.title) == (404, "no_position"), f"404 no_position: {whose}",
                (answer.status, answer.title), seen=answer)  # fmt: skip
    answer = _search(t, known)
    t.check("HUB-MISS-010", answer.status == 200, "200 where something is known", answer.status, seen=answer)

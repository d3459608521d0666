"""11.4: the day's arrivals as a school's office asks for them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from safezone_conformance.case import case
from safezone_conformance.cases.hub._day import Day, moment
from safezone_conformance.hub_bench import HubBench
from safezone_conformance.town import TIMEZONE, Item, Maker, Town
from safezone_conformance.wire import iso, unix

TIMES = ("since", "tag_seen_at", "heard_at", "tag_battery_pct")


def pupils(t: HubBench) -> Mapping[str, Any]:
    answer = t.http("GET", f"/v1/zones/{t.zone}/pupils")
    t.given(answer.status == 200, f"the pupils of the zone: {answer.status}")
    body: Mapping[str, Any] = answer.json
    return body


def states(t: HubBench, body: Mapping[str, Any]) -> dict[str, str]:
    return {t.name(row["id"]): row["state"] for row in body["items"]}


def stay_of(t: HubBench, day: Day, tag: str, at: float, battery_pct: float) -> None:
    """A stay at the reader in school that tells the tag's battery."""
    data = {
        "tag": t.id(tag), "antenna": "a", "stay": f"s{round(at * 1000)}-{tag}", "phase": "start",
        "first_at": iso(at), "last_at": iso(at), "reads": 1, "rssi_peak_dbm": -60, "battery_pct": battery_pct,
    }  # fmt: skip
    t.accepted(day.sends("dev/is", "tag.sighted", data))


def _class(m: Maker) -> list[Item]:
    """The last child is the only one of the lowest grade; the fifth has no consent to collection."""
    return [m.child(6, grade=1), m.consent("c5", "g5", collect=False)]


@case(
    "TC-HUB-OPS-07",
    ko="pupils는 그 날의 등교를 어린이마다 말한다",
    en="pupils tells the day's arrivals, child by child",
    verifies=["HUB-OPS-007", "HUB-OPS-008", "HUB-OPS-009"],
    needs=["everyday", "exercise-clock", "metrics"],
    town=Town(children=7, parts=("school", "pole"), extra=_class),
    before=[("등교일이고 not_arrived_after는 09:10이다. c6은 1학년, 나머지는 3학년이고 c5는 collect 동의가 없다",
             "It is a school day, not_arrived_after is 09:10; c6 is in grade 1, the others in grade 3; c5 is without consent collect")],
    steps=[
        ("c3의 그 날의 결석을 등록한다. 09:00에 c1과 c2와 c5가 학교 안에서 보이고, c2는 학교 정문을 나간다",
         "an absence of c3 that day is registered; at 09:00 c1, c2 and c5 are seen in school, and c2 leaves by the school gate"),
        ("c7이 길의 기둥에서 보이고, 학교 정문은 c7이 9분 전에 안으로 지난 것을 그 뒤에 알린다",
         "c7 is seen at the pole in the street, and only then the school gate tells that c7 passed inward nine minutes before"),
        ("c1의 태그가 배터리 71, 이어서 64를 알린다", "the tag of c1 tells a battery of 71, then of 64"),
        ("09:09와 09:12에 pupils를 조회한다", "ask for the pupils at 09:09 and at 09:12"),
    ],
    criteria=[
        ("c6, c1, c2, c3, c4, c5, c7의 순서로 한 번씩이고, c1 in_school, c2와 c7 left, c3 absent, c4와 c6은 09:09에 expected이고 09:12에 missing, c5 unknown이다",
         "c6, c1, c2, c3, c4, c5, c7 in this order, once each: c1 in_school, c2 and c7 left, c3 absent, c4 and c6 expected at 09:09 and missing at 09:12, c5 unknown"),
        ("c1의 태그는 t1, 배터리는 64, 마지막에 보인 때이다", "the tag of c1 is t1, its battery 64, and when it was last seen"),
        ("위치는 어디에도 없고, c5에는 시각과 배터리가 없다", "no position anywhere, and neither times nor battery of c5"),
    ],
)  # fmt: skip
def arrivals(t: HubBench) -> None:
    due = moment(t, 2, "09:10")
    today = datetime.fromtimestamp(due, ZoneInfo(TIMEZONE)).date().isoformat()
    t.put(t.make.other("absence", "a1", child=t.id("c3"), date=today, reason="가족 여행"))
    day = Day(t, moment(t, 2, "08:59"))
    t.accepted(day.sighted("is", "a", "t5"))
    for child in ("c1", "c2"):
        day.in_school(child)
    left = day.passes("gs", "t2", False)
    day.settled("g2", "school_departure", "c2", since=left)
    t.accepted(day.sighted("pole", "a", "t7", day.now - 60))
    t.accepted(day.passes("gs", "t7", True, day.now - 600))
    seen = day.now
    for ago, battery in ((30.0, 71.0), (0.0, 64.0)):
        stay_of(t, day, "t1", seen - ago, battery)
    late: dict[str, str] = {}
    for at, wanted in ((due - 60, "expected"), (due + 120, "missing")):
        day.until(at)
        day.beats("gs")
        late = {
            "c6": wanted,
            "c1": "in_school",
            "c2": "left",
            "c3": "absent",
            "c4": wanted,
            "c5": "unknown",
            "c7": "left",
        }
        body = pupils(t)
        found = states(t, body)
        t.check("HUB-OPS-007", list(found.items()) == list(late.items()), f"{late}", found)
        t.check("HUB-OPS-007", len(body["items"]) == len(late), "each child once", len(body["items"]))
        t.check("HUB-OPS-007", (body["date"], body["school_day"]) == (today, True), f"{today}, a school day",
                (body["date"], body["school_day"]))  # fmt: skip
    rows = {t.name(row["id"]): row for row in body["items"]}
    first = rows["c1"]
    told = (first.get("tag"), first.get("tag_battery_pct"))
    t.check("HUB-OPS-008", told == (t.id("t1"), 64), "t1 with a battery of 64 %", told)
    last_seen = first.get("tag_seen_at")
    t.check(
        "HUB-OPS-008",
        last_seen is not None and abs(unix(last_seen) - seen) <= 2,
        f"seen at {iso(seen)}",
        last_seen,
    )
    placed = sorted({k for row in body["items"] for k in row} & {"lat", "lon", "position", "accuracy_m"})
    t.check("HUB-OPS-009", not placed, "no position", placed)
    known = sorted(set(TIMES) & set(rows["c5"]))
    t.check("HUB-OPS-009", not known, "nothing of c5 but its state unknown", known)

"""Incidents and views for the tests of the hand-over. Invented people, numbers nobody has."""

from typing import Any

from safezone_hub.handover import Callback, ChildFacts, HandoverView

NOON = 1772593200.0  # 2026-03-04 12:00:00 in Seoul
INCIDENT = "019cb6d4-5f80-7aaa-8bbb-0123456789ab"


def incident(**more: Any) -> dict[str, Any]:
    return {
        "id": INCIDENT,
        "zone": "z1",
        "service": "tag_call",
        "class": "emergency",
        "state": "open",
        "version": 1,
        "opened_at": "2026-03-04T02:59:20.500Z",
        "told_at": "2026-03-04T02:59:21.000Z",
        "level": "desk",
        "medical": False,
        "child": "c1",
        "position": {"lat": 37.5086123, "lon": 126.8913456, "accuracy_m": 23.5},
        "place": {"road": "문래로28길", "near": {"kind": "bell", "id": "b-07", "distance_m": 41.2}},
        "cameras": [{"id": "cam-1", "preset": "north", "snapshot": True}, {"id": "cam-2"}],
        "units": [
            {"id": "u-1", "name": "문래 1호", "type": "patrol", "distance_m": 420.0, "expected_s": 95.0},
        ],
        "linked": ["019cb6d4-0000-7aaa-8bbb-0123456789ab"],
        "marks": [],
        "agencies": {"fire-1": "accepted"},
        "history": [{"at": "2026-03-04T02:59:21.000Z", "by": "hub", "action": "open", "state": "open"}],
        **more,
    }


def view(**more: Any) -> HandoverView:
    values: dict[str, Any] = {
        "zone_name": "영문초등학교 구역",
        "timezone": "Asia/Seoul",
        "now": NOON,
        "sender": "hub1@safezone.example.org",
        "callback": Callback("영등포 112 상황실", "010-0000-0112"),
        "child": ChildFacts("김하늘", 2),
        "evidence_at": NOON - 75.0,
        "basis": "reader",
        "base_url": "https://hub.example.org",
    }
    return HandoverView(**(values | more))

"""The JSON document: what an agency gets to know, and what it does not."""

import json
from typing import Any

import pytest
from safezone_hub.handover import ChildFacts, Issued, handover
from safezone_model import SERVICES, validator

from tests.handover.handover_world import NOON, incident, view

VALID = validator("handover")
STATES = ["open", "acknowledged", "dispatched", "on_scene", "resolved", "false_alarm", "withdrawn"]


def faults(document: dict[str, Any]) -> list[str]:
    return [
        f"{error.json_path}: {error.message}" for error in VALID.iter_errors(json.loads(json.dumps(document)))
    ]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("service", sorted(SERVICES))
def test_every_service_in_every_state_fits_the_schema(service: str, state: str) -> None:
    case = incident(service=service, state=state, **{"class": SERVICES[service].cls})
    assert faults(handover(case, view())) == []


@pytest.mark.parametrize(
    "left_out",
    ["position", "place", "cameras", "units", "linked", "marks", "agencies", "history", "told_at", "medical"],
)
def test_a_lean_incident_fits_the_schema(left_out: str) -> None:
    case = incident()
    del case[left_out]
    assert faults(handover(case, view(child=None, base_url="", evidence_at=None))) == []


def test_schema_refuses_what_does_not_belong() -> None:
    document = handover(incident(), view())
    assert faults({**document, "guardian": "g1"})
    assert faults({**document, "child": {**document["child"], "home": "h1"}})
    assert faults({**document, "where": {**document["where"], "position": {"lat": 91}}})


def test_answers_who_what_when_where() -> None:
    document = handover(incident(medical=True), view())
    assert document["needed"]["services"] == ["police", "fire"]
    assert document["what"]["text"] == {
        "ko": "김하늘 어린이(2학년)가 태그의 긴급호출 단추를 눌렀습니다. 의료 도움을 청하는 호출입니다.",
        "en": "김하늘 (grade 2) pressed the call button of the tag. The call asks for medical help.",
    }
    assert document["when"] == {"event_at": "2026-03-04T02:59:20.500Z", "told_at": "2026-03-04T02:59:21.000Z"}
    assert document["where"] == {
        "text": {
            "ko": "영문초등학교 구역, 문래로28길, 비상벨 b-07에서 41 m",
            "en": "영문초등학교 구역, 문래로28길, 41 m from emergency bell b-07",
        },
        "road": "문래로28길",
        "near": {"kind": "bell", "id": "b-07", "distance_m": 41.2},
        "position": {
            "lat": 37.5086123, "lon": 126.8913456, "accuracy_m": 23.5, "confidence_pct": 68, "shape": "circle",
        },
    }  # fmt: skip
    assert document["evidence"]["age_s"] == 75
    assert document["evidence"]["at"] == "2026-03-04T02:58:45.000Z"
    assert document["callback"] == {"name": "영등포 112 상황실", "contact": "010-0000-0112"}


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({}, ["police"]),
        ({"medical": True}, ["police", "fire"]),
        ({"level": "fire119"}, ["police", "fire"]),
        ({"history": [{"at": "2026-03-04T03:00:00Z", "by": "desk/d1", "action": "call_119", "state": "open"}]},
         ["police", "fire"]),
    ],
)  # fmt: skip
def test_119_is_needed_when_medical_or_called(more: dict[str, Any], wanted: list[str]) -> None:
    assert handover(incident(**more), view())["needed"]["services"] == wanted


def test_only_name_and_grade_of_the_child_and_no_notes() -> None:
    history = [{"at": "2026-03-04T03:00:00Z", "by": "operator/o1", "action": "note", "state": "open",
                "note": "어머니 010-0000-1234"}]  # fmt: skip
    case = incident(history=history, withheld=["g-2"], owner="operator/o1", device="tag-77")
    text = json.dumps(handover(case, view()), ensure_ascii=False)
    assert "김하늘" in text
    for secret in ("010-0000-1234", "g-2", "operator/o1", "tag-77", '"c1"'):
        assert secret not in text


@pytest.mark.parametrize("state", ["resolved", "false_alarm", "withdrawn"])
def test_a_closing_document_holds_neither_child_nor_place(state: str) -> None:
    case = incident(state=state, closed_at="2026-03-04T03:10:00Z")
    document = handover(case, view(child=ChildFacts("김하늘", 2, "노란 우산"), place="영문초등학교"))
    text = json.dumps(document, ensure_ascii=False)
    for secret in ("김하늘", "노란 우산", "37.5086", "126.89", "문래로28길", "b-07", "cam-1"):
        assert secret not in text
    assert document["when"]["closed_at"] == "2026-03-04T03:10:00.000Z"
    assert "child" not in document and "evidence" not in document and "position" not in document["where"]


def test_a_drill_says_so_in_both_languages() -> None:
    document = handover(incident(exercise="drill-1"), view())
    assert document["exercise"]["drill"] == "drill-1"
    assert "훈련" in document["exercise"]["text"]["ko"] and "DRILL" in document["exercise"]["text"]["en"]
    assert "exercise" not in handover(incident(), view())


def test_pictures_are_links_to_the_hub_never_to_the_camera() -> None:
    cameras = [{"id": "cam-1", "snapshot": "http://10.9.8.7/shot.jpg", "live": "rtsp://10.9.8.7/live"}]
    document = handover(incident(cameras=cameras), view())
    own = f"https://hub.example.org/v1/incidents/{document['incident']}"
    assert document["cameras"] == [
        {"id": "cam-1", "snapshot": f"{own}/cameras/cam-1/snapshot", "live": f"{own}/cameras/cam-1/live"}
    ]
    assert "10.9.8.7" not in json.dumps(document)


def test_refers_to_every_earlier_version() -> None:
    earlier = (Issued(1, NOON - 60), Issued(2, "2026-03-04T02:59:30Z"))
    assert handover(incident(version=3), view(earlier=earlier))["references"] == [
        {"version": 1, "issued_at": "2026-03-04T02:59:00.000Z"},
        {"version": 2, "issued_at": "2026-03-04T02:59:30.000Z"},
    ]


def test_evidence_from_the_future_is_not_younger_than_now() -> None:
    assert handover(incident(), view(evidence_at=NOON + 30))["evidence"]["age_s"] == 0


def test_names_with_braces_are_words() -> None:
    document = handover(incident(), view(child=ChildFacts("{who} {0} %s", 6)))
    assert document["what"]["text"]["ko"].startswith("{who} {0} %s 어린이(6학년)")

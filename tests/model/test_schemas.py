"""The schemas themselves, and every example in both directions."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from safezone_model import (
    MESSAGES,
    REGISTRY_KINDS,
    SERVICES,
    escalation,
    load_schema,
    rejections,
    schema_names,
    validator,
)
from safezone_model.figures import law, wire
from safezone_model.loader import evidence

MODEL = Path(__file__).parents[2] / "conformance" / "safezone_model"
EXAMPLES = MODEL / "examples"
WITH_EXAMPLES = [n for n in schema_names() if n != "common"]


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def example_files(kind: str) -> list[Path]:
    return sorted(EXAMPLES.rglob(f"{kind}/*.json"))


def schema_of(path: Path) -> str:
    return path.parent.parent.relative_to(EXAMPLES).as_posix()


def short(path: Path) -> str:
    return path.relative_to(EXAMPLES).as_posix()


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from nodes(inner)


def without_conditions(value: Any) -> Any:
    """A schema without its if, then and else: what they name is explained where it stands."""
    if isinstance(value, dict):
        return {k: without_conditions(v) for k, v in value.items() if k not in ("if", "then", "else")}
    return [without_conditions(v) for v in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", schema_names())
def test_schema_is_valid_2020_12_and_named_by_its_path(name: str) -> None:
    schema = load_schema(name)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    urn = name.replace("messages/", "message:").replace("registry/", "registry:")
    assert schema["$id"] == f"urn:safezone:v1:{urn}"


@pytest.mark.parametrize("name", schema_names())
def test_every_reference_resolves(name: str) -> None:
    known = load_schema("common")["$defs"]
    for node in nodes(load_schema(name)):
        if "$ref" in node:
            base, _, inner = node["$ref"].partition("#/$defs/")
            assert base == "urn:safezone:v1:common"
            assert inner in known


@pytest.mark.parametrize("name", schema_names())
def test_every_member_is_explained_in_both_languages(name: str) -> None:
    common = load_schema("common")["$defs"]
    for node in nodes(without_conditions(load_schema(name))):
        for member, about in node.get("properties", {}).items():
            shared = common[about["$ref"].rsplit("/", 1)[1]] if "$ref" in about else {}
            for key in ("description", "x-description-ko"):
                assert about.get(key) or shared.get(key), f"{name}: {member} has no {key}"


@pytest.mark.parametrize("path", example_files("valid"), ids=short)
def test_valid_example_passes(path: Path) -> None:
    assert [e.message for e in validator(schema_of(path)).iter_errors(read(path))] == []


@pytest.mark.parametrize("path", example_files("invalid"), ids=short)
def test_invalid_example_fails_at_the_named_place_for_the_named_reason(path: Path) -> None:
    wrapped = read(path)
    assert set(wrapped) == {"why", "at", "keyword", "value"}
    errors = list(validator(schema_of(path)).iter_errors(wrapped["value"]))
    # What has not the form of a date is no date either: said once.
    malformed = {tuple(e.absolute_path) for e in errors if e.validator == "pattern"}
    errors = [e for e in errors if e.validator != "format" or tuple(e.absolute_path) not in malformed]
    found = [("".join(f"/{p}" for p in e.absolute_path), e.validator) for e in errors]
    assert found == [(wrapped["at"], wrapped["keyword"])]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_every_schema_has_examples_of_both_sorts(name: str) -> None:
    assert list((EXAMPLES / name / "valid").glob("*.json"))
    assert len(list((EXAMPLES / name / "invalid").glob("*.json"))) >= 3


def test_no_example_is_of_an_unknown_schema() -> None:
    assert {schema_of(p) for p in example_files("valid") + example_files("invalid")} == set(WITH_EXAMPLES)


def test_messages_and_kinds_are_those_that_have_schemas() -> None:
    assert {f"messages/{m}" for m in MESSAGES} == {n for n in schema_names() if n.startswith("messages/")}
    assert {f"registry/{k}" for k in REGISTRY_KINDS} == {
        n for n in schema_names() if n.startswith("registry/")
    }


def test_every_message_has_class_direction_and_ends() -> None:
    listed = read(MODEL / "messages.json")["messages"]
    known = {"reader", "bell", "camera", "phone", "guardian", "desk", "clock", "hub"}
    for m in listed:
        assert m["class"] in ("emergency", "routine")
        assert m["direction"] in ("up", "down")
        assert m["roles"]
        assert m["to"]
        assert set(m["roles"]) | set(m["to"]) <= known
        assert (m["to"] == ["hub"]) == (m["direction"] == "up")
        assert (m["roles"] == ["hub"]) == (m["direction"] == "down")
        assert m["title"]["ko"]
        assert m["title"]["en"]


def test_envelope_accepts_every_message_name() -> None:
    base = next(read(p) for p in example_files("valid") if schema_of(p) == "envelope")
    for name in MESSAGES:
        assert validator("envelope").is_valid({**base, "type": name}), name


def test_services_in_the_schema_are_those_of_services_json() -> None:
    listed = [s["name"] for s in read(MODEL / "services.json")["services"]]
    assert sorted(load_schema("common")["$defs"]["service"]["enum"]) == sorted(listed) == sorted(SERVICES)


def test_every_evidence_cited_by_a_service_is_defined_in_both_languages() -> None:
    for service in SERVICES.values():
        assert service.evidence
        for name in service.evidence:
            assert evidence()[name]["text"]
            assert evidence()[name]["text_ko"]


def test_flags_are_those_of_the_schemas() -> None:
    flags = [f["flag"] for f in wire()["flags"]]
    for name in ("messages/notice", "messages/alert"):
        assert load_schema(name)["properties"]["flags"]["items"]["enum"] == flags


def test_steps_of_danger_evidence_fit_together() -> None:
    """Few clear fixes, more unclear ones; never fewer than the least."""
    rule = evidence()["danger_fixes"]
    assert rule["k_least"] <= rule["k"] <= rule["k_most"]
    assert rule["accuracy_clear_m"] <= evidence()["usable_fix"]["accuracy_max_m"]
    assert rule["clear_slack"] * rule["accuracy_clear_m"] <= rule["clear_m"]


def test_policy_of_a_zone_overrides_figures_that_the_standard_has() -> None:
    own = load_schema("registry/zone")["properties"]["policy"]["properties"]
    assert set(own["escalation"]["properties"]) <= set(escalation())
    assert set(own["not_arrived"]["properties"]) == set(escalation()["not_arrived"])
    assert escalation()["supervisor_after_s"] < escalation()["fire119_after_s"]
    assert escalation()["not_arrived"]["school_after_s"] < escalation()["not_arrived"]["desk_after_s"]


def test_incident_of_the_action_is_what_the_http_call_names_in_its_path() -> None:
    """Over MQTT and over HTTP a desk can do the same things."""
    over_mqtt = load_schema("messages/incident.action")
    over_http = read(MODEL / "openapi.json")["components"]["schemas"]["IncidentAction"]
    assert set(over_mqtt["properties"]) - {"incident"} == set(over_http["properties"]) - {"key"}
    assert over_mqtt["allOf"] == over_http["allOf"]


def test_rejections_are_silent_until_the_mac_is_proved() -> None:
    reasons = [r.reason for r in rejections()]
    proved = reasons.index("bad_mac") + 1
    assert [r.receipt for r in rejections()] == [False] * proved + [True] * (len(reasons) - proved)
    assert len(set(reasons)) == len(reasons)


def test_every_duty_of_the_law_has_article_default_and_status() -> None:
    for name, duty in law().items():
        assert duty["article"]["ko"], name
        assert duty["default"]["en"], name
        assert duty["status"], name

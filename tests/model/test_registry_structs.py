"""The hub's structs beside the schemas they follow: same words, same needs, and no secret ever shown."""

import json
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from safezone_hub.items import KINDS, ItemError, read_item, without_secrets
from safezone_hub.messages import ACTION_NEEDS, DECODERS, IncidentAction
from safezone_model import MESSAGES, REGISTRY_KINDS, load_schema

EXAMPLES = Path(__file__).parents[2] / "conformance" / "safezone_model" / "examples"
ITEMS = sorted((EXAMPLES / "registry").glob("*/valid/*.json"))
GUARDIAN = EXAMPLES / "registry" / "guardian" / "valid" / "guardian-with-contacts.json"


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def secrets(value: Any) -> list[str]:
    """Every value of a member «secret», however deep."""
    if isinstance(value, dict):
        own = [value["secret"]] if "secret" in value else []
        return own + [s for inner in value.values() for s in secrets(inner)]
    return [s for inner in value for s in secrets(inner)] if isinstance(value, list) else []


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [without_nulls(inner) for inner in value] if isinstance(value, list) else value


def test_every_kind_and_every_message_up_has_a_struct() -> None:
    assert list(KINDS) == list(REGISTRY_KINDS)
    assert set(DECODERS) == {m.type for m in MESSAGES.values() if m.direction == "up"}


@pytest.mark.parametrize("path", ITEMS, ids=lambda p: f"{p.parts[-3]}-{p.stem}")
def test_struct_holds_every_member_of_its_schema(path: Path) -> None:
    """Written out again, nothing is lost: a member that the struct lacks would be."""
    body = read(path)
    again = without_nulls(json.loads(msgspec.json.encode(read_item(body))))
    # A member that says what its absence says is left out.
    assert {name: again.get(name, value) for name, value in body.items()} == body
    assert set(again) <= set(load_schema(f"registry/{body['kind']}")["properties"])


@pytest.mark.parametrize("path", ITEMS, ids=lambda p: f"{p.parts[-3]}-{p.stem}")
def test_no_secret_is_given_back(path: Path) -> None:
    body = read(path)
    shown = without_secrets(body)
    assert secrets(shown) == []
    text = json.dumps(shown)
    assert not [s for s in secrets(body) if s in text]
    assert set(shown) == set(body)


def test_there_are_secrets_of_every_sort_to_hide() -> None:
    found = {path.parts[-3] for path in ITEMS if secrets(read(path))}
    assert found >= {"guardian", "desk", "device", "agency", "peer", "drill"}
    assert len(secrets(read(GUARDIAN))) == 2  # its key and its webhook


@pytest.mark.parametrize("broken", ["contacts", "whole"])
def test_a_refusal_shows_no_secret(broken: str) -> None:
    body = read(GUARDIAN)
    if broken == "contacts":
        body["contacts"][2]["colour"] = "red"
    else:
        body["colour"] = "red"
    with pytest.raises(ItemError) as refusal:
        read_item(body)
    assert refusal.value.errors
    assert not [s for s in secrets(body) if s in json.dumps(refusal.value.errors)]


@pytest.mark.parametrize(
    "path", sorted((EXAMPLES / "registry").glob("*/invalid/*.json")), ids=lambda p: f"{p.parts[-3]}-{p.stem}"
)
def test_struct_refuses_what_the_schema_refuses(path: Path) -> None:
    wrapped = read(path)
    with pytest.raises(ItemError) as refusal:
        read_item(wrapped["value"])
    at = wrapped["at"].strip("/").replace("/", ".")
    assert at in [error["field"] for error in refusal.value.errors]


@pytest.mark.parametrize(
    "path",
    [p for p in sorted((EXAMPLES / "messages").glob("*/invalid/*.json")) if p.parts[-3] in DECODERS],
    ids=lambda p: f"{p.parts[-3]}-{p.stem}",
)
def test_decoder_refuses_what_the_schema_refuses(path: Path) -> None:
    with pytest.raises(msgspec.ValidationError):
        DECODERS[path.parts[-3]].decode(msgspec.json.encode(read(path)["value"]))


@pytest.mark.parametrize("kind", [None, 1, [], {}, ["zone"], "nothing"])
def test_a_kind_that_is_none_is_refused(kind: Any) -> None:
    with pytest.raises(ItemError):
        read_item({"kind": kind, "id": "x", "zone": "z"})


@pytest.mark.parametrize("day", ["2026-02-30", "0000-00-00"])
def test_a_day_that_is_in_no_calendar_is_refused(day: str) -> None:
    body = read(EXAMPLES / "registry" / "absence" / "valid" / "absence.json") | {"date": day}
    with pytest.raises(ItemError):
        read_item(body)
    zone = read(EXAMPLES / "registry" / "zone" / "valid" / "zone.json")
    for broken in (
        zone | {"opened_on": day},
        zone | {"calendar": zone["calendar"] | {"holidays": ["2026-05-25", day]}},
    ):
        with pytest.raises(ItemError):
            read_item(broken)


def test_actions_are_those_of_the_schema_and_need_the_same_members() -> None:
    verbs = load_schema("common")["$defs"]["incident_verb"]["enum"]
    assert list(get_args(get_type_hints(IncidentAction)["action"])) == verbs
    needed = {}
    for rule in load_schema("messages/incident.action")["allOf"]:
        which = rule["if"]["properties"]["action"]
        for verb in which.get("enum", [which.get("const")]):
            (needed[verb],) = rule["then"]["required"]
    assert needed == ACTION_NEEDS

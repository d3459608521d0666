"""The inventory knows every member of the standard and every table of the store, and speaks of real things only."""

import json
import re
from collections import Counter
from dataclasses import fields
from importlib.resources import files
from typing import Any

import pytest
from safezone_hub import subjects
from safezone_hub.access.rules import OPERATIONS
from safezone_hub.items import read_item
from safezone_hub.privacy import load_inventory, load_model, unclassified
from safezone_hub.privacy.inventory import Inventory, schema_members
from safezone_hub.store.batch import Batch
from safezone_model import REGISTRY_KINDS, schema_names
from safezone_model.figures import law

INVENTORY = load_inventory()
# Parts of a batch that delete, and name rows by their key alone.
DELETES = {"unstate", "settled", "unregistered", "erase", "unpos"}
EXAMPLES = files("safezone_model") / "examples" / "registry"


def test_every_member_of_the_standard_is_classified() -> None:
    assert unclassified(INVENTORY) == {}, "classify them in privacy/inventory.toml"


def test_a_new_member_would_be_noticed() -> None:
    entry = INVENTORY.entries["registry/child"]
    left = {category: names for category, names in entry.members.items() if category != "identity"}
    entries = {**INVENTORY.entries, "registry/child": type(entry)(**{**vars(entry), "members": left})}
    del entries["messages/phone.located"]
    found = unclassified(Inventory(entries, INVENTORY.tables, INVENTORY.words))
    assert found["registry/child"] == {"name"}
    assert "lat" in found["messages/phone.located"]


def test_members_are_found_inside_of_arrays_and_shared_parts() -> None:
    assert {"contacts[].address", "contacts[].secret", "key.secret", "quiet.from"} <= set(
        schema_members("registry/guardian")
    )
    assert {"routes[].line[]", "barred[]"} <= set(schema_members("registry/child"))
    assert "position.lat" in schema_members("messages/notice")


@pytest.mark.parametrize("name", sorted(INVENTORY.entries))
def test_each_member_stands_once_and_exists(name: str) -> None:
    counted = Counter(member for members in INVENTORY.entries[name].members.values() for member in members)
    assert name in schema_names()
    assert set(counted) == set(schema_members(name)), "the schema and the inventory differ"
    assert [member for member, n in counted.items() if n > 1] == []


@pytest.mark.parametrize("name", sorted(INVENTORY.entries))
def test_each_word_is_defined(name: str) -> None:
    entry, words = INVENTORY.entries[name], INVENTORY.words
    assert set(entry.members) <= set(words["categories"])
    assert set(entry.seal) <= set(words["seals"]) and entry.seal
    assert set(entry.recipients) <= set(words["roles"])
    assert entry.basis in words["bases"] and entry.kept in words["kept"]


def test_words_of_tables_and_risks_are_defined() -> None:
    words = INVENTORY.words
    for table in INVENTORY.tables.values():
        assert set(table.holds) <= set(words["categories"]) and set(table.seal) <= set(words["seals"])
        assert set(table.kept) <= set(words["kept"])
    for risk in load_model().risks:
        assert set(risk["affects"]) <= set(words["categories"])


def test_every_table_that_a_batch_writes_is_described() -> None:
    written = {each.name for each in fields(Batch)} - DELETES
    assert written - set(INVENTORY.tables) == set()


def test_calls_and_circumstances_are_those_of_the_access_table() -> None:
    named = {operation for entry in INVENTORY.entries.values() for operation in entry.operations}
    assert named - set(OPERATIONS) == set()
    circumstances = {c for roles in OPERATIONS.values() for c in roles.values()} - {"-"}
    assert circumstances - set(INVENTORY.words["circumstances"]) == set()
    assert {role for roles in OPERATIONS.values() for role in roles} <= set(INVENTORY.words["roles"])


def test_what_is_personal_is_not_held_without_a_basis_and_a_reader() -> None:
    for entry in INVENTORY.entries.values():
        people = set(entry.personal()) - {"secret", "identifier"}
        if people:
            assert entry.basis != "none", entry.name
            assert entry.operations, entry.name


@pytest.mark.parametrize("kind", REGISTRY_KINDS)
def test_registry_items_lie_under_the_keys_the_inventory_says(kind: str) -> None:
    """Held against the hub's own rule, by the standard's valid examples."""
    entry = INVENTORY.entries[f"registry/{kind}"]
    for example in sorted((EXAMPLES / kind / "valid").iterdir(), key=lambda path: path.name):
        item = read_item(json.loads(example.read_text(encoding="utf-8")))
        found = {subject.partition("/")[0] for subject in subjects.of_item(item)} or {"zone"}
        assert found <= set(entry.seal), f"{example.name}: {found}"


@pytest.mark.parametrize("duty", sorted(law()))
def test_every_duty_of_the_law_says_how_and_where(duty: str) -> None:
    own: Any = load_model().duties[duty]
    assert own["how"]["ko"] and own["how"]["en"]


def test_places_to_look_exist() -> None:
    """Every call named in duties.toml is one of the standard's API."""
    api = json.loads((files("safezone_model") / "openapi.json").read_text(encoding="utf-8"))["paths"]
    shape = {re.sub(r"\{[^}]*\}", "{}", path): set(item) for path, item in api.items()}
    duties = load_model().duties
    named = [where for duty in law() for where in duties[duty]["where"]]
    calls = [
        where.split(" ", 1) for where in named if where.split(" ")[0] in ("GET", "PUT", "POST", "DELETE")
    ]
    assert len(calls) > 8
    for method, path in calls:
        assert method.lower() in shape.get(re.sub(r"\{[^}]*\}", "{}", path), ()), f"no {method} {path}"

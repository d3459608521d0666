"""Which members of the standard's schemas are personal, and where the hub keeps them: ``inventory.toml``, read and checked."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from safezone_model import load_schema, schema_names
from safezone_model.figures import Text, text_of

NOT_PERSONAL = "none"
# Shared parts have no members of their own; the statistics speak of nobody.
_WITHOUT_PEOPLE = ("common", "statistics")


@dataclass(frozen=True)
class Entry:
    """One schema: what it holds of people, why, where, how long, who may see it."""

    name: str
    purpose: Text
    basis: str
    seal: tuple[str, ...]
    kept: str
    operations: tuple[str, ...]
    recipients: tuple[str, ...]
    members: Mapping[str, tuple[str, ...]]  # by category

    def personal(self) -> dict[str, tuple[str, ...]]:
        return {category: names for category, names in self.members.items() if category != NOT_PERSONAL}


@dataclass(frozen=True)
class StoreTable:
    """One table of the store."""

    name: str
    what: Text
    holds: tuple[str, ...]
    seal: tuple[str, ...]
    kept: tuple[str, ...]


@dataclass(frozen=True)
class Inventory:
    """Everything in ``inventory.toml``. ``words``: section -> key -> text."""

    entries: Mapping[str, Entry]
    tables: Mapping[str, StoreTable]
    words: Mapping[str, Mapping[str, Text]]

    def word(self, section: str, key: str) -> Text:
        """The text for a key; the key itself where there is none (a new role, an unknown fact)."""
        return self.words[section].get(key, Text(key, key))


@cache
def load_inventory() -> Inventory:
    """KeyError names the word that is used and not defined."""
    data = tomllib.loads((files("safezone_hub.privacy") / "inventory.toml").read_text(encoding="utf-8"))
    words = {
        section: {key: text_of(text) for key, text in data[section].items()}
        for section in data
        if section not in ("sets", "tables")
    }
    entries = {name: _entry(name, body, words) for name, body in data["sets"].items()}
    tables = {
        name: StoreTable(
            name, text_of(body["what"]), tuple(body["holds"]), tuple(body["seal"]), tuple(body["kept"])
        )
        for name, body in data["tables"].items()
    }
    return Inventory(entries, tables, words)


def _entry(name: str, body: Mapping[str, Any], words: Mapping[str, Mapping[str, Text]]) -> Entry:
    return Entry(
        name,
        words["purposes"][body["purpose"]],
        body["basis"],
        tuple(body["seal"]),
        body["kept"],
        tuple(body["operations"]),
        tuple(body["recipients"]),
        {category: tuple(members) for category, members in body["members"].items()},
    )


def schema_members(name: str) -> list[str]:
    """Every member of a schema that holds a value, as a path: ``contacts[].address``."""
    return list(_members(load_schema(name), ""))


def _members(node: Mapping[str, Any], path: str) -> Iterator[str]:
    reference = str(node.get("$ref", ""))
    if reference.startswith("urn:safezone:v1:common#/$defs/"):
        shared = load_schema("common")["$defs"][reference.rsplit("/", 1)[1]]
        node = {**shared, **{key: value for key, value in node.items() if key != "$ref"}}
    if isinstance(node.get("properties"), Mapping) and node["properties"]:
        for name, member in node["properties"].items():
            yield from _members(member, f"{path}.{name}" if path else name)
    elif isinstance(node.get("items"), Mapping):
        yield from _members(node["items"], f"{path}[]")
    elif path:
        yield path


def unclassified(inventory: Inventory) -> dict[str, set[str]]:
    """Members of the standard's schemas that the inventory does not know, by schema. Empty when all is well."""
    missing = {}
    for name in schema_names():
        if name in _WITHOUT_PEOPLE:
            continue
        entry = inventory.entries.get(name)
        known = {member for members in entry.members.values() for member in members} if entry else set()
        if left := set(schema_members(name)) - known:
            missing[name] = left
    return missing

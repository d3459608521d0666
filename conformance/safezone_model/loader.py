"""Reads the model's data files. Parsed once, returned as plain or frozen values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

_ROOT = files("safezone_model")

EvidenceRules = Mapping[str, Mapping[str, Any]]
Timing = Mapping[str, Any]
Escalation = Mapping[str, Any]


@dataclass(frozen=True)
class MessageType:
    """One message of the wire: its name, its delivery class and who sends it."""

    type: str
    cls: str  # "emergency" | "routine"
    direction: str  # "up" | "down"
    roles: tuple[str, ...]
    title_ko: str
    title_en: str


@dataclass(frozen=True)
class Service:
    """One service of the model. Times in seconds, see the comment in services.json."""

    name: str
    cls: str  # "emergency" | "danger" | "everyday"
    title_ko: str
    title_en: str
    recipients: tuple[str, ...]
    limit_s: float
    before_s: float
    after_s: float
    evidence: tuple[str, ...]


def _read(name: str) -> Any:
    return json.loads((_ROOT / name).read_text(encoding="utf-8"))


@cache
def _services() -> Any:
    return _read("services.json")


MESSAGES: Mapping[str, MessageType] = {
    m["type"]: MessageType(
        m["type"], m["class"], m["direction"], tuple(m["roles"]), m["title"]["ko"], m["title"]["en"]
    )
    for m in _read("messages.json")["messages"]
}

SERVICES: Mapping[str, Service] = {
    s["name"]: Service(
        s["name"],
        s["class"],
        s["title"]["ko"],
        s["title"]["en"],
        tuple(s["recipients"]),
        float(s["limit_s"]),
        float(s["window_s"]["before"]),
        float(s["window_s"]["after"]),
        tuple(s["evidence"]),
    )
    for s in _services()["services"]
}

REGISTRY_KINDS: tuple[str, ...] = tuple(k["kind"] for k in _read("registry.json")["kinds"])


def evidence() -> EvidenceRules:
    """Parameters of every kind of evidence, by name."""
    rules: EvidenceRules = _services()["evidence"]
    return rules


def timing() -> Timing:
    """Retry, grouping, heartbeat and window values of the wire."""
    values: Timing = _services()["timing"]
    return values


def escalation() -> Escalation:
    """How unacknowledged incidents are repeated and climb, where a zone's own policy says nothing else. Seconds."""
    values: Escalation = _services()["escalation"]
    return values


def schema_names() -> list[str]:
    """Names accepted by ``load_schema``: ``envelope``, ``messages/tag.sighted``, ``registry/zone`` …"""
    names = ["common", "envelope", "handover", "statistics"]
    for folder in ("messages", "registry"):
        entries = (_ROOT / "schemas" / folder).iterdir()
        names += sorted(
            f"{folder}/{e.name.removesuffix('.json')}" for e in entries if e.name.endswith(".json")
        )
    return names


@cache
def load_schema(name: str) -> Any:
    """One JSON Schema (2020-12) by name. KeyError with the known names if there is none."""
    if name not in schema_names():
        raise KeyError(f"no schema {name!r}; known: {', '.join(schema_names())}")
    return _read(f"schemas/{name}.json")


@cache
def _registry() -> Registry[Any]:
    registry: Registry[Any] = Registry()
    for name in schema_names():
        resource: Resource[Any] = Resource.from_contents(load_schema(name))
        registry = resource @ registry
    return registry


@cache
def validator(name: str) -> Draft202012Validator:
    """A jsonschema validator of one schema, references resolved within the model.

    Of formats it checks dates only: whether it can check times depends on what else is installed.
    """
    checker = FormatChecker(formats=["date"])
    return Draft202012Validator(load_schema(name), registry=_registry(), format_checker=checker)

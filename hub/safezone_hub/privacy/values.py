"""What the report is made from, and how numbers and times are said."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from safezone_model.figures import Text, law

from safezone_hub.clock import zone_info
from safezone_hub.privacy.document import both
from safezone_hub.privacy.facts import FactCount
from safezone_hub.privacy.inventory import Inventory, load_inventory

NOTHING = both("없음", "none")


@dataclass(frozen=True)
class InForce:
    """The values in force on this hub. ``cctv_days`` None: nobody told the hub."""

    retention_h: float = float(law()["retention"]["value"])
    fact_months: float = float(law()["fact_records"]["value"])
    # Records of rescue are records of fact, and kept as long as these.
    rescue_months: float = float(law()["fact_records"]["value"])
    longest_years: float = float(law()["retention_longest"]["value"])
    notices_days: float = 7.0
    seen_days: float = 30.0
    consent_required: bool = True
    encrypted: bool = True
    cctv_days: float | None = None


@dataclass(frozen=True)
class HubFacts:
    """What the hub counted. Times are seconds since 1970; no id, no name, no position."""

    zones: Mapping[str, str]  # id -> name
    timezone: str
    children: int = 0
    facts: tuple[FactCount, ...] = ()
    consents: Mapping[str, int] = field(default_factory=dict)  # status (given, …, none) -> children
    pending_erasures: int = 0  # asked for and not finished
    oldest_position_at: float | None = None
    oldest_body_at: float | None = None  # of the event log
    oldest_fact_at: float | None = None
    chain: str = ""  # what the audit of the chain said last


@dataclass(frozen=True)
class PrivacyModel:
    """What the report is generated from."""

    law: Mapping[str, Mapping[str, Any]]
    inventory: Inventory
    duties: Mapping[str, Any]
    risks: tuple[Mapping[str, Any], ...]


@cache
def load_model() -> PrivacyModel:
    """The standard's law, and the hub's own inventory, duties and risks."""
    duties, risks = (
        tomllib.loads((files("safezone_hub.privacy") / f"{name}.toml").read_text(encoding="utf-8"))
        for name in ("duties", "risks")
    )
    return PrivacyModel(law(), load_inventory(), duties, tuple(risks["risks"]))


def filled(text: Text, **values: str) -> Text:
    """Named values put in. Not ``str.format``: a text may hold braces of its own."""
    ko, en = text.ko, text.en
    for name, value in values.items():
        ko, en = ko.replace(f"{{{name}}}", value), en.replace(f"{{{name}}}", value)
    return both(ko, en)


def number(value: float) -> str:
    return format(value, "g")


def moment(at: float, timezone: str) -> str:
    return datetime.fromtimestamp(int(at), zone_info(timezone)).isoformat(sep=" ")

"""Schools side by side: each copy of a recorded school is a zone of its own on the hub, with its own children.

More load is more children, at the pace at which children live. Every id is renamed in registry and messages alike, keys
are the run's own, and all of it is simulated and belongs to a drill: nobody real is told anything.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from safezone_sim.capacity.recording import RecordedZone, Recording
from safezone_sim.capacity.signing import iso, key_item

ROLE_OF_KIND = {"device": "dev", "guardian": "guardian", "desk": "desk"}
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_AS_IT_IS = frozenset({"name", "code", "keyid", "type", "role", "kind"})
_OPEN_FOR_S = 24 * 3600.0
_ENROLLED_S = 60 * 86400.0
_NOT_AN_ID = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True)
class Ground:
    """One zone as it stands on the hub: a recorded school, and the how-manieth copy of it."""

    recorded: RecordedZone
    copy: int
    run: str  # names the run's keys and drills

    @property
    def zone(self) -> str:
        return self._renamed(self.recorded.zone)

    @property
    def exercise(self) -> str:
        return f"{self.zone}-{self.run}"[:64]

    @cached_property
    def ids(self) -> Mapping[str, str]:
        """Every id of the recorded zone, and its name here."""
        found = {self.recorded.zone: self.zone}
        for item in self.recorded.items:
            found[item["id"]] = self._renamed(item["id"])
        return found

    def _renamed(self, id_: str) -> str:
        return f"cap{self.copy}-{_NOT_AN_ID.sub('-', id_)}"[:64]

    def renamed(self, value: Any, key: str = "") -> Any:
        """The same value with every id of the recorded zone replaced."""
        if isinstance(value, str):
            return value if key in _AS_IT_IS else self.ids.get(value, value)
        if isinstance(value, Mapping):
            return {name: self.renamed(part, name) for name, part in value.items()}
        if isinstance(value, list | tuple):
            return (
                [self.renamed(part, key) for part in value] if value and not _is_number(value[0]) else value
            )
        return value

    def items(self, now: float) -> Iterator[dict[str, Any]]:
        """What a hub is to know of this zone at ``now``, the drill last."""
        since = iso(now - _ENROLLED_S)
        for recorded in self.recorded.items:
            item: dict[str, Any] = self.renamed(recorded)
            kind, id_ = item["kind"], item["id"]
            item.pop("key", None)
            role = ROLE_OF_KIND.get(kind)
            if role is not None and item.get("type") != "tag":
                item["key"] = key_item(self.run, f"{self.zone}/{role}/{id_}")
            if "nature" in item:
                item["nature"] = "simulated"
            if kind == "zone":
                item["calendar"] = {**item["calendar"], "weekdays": [_far_from_today(now)], "holidays": []}
            elif kind == "binding":
                item["from"] = since
                item.pop("until", None)
            elif kind == "consent":
                item["at"] = since
            yield item
        yield {
            "kind": "drill",
            "id": self.exercise,
            "zone": self.zone,
            "opens_at": iso(now - 3600.0),
            "closes_at": iso(now + _OPEN_FOR_S),
        }

    def closed_drill(self, now: float) -> dict[str, Any]:
        """The drill's item as it is when the run is over."""
        return {
            "kind": "drill", "id": self.exercise, "zone": self.zone,
            "opens_at": iso(now - _OPEN_FOR_S), "closes_at": iso(now - 1.0),
        }  # fmt: skip

    def named(self, kind: str, type_: str = "") -> list[str]:
        """Ids, here, of all items of a kind (and of devices of a type)."""
        return [
            self.ids[item["id"]]
            for item in self.recorded.items
            if item["kind"] == kind and (not type_ or item.get("type") == type_)
        ]

    @cached_property
    def callers(self) -> list[tuple[str, list[str], list[str]]]:
        """Who can call here: kind of call, devices that send it, tags that are pressed."""
        bound = {item["thing"] for item in self.recorded.items if item["kind"] == "binding"}
        mine = {self.ids[thing] for thing in bound if thing in self.ids}
        tags = [tag for tag in self.named("device", "tag") if tag in mine]
        found: tuple[tuple[str, list[str], list[str]], ...] = (
            ("tag.called", self.named("device", "reader") if tags else [], tags),
            ("bell.pressed", self.named("device", "bell"), []),
            ("phone.called", [phone for phone in self.named("device", "phone") if phone in mine], []),
        )
        return [each for each in found if each[1]]


def grounds(recording: Recording, run: str) -> Iterator[Ground]:
    """Every recorded school once, then every one again, without end."""
    copy = 1
    while True:
        for recorded in recording.zones:
            yield Ground(recorded, copy, run)
        copy += 1


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _far_from_today(now: float) -> str:
    """A school day on which nobody is missed: the recorded morning is not this morning."""
    today = datetime.fromtimestamp(now, UTC) + timedelta(hours=9)
    return _WEEKDAYS[(today.weekday() + 3) % 7]

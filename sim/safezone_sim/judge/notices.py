"""Receptions read as notices: who was told what, about whom, when; repeats put aside."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from safezone_sim.judge.day import Day
from safezone_sim.records import Reception

AGAIN = frozenset({"reminder", "escalated"})  # of an incident nobody took up: no news of its own


class Notice(Struct, frozen=True):
    """One notice or alert at one recipient, on first reception. Times in seconds after midnight."""

    zone: str
    recipient: str
    id: str
    service: str
    child: str | None
    device: str | None
    event_at: float
    t: float
    wall_ms: float | None
    data: Mapping[str, Any]

    @property
    def place(self) -> str | None:
        """The place it names, if any."""
        named = self.data.get("place")
        return named["id"] if named else None


def read_notices(receptions: Iterable[Reception], day: Day) -> tuple[list[Notice], int]:
    """Notices and alerts in order of arrival, and how many receptions were mere repeats."""
    seen: set[tuple[str, str, str]] = set()
    notices: list[Notice] = []
    repeats = 0
    for r in sorted(receptions, key=lambda r: r.t):
        if r.message.get("type") not in ("notice", "alert"):
            continue
        identity = (r.recipient, str(r.message["source"]), str(r.message["id"]))
        if identity in seen:
            repeats += 1
            continue
        seen.add(identity)
        data = r.message["data"]
        if not AGAIN.isdisjoint(data.get("flags", ())):
            repeats += 1
            continue
        notices.append(
            Notice(
                r.zone,
                r.recipient,
                str(r.message["id"]),
                data["service"],
                data.get("child"),
                data.get("device"),
                day.seconds(data["event_at"]),
                r.t,
                r.wall_ms,
                data,
            )
        )
    return notices, repeats

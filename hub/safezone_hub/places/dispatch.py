"""Who is nearest and free, and when they can be there. The desk decides; this only ranks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import hypot, isfinite
from typing import Any, Literal

from safezone_hub.places.streets import StreetNet

AMBULANCE, BOX = "ambulance", "police_box"


@dataclass(frozen=True)
class DispatchSettings:
    """Speeds from door to door with lights and crossings, not top speeds; turnout from the order to moving off."""

    patrol_mps: float = 30.0 / 3.6
    patrol_turnout_s: float = 60.0
    box_mps: float = 1.8  # officers of a police box go on foot; a box's car is a patrol of its own
    box_turnout_s: float = 60.0
    ambulance_mps: float = 35.0 / 3.6
    ambulance_turnout_s: float = 60.0
    detour: float = 1.4  # of the straight line, where no street is known
    order: Literal["distance", "time"] = "distance"


@dataclass(frozen=True, slots=True)
class UnitAt:
    """A unit and where it is now, metres. ``type`` is patrol, police_box or ambulance."""

    id: str
    name: str
    type: str
    x: float
    y: float
    available: bool


@dataclass(frozen=True, slots=True)
class Ranked:
    """A unit that could go. ``estimated``: no way along known streets, so a straight line and a detour factor."""

    id: str
    name: str
    type: str
    distance_m: float
    expected_s: float
    estimated: bool

    def body(self) -> dict[str, Any]:
        """As the standard's ``units`` member."""
        return {
            "id": self.id,
            "name": self.name,
            "type": self.type,
            "distance_m": round(self.distance_m, 1),
            "expected_s": round(self.expected_s, 1),
        }


def rank_units(
    net: StreetNet | None,
    units: Iterable[UnitAt],
    place: tuple[float, float],
    limit: int = 3,
    *,
    medical: bool = False,
    settings: DispatchSettings | None = None,
) -> list[Ranked]:
    """The best free units for a place (x, y), metres: by distance along the streets, by time if so set.

    By distance the quickest is always among them, in the last place if need be. A medical call gets the best
    ambulance first and police besides; any other call gets no ambulance. Busy units are never named.
    """
    settings = settings or DispatchSettings()
    free = [u for u in units if u.available and (medical or u.type != AMBULANCE)]
    ranked = _best_first(_measured(net, free, place, settings), settings)
    ambulance = next((r for r in ranked if r.type == AMBULANCE), None)
    if ambulance is None:
        return _with_quickest(ranked, limit)
    police = [r for r in ranked if r.type != AMBULANCE]
    chosen = [ambulance, *_with_quickest(police, limit - 1)]
    others = [r for r in ranked if r not in chosen]
    return [*chosen, *others][: max(limit, 0)]


def _measured(
    net: StreetNet | None, units: Sequence[UnitAt], place: tuple[float, float], settings: DispatchSettings
) -> list[Ranked]:
    """Every unit with its way and its time, in the order given."""
    spots = [(u.x, u.y) for u in units]
    lengths = [float("inf")] * len(units)
    if net is not None and units:
        on_foot = net.walk_distances(spots, place) if any(u.type == BOX for u in units) else lengths
        by_car = net.drive_distances(spots, place) if any(u.type != BOX for u in units) else lengths
        lengths = [on_foot[i] if unit.type == BOX else by_car[i] for i, unit in enumerate(units)]
    out = []
    for unit, length in zip(units, lengths, strict=True):
        known = isfinite(length)
        metres = length if known else settings.detour * hypot(unit.x - place[0], unit.y - place[1])
        out.append(
            Ranked(unit.id, unit.name, unit.type, metres, _expected(unit.type, metres, settings), not known)
        )
    return out


def _expected(type_: str, metres: float, settings: DispatchSettings) -> float:
    """Seconds from the order to the arrival."""
    if type_ == BOX:
        return settings.box_turnout_s + metres / settings.box_mps
    if type_ == AMBULANCE:
        return settings.ambulance_turnout_s + metres / settings.ambulance_mps
    return settings.patrol_turnout_s + metres / settings.patrol_mps


def _best_first(ranked: Iterable[Ranked], settings: DispatchSettings) -> list[Ranked]:
    if settings.order == "time":
        return sorted(ranked, key=lambda r: (r.expected_s, r.distance_m, r.id))
    return sorted(ranked, key=lambda r: (r.distance_m, r.expected_s, r.id))


def _with_quickest(ranked: Sequence[Ranked], limit: int) -> list[Ranked]:
    """The first ``limit``, the quickest of all among them."""
    chosen = list(ranked[: max(limit, 0)])
    quickest = min(ranked, key=lambda r: (r.expected_s, r.id), default=None)
    if chosen and quickest is not None and quickest not in chosen:
        chosen[-1] = quickest
    return chosen

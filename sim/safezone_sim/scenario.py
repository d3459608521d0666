"""A scenario: a frozen, validated value read from one TOML file. Unknown keys are errors.

What a scenario is not: the hub's settings, or a vendor's IXIT. Modifiers are scenario -> scenario.
"""

import tomllib
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from safezone_sim.drill.plan import DrillPlan

Share = Annotated[float, Meta(ge=0, le=1)]
Metres = Annotated[float, Meta(ge=0)]
Seconds = Annotated[float, Meta(ge=0)]
ClockTime = Annotated[str, Meta(pattern=r"^[0-2][0-9]:[0-5][0-9](:[0-5][0-9])?$")]
SchoolCode = Annotated[str, Meta(pattern=r"^[0-9]{7}$")]


class Title(Struct, frozen=True, forbid_unknown_fields=True):
    ko: str
    en: str


class MapSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Radius around each school, metres: streets, homes, academies."""

    radius_m: Annotated[float, Meta(ge=200, le=5000)] = 1300.0
    home_max_walk_m: Metres = 900.0
    academy_max_walk_m: Metres = 1000.0


class People(Struct, frozen=True, forbid_unknown_fields=True):
    subscribers: Annotated[int, Meta(ge=1)] = 198
    phones: Share = 0.40
    second_guardian: Share = 0.45
    others: bool = True  # the school's other pupils walk too


class Equipment(Struct, frozen=True, forbid_unknown_fields=True):
    """Per school. ``cctv``: "placed" puts cameras by plan, "city-2021" takes the real points."""

    readers: Annotated[int, Meta(ge=0, le=500)] = 72
    cameras: Annotated[int, Meta(ge=0, le=500)] = 9
    bells: Annotated[int, Meta(ge=0, le=500)] = 12
    cctv: Literal["placed", "city-2021"] = "placed"
    antenna_range_m: Metres = 2.5
    pole_range_m: Metres = 8.0
    call_range_m: Metres = 60.0
    heartbeat_s: Seconds = 300.0
    fix_moving_s: Seconds = 30.0
    fix_still_s: Seconds = 300.0
    still_after_s: Seconds = 120.0  # the moving cadence goes on this long after a stop


class Noise(Struct, frozen=True, forbid_unknown_fields=True):
    """Device and network faults, each drawn from its own named stream."""

    pass_read: Share = 1.0
    double_read: Share = 0.0
    reader_offline: Share = 0.0  # share of reader-days with one hour offline
    bell_tampered: Share = 0.0  # share of bell-days on which somebody opens the case
    message_loss: Share = 0.0
    message_duplicate: Share = 0.0
    message_reorder: Share = 0.0
    clock_error_s: Seconds = 0.0  # uniform ± of each device's clock
    gps_sigma_m: Metres = 0.0
    gps_outlier: Share = 0.0
    gps_outlier_min_m: Metres = 200.0
    wifi_sigma_m: Metres = 0.0
    cell_sigma_m: Metres = 0.0
    wifi_outdoors: Share = 0.0  # share of outdoor fixes that are Wi-Fi
    cell_share: Share = 0.0  # share of all fixes that are cell
    forgotten_tags: Share = 0.0
    latency_s: Seconds = 0.2  # median network delay, one way


class Behaviour(Struct, frozen=True, forbid_unknown_fields=True):
    late: Share = 0.03
    ill: Share = 0.02
    picked_up: Share = 0.05
    academy: Share = 0.55
    after_class: Share = 0.35
    playground: Share = 0.25
    in_groups: Share = 0.40
    dawdle: Share = 0.20


class Incident(Struct, frozen=True, forbid_unknown_fields=True):
    """One scripted incident. Which child: by stream, unless ``child`` (index among subscribers) is given."""

    kind: Literal[
        "tag_call",
        "bell_subscriber",
        "bell_stranger",
        "bell_prank",
        "phone_call_112",
        "danger_entry",
        "not_arrived",
        "tag_left_behind",
        "abduction",
    ]
    school: SchoolCode
    at: ClockTime
    id: str = ""
    child: int | None = None
    second_call_after_s: Seconds | None = None
    stay_s: Seconds = 360.0
    count: Annotated[int, Meta(ge=1)] = 1  # so many children, spread over spread_s
    spread_s: Seconds = 0.0


class ClosedRoad(Struct, frozen=True, forbid_unknown_fields=True):
    """Streets within ``radius_m`` of a point ``toward_m`` metres from the school are closed from ``at``."""

    school: SchoolCode
    at: ClockTime
    bearing_deg: float
    toward_m: Metres = 250.0
    radius_m: Metres = 40.0


class Calls(Struct, frozen=True, forbid_unknown_fields=True):
    """Emergency calls of a city's day, per 1,000 of those who could make one. Assumptions: no public count exists."""

    tag_per_1000: Annotated[float, Meta(ge=0, le=1000)] = 2.0  # tags, on the way
    phone_per_1000: Annotated[float, Meta(ge=0, le=1000)] = 0.5  # phones, speed dial 1 on the way
    bell_per_1000: Annotated[float, Meta(ge=0, le=1000)] = 10.0  # bells, 12:00-19:00


class City(Struct, frozen=True, forbid_unknown_fields=True):
    """Many schools at once, in columns and without a hub. ``take_up``: share of the pupils who subscribe.

    ``select``: every school of the list, one in each gu, or the ``places`` with the highest index of
    vulnerability (their share of the schools within reach). ``times`` repeats every chosen school so often, each time as another school under
    another seed: for growth beyond the list.
    """

    select: Literal["all", "one-per-gu", "places"] = "all"
    take_up: Annotated[float, Meta(gt=0, le=1)] = 1.0
    places: Annotated[int, Meta(ge=1, le=100)] = 5
    times: Annotated[int, Meta(ge=1, le=100)] = 1
    calls: Calls = Calls()


class Scenario(Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    title: Title
    date: date
    schools: tuple[SchoolCode, ...] = ()  # may be left out only by a city, which chooses by a rule
    start: ClockTime = "06:30"
    end: ClockTime = "20:30"
    timezone: str = "Asia/Seoul"
    seed: Annotated[int, Meta(ge=0)] = 1
    exercise: str = "drill"
    arrive_by: ClockTime = "09:00"
    not_arrived_after: ClockTime = "09:20"
    closes_at: ClockTime = "18:00"
    map: MapSettings = MapSettings()
    people: People = People()
    equipment: Equipment = Equipment()
    noise: Noise = Noise()
    behaviour: Behaviour = Behaviour()
    incidents: tuple[Incident, ...] = ()
    closed_roads: tuple[ClosedRoad, ...] = ()
    location_queries: Annotated[int, Meta(ge=0)] = 1000
    city: City | None = None
    drill: DrillPlan | None = None  # played in the drill desk, not by `safezone run`

    @property
    def start_s(self) -> float:
        """Seconds after local midnight when the run starts."""
        return clock_seconds(self.start)

    @property
    def end_s(self) -> float:
        """Seconds after local midnight when the run ends."""
        return clock_seconds(self.end)

    @property
    def midnight(self) -> datetime:
        """Local midnight of the day, time-zone aware."""
        return datetime.combine(self.date, time(), ZoneInfo(self.timezone))

    def drill_id(self, zone: str) -> str:
        """The drill id of one zone: registry ids are unique on a hub, and a drill belongs to one zone."""
        return f"{zone}-{self.exercise}"

    def at(self, t: float) -> datetime:
        """Seconds after local midnight to an aware time."""
        return self.midnight + timedelta(seconds=t)


class ScenarioError(ValueError):
    """A scenario that cannot be used: names the field, the value and the remedy."""


def clock_seconds(text: str) -> float:
    """ "HH:MM[:SS]" to seconds after midnight."""
    parts = [int(p) for p in text.split(":")]
    return float(parts[0] * 3600 + parts[1] * 60 + (parts[2] if len(parts) > 2 else 0))


def parse_scenario(text: str, origin: str = "scenario") -> Scenario:
    """TOML text to a checked scenario; ScenarioError otherwise."""
    return _convert(_read_toml(text, origin), origin)


def _convert(raw: dict[str, Any], origin: str) -> Scenario:
    try:
        scenario = msgspec.convert(raw, Scenario, strict=True)
    except msgspec.ValidationError as e:
        raise ScenarioError(
            f"{origin}: {e}. Compare with scenarios/pilot.toml, which shows every key."
        ) from e
    _check(scenario, origin)
    return scenario


def load_scenario(path: Path) -> Scenario:
    """Reads and checks one scenario file, and the files its ``base`` names."""
    return _convert(_read_with_base(path, ()), str(path))


def _read_with_base(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    """The file's tables laid over its base's: tables merge key by key, everything else replaces."""
    if path in seen:
        raise ScenarioError(
            f"{path}: base leads back to itself ({' -> '.join(p.name for p in seen)}). Break the circle."
        )
    raw = _read_toml(path.read_text(encoding="utf-8"), str(path))
    base = raw.pop("base", None)
    if base is None:
        return raw
    base_path = path.parent / str(base)
    if not base_path.is_file():
        raise ScenarioError(f'{path}: base {base!r} is not a file beside it. Name one, e.g. "pilot.toml".')
    return _laid_over(_read_with_base(base_path, (*seen, path)), raw)


def _laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both_tables = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _laid_over(merged[key], value) if both_tables else value
    return merged


def _read_toml(text: str, origin: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        raise ScenarioError(f"{origin}: not TOML: {e}. Check the quotes and brackets at that line.") from e


def _check(s: Scenario, origin: str) -> None:
    if not s.schools and s.city is None:
        raise ScenarioError(
            f"{origin}: schools [] names no school. Give NEIS codes, or a [city] table that chooses."
        )
    if s.start_s >= s.end_s:
        raise ScenarioError(
            f"{origin}: end {s.end!r} is not after start {s.start!r}. Set end later than start."
        )
    if len(set(s.schools)) != len(s.schools):
        raise ScenarioError(f"{origin}: schools {list(s.schools)!r} names a school twice. Name each once.")
    for i, incident in enumerate(s.incidents):
        if incident.school not in s.schools:
            raise ScenarioError(
                f"{origin}: incidents[{i}].school {incident.school!r} is not among schools {list(s.schools)!r}. Add it there or change it."
            )
        if not s.start_s <= clock_seconds(incident.at) <= s.end_s:
            raise ScenarioError(
                f"{origin}: incidents[{i}].at {incident.at!r} is outside {s.start}-{s.end}. Move it into the run."
            )

"""The staffing plan: shifts, service levels, durations and call rates, read from one TOML file. Values only.

Every number is an assumption of whoever writes the file; the shipped file is an example and says so. Numbers
that the sizing report moves one at a time carry ``low`` and ``high`` beside ``value``.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

ClockTime = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Share = Annotated[float, Meta(ge=0, le=1)]
Seconds = Annotated[float, Meta(gt=0)]
Priority = Literal["emergency", "danger"]


class StaffingError(ValueError):
    """A staffing plan that cannot be used: names the field, the value and the remedy."""


class Assumed(Struct, frozen=True, forbid_unknown_fields=True):
    """One assumed number with the range it may lie in and where it comes from."""

    value: Annotated[float, Meta(ge=0)]
    low: Annotated[float, Meta(ge=0)]
    high: Annotated[float, Meta(ge=0)]
    why: str


class Wording(Struct, frozen=True, forbid_unknown_fields=True):
    ko: str
    en: str


class Shift(Struct, frozen=True, forbid_unknown_fields=True):
    """One shift of every day. Left out, ``operators`` and ``patrols`` are sized; given, they are checked."""

    key: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$")]
    name: Wording
    start: ClockTime
    end: ClockTime
    operators: Annotated[int, Meta(ge=1)] | None = None
    patrols: Annotated[int, Meta(ge=1)] | None = None

    def seconds(self) -> tuple[float, float]:
        """Start and end in seconds after midnight; the end is later, beyond 86,400 for a shift over midnight."""
        start, end = clock_s(self.start), clock_s(self.end)
        return start, end if end > start else end + 86_400.0


class Level(Struct, frozen=True, forbid_unknown_fields=True):
    """At least ``share`` of the calls within ``within_s`` of the call's arrival at the desk."""

    share: Annotated[float, Meta(gt=0, lt=1)]
    within_s: Seconds


class Levels(Struct, frozen=True, forbid_unknown_fields=True):
    """What the desk promises. The first three are for emergencies, the last for danger alerts."""

    answer: Level
    dispatch: Level
    arrive: Level
    answer_danger: Level


class Rate(Struct, frozen=True, forbid_unknown_fields=True):
    """One source of calls. ``per`` says what ``true`` and ``false`` count: calls per 1,000 of it and day."""

    key: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$")]
    name: Wording
    priority: Priority
    per: Literal["children", "phones", "bells"]
    true: Assumed
    false: Assumed
    service: str  # the service under which the simulated day counts these incidents at the desk
    dispatched_if_true: Share  # the rest is settled without a patrol, e.g. by camera and phone
    dispatched_if_false: Share  # share of its false calls that the operator cannot tell and sends a patrol to


class Desk(Struct, frozen=True, forbid_unknown_fields=True):
    """How long one call takes an operator, seconds; ``spread`` is the coefficient of variation (lognormal)."""

    talk_true_s: Assumed
    talk_false_s: Assumed
    decided_after: (
        Share  # of the talk; whether somebody must go is then known, and the order goes out meanwhile
    )
    spread: Annotated[float, Meta(gt=0, le=3)]


class Radio(Struct, frozen=True, forbid_unknown_fields=True):
    """A channel carries one transmission at a time: the order, the arrival and the all-clear of each dispatch."""

    channels: Annotated[int, Meta(ge=1)]
    transmission_s: Seconds


class Patrols(Struct, frozen=True, forbid_unknown_fields=True):
    turnout_s: Assumed
    speed_kmh: Assumed
    on_scene_true_s: Assumed
    on_scene_false_s: Assumed
    circuity: Assumed  # street length over straight line, used only where no street map is given
    busy_at_most: Annotated[
        float, Meta(gt=0, lt=1)
    ]  # share of a shift a patrol may be tied up by these calls
    spread: Annotated[float, Meta(gt=0, le=3)]


class Staffing(Struct, frozen=True, forbid_unknown_fields=True):
    version: Literal[1]
    example: bool
    title: Wording
    shift: Annotated[tuple[Shift, ...], Meta(min_length=1)]
    calls_from: Literal["day", "plan"]  # "day": as many calls as the simulated day has, see ``with_day``
    outside_hours: Share  # share of all calls that come in hours that the simulated day does not cover
    levels: Levels
    desk: Desk
    radio: Radio
    patrols: Patrols
    calls: Annotated[tuple[Rate, ...], Meta(min_length=1)]


def clock_s(text: str) -> float:
    """ "HH:MM" to seconds after midnight."""
    hours, minutes = text.split(":")
    return int(hours) * 3600.0 + int(minutes) * 60.0


def load_staffing(path: Path) -> Staffing:
    """Reads and checks one plan; StaffingError with field, value and remedy otherwise."""
    try:
        raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise StaffingError(f"{path}: not TOML: {error}. Check quotes and brackets at that line.") from error
    try:
        plan = msgspec.convert(raw, Staffing, strict=True)
    except msgspec.ValidationError as error:
        raise StaffingError(
            f"{path}: {error}. Compare with scenarios/staffing-example.toml, which shows every key."
        ) from error
    _check(plan, path)
    return plan


def _check(plan: Staffing, path: Path) -> None:
    covered = sum(end - start for start, end in (s.seconds() for s in plan.shift))
    starts = {s.start for s in plan.shift}
    if covered != 86_400.0 or any(s.end not in starts for s in plan.shift):
        raise StaffingError(
            f"{path}: shift: {', '.join(f'{s.key} {s.start}-{s.end}' for s in plan.shift)} do not cover each "
            "minute of the day once. Let each shift end when another starts."
        )
    for kind, keys in (("shift", [s.key for s in plan.shift]), ("calls", [c.key for c in plan.calls])):
        if len(set(keys)) != len(keys):
            raise StaffingError(f"{path}: {kind}: key used twice among {keys}. Use each key once.")
    for name, assumed in assumed_values(plan).items():
        if not assumed.low <= assumed.value <= assumed.high:
            raise StaffingError(
                f"{path}: {name}: value {assumed.value:g} is not within low {assumed.low:g} and high "
                f"{assumed.high:g}. Widen the range or mend the value."
            )


def assumed_values(plan: Staffing) -> dict[str, Assumed]:
    """Every number of the plan that carries a range, by its dotted name."""
    found = {
        f"{part}.{field}": value
        for part in ("desk", "patrols")
        for field in getattr(plan, part).__struct_fields__
        if isinstance(value := getattr(getattr(plan, part), field), Assumed)
    }
    for rate in plan.calls:
        found[f"calls.{rate.key}.true"] = rate.true
        found[f"calls.{rate.key}.false"] = rate.false
    return found


def with_day(plan: Staffing, incidents: Mapping[str, float], counts: Mapping[str, float]) -> Staffing:
    """The plan with as many calls as a simulated day had; the plan's own numbers say how many of them are true.

    A day knows no true and false: nobody at the desk does before answering. Sources of which the day has no incident
    keep the plan's rates. ``counts``: children, phones, bells of the day. Ranges move in step.
    """
    if plan.calls_from == "plan":
        return plan

    def moved(rate: Rate) -> Rate:
        stated = rate.true.value + rate.false.value
        seen = incidents.get(rate.service, 0.0) / max(1.0, counts[rate.per]) * 1000
        if not seen or not stated:
            return rate
        factor = seen / stated

        def times(a: Assumed) -> Assumed:
            why = f"{a.why}; calls of the simulated day"
            return Assumed(a.value * factor, a.low * factor, a.high * factor, why)

        return msgspec.structs.replace(rate, true=times(rate.true), false=times(rate.false))

    return msgspec.structs.replace(plan, calls=tuple(moved(r) for r in plan.calls))


def with_value(plan: Staffing, name: str, value: float) -> Staffing:
    """The plan with one of ``assumed_values`` set to ``value``. KeyError if there is no such number."""
    if name not in assumed_values(plan):
        raise KeyError(name)
    part, *rest = name.split(".")
    if part == "calls":
        key, field = rest
        calls = tuple(
            msgspec.structs.replace(r, **{field: msgspec.structs.replace(getattr(r, field), value=value)})
            if r.key == key
            else r
            for r in plan.calls
        )
        return msgspec.structs.replace(plan, calls=calls)
    inner = getattr(plan, part)
    changed = msgspec.structs.replace(
        inner, **{rest[0]: msgspec.structs.replace(getattr(inner, rest[0]), value=value)}
    )
    return msgspec.structs.replace(plan, **{part: changed})

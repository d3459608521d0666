"""Unit prices and assumptions, each one TOML file: frozen, validated values. Unknown keys are errors."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from safezone_sim.sizing.inputs import SizingError
from safezone_sim.staffing.plan import Wording

Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Item = Literal[
    "central",
    "hub",
    "storage_gb",
    "reader",
    "bell",
    "camera",
    "link",
    "tag",
    "school_setup",
    "phone_data_mb",
    "push",
    "sms",
    "operator",
    "patrol_hour",
]


class Payer(Struct, frozen=True, forbid_unknown_fields=True):
    key: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$")]
    name: Wording


class Price(Struct, frozen=True, forbid_unknown_fields=True):
    """One item: price once and a month, and what share each payer bears.

    ``low`` and ``high`` are factors on both prices, for the question which input moves the answer most.
    """

    key: Item
    name: Wording
    once: NotNegative
    monthly: NotNegative
    pays: dict[str, Share]
    low: Annotated[float, Meta(gt=0, le=1)] = 0.7
    high: Annotated[float, Meta(ge=1)] = 1.5


class Prices(Struct, frozen=True, forbid_unknown_fields=True):
    """``example`` true: the prices are invented, and every page that shows them says so."""

    version: Literal[1]
    example: bool
    title: Wording
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]
    horizon_years: Annotated[int, Meta(ge=1, le=30)]
    payer: Annotated[tuple[Payer, ...], Meta(min_length=1)]
    item: tuple[Price, ...]


class Assumption(Struct, frozen=True, forbid_unknown_fields=True):
    value: NotNegative
    low: NotNegative
    high: NotNegative
    name: Wording
    why: str


class Assumptions(Struct, frozen=True, forbid_unknown_fields=True):
    """What neither the simulated day nor the measured hub tells."""

    version: Literal[1]
    example: bool
    school_days_per_month: Assumption
    headroom: Assumption
    spare_hubs: Assumption
    hub_knee_per_s: Assumption  # used only where no hub was measured
    hub_kb_per_child: Assumption  # used only where the measured hub does not tell
    hub_memory_gb: Assumption  # of one hub's machine, for the hub
    devices_per_link: Assumption
    sms_share: Assumption
    transport_bytes: Assumption
    stored_bytes: Assumption
    copies: Assumption
    days_kept: Assumption
    fact_bytes: Assumption
    months_kept: Assumption
    persons_per_post: Assumption
    nation_schools: Assumption
    nation_pupils: Assumption
    take_up: Assumption
    phones: Assumption
    fix_moving_s: Assumption
    heartbeat_s: Assumption


LOAD_MODEL = (
    "take_up",
    "phones",
    "fix_moving_s",
    "heartbeat_s",
)  # value: that of the simulated day, if it tells

T = TypeVar("T")


def _load(path: Path, kind: type[T], example: str) -> T:
    try:
        raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return msgspec.convert(raw, kind, strict=True)
    except OSError as error:
        raise SizingError(f"{path}: cannot be read: {error.strerror}. Name a file like {example}.") from error
    except tomllib.TOMLDecodeError as error:
        raise SizingError(f"{path}: not TOML: {error}. Check quotes and brackets at that line.") from error
    except msgspec.ValidationError as error:
        raise SizingError(f"{path}: {error}. Compare with {example}, which shows every key.") from error


def load_prices(path: Path) -> Prices:
    """Reads and checks a price file; SizingError with field, value and remedy otherwise."""
    prices = _load(path, Prices, "scenarios/prices-example.toml")
    payers = [p.key for p in prices.payer]
    items = [i.key for i in prices.item]
    for kind, keys in (("payer", payers), ("item", items)):
        if len(set(keys)) != len(keys):
            raise SizingError(f"{path}: {kind}: key used twice among {keys}. Use each key once.")
    missing = sorted(set(Item.__args__) - set(items))  # type: ignore[attr-defined]
    if missing:
        raise SizingError(f"{path}: item: no price for {', '.join(missing)}. Add it; 0 is a price.")
    for item in prices.item:
        unknown = sorted(set(item.pays) - set(payers))
        if unknown:
            raise SizingError(
                f"{path}: item {item.key}: pays names {unknown[0]!r}, which is no payer of {payers}. "
                "Add the payer or mend the name."
            )
        if abs(sum(item.pays.values()) - 1) > 1e-9:
            raise SizingError(
                f"{path}: item {item.key}: pays adds up to {sum(item.pays.values()):g}, not 1. "
                "Share the whole price out."
            )
    return prices


def load_assumptions(path: Path) -> Assumptions:
    """Reads and checks an assumption file; SizingError with field, value and remedy otherwise."""
    found = _load(path, Assumptions, "scenarios/sizing-assumptions.toml")
    for name in names_of(found):
        a = getattr(found, name)
        if not a.low <= a.value <= a.high:
            raise SizingError(
                f"{path}: {name}: value {a.value:g} is not within low {a.low:g} and high {a.high:g}. "
                "Widen the range or mend the value."
            )
        if name in _DIVISORS and a.low == 0:
            raise SizingError(f"{path}: {name}: low is 0, but something is divided by it. Set it above 0.")
    return found


_DIVISORS = ("hub_knee_per_s", "hub_memory_gb", "devices_per_link", *LOAD_MODEL)


def names_of(assumptions: Assumptions) -> tuple[str, ...]:
    """The names of all assumptions."""
    return tuple(f for f in assumptions.__struct_fields__ if isinstance(getattr(assumptions, f), Assumption))

"""The rules: one file a family, found by itself. The order of the stages is ``STAGES``, and only that.

A rule module has a ``RULE``. It sees observations of the types it hears, timers of the names it
owns, and the start of each local day. It changes the state it is given and appends effects; it
does no I/O, reads no clock and draws no random numbers.
"""

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module

from safezone_hub.context import Context
from safezone_hub.observation import Observation
from safezone_hub.state import Child

STAGES = ("health", "emergency", "presence", "border", "silence")


@dataclass(frozen=True)
class Rule:
    """What one rule family listens to."""

    stage: str
    hears: Mapping[str, Callable[[Context, Observation], None]] = field(default_factory=dict)
    timers: Mapping[str, Callable[..., None]] = field(
        default_factory=dict
    )  # a name ending in «:» takes an argument
    new_day: Callable[[Context, Child], None] | None = None
    replan: Callable[[Context, Child], None] | None = (
        None  # the registry changed; what is known of the child stays
    )


def _load() -> tuple[Rule, ...]:
    found = [import_module(f"{__name__}.{m.name}").RULE for m in pkgutil.iter_modules(__path__)]
    return tuple(sorted(found, key=lambda rule: STAGES.index(rule.stage)))


_rules: tuple[Rule, ...] = ()
_hearers: dict[str, tuple[Callable[[Context, Observation], None], ...]] = {}
_timers: dict[str, Callable[..., None]] = {}


def rules() -> tuple[Rule, ...]:
    """Every rule, in the order of the stages."""
    global _rules
    if not _rules:
        _rules = _load()
        for rule in _rules:
            for type_, hear in rule.hears.items():
                _hearers[type_] = (*_hearers.get(type_, ()), hear)
            _timers.update(rule.timers)
    return _rules


def hearers(type_: str) -> tuple[Callable[[Context, Observation], None], ...]:
    """Who hears a message type, in order."""
    rules()
    return _hearers.get(type_, ())


def fire(ctx: Context, child: str, timer: str) -> None:
    """Hand a due timer to the rule that owns its name."""
    rules()
    name, colon, argument = timer.partition(":")
    owner = _timers.get(name + colon)
    if owner is not None:
        owner(ctx, child, *([argument] if colon else []))

"""What a mutant is, and how the zoo finds them: every module below ``hubs`` and ``devices`` declares its own.

A mutant is text: a line of the product replaced by another, as a careless engineer would have written it. The place must
be found exactly once, so a mutant that no longer fits the code is an error and not a mutant that does nothing.
"""

import importlib
import pkgutil
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Change:
    """``old``, found exactly once in the source of ``module``, becomes ``new``."""

    module: str
    old: str
    new: str


@dataclass(frozen=True)
class Mutant:
    """One defect. ``kills``: the case that must fail it, ``reason``: by the finding of this requirement.

    ``lawful``: no defect but another lawful way; nothing may fail it (``kills`` and ``reason`` are then "").
    ``role``: hub, reader, bell, camera or phone.
    """

    name: str
    role: str
    ko: str
    en: str
    kills: str
    reason: str
    lawful: bool
    changes: tuple[Change, ...]


_registered: dict[str, Mutant] = {}


def defect(
    name: str, *changes: tuple[str, str, str], kills: str, reason: str, ko: str, en: str, role: str = "hub"
) -> None:
    """Declares a broken system. ``changes``: (module, old, new). ``kills``: name of the case, with its row if it has rows."""
    _add(Mutant(name, role, ko, en, kills, reason, False, tuple(Change(*c) for c in changes)))


def lawful(name: str, *changes: tuple[str, str, str], ko: str, en: str, role: str = "hub") -> None:
    """Declares a lawful variant: unlike the reference, and yet by the standard."""
    _add(Mutant(name, role, ko, en, "", "", True, tuple(Change(*c) for c in changes)))


def _add(one: Mutant) -> None:
    if not NAME.fullmatch(one.name):
        raise ValueError(f"{one.name!r}: a mutant's name is small-letters-and-hyphens")
    if one.name in _registered:
        raise ValueError(f"{one.name}: registered twice")
    if not one.changes:
        raise ValueError(f"{one.name}: changes nothing")
    _registered[one.name] = one


@cache
def mutants() -> Mapping[str, Mutant]:
    """All mutants by name."""
    from safezone_zoo import devices, hubs

    for package in (hubs, devices):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    return MappingProxyType(dict(sorted(_registered.items())))

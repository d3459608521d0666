"""What a case is, and how the suite finds them: every module below ``cases`` registers its own."""

import importlib
import pkgutil
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any

from safezone_model import Requirement, Text, requirements

from safezone_conformance.town import Town

ID = re.compile(r"TC-(HUB|READER|TAG|BELL|CAMERA|PHONE|DEV)-[A-Z]+-[0-9]{2}")
NO_ROW: Mapping[str, Any] = MappingProxyType({})


class CaseError(ValueError):
    """A case that does not fit; the message names it and the field."""


@dataclass(frozen=True)
class Case:
    """One test case, or one row of a parametrised one.

    ``verifies``: requirement ids that it holds against the system, each at least once in a run that passes.
    ``steps``, ``before``, ``criteria``: for the printed test specification. ``needs``: items of the ICS without which it
    is not applicable. ``alone``: it disturbs the whole system (a restart), and runs when nothing else does. ``last``: it
    may lock the tester's address out for a while, and runs after all others, those too, one by one.
    ``slow_s``: about how long it takes where that is much, so that it starts early.
    """

    id: str
    row: str
    role: str
    title: Text
    verifies: tuple[str, ...]
    before: tuple[Text, ...]
    steps: tuple[Text, ...]
    criteria: tuple[Text, ...]
    needs: tuple[str, ...]
    town: Town
    acks: bool
    alone: bool
    slow_s: float
    procedure: Callable[..., object]
    values: Mapping[str, Any] = field(default_factory=dict)
    last: bool = False

    @property
    def name(self) -> str:
        """``TC-HUB-CALL-01`` or ``TC-HUB-CALL-01[row]``."""
        return f"{self.id}[{self.row}]" if self.row else self.id

    @property
    def roles(self) -> tuple[str, ...]:
        """Roles under test that it applies to; a case of DEV is for every device."""
        return ("reader", "bell", "camera", "phone") if self.role == "dev" else (self.role,)

    @property
    def clauses(self) -> tuple[str, ...]:
        """Clauses of the standard it is about, in order."""
        return tuple(dict.fromkeys(by_id()[r].clause for r in self.verifies))


@cache
def by_id() -> Mapping[str, Requirement]:
    return {r.id: r for r in requirements()}


_registered: dict[str, Case] = {}


def _texts(pairs: Sequence[tuple[str, str]]) -> tuple[Text, ...]:
    return tuple(Text(ko, en) for ko, en in pairs)


def case(
    id_: str,
    *,
    ko: str,
    en: str,
    verifies: Sequence[str],
    steps: Sequence[tuple[str, str]],
    criteria: Sequence[tuple[str, str]] = (),
    before: Sequence[tuple[str, str]] = (),
    needs: Sequence[str] = (),
    town: Town | None = None,
    rows: Mapping[str, Mapping[str, Any]] | None = None,
    acks: bool = True,
    alone: bool = False,
    slow_s: float = 0.0,
    last: bool = False,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Registers a procedure ``f(t)``, or ``f(t, **values)`` for each of ``rows`` (whose ``needs`` are the row's own). CaseError if something does not fit.

    Texts are pairs (Korean, English). Without ``criteria`` they are the sentences of the requirements. ``acks``: the
    bench acknowledges notices and alerts as terminals do. Conditions of requirements need their ICS item by themselves.
    ``last`` means ``alone`` too.
    """

    def register(procedure: Callable[..., None]) -> Callable[..., None]:
        if not ID.fullmatch(id_):
            raise CaseError(f"{id_}: id: must look like TC-HUB-CALL-01")
        if not verifies or not steps:
            raise CaseError(f"{id_}: verifies and steps must not be empty")
        for requirement in verifies:
            if requirement not in by_id():
                raise CaseError(f"{id_}: verifies: {requirement} is no requirement of the catalogue")
        conditions = {by_id()[r].condition for r in verifies} - {"-"}
        wanted = tuple(dict.fromkeys([*needs, *sorted(conditions)]))
        spoken = _texts(criteria) or tuple(by_id()[r].text for r in verifies)
        for row, values in (rows or {"": NO_ROW}).items():
            own = {k: v for k, v in values.items() if k != "needs"}
            needed = tuple(dict.fromkeys([*wanted, *values.get("needs", ())]))
            one = Case(
                id_, row, id_.split("-")[1].lower(), Text(ko, en), tuple(verifies), _texts(before), _texts(steps), spoken,
                needed, town or Town(), acks, alone or last, slow_s, procedure, own, last,
            )  # fmt: skip
            if one.name in _registered:
                raise CaseError(f"{one.name}: registered twice")
            _registered[one.name] = one
        return procedure

    return register


@cache
def _plots() -> Mapping[str, int]:
    return {name: number for number, name in enumerate(cases())}


def plot_of(case: Case) -> int:
    """Where it plays, see ``town.on_plot``: no two cases on one plot. One that is not registered has the first."""
    return _plots().get(case.name, 0)


@cache
def cases() -> Mapping[str, Case]:
    """All cases by name, in the order of their ids."""
    from safezone_conformance import cases as package

    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
    return MappingProxyType(dict(sorted(_registered.items())))

"""Keeps the zoo's devices: starts one in a process of its own, and runs cases of the suite against it over the wire.

As the stable does for hubs. Each device is what ``safezone device`` starts, on a leash that puts a mutant's changes in.
"""

import json
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from safezone_conformance.case import Case, cases
from safezone_conformance.equipment_session import EquipmentSession
from safezone_conformance.proforma import Ics, Ixit, fields_of, items_of, write_ics, write_ixit
from safezone_conformance.session import Result, settings_from

from safezone_zoo.mutant import Mutant

NONCE = b"zoo nonce: not secret, always it"
ZONE, SECRET = "ct-lab", "bGFiLWRldmljZS1rZXktb2YtYW4taW52ZW50ZWQtb25l"
ROLES = ("reader", "tag", "bell", "camera", "phone")
CROWD = " ".join(f"T{n}" for n in range(1, 41))

# Times of the standard that nobody waits for in a self-test; a report says that they were shortened.
# What one requirement cannot do without is in PATIENCE.
SHORT: Mapping[str, float] = {
    "limits.network_s": 0.5,
    "phases.offline_s": 8.0,
    "phases.repeats_s": 16.0,
    "phases.heartbeat_s": 12.0,
    "phases.still_s": 13.0,
    "phases.step_s": 0.25,
    "device.start_s": 6.0,
    "device.reconnect_s": 10.0,
}
PATIENCE: Mapping[str, Mapping[str, float]] = {"SND-RETRY-003": {"phases.repeats_s": 135.0}}
FAST = {"heartbeat-s": "5", "fix-moving-s": "0.25", "fix-still-s": "6", "still-after-s": "1"}


@dataclass(frozen=True)
class Kind:
    """A sort of device: what it claims, what is registered, how it is started. ``name`` is also its folder's."""

    name: str
    role: str
    lacks: frozenset[str] = frozenset()
    values: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)  # of ``safezone device``

    @property
    def ics(self) -> Ics:
        """Claims every item of the role but what it lacks."""
        names = {"vendor": "안전존", "product": f"simulated {self.name}", "version": "sim-1"}
        return Ics(self.role, names, frozenset(i.name for i in items_of(self.role)) - self.lacks)

    def command(self, options: Mapping[str, str] | None = None, start: str = "safezone device") -> str:
        """What starts it; broker, role, zone and id come by the environment."""
        given = {"keyid": f"{self.name}-k1", "secret": SECRET, **self.options, **(options or {})}
        return " ".join([start, *(f"--{n} {shlex.quote(v)}" if v else f"--{n}" for n, v in given.items())])

    def ixit(self, command: str, **values: Any) -> Ixit:
        """As a vendor would fill it in; ``values`` by table.name with __ for the dot."""
        found = {f.key: f.default for f in fields_of(self.role)}
        found |= {"device.zone": ZONE, "device.id": f"lab-{self.name}", "device.keyid": f"{self.name}-k1", "device.secret": SECRET,
                  "stimulus.way": "command", "stimulus.command": command, "stimulus.patience_s": 30.0, "broker.port": 0}  # fmt: skip
        known = {f.key for f in fields_of(self.role)}
        found |= {k: v for k, v in self.values.items() if k in known}
        found |= {k.replace("__", "."): v for k, v in values.items() if k.replace("__", ".") in known}
        return Ixit(self.role, found)


GATE = {"device.antennas": "outer:outer inner:inner", "device.tags": CROWD, "device.unknown_tag": "T-unknown"}
KINDS: tuple[Kind, ...] = (
    Kind("gate-reader", "reader", frozenset({"gateway", "no-press-counter"}), GATE, {"antennas": GATE["device.antennas"]}),
    Kind("pole-reader", "reader", frozenset({"gateway", "gate", "press-counter"}),
         {"device.antennas": "pole:single", "device.tags": CROWD, "device.unknown_tag": "T-unknown"},
         {"antennas": "pole:single", "no-counter": ""}),
    Kind("tag", "tag", frozenset({"no-press-counter"}),
         {"device.antennas": "pole:single", "device.tags": "T1", "device.golden_tag": "G1", "device.range_m": 4.0},
         {"antennas": "pole:single", "range-m": "4"}),
    Kind("bell", "bell", frozenset(), {"device.stuck_s": 3.0}, {"stuck-s": "2"}),
    Kind("camera", "camera", frozenset(), {"device.presets": "home:0 gate:120 yard:240"}, {"presets": "home:0 gate:120 yard:240"}),
    Kind("phone", "phone", frozenset({"mains"})),
)  # fmt: skip


def proformas(kind: Kind, *, short: bool, start: str = "safezone device") -> dict[str, str]:
    """``ics.toml`` and ``ixit.toml`` of a clean device, as its maker would hand them in. ``short``: times as in the kennel."""
    times = {k.replace(".", "__"): v for k, v in SHORT.items()} if short else {}
    filled = kind.ixit(kind.command(FAST if short else None, start), **times)
    ics: dict[str, Any] = {f"implementation.{n}": v for n, v in kind.ics.implementation.items()}
    ics |= {f"supports.{i.name}": i.name in kind.ics.has for i in items_of(kind.role)}
    return {
        "ics.toml": _filled_in(write_ics(kind.role), ics),
        "ixit.toml": _filled_in(write_ixit(kind.role), filled.values),
    }


def _filled_in(proforma: str, values: Mapping[str, Any]) -> str:
    """An empty proforma with values by table.name; TOML writes these as JSON does."""
    lines, table = [], ""
    for line in proforma.splitlines():
        name, equals, _ = line.partition(" = ")
        if line.startswith("["):
            table = line.strip("[]")
        elif equals and not line.startswith("#") and f"{table}.{name}" in values:
            line = f"{name} = {json.dumps(values[f'{table}.{name}'], ensure_ascii=False)}"
        lines.append(line)
    return "\n".join(lines) + "\n"


def kinds_of(role: str) -> list[Kind]:
    return [k for k in KINDS if k.role == role]


def kind_for(case: Case, role: str) -> Kind:
    """The first kind of that role that has what the case needs."""
    for kind in kinds_of(role):
        if set(case.needs) <= kind.ics.has:
            return kind
    raise ValueError(f"{case.name}: no device of the kennel has {', '.join(case.needs)}")


def cases_for(kind: Kind) -> list[Case]:
    """Those that apply to it."""
    return [c for c in cases().values() if kind.role in c.roles and set(c.needs) <= kind.ics.has]


@contextmanager
def on_leash(kind: Kind, mutant: str = "", **ixit: Any) -> Iterator[EquipmentSession]:
    """A session with a device that has this defect, or with the clean one."""
    folder = Path(tempfile.mkdtemp(prefix=f"safezone-kennel-{mutant or kind.name}-"))
    start = f"{shlex.quote(sys.executable)} -m safezone_zoo.leash {shlex.quote(mutant)}"
    values = {k.replace(".", "__"): v for k, v in SHORT.items()} | ixit
    filled = kind.ixit(kind.command(FAST, start), **values)
    session = EquipmentSession(
        kind.ics, filled, NONCE, replace(settings_from(kind.ics, filled), hub_id="hub-1"), folder
    )
    try:
        yield session
    finally:
        session.close()
        shutil.rmtree(folder, ignore_errors=True)


def run_cases(kind: Kind, chosen: Iterable[Case], mutant: str = "", **ixit: Any) -> Iterator[Result]:
    """Run cases against a device of the kennel, one after the other."""
    with on_leash(kind, mutant, **ixit) as session:
        for case in chosen:
            yield session.run(case)


def try_mutant(one: Mutant) -> tuple[bool, Result]:
    """Whether the case named fails it by the requirement named."""
    case = cases()[one.kills]
    patience = {k.replace(".", "__"): v for k, v in PATIENCE.get(one.reason, {}).items()}
    [result] = run_cases(kind_for(case, one.role), [case], one.name, **patience)
    failed = {f.requirement for f in result.outcome.findings if not f.ok}
    return result.outcome.verdict == "FAIL" and one.reason in failed, result

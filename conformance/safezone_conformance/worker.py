"""One worker of a run: reads the folder's head, runs its cases in lanes, stores each as soon as it is there."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from safezone_conformance.case import Case
from safezone_conformance.folder import Folder, Kept
from safezone_conformance.proforma import Ics, Ixit, read_ics, read_ixit
from safezone_conformance.record import Record
from safezone_conformance.session import HubSession, Lanes, Result
from safezone_conformance.settings import Settings
from safezone_conformance.verdicts import Verdict

DECIDED = (Verdict.PASS, Verdict.FAIL, Verdict.NOT_APPLICABLE)


class Session(Protocol):
    """What runs cases against one system."""

    settings: Settings

    def run(self, case: Case) -> Result: ...
    def close(self) -> None: ...


def open_session(
    ics: Ics, ixit: Ixit, nonce: bytes, settings: Settings | None, out: Path, hook_relay: str = ""
) -> Session:
    """The session of the role. ``settings``: as measured before, None to measure now. Raises Unusable."""
    if ics.role == "hub":
        return HubSession(ics, ixit, nonce, settings, hook_relay)
    from safezone_conformance.equipment_session import EquipmentSession

    session: Session = EquipmentSession(ics, ixit, nonce, settings, out)
    return session


class BrokenOff(Exception):
    """The run ended while this case went on."""


class Worker:
    """See the module. Verdicts that are there already are kept, if they are decided."""

    def __init__(
        self, ics_file: Path, ixit_file: Path, out: Path, chosen: Sequence[Case], *, lanes: int,
        before_alone: Callable[[], None] = lambda: None, done: Callable[[], None] = lambda: None,
        hook_relay: str = "",
    ) -> None:  # fmt: skip
        ics = read_ics(ics_file)
        ixit = read_ixit(ixit_file, ics.role)
        self._folder = Folder(out)
        head = self._folder.head()
        self._there = {k.case: k for k in self._folder.kept() if k.verdict in DECIDED}
        self.repeat = f"safezone conform run --ics {ics_file} --ixit {ixit_file} --out DIR"
        self._session = open_session(
            ics, ixit, bytes.fromhex(head.nonce), head.case_settings(), out, hook_relay
        )
        self._closed = False
        left = [c for c in chosen if c.name not in self._there]
        self._lanes = Lanes(self._run, left, lanes, before_alone, done)

    def _run(self, case: Case) -> Result:
        result = self._session.run(case)
        if self._closed:  # broken off: what it saw was the end of the run
            raise BrokenOff(case.name)
        self._folder.keep(case, result.outcome, result.record, result.left)
        return result

    def result(self, case: Case) -> Kept:
        """Of a case, once it is there."""
        if case.name in self._there:
            return self._there[case.name]
        found = self._lanes.result(case)
        out = found.outcome
        return Kept(
            case.name,
            out.verdict,
            out.why,
            out.findings,
            found.record.began_at,
            found.record.ended_at,
            found.left,
        )

    def record(self, case: Case) -> Record | None:
        try:
            return self._folder.record(case.name)
        except (OSError, ValueError):
            return None

    def close(self) -> None:
        """After the last result, or to break the run off: then no case begins any more, and none that runs is kept."""
        self._closed = True
        self._lanes.stop()
        self._session.close()

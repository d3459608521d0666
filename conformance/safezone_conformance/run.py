"""A run: checks ICS and IXIT, measures the clock, lets pytest run the cases, gathers verdicts, writes the evidence."""

import secrets
import sys
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from safezone_conformance.folder import (
    BadFolder,
    Folder,
    Head,
    Kept,
    catalogue_digest,
    suite_digest,
    suite_version,
)
from safezone_conformance.hub_bench import NOT_KEPT
from safezone_conformance.proforma import Ics, Ixit, items_of
from safezone_conformance.selection import chosen_for
from safezone_conformance.session import settings_from
from safezone_conformance.settings import Settings
from safezone_conformance.verdicts import Verdict, warnings_of
from safezone_conformance.waivers import Waiver, waived

CONFORMS, DOES_NOT, UNDECIDED = 0, 1, 2


@dataclass(frozen=True)
class Tally:
    """What a run came to. ``partial``: not every case of the role has a verdict."""

    kept: tuple[Kept, ...]
    missing: tuple[str, ...]
    waivers: tuple[Waiver, ...] = ()
    strict: bool = False
    unclaimed: tuple[str, ...] = ()  # mandatory items of the ICS that are answered with no

    def count(self, verdict: Verdict) -> int:
        return sum(k.verdict is verdict for k in self.kept)

    @property
    def partial(self) -> bool:
        return bool(self.missing)

    @property
    def warnings(self) -> int:
        return sum(len(warnings_of(k.findings)) for k in self.kept)

    @property
    def failed(self) -> tuple[Kept, ...]:
        """Cases that failed and are not waived; with ``strict`` those with warnings too."""
        if self.strict:
            return tuple(k for k in self.kept if k.verdict is Verdict.FAIL or warnings_of(k.findings))
        return tuple(k for k in self.kept if k.verdict is Verdict.FAIL and not waived(k, self.waivers))

    @property
    def undecided(self) -> tuple[Kept, ...]:
        return tuple(k for k in self.kept if k.verdict in (Verdict.INCONCLUSIVE, Verdict.SKIPPED))

    @property
    def not_kept(self) -> Mapping[str, int]:
        """Items of the ICS that are claimed, though calls of theirs answer 501, and how many cases that cost."""
        found: Counter[str] = Counter()
        for kept in self.kept:
            texts = [kept.why, *(f.got for f in kept.findings if not f.ok)]
            found.update({word for t in texts for word in t.partition(NOT_KEPT)[2].split()[:1]})
        return found

    @property
    def exit_code(self) -> int:
        """0 conforms, 1 does not, 2 undecided."""
        if self.failed:
            return DOES_NOT
        return UNDECIDED if self.undecided or self.unclaimed or self.missing or not self.kept else CONFORMS


def settings_as_json(settings: Settings) -> dict[str, Any]:
    """A run's settings as the head keeps them."""
    plain = asdict(settings)
    for name in ("has", "hub_id", "offset_s", "subjects_at"):
        del plain[name]
    return plain


def prepare(
    ics: Ics, ixit: Ixit, out: Path, *, resume: bool, lab_nonce: Mapping[str, Any] | None = None
) -> Head:
    """The head of the run in ``out``: that of a run which goes on, or a new one with its clock measured.

    BadFolder if there is a run that is not to go on, or was another one's; Unusable if the system cannot be reached.
    """
    folder = Folder(out)
    if folder.exists():
        if not resume:
            raise BadFolder(f"{out}: holds a run already. Give another --out, or --resume to go on with it.")
        head = folder.head()
        _same(head, ics, settings_from(ics, ixit), out)
        if head.role == "hub" and not head.hub_id:  # made by ``conform subjects``: not met yet
            met = measured(ics, ixit, bytes.fromhex(head.nonce), out, head.case_settings())
            head = replace(head, began_at=time.time(), hub_id=met.hub_id, offset_s=met.offset_s)
            folder.write_head(head)
        return head
    nonce = bytes.fromhex(lab_nonce["nonce"]) if lab_nonce else secrets.token_bytes(32)
    settings = measured(ics, ixit, nonce, out)
    head = Head(
        nonce.hex(), time.time(), ics.role, dict(ics.implementation), tuple(sorted(settings.has)), settings_as_json(settings),
        settings.hub_id, settings.offset_s, suite_version(), suite_digest(), catalogue_digest(), lab_nonce=lab_nonce,
    )  # fmt: skip
    folder.write_head(head)
    return head


def measured(ics: Ics, ixit: Ixit, nonce: bytes, out: Path, known: Settings | None = None) -> Settings:
    """Meet the system once: who it is, how its clock stands. Raises Unusable."""
    from safezone_conformance.worker import open_session

    session = open_session(ics, ixit, nonce, known, out)
    try:
        return session.settings
    finally:
        session.close()


def _same(head: Head, ics: Ics, wanted: Settings, out: Path) -> None:
    differs = [
        name
        for name, one, other in (
            ("role", head.role, ics.role),
            ("ICS", set(head.has), set(wanted.has)),
            ("implementation", dict(head.implementation), dict(ics.implementation)),
            ("IXIT", {k: v for k, v in head.settings.items() if k != "has"}, settings_as_json(wanted)),
            ("suite", head.suite_digest, suite_digest()),
            ("standard", head.catalogue_digest, catalogue_digest()),
        )
        if one != other
    ]
    if differs:
        raise BadFolder(
            f"{out}: holds a run with another {', '.join(differs)}. Use another --out, or no --resume."
        )


def tally(ics: Ics, out: Path, waivers: Sequence[Waiver] = (), strict: bool = False) -> Tally:
    """What the folder holds. BadFolder."""
    expected = chosen_for(ics)
    names = {c.name for c in expected}
    kept = tuple(k for k in Folder(out).kept() if k.case in names)
    there = {k.case for k in kept}
    missing = tuple(c.name for c in expected if c.name not in there)
    return Tally(kept, missing, tuple(waivers), strict, unclaimed(ics.role, ics.has))


def unclaimed(role: str, has: Collection[str]) -> tuple[str, ...]:
    """Mandatory items of the ICS that are not claimed: the system can conform to what it claims, not to the whole."""
    return tuple(i.name for i in items_of(role) if i.status == "m" and i.name not in has)


def run_pytest(
    ics_file: Path,
    ixit_file: Path,
    out: Path,
    *,
    workers: int,
    lanes: int,
    expression: str,
    collector: object,
) -> int:
    """Let pytest run the cases; its own exit status."""
    import pytest

    arguments = [
        "--pyargs", "safezone_conformance.test_conformance", "-s", "-p", "no:cacheprovider", "-p", "no:terminal", "-o", "addopts=",
        "--rootdir", str(Path(__file__).parent), "--safezone-ics", str(ics_file), "--safezone-ixit", str(ixit_file),
        "--safezone-out", str(out), "--safezone-lanes", str(lanes), "--safezone-resume",
    ]  # fmt: skip
    if workers > 1:
        arguments += ["-n", str(workers)]
    if expression:
        arguments += ["-k", expression]
    sys.stdout.flush()
    return int(pytest.main(arguments, plugins=[collector]))

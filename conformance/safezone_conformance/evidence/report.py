"""``report.html``: one file for people. A page that prints as a summary, then what broke, then everything."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from safezone_model import Text, clauses

from safezone_conformance.case import Case, by_id, cases
from safezone_conformance.evidence.verify import HIDDEN
from safezone_conformance.folder import Folder, Head, Kept
from safezone_conformance.proforma import items_of
from safezone_conformance.record import Record
from safezone_conformance.run import CONFORMS, DOES_NOT, Tally
from safezone_conformance.verdicts import Finding, Verdict, warnings_of
from safezone_conformance.wording import asked_before, breaches_once, entry_text

COLOURS = {
    Verdict.PASS: "#2a7f86", Verdict.FAIL: "#a31d2d", Verdict.INCONCLUSIVE: "#e3b34c", Verdict.SKIPPED: "#d98e5f",
    Verdict.NOT_APPLICABLE: "#c3cad3",
}  # fmt: skip
SHOWN = 1500


@dataclass(frozen=True)
class Chapter:
    """One line of the summary."""

    number: str
    title: Text
    cases: int
    passed: int
    failed: int
    open: int
    not_applicable: int
    held: int


def _chapters(rows: Sequence[tuple[Case, Kept]]) -> list[Chapter]:
    found = []
    for number, title in clauses().items():
        if "." in number:
            continue
        mine = [(c, k) for c, k in rows if any(x.split(".")[0] == number for x in c.clauses)]
        if not mine:
            continue
        held = {
            r
            for c, k in mine
            if k.verdict is Verdict.PASS
            for r in c.verifies
            if by_id()[r].clause.split(".")[0] == number
        }
        verdicts = [k.verdict for _, k in mine]
        undecided = sum(v in (Verdict.INCONCLUSIVE, Verdict.SKIPPED) for v in verdicts)
        found.append(Chapter(number, title, len(mine), verdicts.count(Verdict.PASS), verdicts.count(Verdict.FAIL), undecided,
                             verdicts.count(Verdict.NOT_APPLICABLE), len(held)))  # fmt: skip
    return found


def _finding(finding: Finding, record: Record | None, times: int) -> dict[str, Any]:
    requirement = by_id()[finding.requirement]
    return {
        "id": finding.requirement, "level": finding.level, "clause": requirement.clause, "text": requirement.text,
        "expected": finding.expected, "got": finding.got, "within": finding.within_s,
        "times": times, "asked": entry_text(record, asked_before(record, finding), SHOWN),
        "sent": entry_text(record, finding.sent, SHOWN), "seen": entry_text(record, finding.seen, SHOWN),
    }  # fmt: skip


def shortened_in(head: Head) -> list[Text]:
    """What the IXIT made shorter than the standard's own times."""
    if head.role == "hub":
        return []
    from safezone_conformance.equipment_bench import shortened

    return shortened(head.settings["values"])


def outcome_of(tally: Tally) -> str:
    """In a word: conforms, does not, partial, claims (conforms to what it claims) or undecided."""
    if tally.exit_code == DOES_NOT:
        return "does not"
    if tally.partial:
        return "partial"
    if tally.exit_code == CONFORMS:
        return "conforms"
    return "claims" if not tally.undecided and tally.kept else "undecided"


def report_html(head: Head, tally: Tally, folder: Folder) -> str:
    """The page."""
    known = cases()
    rows = [(known[k.case], k) for k in tally.kept if k.case in known]
    broken = []
    for case, kept in rows:
        bad = [f for f in kept.findings if not f.ok]
        if kept.verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE) or bad:
            try:
                record = folder.record(kept.case)
            except (OSError, ValueError):
                record = None
            broken.append(
                {
                    "case": case,
                    "kept": kept,
                    "findings": [_finding(f, record, n) for f, n in breaches_once(kept.findings)],
                }
            )
    environment = Environment(
        loader=PackageLoader("safezone_conformance", "evidence"), autoescape=select_autoescape(default=True), undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    began = datetime.fromtimestamp(head.began_at, ZoneInfo("Asia/Seoul")).isoformat(
        sep=" ", timespec="seconds"
    )
    return environment.get_template("report.html.j2").render(
        head=head, tally=tally, outcome=outcome_of(tally), began=began, broken=broken, hidden=HIDDEN,
        bars=[(v.value, tally.count(v), COLOURS[v]) for v in Verdict if tally.count(v)], total=max(1, len(tally.kept)),
        chapters=_chapters(rows), shortened=shortened_in(head), ics=items_of(head.role),
        rows=[{"case": c, "kept": k, "warned": sorted({f.requirement for f in warnings_of(k.findings)})} for c, k in rows],
    )  # fmt: skip

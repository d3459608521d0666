"""What a failure says: what was sent, what was expected by which clause, what came instead, within what time, how to repeat."""

import json

from safezone_conformance.case import Case, by_id
from safezone_conformance.folder import Kept
from safezone_conformance.record import Record
from safezone_conformance.verdicts import Finding, Verdict

SHOWN = 600


def _entry(record: Record | None, number: int | None) -> str:
    if record is None or number is None or number >= len(record.entries):
        return ""
    entry = record.entries[number]
    text = json.dumps(entry.content, ensure_ascii=False)
    text = text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
    return f"#{entry.n} {entry.t:.3f} s {entry.via} {text}"


def finding_text(finding: Finding, record: Record | None) -> str:
    """One breach, in lines."""
    requirement = by_id()[finding.requirement]
    lines = [
        f"{finding.requirement} ({finding.level}, {requirement.clause})",
        f"  {requirement.text.ko}",
        f"  {requirement.text.en}",
        f"  기대 · expected: {finding.expected}",
        f"  결과 · got:      {finding.got}",
    ]
    if finding.within_s is not None:
        lines.append(f"  제한 · within:   {finding.within_s:g} s")
    for words, number in (("보낸 것 · sent", finding.sent), ("온 것 · came", finding.seen)):
        shown = _entry(record, number)
        if shown:
            lines.append(f"  {words}: {shown}")
    return "\n".join(lines)


def failure_text(case: Case, kept: Kept, record: Record | None, repeat: str) -> str:
    """A case that did not pass, for people."""
    lines = [f"{kept.verdict} {case.name}: {case.title.ko} · {case.title.en}"]
    if kept.verdict is Verdict.INCONCLUSIVE or kept.why:
        lines.append(f"  {kept.why}")
    lines += [finding_text(f, record) for f in kept.findings if not f.ok]
    lines.append(f"  되풀이 · repeat: {repeat} -k {case.id}")
    return "\n".join(lines)

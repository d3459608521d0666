"""What a failure says: what was sent, what was expected by which clause, what came instead, within what time, how to repeat."""

import json
from collections.abc import Iterable

from safezone_conformance.case import Case, by_id
from safezone_conformance.folder import Kept
from safezone_conformance.record import OUT, Record
from safezone_conformance.verdicts import Finding, Verdict

SHOWN = 600
MOST = 8  # breaches of one case on the console


def entry_text(record: Record | None, number: int | None, most: int = SHOWN) -> str:
    """One entry of an exchange: its number and time, and what it holds. A payload stands as it is, not as text in JSON."""
    if record is None or number is None or number >= len(record.entries):
        return ""
    entry = record.entries[number]
    rest = dict(entry.content)
    bodies = [str(rest.pop(n)) for n in ("payload", "body") if isinstance(rest.get(n), str)]
    text = " ".join([json.dumps(rest, ensure_ascii=False), *bodies])
    text = text if len(text) <= most else f"{text[: most - 1]}… ({len(text)})"
    return f"#{entry.n} {entry.t:.3f} s {entry.via} {text}"


def asked_before(record: Record | None, finding: Finding) -> int | None:
    """The entry by which something was last asked of program or operator before what came; None if nothing was."""
    if record is None or finding.sent is not None:
        return None
    asks = [
        e.n
        for e in record.entries
        if e.via == "ask" and e.direction == OUT and "do" in e.content and "args" in e.content
    ]
    before = [n for n in asks if finding.seen is None or n < finding.seen]
    return before[-1] if before else None


def finding_text(finding: Finding, record: Record | None, times: int = 1) -> str:
    """One breach, in lines. ``times``: how often it was found."""
    requirement = by_id()[finding.requirement]
    lines = [
        f"{finding.requirement} ({finding.level}, {requirement.clause})"
        + (f"  ×{times}" if times > 1 else ""),
        f"  {requirement.text.ko}",
        f"  {requirement.text.en}",
        f"  기대 · expected: {finding.expected}",
        f"  결과 · got:      {finding.got}",
    ]
    if finding.within_s is not None:
        lines.append(f"  제한 · within:   {finding.within_s:g} s")
    shown = (
        ("시킨 것 · asked", asked_before(record, finding)), ("보낸 것 · sent", finding.sent), ("온 것 · came", finding.seen),
    )  # fmt: skip
    for words, number in shown:
        text = entry_text(record, number)
        if text:
            lines.append(f"  {words}: {text}")
    return "\n".join(lines)


def breaches_once(findings: Iterable[Finding]) -> list[tuple[Finding, int]]:
    """What did not hold, the first of each sort, with how often it was found: a device errs in every message alike."""
    counted: dict[tuple[str, str, str], list[Finding]] = {}
    for one in findings:
        if not one.ok:
            key = (one.requirement, one.expected, one.got)
            counted.setdefault(key, []).append(one)
    return [(same[0], len(same)) for same in counted.values()]


def failure_text(case: Case, kept: Kept, record: Record | None, repeat: str) -> str:
    """A case that did not pass, for people."""
    lines = [f"{kept.verdict} {case.name}: {case.title.ko} · {case.title.en}"]
    if kept.verdict is Verdict.INCONCLUSIVE or kept.why:
        lines.append(f"  {kept.why}")
    found = breaches_once(kept.findings)
    lines += [finding_text(f, record, times) for f, times in found[:MOST]]
    if len(found) > MOST:
        lines.append(
            f"  … 그 밖에 {len(found) - MOST}, 보고서에 · and {len(found) - MOST} more, in report.html"
        )
    lines.append(f"  되풀이 · repeat: {repeat} -k {case.id}")
    return "\n".join(lines)

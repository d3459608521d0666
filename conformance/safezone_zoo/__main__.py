"""For authors of cases and mutants: ``python -m safezone_zoo cases [TEXT…]`` runs cases against the clean reference and
again from their records; ``python -m safezone_zoo mutants [TEXT…]`` tries mutants whose name or case contains a text."""

import sys
import time

from safezone_conformance.case import cases
from safezone_conformance.line import Unlike
from safezone_conformance.record import read_record
from safezone_conformance.session import Lanes, Result, replay

from safezone_zoo.mutant import mutants
from safezone_zoo.stable import NONCE, Stable, StableError, open_session, try_mutant


def _show(result: Result, note: str = "") -> None:
    out = result.outcome
    print(f"{out.verdict:<13} {result.case.name:<32} {result.record.ended_at:6.2f} s {note} {out.why}")
    for finding in out.findings:
        if not finding.ok:
            print(
                f"    {finding.requirement} {finding.level}: expected {finding.expected}; got {finding.got}"
            )
    for left in result.left:
        print(f"    left behind: {left}")


def try_cases(texts: list[str]) -> int:
    """Exit status: how many did not pass, or came to another verdict from the record."""
    chosen = [c for n, c in cases().items() if c.role == "hub" and (not texts or any(t in n for t in texts))]
    bad, began = 0, time.monotonic()
    with Stable() as stable, stable.hub() as kept:
        session = open_session(kept)
        running = Lanes(session.run, chosen)
        for one in chosen:
            result = running.result(one)
            try:
                again = replay(one, read_record("\n".join(result.record.lines())), NONCE, session.settings)
                note = "" if again == result.outcome else f"REPLAY {again.verdict} {again.why}"
            except Unlike as unlike:
                note = f"REPLAY {unlike}"
            bad += bool(note) or result.outcome.verdict != "PASS"
            _show(result, note)
        session.close()
    print(f"{len(chosen)} cases, {bad} not as they should be, {time.monotonic() - began:.1f} s")
    return bad


def try_mutants(texts: list[str]) -> int:
    """Exit status: how many survived."""
    chosen = [m for m in mutants().values() if m.role == "hub" and not m.lawful
              and (not texts or any(t in m.name or t in m.kills for t in texts))]  # fmt: skip
    alive = 0
    with Stable() as stable:
        for one in chosen:
            try:
                killed, result = try_mutant(stable, one)
            except StableError as error:
                print(f"BROKEN   {one.name}: {error}")
                alive += 1
                continue
            alive += not killed
            print(f"{'killed' if killed else 'ALIVE ':<8} {one.name} by {one.kills} for {one.reason}")
            if not killed:
                _show(result)
    print(f"{len(chosen)} mutants, {alive} alive")
    return alive


if __name__ == "__main__":
    what, *words = sys.argv[1:] or ["cases"]
    sys.exit(min(1, try_cases(words) if what == "cases" else try_mutants(words)))

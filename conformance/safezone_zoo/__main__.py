"""For authors of cases and mutants: ``python -m safezone_zoo cases [TEXT…]`` runs cases against the clean reference and
again from their records; ``python -m safezone_zoo mutants [TEXT…]`` tries mutants whose name or case contains a text.
``devices [TEXT…]`` and ``device-mutants [TEXT…]`` do the same with equipment; ``lab FOLDER`` writes ICS and IXIT of each
simulated device."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

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


def try_devices(texts: list[str]) -> int:
    """Exit status: how many did not pass, or came to another verdict from the record. TEXT may name a kind, too."""
    from safezone_conformance.equipment_session import replay as replay_device

    from safezone_zoo.kennel import KINDS, Kind, cases_for, on_leash

    kinds = [k for k in KINDS if k.name in texts] or KINDS
    words = [t for t in texts if t not in {k.name for k in KINDS}]

    def one_kind(kind: Kind) -> list[tuple[Result, str]]:
        found = []
        with on_leash(kind) as session:
            for case in (c for c in cases_for(kind) if not words or any(w in c.name for w in words)):
                result = session.run(case)
                try:
                    again = replay_device(
                        case, read_record("\n".join(result.record.lines())), NONCE, session.settings
                    )
                    note = "" if again == result.outcome else f"REPLAY {again.verdict} {again.why}"
                except Unlike as unlike:
                    note = f"REPLAY {unlike}"
                found.append((result, note))
                print(end=f"{kind.name:<12} ")
                _show(result, note)
        return found

    began = time.monotonic()
    with ThreadPoolExecutor(len(kinds)) as pool:
        rows = [row for found in pool.map(one_kind, kinds) for row in found]
    bad = sum(bool(note) or result.outcome.verdict != "PASS" for result, note in rows)
    print(f"{len(rows)} cases, {bad} not as they should be, {time.monotonic() - began:.1f} s")
    return bad


def try_device_mutants(texts: list[str]) -> int:
    """Exit status: how many survived."""
    from safezone_zoo.kennel import try_mutant as try_device_mutant

    chosen = [m for m in mutants().values() if m.role != "hub" and not m.lawful
              and (not texts or any(t in m.name or t in m.kills or t == m.role for t in texts))]  # fmt: skip
    alive = 0
    with ThreadPoolExecutor(4) as pool:
        for one, (killed, result) in zip(chosen, pool.map(try_device_mutant, chosen), strict=True):
            alive += not killed
            print(
                f"{'killed' if killed else 'ALIVE ':<8} {one.name} by {one.kills} for {one.reason}",
                flush=True,
            )
            if not killed:
                _show(result)
    print(f"{len(chosen)} mutants, {alive} alive")
    return alive


def write_lab(folders: list[str]) -> int:
    """ICS and IXIT of every simulated device, in a folder of its kind."""
    from safezone_zoo.kennel import KINDS, proformas

    for kind in KINDS:
        place = Path(folders[0]) / kind.name
        place.mkdir(parents=True, exist_ok=True)
        for name, text in proformas(kind, short=False).items():
            (place / name).write_text(text, encoding="utf-8")
            print(place / name)
    return 0


if __name__ == "__main__":
    what, *words = sys.argv[1:] or ["cases"]
    ways = {
        "cases": try_cases, "mutants": try_mutants, "devices": try_devices, "device-mutants": try_device_mutants, "lab": write_lab,
    }  # fmt: skip
    if what not in ways:
        sys.exit(f"{what!r}: write one of {', '.join(ways)}")
    sys.exit(min(1, ways[what](words)))

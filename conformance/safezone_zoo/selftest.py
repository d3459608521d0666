"""The suite tested: the clean reference passes everything, every broken system is failed by the case named for it and for
the reason named, no lawful variant is failed. A mutant that nobody kills, or a case that kills nothing, is an error."""

import tomllib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.resources import files

from safezone_conformance.case import by_id, cases
from safezone_conformance.session import Result, Unusable
from safezone_conformance.verdicts import Verdict

from safezone_zoo import kennel
from safezone_zoo.mutant import Mutant, mutants
from safezone_zoo.patching import DoesNotFit, check_fit
from safezone_zoo.stable import Stable, StableError, run_cases, try_mutant

Told = Callable[[str, bool, str], None]
DEVICES = 6  # devices for each worker: they wait for most of their time


@dataclass(frozen=True)
class Trial:
    """What became of one mutant or variant: ``ok`` and, where it is not, why."""

    mutant: Mutant
    ok: bool
    why: str = ""


@dataclass
class Selftest:
    """All of it. ``problems``: sentences; empty if the suite may be trusted as far as this goes."""

    trials: list[Trial] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def unbreakable() -> dict[str, str]:
    """MUSTs that no mutant can break alone, and cases that can kill none here, with the reason."""
    found: dict[str, str] = tomllib.loads(
        (files("safezone_zoo") / "unbreakable.toml").read_text(encoding="utf-8")
    )
    return found


def standing_problems() -> list[str]:
    """What is wrong without running anything: names, fit, and what has no mutant."""
    found = []
    known = cases()
    for one in mutants().values():
        try:
            check_fit(one.changes)
        except DoesNotFit as error:
            found.append(f"{one.name}: {error}")
        if one.lawful:
            continue
        if one.kills not in known:
            found.append(f"{one.name}: kills {one.kills!r}, and there is no such case")
        elif one.reason not in known[one.kills].verifies:
            found.append(f"{one.name}: {one.kills} does not verify {one.reason}")
    killing = {known[m.kills].id for m in mutants().values() if m.kills in known}
    # A case of SHOULDs only warns, and a warning kills nothing.
    musts = {c.id for c in known.values() if any(by_id()[r].level == "MUST" for r in c.verifies)}
    found += [f"{id_}: kills no mutant" for id_ in sorted(musts - killing - set(unbreakable()))]
    reasons = {m.reason for m in mutants().values()}
    excused = unbreakable()
    verified = {r for c in known.values() for r in c.verifies if by_id()[r].level == "MUST"}
    found += [f"{r}: verified, but no mutant breaks it" for r in sorted(verified - reasons - set(excused))]
    found += [f"{r}: called unbreakable, and yet a mutant breaks it" for r in sorted(set(excused) & reasons)]
    return found


def try_all(chosen: Sequence[Mutant], workers: int, told: Told) -> list[Trial]:
    """Run mutants and variants, several at a time, each in a process of its own. Devices mostly wait: many at a time."""
    with (
        Stable() as stable,
        ThreadPoolExecutor(workers) as pool,
        ThreadPoolExecutor(DEVICES * workers) as waiting,
    ):

        def trial(one: Mutant) -> Trial:
            try:
                if one.role != "hub":
                    found = _lawful_device(one) if one.lawful else _broken_device(one)
                else:
                    found = _lawful(stable, one) if one.lawful else _broken(stable, one)
            except (StableError, Unusable) as error:
                found = Trial(one, False, str(error))
            told(one.name, found.ok, found.why)
            return found

        futures = [(pool if one.role == "hub" else waiting).submit(trial, one) for one in chosen]
        return [future.result() for future in futures]


def _broken(stable: Stable, one: Mutant) -> Trial:
    return _verdict(one, *try_mutant(stable, one))


def _broken_device(one: Mutant) -> Trial:
    return _verdict(one, *kennel.try_mutant(one))


def _verdict(one: Mutant, killed: bool, result: Result) -> Trial:
    if killed:
        return Trial(one, True)
    failed = sorted({f.requirement for f in result.outcome.findings if not f.ok})
    return Trial(one, False, f"{one.kills} came to {result.outcome.verdict} ({', '.join(failed) or result.outcome.why or 'nothing broken'}), "
                             f"wanted FAIL by {one.reason}")  # fmt: skip


def _lawful(stable: Stable, one: Mutant) -> Trial:
    chosen = [c for c in cases().values() if c.role == "hub"]
    with stable.hub(one.name) as kept:
        results = run_cases(kept, chosen, lanes=24)
    failed = [r.case.name for r in results if r.outcome.verdict is Verdict.FAIL]
    return Trial(one, not failed, f"lawful, and failed by {', '.join(failed)}" if failed else "")


def _lawful_device(one: Mutant) -> Trial:
    failed = [r.case.name for kind in kennel.kinds_of(one.role) for r in kennel.run_cases(kind, kennel.cases_for(kind), one.name)
              if r.outcome.verdict is Verdict.FAIL]  # fmt: skip
    return Trial(one, not failed, f"lawful, and failed by {', '.join(failed)}" if failed else "")


def clean_problems(names: Iterable[str] = ()) -> list[str]:
    """Whether the clean reference passes everything (or the cases named)."""
    wanted = set(names)
    chosen = [c for c in cases().values() if c.role == "hub" and (not wanted or c.name in wanted)]
    with Stable() as stable, stable.hub() as kept:
        results = run_cases(kept, chosen, lanes=24)
    return [f"clean reference: {r.case.name} came to {r.outcome.verdict} {r.outcome.why}" for r in results
            if r.outcome.verdict is not Verdict.PASS]  # fmt: skip


def clean_device_problems() -> list[str]:
    """Whether the clean devices pass everything, those of all kinds at a time."""
    with ThreadPoolExecutor(len(kennel.KINDS)) as pool:
        found = pool.map(
            lambda kind: [(kind, r) for r in kennel.run_cases(kind, kennel.cases_for(kind))], kennel.KINDS
        )
        return [f"clean {kind.name}: {r.case.name} came to {r.outcome.verdict} {r.outcome.why}" for rows in found for kind, r in rows
                if r.outcome.verdict is not Verdict.PASS]  # fmt: skip

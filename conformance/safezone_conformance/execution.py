"""Runs one case: live, or again from its record. Both go through the same few lines, so both come to the same verdict."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass

from safezone_conformance.bench import Bench, UnknownRequirement
from safezone_conformance.case import Case, plot_of
from safezone_conformance.line import ReplayLine, Unlike
from safezone_conformance.record import Record
from safezone_conformance.settings import Settings
from safezone_conformance.town import on_plot
from safezone_conformance.verdicts import Failed, Finding, Inconclusive, Stop, Verdict, verdict_of

MakeBench = Callable[[], Bench]


@dataclass(frozen=True)
class Outcome:
    """What came of a case. ``why``: for everything but PASS and FAIL, in a sentence."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    why: str = ""


def lacking(case: Case, settings: Settings) -> str:
    """The first ICS item the case needs and the system does not claim; "" if none."""
    return next((need for need in case.needs if need not in settings.has), "")


def conduct(case: Case, make: MakeBench, settings: Settings) -> Outcome:
    """Run the procedure on a bench. Exceptions other than ``Stop`` are the suite's own mistakes: INCONCLUSIVE."""
    need = lacking(case, settings)
    if need:
        return Outcome(Verdict.NOT_APPLICABLE, (), f"ICS {need} = no")
    bench: Bench | None = None
    stopped: Exception | None = None
    why = ""
    try:
        with on_plot(plot_of(case)):
            bench = make()
            case.procedure(bench, **case.values)
    except Failed as stop:
        stopped = stop
    except Stop as stop:
        stopped, why = stop, str(stop)
    except Unlike:
        raise
    except UnknownRequirement as mistake:
        stopped, why = Inconclusive(), f"mistake in the suite: {mistake}"
    except Exception as error:  # a hub's odd answer may trip a case; that is no verdict about the hub
        stopped, why = Inconclusive(), f"mistake in the suite: {_where(error)}"
    findings = tuple(bench.findings) if bench is not None else ()
    verdict = verdict_of(findings, stopped)
    if verdict is Verdict.PASS:
        unheld = sorted(set(case.verifies) - {f.requirement for f in findings})
        if unheld:
            return Outcome(
                Verdict.INCONCLUSIVE, findings, f"mistake in the suite: never held {', '.join(unheld)}"
            )
    return Outcome(verdict, findings, why)


def _where(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({last.filename.rpartition('/')[2]}:{last.lineno})"


def conduct_again(
    case: Case, record: Record, make: Callable[[ReplayLine], Bench], settings: Settings
) -> Outcome:
    """The verdict worked out from a record. Raises Unlike if the record is not this case's."""
    line = ReplayLine(record)
    outcome = conduct(case, lambda: make(line), settings)
    if outcome.verdict is not Verdict.NOT_APPLICABLE:
        line.finish()
    return outcome

"""The judge: one row per true event and entitled recipient, and what became of each notice.

A pure function of the record. Times are seconds after local midnight, latencies simulated seconds.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from safezone_model import SERVICES

from safezone_sim.judge.day import Day
from safezone_sim.judge.evidence import Observer, in_time
from safezone_sim.judge.explain import Explainer
from safezone_sim.judge.location import LocationScores, PathScores, score_paths, score_queries
from safezone_sim.judge.matching import in_window, match
from safezone_sim.judge.misled import Cause, Said, blame
from safezone_sim.judge.notices import Notice, read_notices
from safezone_sim.judge.place_evidence import Evidence
from safezone_sim.judge.register import Register
from safezone_sim.judge.rows import Row, Stray, Verdict, role_of
from safezone_sim.judge.summary import RunFacts, summarise
from safezone_sim.judge.wording import Text
from safezone_sim.map.model import MapSource
from safezone_sim.records import RunRecord, TruthEvent
from safezone_sim.scenario import Scenario


@dataclass(frozen=True)
class Scores:
    """Everything the judge found in ``record``. ``repeats`` counts byte-identical copies, which cost nothing."""

    record: RunRecord
    rows: list[Row]
    strays: list[Stray]
    repeats: int
    location: LocationScores
    paths: PathScores

    @cached_property
    def explainer(self) -> Explainer:
        """Explains rows and strays; built once."""
        return Explainer(self.record)

    def explain(self, case: Row | Stray) -> Text:
        """Why this one was missed, late or false, in Korean and English."""
        return self.explainer.explain(case)

    def summary(
        self,
        *,
        map_source: MapSource,
        truth_sha256: str,
        simulated_seconds: float,
        wall_seconds: float,
        messages: int,
        scenario: Scenario | None = None,
    ) -> dict[str, Any]:
        """The content of summary.json. ``scenario`` may name another seed and exercise than the record's."""
        facts = RunFacts(
            {"kind": map_source.kind, "source": map_source.source, "sha256": map_source.sha256},
            simulated_seconds,
            wall_seconds,
            messages,
            truth_sha256,
        )
        summary = summarise(self, facts)
        if scenario is not None:
            summary |= {"scenario": scenario.name, "seed": scenario.seed, "exercise": scenario.exercise}
        return summary


def score(record: RunRecord) -> Scores:
    """Judges one run."""
    day = Day.of(record.scenario)
    register = Register.read(record.registry, day)
    ideal = Observer(record.ideal, register, record.truth)
    realised = Observer(record.realised, register, record.truth, record.faults)
    notices, repeats = read_notices(record.receptions, day)
    rows, strays = _match_all(record, register, ideal, realised, notices)
    return Scores(
        record,
        rows,
        strays,
        repeats,
        score_queries(record.queries, register, record.tracks),
        score_paths(record.paths, record.tracks, register, day),
    )


def _match_all(
    record: RunRecord,
    register: Register,
    ideal: Observer,
    realised: Observer,
    notices: list[Notice],
) -> tuple[list[Row], list[Stray]]:
    told: dict[tuple[str, str, str, str], list[Notice]] = defaultdict(list)
    for notice in notices:
        told[_notice_key(notice)].append(notice)
    happened: dict[tuple[str, str, str, str], list[TruthEvent]] = defaultdict(list)
    for event in sorted(record.truth, key=lambda e: (e.t, e.id)):
        for recipient in event.recipients:
            happened[_event_key(event, recipient)].append(event)
    cache: dict[str, tuple[Evidence | None, Evidence | None]] = {}
    unmatched: list[Notice] = []
    rows: list[Row] = []
    strays: list[Stray] = []
    for key in sorted(happened.keys() | told.keys()):
        events, group = happened.get(key, []), told.get(key, [])
        recipient = key[1]
        wards = _wards(register, recipient)

        def fits(event: TruthEvent, notice: Notice, wards: frozenset[str] = wards) -> bool:
            return in_window(event, notice) and _about(event, notice, wards)

        matched = match(events, group, fits)
        for event, j in zip(events, matched.of_event, strict=True):
            mine = group[j] if j is not None else None
            rows.append(_row(event, recipient, wards, mine, group, ideal, realised, cache))
        for j, i in matched.duplicate_of.items():
            strays.append(_spare(group[j], events[i], matched.of_event[i], group, realised))
        unmatched += [group[j] for j in matched.unmatched]
    said = Said(notices)
    blamed: dict[str, Cause] = {}
    for notice in sorted(unmatched, key=lambda n: n.t):
        stray = _false(notice, register, ideal, realised, record.truth, said, blamed)
        strays.append(stray)
        if stray.cause is not None:
            blamed[f"{notice.recipient} {notice.id}"] = stray.cause
    rows.sort(key=lambda r: (r.event.t, r.event.id, r.recipient))
    strays.sort(key=lambda s: (s.notice.t, s.notice.recipient, s.notice.id))
    return rows, strays


def _event_key(event: TruthEvent, recipient: str) -> tuple[str, str, str, str]:
    if event.service == "bell_call":
        about = (event.device or "") if role_of(recipient) == "desk" else ""
    else:
        about = event.child or event.device or ""
    return event.zone, recipient, event.service, about


def _notice_key(notice: Notice) -> tuple[str, str, str, str]:
    if notice.service == "bell_call":
        about = (notice.device or "") if role_of(notice.recipient) == "desk" else ""
    else:
        about = notice.child or notice.device or ""
    return notice.zone, notice.recipient, notice.service, about


def _wards(register: Register, recipient: str) -> frozenset[str]:
    guardian = recipient.partition(":")[2]
    return frozenset(c for z in register.zones.values() for c in z.children_of.get(guardian, ()))


def _about(event: TruthEvent, notice: Notice, wards: frozenset[str]) -> bool:
    """Bell calls at guardians match by child: the caller if theirs, else any of theirs near the bell."""
    if event.service != "bell_call" or role_of(notice.recipient) == "desk":
        return True
    return notice.child == event.child if event.child in wards else notice.child in wards


def _row(
    event: TruthEvent,
    recipient: str,
    wards: frozenset[str],
    notice: Notice | None,
    group: list[Notice],
    ideal: Observer,
    realised: Observer,
    cache: dict[str, tuple[Evidence | None, Evidence | None]],
) -> Row:
    if event.service == "bell_call" and role_of(recipient) == "guardian":
        near = [event.child] if event.child in wards else sorted(wards)
        found = _first_near(event, near, ideal), _first_near(event, near, realised)
    else:
        if event.id not in cache:
            cache[event.id] = ideal.observe(event), realised.observe(event)
        found = cache[event.id]
    role = role_of(recipient)
    if notice is not None:
        return Row(event, recipient, role, "delivered", *found, notice)
    verdict = _cause_of_miss(event, *found)
    foregone = realised.foregone(event) if verdict == "missed" else None
    if foregone is not None and not _told_too_early(event, foregone, group):
        foregone = None  # the hub had told nothing either: silence is no excuse for silence
    if foregone is not None:
        verdict = "coverage_gap" if ideal.foregone(event) else "equipment_failed"
    return Row(event, recipient, role, verdict, *found, None, foregone)


def _told_too_early(event: TruthEvent, foregone: Evidence, group: list[Notice]) -> bool:
    """Whether this recipient had been told the same on the strength of the earlier evidence."""
    slack = SERVICES[event.service].before_s
    return any(foregone.first_t - slack <= n.event_at < event.t and n.t <= event.t for n in group)


def _cause_of_miss(event: TruthEvent, ideal: Evidence | None, realised: Evidence | None) -> Verdict:
    reached = ideal is not None and SERVICES[event.service].cls == "emergency"
    if in_time(event, ideal) is None and not reached:
        return "coverage_gap"
    return "equipment_failed" if in_time(event, realised) is None else "missed"


def _first_near(event: TruthEvent, children: Iterable[str | None], seen: Observer) -> Evidence | None:
    found = [e for c in children if c and (e := seen.near_bell(event, c))]
    return min(found, key=lambda e: e.known_at, default=None)


def _spare(
    notice: Notice, event: TruthEvent, first: int | None, group: list[Notice], realised: Observer
) -> Stray:
    """A second notice within a told event's window; about another child near the same bell it is right."""
    role = role_of(notice.recipient)
    other_child = first is not None and group[first].child != notice.child
    if event.service == "bell_call" and role == "guardian" and other_child and notice.child:
        near = realised.near_bell(event, notice.child)
        if near is not None:
            return Stray(notice, role, "near_bell", None, near, event)
    return Stray(notice, role, "duplicate", None, None, event)


def _false(
    notice: Notice,
    register: Register,
    ideal: Observer,
    realised: Observer,
    truth: list[TruthEvent],
    said: Said,
    blamed: Mapping[str, Cause],
) -> Stray:
    role = role_of(notice.recipient)
    wards = _wards(register, notice.recipient)
    if role == "guardian" and notice.child not in wards:
        return Stray(notice, role, "false", "hub")
    if notice.service == "bell_call" and role == "guardian" and notice.child:
        for event in truth:
            if event.service == "bell_call" and event.zone == notice.zone and in_window(event, notice):
                near = realised.near_bell(event, notice.child)
                if near is not None:
                    return Stray(notice, role, "near_bell", None, near, event)
    before = said.before(notice)
    cause, found = blame(notice, before, register, ideal, realised)
    if cause != "hub" and before is not None:
        # What follows from a false notice shares its cause: «left» in error, then «came» again.
        cause = blamed.get(f"{before.recipient} {before.id}", cause)
    return Stray(notice, role, "false", cause, found)

"""Prometheus metrics of the hub, in a registry of their own. Counts and times only: no ids, no names, no places.

What the engine's memory counts anyway is read when somebody asks (``Snapshot``); what must be measured as
it happens is told to ``Metrics`` by the engine.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from safezone_hub.pipeline import Work

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_MESSAGES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


@dataclass(frozen=True)
class Snapshot:
    """What the engine's memory holds at one moment, over all zones. Times in seconds."""

    accepted: int = 0
    duplicate: int = 0
    rejected: dict[str, int] = field(default_factory=dict)  # by reason
    notices: dict[tuple[str, str], int] = field(default_factory=dict)  # by service and role
    incidents: dict[str, int] = field(default_factory=dict)  # opened so far, by service
    incidents_open: dict[str, int] = field(default_factory=dict)  # now, by state
    incidents_closed: dict[str, int] = field(default_factory=dict)  # so far, by outcome
    escalations: dict[str, int] = field(default_factory=dict)  # by level
    outbox_open: int = 0
    other: dict[str, int] = field(default_factory=dict)  # the ledgers' other counts
    zones: int = 0


class Metrics:
    """What is measured as it happens. Every method may be called from any thread and is cheap."""

    def __init__(self) -> None:
        held = self.registry = CollectorRegistry()
        self._batch = Histogram(
            "safezone_batch_messages", "Messages in a batch.", buckets=_MESSAGES, registry=held
        )
        self._judge = Histogram(
            "safezone_judge_seconds", "Time to judge a batch.", buckets=_SECONDS, registry=held
        )
        self._commit = Histogram(
            "safezone_commit_seconds", "Time of its durable commit.", buckets=_SECONDS, registry=held
        )
        self._emergency = Histogram(
            "safezone_emergency_latency_seconds",
            "From the taking of an emergency's message out of the queue to the end of the commit that holds it.",
            buckets=_SECONDS,
            registry=held,
        )
        self._receipts = Counter("safezone_receipts", "Receipts, by status.", ["status"], registry=held)
        self._depth = Gauge(
            "safezone_queue_depth", "Messages and questions waiting for the engine.", registry=held
        )
        self._shed = Gauge(
            "safezone_messages_not_taken",
            "Routine messages not taken since the start, because too many waited; their devices send them again.",
            registry=held,
        )
        self._deliveries = Counter(
            "safezone_deliveries",
            "Deliveries, by channel and the state they came to.",
            ["channel", "state"],
            registry=held,
        )
        self._recorded = Gauge(
            "safezone_last_record_timestamp_seconds",
            "Wall time of the last record in the log.",
            registry=held,
        )
        self._requests = Counter(
            "safezone_http_requests",
            "HTTP answers, by operation and status.",
            ["operation", "status"],
            registry=held,
        )
        ProcessCollector(registry=held, namespace="safezone")

    def observe_batch(self, work: "Work", judge_s: float, commit_s: float) -> None:
        """A batch is durable: what was in it, how long judging and committing took."""
        self._batch.observe(len(work.receipts))
        self._judge.observe(judge_s)
        batch = work.batch
        if not batch.is_empty():
            self._commit.observe(commit_s)
        if batch.log:
            self._recorded.set(max(row[3] for row in batch.log))
        statuses: dict[str, int] = {}
        for _, receipt, emergency in work.receipts:
            statuses[receipt["status"]] = statuses.get(receipt["status"], 0) + 1
            if emergency:
                self._emergency.observe(judge_s + commit_s)
        for status, n in statuses.items():
            self._receipts.labels(status).inc(n)
        for row in batch.deliveries:
            self._deliveries.labels(row[3], row[4]).inc()

    def queue(self, depth: int, shed: int) -> None:
        self._depth.set(depth)
        self._shed.set(shed)

    def answered(self, operation: str, status: int) -> None:
        self._requests.labels(operation, str(status)).inc()

    def text(
        self, snapshot: Snapshot | None, checks: dict[str, str], streams: int, feed_behind: int
    ) -> bytes:
        """The exposition. Without a snapshot (the engine does not answer) what is measured is still shown."""
        once = CollectorRegistry()
        once.register(_Once(_families(snapshot, checks, streams, feed_behind)))
        return generate_latest(once) + generate_latest(self.registry)


class _Once(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[Metric]:
        return self._families


def snapshot_of(ledgers: Iterable[dict[str, int]], open_states: Iterable[str], outbox_open: int) -> Snapshot:
    """Add up the ledgers of all zones and the states of their open incidents."""
    found = Snapshot(outbox_open=outbox_open)
    accepted = duplicate = zones = 0
    for counts in ledgers:
        zones += 1
        for name, n in counts.items():
            head, _, rest = name.partition(".")
            if name == "accepted":
                accepted += n
            elif name == "duplicate":
                duplicate += n
            elif head == "rejected":
                _add(found.rejected, rest, n)
            elif head == "notice":
                service, _, role = rest.partition(".")
                _add(found.notices, (service, role), n)
            elif head == "incident":
                _add(found.incidents, rest, n)
            elif head == "closed":
                _add(found.incidents_closed, rest, n)
            elif head == "escalated":
                _add(found.escalations, rest, n)
            else:
                _add(found.other, name, n)
    for state in open_states:
        _add(found.incidents_open, state, 1)
    return replace(found, accepted=accepted, duplicate=duplicate, zones=zones)


def _families(
    snapshot: Snapshot | None, checks: dict[str, str], streams: int, feed_behind: int
) -> Iterator[Metric]:
    up = GaugeMetricFamily("safezone_up", "Whether a part of the hub is well.", labels=["part"])
    for part, state in sorted(checks.items()):
        up.add_metric([part], 1.0 if state == "ok" else 0.0)
    yield up
    yield _gauge("safezone_streams", "Open event streams.", streams)
    yield _gauge("safezone_feed_lag", "Feed rows committed and not yet handed to streams.", feed_behind)
    if snapshot is None:
        return
    messages = CounterMetricFamily(
        "safezone_messages", "Messages judged, by status and reason.", labels=["status", "reason"]
    )
    messages.add_metric(["accepted", ""], snapshot.accepted)
    messages.add_metric(["duplicate", ""], snapshot.duplicate)
    for reason, n in sorted(snapshot.rejected.items()):
        messages.add_metric(["rejected", reason], n)
    yield messages
    notices = CounterMetricFamily(
        "safezone_notices", "Notices and alerts made, by service and recipient.", labels=["service", "role"]
    )
    for (service, role), n in sorted(snapshot.notices.items()):
        notices.add_metric([service, role], n)
    yield notices
    yield _by("safezone_incidents", "Incidents opened, by service.", "service", snapshot.incidents)
    yield _by(
        "safezone_incidents_closed", "Incidents closed, by outcome.", "outcome", snapshot.incidents_closed
    )
    yield _by("safezone_escalations", "Steps up of incidents, by level.", "level", snapshot.escalations)
    states = GaugeMetricFamily("safezone_incidents_open", "Open incidents, by state.", labels=["state"])
    for state, n in sorted(snapshot.incidents_open.items()):
        states.add_metric([state], n)
    yield states
    yield _by("safezone_events", "Other counts of the hub's ledgers.", "event", snapshot.other)
    yield _gauge(
        "safezone_outbox_open", "Messages down that nobody has acknowledged yet.", snapshot.outbox_open
    )
    yield _gauge("safezone_zones", "Zones with a ledger.", snapshot.zones)


def _by(name: str, help_: str, label: str, counts: dict[str, int]) -> Metric:
    family = CounterMetricFamily(name, help_, labels=[label])
    for value, n in sorted(counts.items()):
        family.add_metric([value], n)
    return family


def _gauge(name: str, help_: str, value: float) -> Metric:
    family = GaugeMetricFamily(name, help_)
    family.add_metric([], value)
    return family


def _add(counts: dict[Any, int], key: Any, n: int) -> None:
    counts[key] = counts.get(key, 0) + n

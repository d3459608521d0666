"""The engine's memory: each zone's view, state and ledger, the outbox, the deliveries. Loaded from the store at start."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from safezone_hub import effects, fold, items, registering, subjects
from safezone_hub.clock import local_date, parse_time
from safezone_hub.deliveries import Deliveries, Delivery
from safezone_hub.incidents.actions import clock_of
from safezone_hub.notices import Ledger, Outgoing, Writer, quiet_until
from safezone_hub.observation import Effect
from safezone_hub.outbox import Outbox
from safezone_hub.recent import Recent
from safezone_hub.registering import registered, unregistered
from safezone_hub.registry import Registry, ZoneView
from safezone_hub.settings import RuleSettings
from safezone_hub.state import Child, Device, Incident, Unit, Zone, ZoneState
from safezone_hub.store import REJECTIONS_KEPT, Batch, Row, Store
from safezone_hub.tallies import DAYS_KEPT, DayTally

if TYPE_CHECKING:
    from safezone_hub.pipeline import Work

_encode = msgspec.msgpack.Encoder().encode


class ZoneDesk:
    """One zone as the engine works on it."""

    def __init__(self, registry: Registry, zone: str, state: ZoneState, ledger: Ledger, log_end: int) -> None:
        self._registry, self.zone = registry, zone
        self.state, self.ledger = state, ledger
        self.log_end = log_end
        self.feed_end = 0
        self._tally_changed = False
        self.snapshot_wall = 0.0  # when the last snapshot was saved, by the wall clock
        self.rejections = 0  # the place of the newest sample in the ring
        self.tallies: dict[str, DayTally] = {}  # by local date
        self.collected: dict[str, str] = {}  # by child, the local day on which its collection was recorded
        self.say_again = False  # restarted, and nobody of the zone was heard since

    @property
    def view(self) -> ZoneView:
        return self._registry.zone(self.zone)

    def time_of(self, exercise: str | None, wall: float) -> float:
        """Now, for what belongs to a drill or to real life."""
        return clock_of(self.state, exercise, wall)

    def tally(self, wall: float) -> DayTally:
        """The counts of today."""
        day = local_date(wall, self.view.timezone).isoformat()
        tally = self.tallies.get(day)
        if tally is None:
            tally = self.tallies[day] = DayTally(day)
            self.count_children(tally)
            for old in sorted(self.tallies)[:-DAYS_KEPT]:
                del self.tallies[old]
                self.state.gone.append(("day", old))
        self._tally_changed = True
        return tally

    def count_children(self, tally: DayTally) -> None:
        """As many as there were at most on that day."""
        view = self.view
        may_collect = sum(view.consented(child, True).collect for child in view.children)
        tally.enrolled = max(tally.enrolled, len(view.children))
        tally.covered = max(tally.covered, may_collect)

    def log(
        self, batch: Batch, wall: float, kind: str, topic: str, body: bytes, about: tuple[str, ...] = ()
    ) -> None:
        """Append one input to the zone's event log, at the zone's present time. ``about``: whose keys seal it."""
        self.log_end += 1
        batch.log.append((self.zone, self.log_end, self.state.zone.now, wall, kind, topic, body, about))

    def fact(self, batch: Batch, wall: float, fact: dict[str, Any], about: tuple[str, ...]) -> None:
        """Record who collected, used or was given what of whom (law: records of fact)."""
        self.log(batch, wall, "fact", "", msgspec.json.encode(fact), about)

    def feed(
        self, work: "Work", audience: str, at: float, event: dict[str, Any], about: tuple[str, ...]
    ) -> None:
        """One event for those who follow the zone's stream."""
        self.feed_end += 1
        work.batch.feed.append((self.zone, self.feed_end, audience, at, msgspec.json.encode(event), about))

    def keep_incident(self, batch: Batch, incident: Incident) -> None:
        """The incident's row, for queries after the memory let go of it."""
        row = (incident.opened_at, incident.closed_at, incident.service, incident.exercise, _encode(incident))
        batch.incidents.append((self.zone, incident.id, *row, subjects.of_child(incident.child)))

    def reject(
        self,
        batch: Batch,
        at: float,
        topic: str,
        reason: str,
        detail: str,
        sample: bytes,
        about: tuple[str, ...],
    ) -> None:
        """Keep a sample of a refused message; the oldest gives way."""
        n = self.rejections = (self.rejections + 1) % REJECTIONS_KEPT
        # An unpaired surrogate would not go into SQLite, a NUL not into PostgreSQL.
        shown = (
            text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")[:300]
            for text in (topic, reason, detail)
        )
        batch.rejections.append((self.zone, n, at, *shown, sample, about))

    def save(self, batch: Batch) -> None:
        """The rows of everything that changed."""
        state, zone, rows = self.state, self.zone, batch.state
        for kind, id_ in state.gone:
            batch.forget(zone, kind, id_)
        state.gone.clear()
        rows.append((zone, "zone", zone, _encode(state.zone), ()))
        rows.append((zone, "ledger", zone, _encode(self.ledger), ()))
        rows += [(zone, *row) for row in state_rows(self.view, state, changed=True)]
        if self._tally_changed:
            today = max(self.tallies)
            rows.append((zone, "day", today, _encode(self.tallies[today]), ()))
            self._tally_changed = False
        for dirty in (state.dirty_children, state.dirty_devices, state.dirty_incidents, state.dirty_units):
            dirty.clear()


class Zones:
    """All zones of this hub."""

    def __init__(
        self, store: Store, settings: RuleSettings, hub_id: str, *, one_by_one: bool = False
    ) -> None:
        self.store, self.settings, self.hub_id = store, settings, hub_id
        # The zones that are here, where they come and go one by one (``shards``); None: all there are.
        self.one_by_one: set[str] | None = set() if one_by_one else None
        # The batch in the making: what is asked for may stand there, and not yet in the store.
        self.making = Batch()
        self.recent = Recent()
        self.public_url = ""  # where others reach the API; "" gives no links
        self.load(restarted=True)

    def load(self, *, restarted: bool) -> None:
        """Take everything from the store. ``restarted``: repeat what is open once a zone shows life."""
        self.registry = Registry()
        self.writer = Writer(self.hub_id, self.registry, self.settings.consent_required)
        self.outbox, self.deliveries = Outbox(), Deliveries()
        self.given: dict[tuple[str, str], set[int]] = {}  # (incident, agency) -> versions, see ``agencies``
        self.desks: dict[str, ZoneDesk] = {}
        if self.one_by_one is None:
            self._load(None, restarted)
        else:
            for zone in sorted(self.one_by_one):
                self._load(zone, restarted)

    def load_zone(self, zone: str, *, restarted: bool) -> None:
        """Take one zone from the store: it belongs to this process from now on."""
        assert self.one_by_one is not None
        self.drop_zone(zone)
        self._load(zone, restarted)
        self.one_by_one.add(zone)

    def drop_zone(self, zone: str) -> None:
        """Forget a zone: it is another process's."""
        assert self.one_by_one is not None
        self.one_by_one.discard(zone)
        self.desks.pop(zone, None)
        self.registry.drop(zone)
        self.recent.clear()
        self.outbox.forget(zone)
        self.deliveries.forget(zone)
        self.store.forget(zone)

    def _load(self, only: str | None, restarted: bool) -> None:
        """All zones, or one of them."""
        for _, _, _, body in self.store.registry(only):
            parsed = msgspec.json.decode(body)
            self.registry.put(parsed, items.read_item(parsed))
        ends, samples = self.store.log_ends(only), self.store.rejection_ends(only)
        feeds = self.store.feed_ends(only)
        rows = list(self.store.states(only))
        for zone, kind, _, body in rows:
            if kind == "zone":
                state = ZoneState(msgspec.msgpack.decode(body, type=Zone))
                desk = ZoneDesk(self.registry, zone, state, Ledger(zone), ends.get(zone, 0))
                desk.say_again = restarted
                desk.rejections, desk.feed_end = samples.get(zone, 0), feeds.get(zone, 0)
                self.desks[zone] = desk
        for zone, kind, _, body in rows:
            if kind != "zone":
                load_row(self.desks[zone].state, kind, body)
            if kind == "ledger":
                self.desks[zone].ledger = msgspec.msgpack.decode(body, type=Ledger)
            elif kind == "day":
                tally = msgspec.msgpack.decode(body, type=DayTally)
                self.desks[zone].tallies[tally.day] = tally
        self._load_outbox(only)

    def _load_outbox(self, only: str | None) -> None:
        for zone, id_, settled_by, topic, payload, made_at, exercise in self.store.outbox(only):
            message = Outgoing(zone, id_, settled_by, topic, payload, made_at, exercise)
            desk = self.desk(zone)
            self.outbox.open[zone, id_] = message
            hold = self._still_held(desk, message)
            if hold is not None:
                self.outbox.hold(message, hold)
            else:
                # A drill's by the drill's time; a real one must not wait for a drill's clock.
                self.outbox.schedule(message, desk.state.zone.now if exercise is not None else made_at)
        for row in self.store.open_deliveries(only):
            self.deliveries.load(msgspec.msgpack.decode(row[-1], type=Delivery))

    def _still_held(self, desk: ZoneDesk, message: Outgoing) -> float | None:
        """The end of the quiet hours that a notice made before a restart waits for."""
        role, _, id_ = message.settled_by.partition("/")
        if role != "guardian":
            return None
        for rows in desk.view.guardians.values():
            for recipient in rows:
                if recipient.id == id_ and recipient.quiet is not None:
                    service = msgspec.json.decode(message.payload)["data"].get("service")
                    return quiet_until(desk.view, recipient, service, message.made_at)
        return None

    def desk(self, zone: str) -> ZoneDesk:
        desk = self.desks.get(zone)
        if desk is None:
            desk = self.desks[zone] = ZoneDesk(self.registry, zone, ZoneState(Zone(zone)), Ledger(zone), 0)
        return desk

    def case(self, zone: str, id_: str) -> Row | None:
        """A case as it is now, also one that this very batch wrote: id, kind, state, made_at, body."""
        for row in reversed(self.making.cases):
            if row[:2] == (zone, id_):
                return tuple(row[1:6])
        return self.store.case(zone, id_)

    def bring_to_time(self, work: "Work", desk: ZoneDesk, wall: float) -> None:
        """Move a zone to the hub's time, unless an exercise clock has it; deadlines on the way fire."""
        state = desk.state
        to = state.zone.now if state.zone.clock_drill is not None else wall
        if not desk.ledger.epoch:
            desk.ledger.epoch = int(to)
        if state.zone.day and not state.is_due(to, wall):
            state.zone.now = max(state.zone.now, to)
            work.touched.add(desk.zone)
            return
        found = fold.advance(desk.view, state, self.settings, to)
        found += fold.advance_real(desk.view, state, self.settings, wall)
        effects.apply(self, work, desk, found, wall)

    def next_due(self) -> float | None:
        """When, by the hub's clock, something is due."""
        times: list[float | None] = []
        for desk in self.desks.values():
            times += (
                desk.state.incident_due(real=True),
                self.outbox.next_due(desk.zone, True),
                self.deliveries.next_due(desk.zone, True),
            )
            if desk.state.zone.clock_drill is None:
                times += (
                    desk.state.next_due(),
                    desk.state.incident_due(real=False),
                    self.outbox.next_due(desk.zone, False),
                    self.deliveries.next_due(desk.zone, False),
                )
            elif desk.state.zone.tick_wall:
                times.append(desk.state.zone.tick_wall + self.settings.clock_silent_s)
        return min((t for t in times if t is not None), default=None)

    def zone_time(self, desk: ZoneDesk, wall: float) -> float:
        return desk.state.zone.now if desk.state.zone.clock_drill is not None else wall

    # ------------------------------------------------------------------- registry

    def conflicts(self, parsed: Iterable[items.Item]) -> list[dict[str, Any]]:
        """What would be wrong only together with what is already here, or could be stored once and is no longer taken."""
        errors: list[dict[str, Any]] = []
        parsed = list(parsed)
        bound: dict[str, dict[str, items.Binding]] = {}  # as they will be, by thing and id
        for item in parsed:
            if isinstance(item, items.Binding):
                here = self.registry.zone(item.zone).bindings.get(item.thing, ())
                bound.setdefault(item.thing, {b.id: b for b in here})[item.id] = item
        for line, item in enumerate(parsed, 1):
            for field, value, remedy in self._faults(item, bound):
                errors.append(
                    {
                        "line": line,
                        "kind": item.kind,
                        "id": item.id,
                        "field": field,
                        "value": value,
                        "remedy": remedy,
                    }
                )
        return errors

    def _faults(
        self, item: items.Item, bound: dict[str, dict[str, items.Binding]]
    ) -> Iterator[tuple[str, Any, str]]:
        """Field, value and remedy of each fault of one item."""
        match item:
            case items.Drill() if item.clock is not None:
                running = self.desk(item.zone).state.zone.clock_drill
                if running is not None and running != item.id:
                    yield (
                        "clock",
                        item.clock.id,
                        f"drill {running} has the zone's clock; close it first (closes_at)",
                    )
            case items.Device():
                yield from items.misplaced(item)
            case items.Binding():
                for other in bound[item.thing].values():
                    if other.id != item.id and other.child != item.child and items.overlap(item, other):
                        yield (
                            "thing",
                            item.thing,
                            f"bound to another child by {other.id}: end that first (until)",
                        )

    def put(self, work: "Work", bodies: list[dict[str, Any]], parsed: list[items.Item], wall: float) -> int:
        """Register items; the number of new ones."""
        new, recount = 0, set()
        for body, item in zip(bodies, parsed, strict=True):
            desk = self.desk(item.zone)
            self.bring_to_time(work, desk, wall)
            new += self.registry.put(body, item)
            about = subjects.of_item(item)
            work.batch.registry.append((item.zone, item.kind, item.id, msgspec.json.encode(body), about))
            open_body = msgspec.json.encode(items.without_secrets(body))
            desk.log(work.batch, wall, "registry", f"{item.kind}/{item.id}", open_body, about)
            found: list[Effect] = []
            changed = registered(desk.view, desk.state, self.settings, item, found)
            effects.apply(self, work, desk, found, wall)
            if changed and isinstance(item, items.Drill):
                self._clock_changed(work, desk, item)
            if isinstance(item, items.Consent):
                self._consent_changed(work, desk, item, wall)
            if isinstance(item, items.Consent | items.Child) and desk.state.zone.clock_drill is None:
                recount.add(item.zone)
            work.touched.add(item.zone)
        for zone in recount:
            self.desk(zone).count_children(self.desk(zone).tally(wall))
        return new

    def delete(self, work: "Work", kind: str, id_: str, wall: float) -> bool:
        """Take an item out of the registry. A child's deletion erases it (``requests.erase``)."""
        body = self.registry.get(kind, id_)
        if body is None:
            return False
        desk = self.desk(body["zone"])
        self.bring_to_time(work, desk, wall)
        about = subjects.of_item(items.read_item(body))
        self.registry.delete(kind, id_)
        work.batch.unregister(desk.zone, kind, id_)
        desk.log(work.batch, wall, "unregistered", f"{kind}/{id_}", b"{}", about)
        found: list[Effect] = []
        if unregistered(desk.view, desk.state, self.settings, kind, id_, found):
            self.outbox.drop_exercise(work.batch, desk.zone, id_)
            self.deliveries.drop_exercise(work.batch, desk.zone, id_, wall)
        if kind in ("guardian", "desk"):
            self.outbox.drop_recipient(work.batch, desk.zone, f"{kind}/{id_}")
        effects.apply(self, work, desk, found, wall)
        work.touched.add(desk.zone)
        return True

    def watch_clocks(self, work: "Work", wall: float) -> None:
        """An exercise clock that fell silent gives the zone back to the wall clock."""
        for desk in self.desks.values():
            zone = desk.state.zone
            drill = zone.clock_drill
            if drill is None or not zone.tick_wall or wall - zone.tick_wall < self.settings.clock_silent_s:
                continue
            found: list[Effect] = []
            desk.log(work.batch, wall, "watchdog", drill, b"{}")
            registering.close_clock(desk.view, desk.state, self.settings, found)
            effects.apply(self, work, desk, found, wall)
            self.outbox.drop_exercise(work.batch, desk.zone, drill)
            self.deliveries.drop_exercise(work.batch, desk.zone, drill, wall)
            desk.ledger.count("clock_lost")

    def _clock_changed(self, work: "Work", desk: ZoneDesk, drill: items.Drill) -> None:
        if desk.state.zone.clock_drill is None:
            self.outbox.drop_exercise(work.batch, desk.zone, drill.id)
        else:
            desk.ledger.epoch = int(parse_time(drill.opens_at))

    def _consent_changed(self, work: "Work", desk: ZoneDesk, consent: items.Consent, wall: float) -> None:
        fact = {"fact": "consent", "child": consent.child, "by": f"guardian/{consent.guardian}", "to": [],
                "what": consent.status, "purpose": "consent", "basis": "consent", "at": consent.at}  # fmt: skip
        desk.fact(work.batch, wall, fact, subjects.of_child(consent.child))
        if consent.status == "withdrawn":
            work.batch.unpos.append((desk.zone, consent.child))


def state_rows(
    view: ZoneView, state: ZoneState, *, changed: bool
) -> Iterator[tuple[str, str, bytes, tuple[str, ...]]]:
    """Kind, id, body and subjects of everything but the zone itself, or of what ``changed`` since the last commit."""
    for id_ in state.dirty_children if changed else state.children:
        yield "child", id_, _encode(state.children[id_]), subjects.of_child(id_)
    for id_ in state.dirty_devices if changed else state.devices:
        yield "device", id_, _encode(state.devices[id_]), subjects.of_thing(view, id_)
    for id_ in state.dirty_incidents if changed else state.incidents:
        incident = state.incidents.get(id_)
        if incident is not None:
            yield "incident", id_, _encode(incident), subjects.of_child(incident.child)
    for id_ in state.dirty_units if changed else state.units:
        yield "unit", id_, _encode(state.units[id_]), ()


def load_row(state: ZoneState, kind: str, body: bytes) -> None:
    """One stored row back into the state."""
    match kind:
        case "child":
            state.load_child(msgspec.msgpack.decode(body, type=Child))
        case "device":
            device = msgspec.msgpack.decode(body, type=Device)
            state.devices[device.id] = device
        case "incident":
            state.load_incident(msgspec.msgpack.decode(body, type=Incident))
        case "unit":
            unit = msgspec.msgpack.decode(body, type=Unit)
            state.units[unit.id] = unit

"""The engine's memory: each zone's view, state and ledger, and the outbox. Loaded from the store at start."""

import heapq
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec
from safezone_model import timing

from safezone_hub import fold, items
from safezone_hub.clock import parse_time
from safezone_hub.notices import Ledger, Outgoing, Writer
from safezone_hub.registry import Registry, ZoneView
from safezone_hub.settings import RuleSettings
from safezone_hub.state import Child, Device, Zone, ZoneState
from safezone_hub.store import REJECTIONS_KEPT, Batch, Store

if TYPE_CHECKING:
    from safezone_hub.pipeline import Work

_REPEAT = timing()["notice_repeat_s"]
_encode = msgspec.msgpack.Encoder().encode


class ZoneDesk:
    """One zone as the engine works on it."""

    def __init__(self, registry: Registry, zone: str, state: ZoneState, ledger: Ledger, log_end: int) -> None:
        self._registry, self.zone = registry, zone
        self.state, self.ledger = state, ledger
        self._log_end = log_end
        self.rejections = 0  # the place of the newest sample in the ring
        self.say_again = False  # restarted, and nobody of the zone was heard since

    @property
    def view(self) -> ZoneView:
        return self._registry.zone(self.zone)

    def log(self, batch: Batch, wall: float, kind: str, topic: str, body: bytes) -> None:
        """Append one input to the zone's event log, at the zone's present time."""
        self._log_end += 1
        batch.log.append((self.zone, self._log_end, self.state.zone.now, wall, kind, topic, body))

    def reject(self, batch: Batch, at: float, topic: str, reason: str, detail: str, sample: bytes) -> None:
        """Keep a sample of a refused message; the oldest gives way."""
        n = self.rejections = (self.rejections + 1) % REJECTIONS_KEPT
        # An unpaired surrogate would not go into SQLite.
        shown = (text.encode("utf-8", "replace").decode()[:300] for text in (topic, reason, detail))
        batch.rejections.append((self.zone, n, at, *shown, sample))

    def save(self, batch: Batch) -> None:
        """The rows of everything that changed."""
        state = self.state
        rows = batch.state
        rows.append((self.zone, "zone", self.zone, _encode(state.zone)))
        rows.append((self.zone, "ledger", self.zone, _encode(self.ledger)))
        rows += [(self.zone, "child", id_, _encode(state.children[id_])) for id_ in state.dirty_children]
        rows += [(self.zone, "device", id_, _encode(state.devices[id_])) for id_ in state.dirty_devices]
        state.dirty_children.clear()
        state.dirty_devices.clear()


class Outbox:
    """Messages down that are not settled yet, and when each is due again (in its zone's time)."""

    def __init__(self) -> None:
        self.open: dict[tuple[str, str], Outgoing] = {}
        self._due: dict[str, list[tuple[float, str]]] = {}

    def add(self, batch: Batch, message: Outgoing, now: float) -> None:
        """A new message, to be sent after the commit at the zone's time ``now``."""
        batch.outbox.append(
            (
                message.zone,
                message.id,
                message.settled_by,
                message.topic,
                message.payload,
                message.made_at,
                message.exercise,
            )
        )
        self.open[message.zone, message.id] = message
        self.schedule(message, now)

    def schedule(self, message: Outgoing, now: float) -> None:
        """Repeat after 5 s, doubling to 60 s, of the zone's time."""
        message.wait_s = min(_REPEAT["max"], message.wait_s * _REPEAT["factor"] or _REPEAT["first"])
        message.next_at = now + message.wait_s
        heapq.heappush(self._due.setdefault(message.zone, []), (message.next_at, message.id))

    def settle(self, batch: Batch, zone: str, id_: str, by: str) -> bool:
        """End the repeats. False when there is no such message, or it is somebody else's."""
        message = self.open.get((zone, id_))
        if message is None or message.settled_by != by:
            return False
        del self.open[zone, id_]
        batch.settled.append((zone, id_))
        return True

    def drop_exercise(self, batch: Batch, zone: str, exercise: str) -> None:
        """The drill is over: nobody waits for its acknowledgements."""
        for key, message in list(self.open.items()):
            if message.zone == zone and message.exercise == exercise:
                del self.open[key]
                batch.settled.append(key)

    def of_zone(self, zone: str) -> list[Outgoing]:
        return [message for (z, _), message in self.open.items() if z == zone]

    def take_due(self, zone: str, now: float) -> list[Outgoing]:
        """What is to be repeated by now, scheduled again."""
        due = self._due.get(zone, [])
        found = []
        while due and due[0][0] <= now:
            at, id_ = heapq.heappop(due)
            message = self.open.get((zone, id_))
            if message is not None and message.next_at == at:
                found.append(message)
        for message in found:
            self.schedule(message, now)
        return found

    def next_due(self, zone: str) -> float | None:
        due = self._due.get(zone)
        return due[0][0] if due else None


class Zones:
    """All zones of this hub."""

    def __init__(self, store: Store, settings: RuleSettings, hub_id: str) -> None:
        self.store, self.settings, self._hub_id = store, settings, hub_id
        self.load(restarted=True)

    def load(self, *, restarted: bool) -> None:
        """Memory as the store has it: at start, and after a commit that failed."""
        self.registry = Registry()
        self.writer = Writer(self._hub_id, self.registry)
        self.outbox = Outbox()
        self.desks: dict[str, ZoneDesk] = {}
        for _, _, _, body in self.store.registry():
            parsed = msgspec.json.decode(body)
            self.registry.put(parsed, items.read_item(parsed))
        ends, samples = self.store.log_ends(), self.store.rejection_ends()
        for zone, kind, _, body in self.store.states():
            if kind == "zone":
                state = ZoneState(msgspec.msgpack.decode(body, type=Zone))
                desk = ZoneDesk(self.registry, zone, state, Ledger(zone), ends.get(zone, 0))
                desk.say_again = restarted
                desk.rejections = samples.get(zone, 0)
                self.desks[zone] = desk
        for zone, kind, id_, body in self.store.states():
            desk = self.desks[zone]
            if kind == "child":
                desk.state.load_child(msgspec.msgpack.decode(body, type=Child))
            elif kind == "device":
                desk.state.devices[id_] = msgspec.msgpack.decode(body, type=Device)
            elif kind == "ledger":
                desk.ledger = msgspec.msgpack.decode(body, type=Ledger)
        for zone, id_, settled_by, topic, payload, made_at, exercise in self.store.outbox():
            message = Outgoing(zone, id_, settled_by, topic, payload, made_at, exercise)
            self.outbox.open[zone, id_] = message
            self.outbox.schedule(message, self.desk(zone).state.zone.now)

    def desk(self, zone: str) -> ZoneDesk:
        desk = self.desks.get(zone)
        if desk is None:
            desk = self.desks[zone] = ZoneDesk(self.registry, zone, ZoneState(Zone(zone)), Ledger(zone), 0)
        return desk

    def bring_to_time(self, work: "Work", desk: ZoneDesk, wall: float) -> None:
        """Move a zone without an exercise clock to the hub's time; timers due on the way fire."""
        from safezone_hub.pipeline import apply_effects

        state = desk.state
        to = state.zone.now if state.zone.clock_drill is not None else wall
        if not desk.ledger.epoch:
            desk.ledger.epoch = int(to)
        effects = fold.advance(desk.view, state, self.settings, to)
        apply_effects(self, work, desk, effects)

    def next_due(self) -> float | None:
        """When, by the hub's clock, something is due in a zone without an exercise clock."""
        times = [
            due
            for desk in self.desks.values()
            if desk.state.zone.clock_drill is None
            for due in (desk.state.next_due(), self.outbox.next_due(desk.zone))
            if due is not None
        ]
        return min(times, default=None)

    def zone_time(self, desk: ZoneDesk, wall: float) -> float:
        return desk.state.zone.now if desk.state.zone.clock_drill is not None else wall

    # ------------------------------------------------------------------- registry

    def conflicts(self, parsed: Iterable[items.Item]) -> list[dict[str, Any]]:
        """What would be wrong only together with what is already here."""
        errors = []
        for line, item in enumerate(parsed, 1):
            if isinstance(item, items.Drill) and item.clock is not None:
                running = self.desk(item.zone).state.zone.clock_drill
                if running is not None and running != item.id:
                    errors.append(
                        {
                            "line": line,
                            "kind": "drill",
                            "id": item.id,
                            "field": "clock",
                            "value": item.clock.id,
                            "remedy": f"drill {running} has the zone's clock; close it first (closes_at)",
                        }
                    )
        return errors

    def put(self, work: "Work", bodies: list[dict[str, Any]], parsed: list[items.Item], wall: float) -> int:
        """Register items; the number of new ones."""
        new = 0
        for body, item in zip(bodies, parsed, strict=True):
            desk = self.desk(item.zone)
            self.bring_to_time(work, desk, wall)
            new += self.registry.put(body, item)
            work.batch.registry.append((item.zone, item.kind, item.id, msgspec.json.encode(body)))
            desk.log(
                work.batch,
                wall,
                "registry",
                f"{item.kind}/{item.id}",
                msgspec.json.encode(items.without_secrets(body)),
            )
            if registered(desk.view, desk.state, self.settings, item) and isinstance(item, items.Drill):
                self._clock_changed(work, desk, item)
            work.touched.add(item.zone)
        return new

    def delete(self, work: "Work", kind: str, id_: str, wall: float) -> bool:
        body = self.registry.get(kind, id_)
        if body is None:
            return False
        desk = self.desk(body["zone"])
        self.bring_to_time(work, desk, wall)
        self.registry.delete(kind, id_)
        work.batch.unregistered.append((desk.zone, kind, id_))
        desk.log(work.batch, wall, "unregistered", f"{kind}/{id_}", b"{}")
        if unregistered(desk.state, kind, id_):
            self.outbox.drop_exercise(work.batch, desk.zone, id_)
        work.touched.add(desk.zone)
        return True

    def _clock_changed(self, work: "Work", desk: ZoneDesk, drill: items.Drill) -> None:
        if desk.state.zone.clock_drill is None:
            self.outbox.drop_exercise(work.batch, desk.zone, drill.id)
        else:
            desk.ledger.epoch = int(parse_time(drill.opens_at))


def registered(view: ZoneView, state: ZoneState, settings: RuleSettings, item: items.Item) -> bool:
    """What a registered item changes in the zone's state. True when the zone's clock opened or closed."""
    match item:
        case items.Drill():
            return _drill(state, item)
        case items.Zone():
            fold.child_changed(view, state, settings, None)
        case items.Child():
            fold.child_changed(view, state, settings, item.id)
    return False


def unregistered(state: ZoneState, kind: str, id_: str) -> bool:
    """What an item's deletion changes. True when the zone's clock closed."""
    if kind == "drill" and state.zone.clock_drill == id_:
        _close_clock(state)
        return True
    return False


def _drill(state: ZoneState, drill: items.Drill) -> bool:
    """Open or close the zone's exercise clock. An open drill's end is judged by its own clock."""
    zone = state.zone
    opens, closes = parse_time(drill.opens_at), parse_time(drill.closes_at)
    if zone.clock_drill == drill.id:
        if closes <= zone.now:
            _close_clock(state)
            return True
        return False
    if drill.clock is None or zone.clock_drill is not None or closes <= opens:
        return False
    zone.clock_drill, zone.tick, zone.now, zone.day = drill.id, -1, opens, ""
    zone.timers, state.heap = {}, []
    return True


def _close_clock(state: ZoneState) -> None:
    zone = state.zone
    zone.clock_drill, zone.tick, zone.now, zone.day = None, -1, 0.0, ""
    zone.timers, state.heap = {}, []

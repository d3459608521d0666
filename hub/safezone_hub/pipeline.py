"""The way of one message through the hub, as a list. Each stage may end it with a Rejected or a Repeated.

bytes -> checked -> new -> on time -> recorded -> acted on -> receipt (after the commit, ``engine``)
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
from safezone_model import MESSAGES

from safezone_hub import codec, effects, fold, subjects
from safezone_hub.clock import parse_time
from safezone_hub.codec import Address, Checked, Rejected
from safezone_hub.context import Context
from safezone_hub.deliveries import Delivery
from safezone_hub.incidents import actions
from safezone_hub.incidents.actions import Action, ActionError
from safezone_hub.messages import (
    DECODERS,
    EVENT_TIME_FIELD,
    Ack,
    ClockTick,
    Data,
    Envelope,
    IncidentAction,
    TagSighted,
)
from safezone_hub.notices import Outgoing
from safezone_hub.observation import Count, Effect, Observation, Settle
from safezone_hub.recent import Accepted
from safezone_hub.registry import ZoneView
from safezone_hub.rules.calls import tell_the_least
from safezone_hub.settings import RuleSettings
from safezone_hub.state import ZoneState
from safezone_hub.store import Batch
from safezone_hub.store.database import Seen, SeenKey
from safezone_hub.zones import ZoneDesk, Zones

log = logging.getLogger("safezone.hub")

REJECTIONS_SAMPLED_A_BATCH = 20
SAMPLE_BYTES = 512


class Repeated(Exception):
    """The same message again: the same receipt again, and nothing else."""


@dataclass(slots=True)
class Work:
    """One batch in the making: what to write, and what to send once it is written."""

    batch: Batch = field(default_factory=Batch)
    known: dict[SeenKey, Seen] = field(default_factory=dict)  # seen in earlier batches
    seen: dict[tuple[str, str], tuple[int, int, bytes]] = field(default_factory=dict)  # (source, id)
    seqs: dict[tuple[str, int, int], str] = field(default_factory=dict)  # (source, epoch, seq) -> id
    accepted: list[tuple[bytes, Accepted]] = field(default_factory=list)  # by digest
    receipts: list[tuple[Address, dict[str, str], bool]] = field(
        default_factory=list
    )  # to, receipt, emergency
    ticked: dict[str, Address] = field(default_factory=dict)  # zone -> its clock
    outgoing: list[Outgoing] = field(default_factory=list)  # new messages of the outbox
    again: list[Outgoing] = field(default_factory=list)  # repeats due by an exercise clock
    jobs: list[Delivery] = field(default_factory=list)  # for the courier
    handed: set[tuple[str, str, str]] = field(
        default_factory=set
    )  # (zone, incident, agency) to be given anew
    touched: set[str] = field(default_factory=set)  # zones
    heard_from: set[str] = field(default_factory=set)  # zones with a sign of life
    sampled: int = 0


@dataclass(slots=True)
class Message:
    """One message on its way."""

    topic: str
    payload: bytes
    wall: float
    checked: Checked | None = None
    desk: ZoneDesk | None = None
    obs: Observation | None = None
    child: str | None = None
    rejected: Rejected | None = None
    repeated: Accepted | None = None  # known by its bytes; nothing else was looked at
    dropped: bool = False  # nobody consented to this being collected
    effects: list[Effect] = field(default_factory=list)


def begin(zones: Zones, work: Work, topic: str, payload: bytes, wall: float) -> Message:
    """The first stage of one message: everything that needs only the bytes and the keys."""
    message = Message(topic, payload, wall)
    message.repeated = zones.recent.find(topic, payload)
    if message.repeated is not None:
        return message
    try:
        check(zones, work, message)
    except Rejected as rejected:
        message.rejected = rejected
    return message


def look_up(zones: Zones, work: Work, messages: list[Message]) -> None:
    """Ask the store once, for a whole batch, which of these messages it has seen before."""
    keys = [_seen_key(m.checked) for m in messages if m.checked is not None]
    if keys:
        work.known = zones.store.find_seen_many(keys)


def _seen_key(checked: Checked) -> tuple[str, str, str, int, int]:
    address, envelope = checked.address, checked.envelope
    return address.zone, f"{address.role}/{address.id}", envelope.id, envelope.epoch, envelope.seq


def quarantine(
    zones: Zones, work: Work, topic: str, payload: bytes, wall: float, *, tell: bool = True
) -> None:
    """Set a message aside that the hub itself fails on: kept as a sample, counted, not receipted, told if urgent."""
    message = Message(topic, payload, wall)
    _note_rejection(zones, work, message, Rejected("hub_fault", "set aside; the hub's log has more"))
    try:
        checked = codec.check(topic, payload, zones.registry)
    except Exception:
        return
    desk = zones.desk(checked.address.zone)
    desk.ledger.count("quarantined")
    if (
        not tell
        or MESSAGES[checked.envelope.type].cls != "emergency"
        or isinstance(checked.data, IncidentAction)
    ):
        return
    try:
        obs = interpret(
            desk.view, desk.state, zones.settings, checked.address, checked.envelope, checked.data, wall
        )
        ctx = Context(desk.view, desk.state, zones.settings, obs.received_at)
        ctx.child_id, ctx.delay_s = child_of(desk.view, obs), obs.received_at - obs.at
        tell_the_least(ctx, obs)
        effects.apply(zones, work, desk, ctx.effects, wall)
    except Exception:
        log.exception("nothing could be told of a call")
        desk.ledger.count("call_lost")


def check(zones: Zones, work: Work, message: Message) -> None:
    """Everything that needs only the bytes and the keys."""
    message.checked = codec.check(message.topic, message.payload, zones.registry)
    message.desk = zones.desk(message.checked.address.zone)


def refuse_reuse(zones: Zones, work: Work, message: Message) -> None:
    """A repeat is not news; an id or sequence number used again for something else is refused."""
    assert message.checked is not None
    envelope, digest = message.checked.envelope, message.checked.digest
    source = envelope.source
    before = work.known.get(_seen_key(message.checked))
    if before is None:
        same_id = work.seen.get((source, envelope.id))
        same_seq = work.seqs.get((source, envelope.epoch, envelope.seq))
        if same_id is not None:
            before = (envelope.id, *same_id)
        elif same_seq is not None:
            before = (same_seq, envelope.epoch, envelope.seq, b"")
    if before is None:
        return
    id_, epoch, seq, old = before
    if id_ == envelope.id and old == digest:
        raise Repeated
    reused_seq = (epoch, seq) == (envelope.epoch, envelope.seq)
    reason = "sequence_reused" if reused_seq else "id_reused"
    raise Rejected(reason, f"{source} {id_} {epoch}/{seq}", proved=envelope)


def bring_to_time(zones: Zones, work: Work, message: Message) -> None:
    """Outside an exercise clock the zone's time is the hub's: fire what is due before."""
    assert message.desk is not None
    zones.bring_to_time(work, message.desk, message.wall)


def understand(zones: Zones, work: Work, message: Message) -> None:
    """Whom it is about and whether it may be kept; an action of a desk is performed, or refused."""
    assert message.checked is not None and message.desk is not None
    checked, desk = message.checked, message.desk
    address, data = checked.address, checked.data
    if isinstance(data, IncidentAction):
        try:
            effects = perform(desk.view, desk.state, zones.settings, address, data, message.wall)
        except ActionError as error:
            raise Rejected(
                "action_refused", f"{error.code}: {error.detail}", proved=checked.envelope
            ) from None
        message.effects = effects
        incident = desk.state.incidents.get(data.incident)
        message.child = incident.child if incident is not None else None
    elif not isinstance(data, ClockTick | Ack):
        message.obs = interpret(
            desk.view, desk.state, zones.settings, address, checked.envelope, data, message.wall
        )
        message.child = child_of(desk.view, message.obs)
        if message.child is not None and checked.envelope.type in LOCATING:
            consented = desk.view.consented(message.child, zones.settings.consent_required)
            message.dropped = not consented.collect


def record(zones: Zones, work: Work, message: Message) -> None:
    """Into the event log, and into the memory of what was seen."""
    assert message.checked is not None and message.desk is not None
    checked, desk = message.checked, message.desk
    address, envelope = checked.address, checked.envelope
    about = subjects.of_child(message.child)
    if not about:
        thing = getattr(checked.data, "tag", None) or address.id
        about = subjects.of_sender(zones.registry, desk.view, address.role, thing)
    if message.dropped:
        desk.log(work.batch, message.wall, "dropped", "", b"", about)
        desk.ledger.count("no_consent")
    else:
        desk.log(work.batch, message.wall, "message", message.topic, message.payload, about)
    work.seen[envelope.source, envelope.id] = (envelope.epoch, envelope.seq, checked.digest)
    work.seqs[envelope.source, envelope.epoch, envelope.seq] = envelope.id
    principal = f"{address.role}/{address.id}"
    work.batch.seen.append(
        (address.zone, principal, envelope.id, envelope.epoch, envelope.seq, checked.digest)
    )
    desk.ledger.count("accepted")
    if not isinstance(checked.data, ClockTick):  # a tick's repeat is acknowledged with the time
        emergency = MESSAGES[envelope.type].cls == "emergency"
        work.accepted.append((checked.digest, Accepted(address, envelope.id, emergency)))


def act(zones: Zones, work: Work, message: Message) -> None:
    """Let it take effect: time moves on, a notice is settled, or the rules judge an observation."""
    assert message.checked is not None and message.desk is not None
    checked, desk = message.checked, message.desk
    if message.dropped:
        work.touched.add(desk.zone)
        return
    found = message.effects
    if not isinstance(checked.data, IncidentAction):
        found = take_effect(
            desk.view, desk.state, zones.settings, checked.address, checked.envelope, checked.data, message.wall,
            message.obs,
        )  # fmt: skip
    if isinstance(checked.data, ClockTick):
        work.ticked[desk.view.id] = checked.address
    effects.apply(zones, work, desk, found, message.wall)
    if isinstance(checked.data, ClockTick):
        now = desk.state.zone.now
        work.again += zones.outbox.take_due(desk.zone, False, now)
        work.jobs += zones.deliveries.take_due(work.batch, desk.zone, False, now)


STAGES: tuple[Callable[[Zones, Work, Message], None], ...] = (
    refuse_reuse, bring_to_time, understand, record, act,
)  # fmt: skip

LOCATING = ("tag.sighted", "phone.located")  # what tells where a child is, outside an emergency


def run(zones: Zones, work: Work, message: Message) -> None:
    """One message through the other stages, and its receipt noted for after the commit."""
    topic, payload = message.topic, message.payload
    if message.repeated is not None:
        _receipt_again(zones, work, message.repeated)
        return
    try:
        if message.rejected is not None:
            raise message.rejected
        for stage in STAGES:
            stage(zones, work, message)
        status, reason = "accepted", None
    except Repeated:
        assert message.desk is not None and message.checked is not None
        status, reason = "duplicate", None
        message.desk.ledger.count("duplicate")
        work.touched.add(message.desk.view.id)
        if isinstance(message.checked.data, ClockTick):
            work.ticked[message.desk.view.id] = message.checked.address
    except Rejected as rejected:
        status, reason = "rejected", rejected.reason
        _note_rejection(zones, work, message, rejected)
        if rejected.proved is None:
            return
    address = codec.parse_topic(topic)
    envelope = message.checked.envelope if message.checked is not None else rejected_envelope(payload)
    work.heard_from.add(address.zone)
    receipt = {"source": envelope.source, "id": envelope.id, "status": status}
    if reason is not None:
        receipt["reason"] = reason
    kind = MESSAGES.get(envelope.type)
    work.receipts.append((address, receipt, kind is not None and kind.cls == "emergency"))


def _receipt_again(zones: Zones, work: Work, repeated: Accepted) -> None:
    """What ``run`` does with a Repeated."""
    address = repeated.address
    zones.desk(address.zone).ledger.count("duplicate")
    work.touched.add(address.zone)
    work.heard_from.add(address.zone)
    receipt = {"source": address.source, "id": repeated.id, "status": "duplicate"}
    work.receipts.append((address, receipt, repeated.emergency))


def rejected_envelope(payload: bytes) -> Envelope:
    return msgspec.json.decode(payload, type=Envelope)


# ------------------------------------------------------------------- the effect of one message, pure


def take_effect(
    view: ZoneView,
    state: ZoneState,
    settings: RuleSettings,
    address: Address,
    envelope: Envelope,
    data: Data,
    wall: float | None = None,
    obs: Observation | None = None,
) -> list[Effect]:
    """What one message changes in a zone. Live and in replay the same. Raises ActionError for an action."""
    if isinstance(data, ClockTick):
        return tick(view, state, settings, address, data, wall)
    if isinstance(data, Ack):
        return [Settle(data.notice, f"{address.role}/{address.id}")]
    wall = state.zone.now if wall is None else wall
    if isinstance(data, IncidentAction):
        return perform(view, state, settings, address, data, wall)
    obs = obs or interpret(view, state, settings, address, envelope, data, wall)
    child = child_of(view, obs)
    found = fold.observe(view, state, settings, obs, child)
    if child is None and obs.type in ("tag.sighted", "tag.called", "phone.located", "phone.called"):
        found.append(Count("unbound"))
    return found


def perform(
    view: ZoneView,
    state: ZoneState,
    settings: RuleSettings,
    address: Address,
    data: IncidentAction,
    wall: float,
) -> list[Effect]:
    """An action that a desk sent over MQTT."""
    given = {
        name: value
        for name in ("incident", "note", "unit", "mark", "guardian", "to", "medical")
        if (value := getattr(data, name)) is not msgspec.UNSET
    }
    action = Action(f"incident.{data.action}", f"{address.role}/{address.id}", given)
    _, found = actions.perform(view, state, settings, action, wall)
    return found


def tick(
    view: ZoneView, state: ZoneState, settings: RuleSettings, address: Address, data: ClockTick,
    wall: float | None = None,
) -> list[Effect]:  # fmt: skip
    """The exercise clock moves on. Not above the last tick, or not the open drill's clock: nothing."""
    drill = view.drills.get(state.zone.clock_drill or "")
    if drill is None or drill.clock is None or drill.clock.id != address.id or data.tick <= state.zone.tick:
        return []
    now = parse_time(data.now)
    if state.zone.tick < 0:
        fold.start_clock(view, state, settings, now)
    state.zone.tick = data.tick
    state.zone.tick_wall = wall or 0.0
    return fold.advance(view, state, settings, now)


def interpret(
    view: ZoneView, state: ZoneState, settings: RuleSettings, address: Address, envelope: Envelope, data: Data,
    wall: float,
) -> Observation:  # fmt: skip
    """The observation in the zone's time, with the drill it belongs to.

    A real call is judged by the wall clock even while a drill has the zone's: it must break through as real.
    """
    now = state.zone.now
    device = state.devices.get(address.id)
    offset = device.offset_s() if device is not None else 0.0
    if isinstance(data, TagSighted):
        said = data.last_at if data.phase == "end" else data.first_at
    else:
        said = getattr(data, EVENT_TIME_FIELD.get(envelope.type, ""), envelope.time)
    happened = parse_time(said) - offset
    flags: tuple[str, ...] = ()
    exercise = envelope.exercise if isinstance(envelope.exercise, str) else None
    if exercise is not None and not drill_open(view, state, exercise):
        exercise = None
        flags += ("drill_unknown",)
    if exercise is None and state.zone.clock_drill is not None and MESSAGES[envelope.type].cls == "emergency":
        now = wall
    if happened > now + settings.future_tolerance_s:
        flags += ("clock_suspect",)
    return Observation(
        view.id,
        address.id,
        envelope.source,
        envelope.id,
        envelope.type,
        data,
        min(happened, now),
        now,
        offset,
        exercise,
        flags,
    )


def drill_open(view: ZoneView, state: ZoneState, drill_id: str) -> bool:
    """Whether messages of this drill are a drill's, by the zone's time."""
    drill = view.drills.get(drill_id)
    if drill is None:
        return False
    if drill.clock is not None:
        return state.zone.clock_drill == drill_id
    return parse_time(drill.opens_at) <= state.zone.now < parse_time(drill.closes_at)


def child_of(view: ZoneView, obs: Observation) -> str | None:
    """The child an observation is about, by the binding at that time."""
    thing = getattr(obs.data, "tag", None) or obs.device
    child = view.child_of(thing, obs.at)
    return child.id if child is not None else None


def decode(payload: bytes) -> tuple[Envelope, Data]:
    """A message of the log, proved when it was taken in."""
    envelope = msgspec.json.decode(payload, type=Envelope)
    return envelope, DECODERS[envelope.type].decode(envelope.data)


def _note_rejection(zones: Zones, work: Work, message: Message, rejected: Rejected) -> None:
    """Count it, and keep a sample of it."""
    try:
        zone = codec.parse_topic(message.topic).zone
    except Rejected:
        zone = ""
    if zone not in zones.registry.zones:
        zone = ""
    desk = zones.desk(zone)
    desk.ledger.count(f"rejected.{rejected.reason}")
    work.touched.add(zone)
    if work.sampled < REJECTIONS_SAMPLED_A_BATCH:
        work.sampled += 1
        desk.reject(
            work.batch,
            message.wall,
            message.topic,
            rejected.reason,
            rejected.detail,
            message.payload[:SAMPLE_BYTES],
            _whose(zones, desk, message.topic),
        )


def _whose(zones: Zones, desk: ZoneDesk, topic: str) -> tuple[str, ...]:
    """Whose key seals the sample of a refused message: that of the phone or guardian it claims to come from."""
    try:
        address = codec.parse_topic(topic)
    except Rejected:
        return ()
    return subjects.of_sender(zones.registry, desk.view, address.role, address.id)

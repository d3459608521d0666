"""The way of one message through the hub, as a list. Each stage may end it with a Rejected or a Repeated.

bytes -> checked -> new -> on time -> recorded -> acted on -> receipt (after the commit, ``engine``)
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
from safezone_model import MESSAGES

from safezone_hub import codec, fold
from safezone_hub.clock import parse_time
from safezone_hub.codec import Address, Checked, Rejected
from safezone_hub.messages import DECODERS, EVENT_TIME_FIELD, Ack, ClockTick, Data, Envelope, TagSighted
from safezone_hub.notices import Outgoing
from safezone_hub.observation import (
    Count,
    Effect,
    Observation,
    OpenIncident,
    SavePosition,
    Settle,
    Tell,
    TurnCamera,
)
from safezone_hub.registry import ZoneView
from safezone_hub.settings import RuleSettings
from safezone_hub.state import ZoneState
from safezone_hub.store import Batch
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
    seen: dict[tuple[str, str], tuple[int, int, bytes]] = field(default_factory=dict)  # (source, id)
    seqs: dict[tuple[str, int, int], str] = field(default_factory=dict)  # (source, epoch, seq) -> id
    receipts: list[tuple[Address, dict[str, str], bool]] = field(
        default_factory=list
    )  # to, receipt, emergency
    ticked: dict[str, Address] = field(default_factory=dict)  # zone -> its clock
    outgoing: list[Outgoing] = field(default_factory=list)  # new messages of the outbox
    again: list[Outgoing] = field(default_factory=list)  # repeats due by an exercise clock
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


def check(zones: Zones, work: Work, message: Message) -> None:
    """Everything that needs only the bytes and the keys."""
    message.checked = codec.check(message.topic, message.payload, zones.registry)
    message.desk = zones.desk(message.checked.address.zone)


def refuse_reuse(zones: Zones, work: Work, message: Message) -> None:
    """A repeat is not news; an id or sequence number used again for something else is refused."""
    assert message.checked is not None
    address, envelope, digest = message.checked.address, message.checked.envelope, message.checked.digest
    source = envelope.source
    before = zones.store.find_seen(
        address.zone, f"{address.role}/{address.id}", envelope.id, envelope.epoch, envelope.seq
    )
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


def record(zones: Zones, work: Work, message: Message) -> None:
    """Into the event log, and into the memory of what was seen."""
    assert message.checked is not None and message.desk is not None
    checked, desk = message.checked, message.desk
    address, envelope = checked.address, checked.envelope
    desk.log(work.batch, message.wall, "message", message.topic, message.payload)
    work.seen[envelope.source, envelope.id] = (envelope.epoch, envelope.seq, checked.digest)
    work.seqs[envelope.source, envelope.epoch, envelope.seq] = envelope.id
    principal = f"{address.role}/{address.id}"
    work.batch.seen.append(
        (address.zone, principal, envelope.id, envelope.epoch, envelope.seq, checked.digest)
    )
    desk.ledger.count("accepted")


def act(zones: Zones, work: Work, message: Message) -> None:
    """Let it take effect: time moves on, a notice is settled, or the rules judge an observation."""
    assert message.checked is not None and message.desk is not None
    checked, desk = message.checked, message.desk
    effects = take_effect(
        desk.view, desk.state, zones.settings, checked.address, checked.envelope, checked.data
    )
    if isinstance(checked.data, ClockTick):
        work.ticked[desk.view.id] = checked.address
    apply_effects(zones, work, desk, effects)
    if isinstance(checked.data, ClockTick):
        work.again += zones.outbox.take_due(desk.zone, desk.state.zone.now)


STAGES: tuple[Callable[[Zones, Work, Message], None], ...] = (check, refuse_reuse, bring_to_time, record, act)


def run(zones: Zones, work: Work, topic: str, payload: bytes, wall: float) -> None:
    """One message through all stages, and its receipt noted for after the commit."""
    message = Message(topic, payload, wall)
    try:
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
) -> list[Effect]:
    """What one message changes in a zone. Live and in replay the same."""
    if isinstance(data, ClockTick):
        return tick(view, state, settings, address, data)
    if isinstance(data, Ack):
        return [Settle(data.notice, f"{address.role}/{address.id}")]
    obs = interpret(view, state, settings, address, envelope, data)
    child = child_of(view, obs)
    effects = fold.observe(view, state, settings, obs, child)
    if child is None and obs.type in ("tag.sighted", "tag.called", "phone.located", "phone.called"):
        effects.append(Count("unbound"))
    return effects


def tick(
    view: ZoneView, state: ZoneState, settings: RuleSettings, address: Address, data: ClockTick
) -> list[Effect]:
    """The exercise clock moves on. Not above the last tick, or not the open drill's clock: nothing."""
    drill = view.drills.get(state.zone.clock_drill or "")
    if drill is None or drill.clock is None or drill.clock.id != address.id or data.tick <= state.zone.tick:
        return []
    now = parse_time(data.now)
    if state.zone.tick < 0:
        fold.start_clock(view, state, settings, now)
    state.zone.tick = data.tick
    return fold.advance(view, state, settings, now)


def interpret(
    view: ZoneView, state: ZoneState, settings: RuleSettings, address: Address, envelope: Envelope, data: Data
) -> Observation:
    """The observation in the zone's time, with the drill it belongs to."""
    now = state.zone.now
    device = state.devices.get(address.id)
    offset = device.offset_s() if device is not None else 0.0
    if isinstance(data, TagSighted):
        said = data.last_at if data.phase == "end" else data.first_at
    else:
        said = getattr(data, EVENT_TIME_FIELD.get(envelope.type, ""), envelope.time)
    happened = parse_time(said) - offset
    flags: tuple[str, ...] = ()
    if happened > now + settings.future_tolerance_s:
        flags += ("clock_suspect",)
    exercise = envelope.exercise if isinstance(envelope.exercise, str) else None
    if exercise is not None and not drill_open(view, state, exercise):
        exercise = None
        flags += ("drill_unknown",)
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


# ------------------------------------------------------------------- effects into the batch


def apply_effects(zones: Zones, work: Work, desk: ZoneDesk, effects: list[Effect]) -> None:
    """Note each effect for the commit, and what is to be sent after it."""
    view = desk.view
    work.touched.add(view.id)
    for effect in effects:
        match effect:
            case SavePosition():
                lat, lon = view.plane.lat_lon(effect.x, effect.y)
                work.batch.pos.append(
                    (
                        view.id,
                        effect.child,
                        effect.at,
                        effect.device,
                        round(lat, 7),
                        round(lon, 7),
                        effect.accuracy_m,
                        effect.basis,
                    )
                )
            case Tell():
                for message in zones.writer.notices(view, desk.ledger, effect):
                    zones.outbox.add(work.batch, message, desk.state.zone.now)
                    work.outgoing.append(message)
            case TurnCamera():
                for message in zones.writer.camera_turn(view, desk.ledger, effect):
                    zones.outbox.add(work.batch, message, desk.state.zone.now)
                    work.outgoing.append(message)
            case Settle():
                if not zones.outbox.settle(work.batch, view.id, effect.message, effect.by):
                    desk.ledger.count("ack_unmatched")
            case OpenIncident():
                for incident in desk.state.zone.incidents:
                    if incident.id == effect.id:
                        body = msgspec.json.encode(msgspec.structs.asdict(incident))
                        work.batch.incidents.append(
                            (view.id, incident.id, incident.opened_at, effect.exercise, body)
                        )
            case Count():
                desk.ledger.count(effect.name)


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
        )

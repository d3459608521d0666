"""Chapters 3 to 7, 8.8 and 12: what every device and every sender does, whatever its class."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from safezone_conformance.bench import Seen
from safezone_conformance.case import case
from safezone_conformance.cases._happening import (
    EMERGENCY,
    WITH_EMERGENCY,
    clock_ahead_s,
    emergency,
    emergency_act,
    event_at,
    next_repeat_by,
    repeated,
    routine,
    routine_act,
    status,
)
from safezone_conformance.equipment_ambient import times_in
from safezone_conformance.equipment_bench import HOUR_S, REPEATS_S, EquipmentBench, Sent, Up
from safezone_conformance.verdicts import NotApplicable
from safezone_conformance.wire import unix

EARLY, LATE = 0.75, 1.25  # of an interval of repetition: room for a small random share and for the network
SOMETHING = (
    "장치에 일상 메시지가 날 일을 하나 일으킨다",
    "something happens that the device tells in a routine message",
)
CALL = (
    "장치에 긴급 메시지가 날 일을 하나 일으킨다",
    "something happens that the device tells in an emergency message",
)


@case(
    "TC-DEV-ENV-01",
    ko="장치의 메시지는 토픽, 봉투, 바이트, mac이 모두 이 규격의 모양이다",
    en="Topic, envelope, bytes and mac of a device's messages are as the standard has them",
    verifies=[
        "ALL-TOPIC-001", "SND-TOPIC-002", "DEV-TOPIC-003", "ALL-TOPIC-004", "ALL-TOPIC-009", "ALL-TOPIC-010", "ALL-TOPIC-013",
        "ALL-ENV-001", "ALL-ENV-002", "ALL-ENV-003", "ALL-ENV-005", "ALL-ENV-006", "ALL-ENV-007", "ALL-MAC-001", "ALL-MAC-002",
        "SND-ENV-011",
    ],
    steps=[SOMETHING, ("다음 상태 보고까지 온 모든 메시지를 본다", "every message is looked at until the next device.status")],
)  # fmt: skip
def form(t: EquipmentBench) -> None:
    since, at, _, _ = routine_act(t)
    first = t.await_one(lambda s: isinstance(s, Up) and s.t >= since, at + t.at_once)
    t.given(first is not None, f"a message of the device; there came: {t.heard(since)}")
    t.await_up("device.status", t.line.stamp() + t.allowed(float(t.value("phases.heartbeat_s"))))
    t.hold(
        "ALL-TOPIC-001", "SND-TOPIC-002", "DEV-TOPIC-003", "ALL-TOPIC-004", "ALL-TOPIC-009", "ALL-TOPIC-010", "ALL-TOPIC-013",
        "ALL-ENV-001", "ALL-ENV-002", "ALL-ENV-003", "ALL-ENV-005", "ALL-ENV-006", "ALL-ENV-007", "ALL-MAC-001", "ALL-MAC-002",
    )  # fmt: skip
    others = [m.id for m in t.messages.values() if m.id[14:15] != "7"]
    t.check("SND-ENV-011", not others, "ids of UUID version 7", others or "all are")


@case(
    "TC-DEV-ENV-02",
    ko="모르는 멤버가 있고 JSON의 모양이 다른 수신증도 바이트의 mac이 맞으면 받는다",
    en="A receipt with unknown members in another form of JSON is taken if the mac of its bytes is right",
    verifies=["ALL-ENV-004", "ALL-MAC-011"],
    steps=[
        SOMETHING,
        ("수신증을 주지 않고 첫 반복을 기다린다", "no receipt is given until the first repeat has come"),
        ("멤버의 순서, 빈칸, 이스케이프가 다르고 모르는 멤버가 있는 수신증을 준다", "a receipt comes with other order, white space and escapes, and with unknown members"),
        ("다음 반복의 때가 지나도록 지켜본다", "watch until the next repeat would have come"),
    ],
)  # fmt: skip
def odd_receipt(t: EquipmentBench) -> None:
    up = _unreceipted(t)
    told = t.receipts([up.msg], "accepted", odd=True)
    quiet = _stops(t, up, told.t)
    t.check(
        "ALL-ENV-004",
        quiet,
        "no repeat after it: unknown members were ignored",
        "repeated" if not quiet else "none",
        sent=told.entry,
    )
    t.check("ALL-MAC-011", quiet, "no repeat after it: the mac was proved over the bytes as they came", "repeated" if not quiet else "none",
            sent=told.entry)  # fmt: skip


def _unreceipted(t: EquipmentBench) -> Up:
    """A routine message that has been repeated once for want of a receipt."""
    t.withhold()
    up = routine(t)
    t.keep_open(up.msg)
    t.given(repeated(t, up, up.t, next_repeat_by(t, up)), "the device repeats a message without a receipt")
    return up


def _stops(t: EquipmentBench, up: Up, after: float) -> bool:
    """Whether a message is repeated no more, a moment after the receipt."""
    until = next_repeat_by(t, up)
    grace = after + t.allowed(0.5)
    return not repeated(t, up, grace, max(until, grace + t.allowed(1.0)))


@case(
    "TC-DEV-SEQ-01",
    ko="새 메시지마다 seq가 오르고 id가 다르다",
    en="Every new message has a higher seq and an id of its own",
    verifies=["SND-SEQ-001", "SND-SEQ-004"],
    steps=[("일상 메시지가 날 일을 차례로 세 번 일으키고 모두 수신증을 준다", "three things happen one after another, each told in a routine message and receipted")],
)  # fmt: skip
def sequence(t: EquipmentBench) -> None:
    began = t.line.stamp()
    for _ in range(3):
        routine(t)
        t.wait(0.5)
    orders = [u.msg.order for u in t.ups(since=began)]
    rising = all(b > a for a, b in pairwise(orders))
    t.check("SND-SEQ-001", rising, "(epoch, seq) rises with every new message", orders)
    t.hold("SND-SEQ-004")


@case(
    "TC-DEV-SEQ-02",
    ko="저장을 잃은 장치는 epoch를 올린 뒤에 보낸다",
    en="A device that lost its store raises epoch before it sends",
    verifies=["SND-SEQ-002"],
    needs=("store-reset",),
    steps=[SOMETHING, ("장치의 저장을 지운다", "the device's store is erased"), SOMETHING],
    slow_s=10,
)
def new_store(t: EquipmentBench) -> None:
    before = routine(t).msg.order
    done = t.do("reset_store", takes_s=float(t.value("device.start_s")))
    up = t.await_one(
        lambda s: isinstance(s, Up) and s.first and s.t >= done.asked_t,
        done.done_t + t.allowed(float(t.value("device.start_s"))),
    )
    t.given(isinstance(up, Up) and up.message is not None, "a message after the reset")
    assert isinstance(up, Up)
    t.check("SND-SEQ-002", up.msg.order[0] > before[0], f"an epoch above {before[0]}", up.msg.order, seen=up)


@case(
    "TC-DEV-RETRY-01",
    ko="수신증이 없는 일상 메시지를 2초부터 두 배씩, 60초를 넘지 않게, 같은 바이트로 반복한다",
    en="A routine message without a receipt is repeated byte for byte from 2 s, doubling, never later than 60 s",
    verifies=["SND-RETRY-001", "SND-RETRY-002", "SND-RETRY-003", "SND-SEQ-003", "DEV-DRILL-009"],
    steps=[SOMETHING, ("그 메시지에만 수신증을 주지 않고 IXIT의 phases.repeats_s 동안 지켜본다", "that message alone gets no receipt; watch for phases.repeats_s of the IXIT")],
    slow_s=190,
)  # fmt: skip
def routine_repeats(t: EquipmentBench) -> None:
    t.withhold()
    up = routine(t)
    t.keep_open(up.msg)
    watched = float(t.value("phases.repeats_s"))
    t.await_all(up.t + watched)
    note = "" if watched >= REPEATS_S else f" (watched for {watched:g} s only, by the IXIT)"
    _hold_intervals(t, up.msg, 60.0, "SND-RETRY-003", up.t + watched, note)
    t.hold("SND-SEQ-003", "DEV-DRILL-009")


def _hold_intervals(
    t: EquipmentBench, message: Sent, cap: float, capped: str, until: float, note: str = ""
) -> None:
    """The repeats of a message up to a moment, by 5.2."""
    intervals = [round(b - a, 3) for a, b in zip(message.times, message.times[1:], strict=False)]
    t.check(
        "SND-RETRY-001",
        len(intervals) >= 2,
        "repeats",
        f"{len(intervals)} repeats in {until - message.t:.0f} s",
        sent=message.entry,
    )
    wrong = []
    for n, got in enumerate(intervals):
        nominal = min(2.0 * 2.0**n, cap)
        if not EARLY * nominal - t.settings.network_s <= got <= LATE * nominal + t.settings.network_s:
            wrong.append(f"{got} s where {nominal:g} s was due")
    t.check(
        "SND-RETRY-002",
        not wrong,
        f"intervals of 2 s, then twice the former, up to {cap:g} s{note}",
        wrong or intervals,
        sent=message.entry,
    )
    longest = max([*intervals, until - message.times[-1]])
    t.check(capped, longest <= t.allowed(cap), f"never more than {cap:g} s between repeats{note}", f"{longest:.2f} s", within=t.allowed(cap),
            sent=message.entry)  # fmt: skip


@case(
    "TC-DEV-RETRY-02",
    ko="함께 기다리는 메시지들의 반복은 조금씩 흩어진다",
    en="Repeats of messages that wait together are spread a little",
    verifies=["SND-RETRY-012"],
    steps=[
        (
            "일상 메시지 셋에 수신증을 주지 않고 두 번의 반복을 지켜본다",
            "three routine messages get no receipt; two repeats of each are watched",
        )
    ],
    slow_s=12,
)
def spread(t: EquipmentBench) -> None:
    t.withhold()
    ups = [routine(t) for _ in range(3)]
    t.keep_open(*(u.msg for u in ups))
    t.await_all(ups[-1].t + t.allowed(8.0))
    shares = [
        (b - a) / (2.0 * 2.0**n)
        for u in ups
        for n, (a, b) in enumerate(zip(u.msg.times[:3], u.msg.times[1:3], strict=False))
    ]
    t.given(len(shares) >= 4, f"repeats of three messages; intervals seen: {len(shares)}")
    t.check(
        "SND-RETRY-012",
        max(shares) - min(shares) >= 0.01,
        "intervals that differ by a small random share",
        [round(s, 3) for s in shares],
    )


def _emergency_repeats(t: EquipmentBench) -> None:
    t.withhold()
    up = emergency(t)
    t.keep_open(up.msg)
    t.await_all(up.t + t.allowed(17.0))
    _hold_intervals(t, up.msg, 5.0, "SND-RETRY-004", up.t + t.allowed(17.0))
    told = t.receipt(up.msg, "accepted")
    quiet = _stops(t, up, told.t)
    t.check(
        "SND-RCPT-009",
        quiet,
        "no repeat after the receipt",
        "repeated" if not quiet else "none",
        sent=told.entry,
    )


def _call_in_outage(t: EquipmentBench) -> None:
    ahead = clock_ahead_s(t, routine(t))
    t.cut_network()
    done = emergency_act(t)
    t.wait(3.0)
    power = t.do("power_cut", takes_s=3.0, off_s=3.0)
    t.wait(1.0)
    back = t.restore_network()
    start = max(back, power.done_t)
    limit = t.allowed(float(t.value("device.reconnect_s")) + float(t.value("device.start_s")))
    call = t.expect_up("DEV-RETRY-009", EMERGENCY[t.device.role], since=start, until=start + limit,
                       what="the call of before the power cut")  # fmt: skip
    at = event_at(call) - ahead
    early, late = t.unix(done.asked_t) - t.at_once, t.unix(done.t) + t.at_once
    t.check(
        "DEV-TIME-003",
        early <= at <= late,
        "the event's time is when it happened",
        f"{at - t.unix(done.t):+.2f} s from it",
        seen=call,
    )
    after = t.ups(since=start)
    t.check("DEV-RETRY-006", call in after, "it was kept while offline", "came")


def _call_overtakes(t: EquipmentBench) -> None:
    t.cut_network()
    for _ in range(2 if t.device.role == "reader" else 1):
        routine_act(t)
    done = emergency_act(t)
    t.wait(0.5)
    back = t.restore_network()
    t.withhold()
    call = t.given_up(
        EMERGENCY[t.device.role], since=back, until=back + t.allowed(float(t.value("device.reconnect_s")))
    )
    t.wait(1.0)
    t.give()
    since_cut = [
        u for u in t.ups(since=back) if u.msg.first.sent_at <= call.sent_at + 0.001 and not u.msg.emergency
    ]
    ahead = [u for u in since_cut if u.t < call.t]
    t.given(bool(since_cut) or done.ok, "routine messages that waited")
    t.check(
        "DEV-RETRY-008",
        not ahead,
        "the emergency first",
        f"{len(ahead)} routine messages before it",
        seen=call,
    )


for _role in WITH_EMERGENCY:
    case(
        f"TC-{_role}-RETRY-01",
        ko="수신증이 없는 긴급 메시지를 5초를 넘지 않게 반복하고, 수신증이 오면 그친다",
        en="An emergency without a receipt is repeated at most 5 s apart, and no more once the receipt is there",
        verifies=["SND-RETRY-001", "SND-RETRY-002", "SND-RETRY-004", "SND-RCPT-009"],
        steps=[
            CALL,
            ("17초 동안 수신증을 주지 않는다", "no receipt for 17 s"),
            ("수신증을 주고 지켜본다", "the receipt is given; watch on"),
        ],
        slow_s=25,
    )(_emergency_repeats)
    case(
        f"TC-{_role}-RETRY-02",
        ko="단절 중의 긴급 메시지는 정전이 있어도 남고, 일어난 때를 그대로 말한다",
        en="An emergency during an outage outlasts a power cut, and tells when it happened",
        verifies=["DEV-RETRY-006", "DEV-RETRY-009", "DEV-TIME-003"],
        steps=[
            ("장치의 망을 끊는다", "the device's network is cut"), CALL,
            ("3초 뒤 정전을 3초 일으킨다", "3 s later all power is cut for 3 s"), ("망을 잇는다", "the network is restored"),
        ],
        slow_s=15,
    )(_call_in_outage)  # fmt: skip
    case(
        f"TC-{_role}-RETRY-03",
        ko="기다리던 일상 메시지보다 긴급 메시지를 먼저 보낸다",
        en="An emergency goes ahead of routine messages that wait",
        verifies=["DEV-RETRY-008"],
        steps=[
            ("장치의 망을 끊는다", "the device's network is cut"), SOMETHING, CALL,
            ("망을 잇고 온 차례를 본다", "the network is restored; look at the order of arrival"),
        ],
        slow_s=12,
    )(_call_overtakes)  # fmt: skip


@case(
    "TC-DEV-RETRY-03",
    ko="수신증 없이 동시에 64개까지만 보내고, 나머지는 기다렸다가 모두 보낸다",
    en="At most 64 messages are under way without a receipt; the rest waits, and all come in the end",
    verifies=["SND-RETRY-005", "DEV-RETRY-007"],
    steps=[
        (
            "수신증을 주지 않고 65개가 넘는 메시지가 날 일을 일으킨다",
            "no receipts are given while more than 65 messages have cause",
        ),
        ("5초 지켜본 뒤 모두 수신증을 준다", "after 5 s all get their receipts"),
    ],
    slow_s=45,
)
def window(t: EquipmentBench) -> None:
    t.withhold()
    began = t.line.stamp()
    wanted, type_ = _many(t)
    t.wait(5.0)
    under_way = len(t.open_messages())
    t.check("SND-RETRY-005", under_way <= 64, "at most 64 unreceipted messages", under_way)
    t.give()
    until = t.line.stamp() + t.allowed(90.0)
    while len(_told(t, type_, began)) < wanted and t.take(until) is not None:
        pass
    got = len(_told(t, type_, began))
    t.check("DEV-RETRY-007", got >= wanted, f"all of {wanted} {type_} in the end", got)


def _told(t: EquipmentBench, type_: str, since: float) -> set[str]:
    """Things told, so that a repeat or an end of a stay is none more."""
    names = {"bell.pressed": "press", "camera.state": "command", "phone.located": "fixed_at"}
    if type_ == "tag.sighted":
        return {f"{u.data['stay']} {u.data['phase']}" for u in t.ups(type_, since=since)}
    return {str(u.data.get(names[type_])) for u in t.ups(type_, since=since)}


def _many(t: EquipmentBench) -> tuple[int, str]:
    """Give cause for more messages than the window holds. How many of which type must come."""
    match t.device.role:
        case "reader":
            tags, antennas = list(t.device.tags[:40]), list(t.device.antennas)[:2]
            each = 2 * len(antennas)
            t.given(len(tags) * each >= 66, f"device.tags of the IXIT names {66 // each + 1} tags or more")
            t.do("present_tags", takes_s=10.0, tags=tags, antennas=antennas, seconds=10.0)
            t.wait(7.0)
            return len(tags) * each, "tag.sighted"
        case "bell":
            t.do("press", takes_s=70 * 0.4, times=70, every_s=0.4, hold_s=0.15, bounces=0)
            return 70, "bell.pressed"
        case "camera":
            presets = list(t.device.presets)
            incident = t.identity.id("inc")
            t.held.append(incident)
            for n in range(70):
                t.tell("camera.turn", {"preset": presets[n % 2], "incident": incident})
            return 70, "camera.state"
        case _:
            step = min(float(t.value("phases.step_s")), 30.0)
            points = [[round(37.5086 + 0.00002 * n, 7), 126.8913] for n in range(70)]
            t.do("move", takes_s=70 * step, points=points, step_s=step)
            return 66, "phone.located"


@case(
    "TC-DEV-RETRY-04",
    ko="브로커와의 연결이 끊기면 스스로 다시 붙고, 받지 못한 수신증의 메시지를 다시 보낸다",
    en="When the connection breaks the device comes back by itself, and sends again what has no receipt",
    verifies=["DEV-RETRY-010", "DEV-RETRY-006", "ALL-TOPIC-008"],
    steps=[
        SOMETHING, ("수신증을 주지 않고 망을 8초 끊는다", "no receipt is given, and the network is cut for 8 s"),
        ("망을 잇고 기다린다", "the network is restored; wait"),
    ],
    slow_s=15,
)  # fmt: skip
def reconnects(t: EquipmentBench) -> None:
    t.withhold()
    up = routine(t)
    cut = t.cut_network()
    t.wait(8.0)
    back = t.restore_network()
    limit = t.allowed(float(t.value("device.reconnect_s")))
    anything = t.await_one(lambda s: isinstance(s, Up) and s.t >= back, back + limit)
    t.require("DEV-RETRY-010", anything is not None, "messages again after the network's return", "none" if anything is None else "came",
              within=limit)  # fmt: skip
    again = repeated(t, up, max(cut, back), back + limit + t.allowed(62.0))
    t.check(
        "DEV-RETRY-006",
        again,
        "the message of before the break again",
        "came" if again else "did not come",
        sent=up.msg.entry,
    )
    t.hold("ALL-TOPIC-008")
    t.give()


@case(
    "TC-DEV-RETRY-05",
    ko="정전이 있어도 수신증 없는 메시지는 같은 바이트로 다시 오고, 번호를 다시 쓰지 않으며, 켜지면 곧 상태를 알린다",
    en="After a power cut what had no receipt comes again byte for byte, no number is used twice, and the status comes right away",
    verifies=["DEV-RETRY-009", "DEV-RECOV-009", "SND-SEQ-002", "SND-SEQ-003", "DEV-STATUS-007"],
    steps=[
        SOMETHING, ("수신증을 주지 않고 모든 전원을 3초 끊는다", "no receipt is given; all power is cut for 3 s"),
        ("다시 온 뒤의 메시지를 본다", "look at what comes after"), SOMETHING,
    ],
    slow_s=15,
)  # fmt: skip
def power_cut(t: EquipmentBench) -> None:
    t.withhold()
    up = routine(t)
    before = max(m.order for m in t.messages.values())
    cut = t.do("power_cut", takes_s=3.0, off_s=3.0)
    start = t.allowed(float(t.value("device.start_s")))
    boot = t.expect_up("DEV-STATUS-007", "device.status", since=cut.asked_t, until=cut.done_t + start,
                       what="a device.status after the start")  # fmt: skip
    others = [u for u in t.ups(since=cut.asked_t) if u.t < boot.t and u.msg.first.sent_at > boot.sent_at]
    t.check(
        "DEV-STATUS-007",
        not others,
        "the status before anything else new",
        [u.type for u in others],
        seen=boot,
    )
    again = repeated(t, up, cut.asked_t, cut.done_t + start + t.allowed(62.0))
    t.check(
        "DEV-RETRY-009",
        again,
        "the message without a receipt again",
        "came" if again else "did not come",
        sent=up.msg.entry,
    )
    t.hold("SND-SEQ-003")
    t.give()
    routine(t)
    fresh = [u for u in t.ups(since=cut.asked_t) if u.sent_at > up.sent_at]
    low = [u.msg.order for u in fresh if u.msg.order <= before]
    t.check("DEV-RECOV-009", not low, f"new messages above (epoch, seq) {before}", low or "all are")
    t.check("SND-SEQ-002", not low, "a raised epoch, or a sequence that goes on", low or "so it is")


@case(
    "TC-DEV-RCPT-01",
    ko="accepted와 duplicate는 똑같이 «저장됨»이고, 수신증에는 아무 답도 하지 않는다",
    en="accepted and duplicate both mean «stored», and a receipt is answered by nothing",
    verifies=["SND-RCPT-009", "SND-RCPT-008"],
    rows={s: {"given": s} for s in ("accepted", "duplicate")},
    steps=[SOMETHING, ("첫 반복 뒤에 수신증을 준다", "the receipt is given after the first repeat"), ("다음 반복의 때가 지나도록 지켜본다", "watch until the next repeat would have come")],
    slow_s=10,
)  # fmt: skip
def receipt_stops(t: EquipmentBench, given: str) -> None:
    up = _unreceipted(t)
    told = t.receipt(up.msg, given)
    quiet = _stops(t, up, told.t)
    t.check(
        "SND-RCPT-009",
        quiet,
        f"no repeat after a receipt of status {given}",
        "none" if quiet else "repeated",
        sent=told.entry,
    )
    t.hold("SND-RCPT-008")


@case(
    "TC-DEV-REJ-01",
    ko="거절된 메시지는 반복하지 않는다",
    en="A rejected message is not repeated",
    verifies=["SND-REJ-012"],
    steps=[SOMETHING, ("첫 반복 뒤에 거절의 수신증을 준다", "after the first repeat it is rejected by a receipt"), ("다음 반복의 때가 지나도록 지켜본다", "watch until the next repeat would have come")],
    slow_s=10,
)  # fmt: skip
def rejected_stops(t: EquipmentBench) -> None:
    up = _unreceipted(t)
    told = t.receipt(up.msg, "rejected", reason="bad_data")
    quiet = _stops(t, up, told.t)
    t.check(
        "SND-REJ-012",
        quiet,
        "no repeat after a receipt of status rejected",
        "none" if quiet else "repeated",
        sent=told.entry,
    )


def _goes_on(t: EquipmentBench, up: Up, after: float) -> bool:
    return repeated(t, up, after, max(next_repeat_by(t, up), after + t.allowed(1.0)))


@case(
    "TC-DEV-MAC-01",
    ko="mac이 틀린 수신증은 오지 않은 것이다",
    en="A receipt whose mac is wrong has not come",
    verifies=["DEV-MAC-008"],
    rows={m: {"mac": m} for m in ("wrong", "other-key", "other-topic")},
    steps=[
        SOMETHING, ("첫 반복 뒤에 mac이 틀린 수신증을 준다", "after the first repeat a receipt with a wrong mac is sent"),
        ("반복이 이어지는지 본다", "the repeats must go on"), ("바른 수신증을 준다", "the right receipt is given"),
    ],
    criteria=[("틀린 수신증 뒤에는 반복이 이어지고 바른 수신증 뒤에는 그친다", "repeats go on after the wrong one and stop after the right one")],
    slow_s=20,
)  # fmt: skip
def forged_receipt(t: EquipmentBench, mac: str) -> None:
    up = _unreceipted(t)
    told = t.receipt(up.msg, "accepted", mac=mac)
    on = _goes_on(t, up, told.t)
    t.require(
        "DEV-MAC-008",
        on,
        "repeats go on after a receipt whose mac is wrong",
        "they go on" if on else "it stopped",
        sent=told.entry,
    )
    right = t.receipt(up.msg, "accepted")
    t.given(_stops(t, up, right.t), "the right receipt stops the repeats")


@case(
    "TC-DEV-TOPIC-01",
    ko="자기 구역의 허브가 아닌 곳에서 온 메시지는 무시한다",
    en="A message down from anywhere but the hub of its zone is ignored",
    verifies=["DEV-TOPIC-007"],
    rows={"other-zone": {"source": "another-zone/hub/hub-1"}, "device": {"source": ""}},
    steps=[
        SOMETHING, ("첫 반복 뒤에 mac은 맞고 source가 다른 수신증을 준다", "after the first repeat comes a receipt with the right mac and another source"),
        ("반복이 이어지는지 본다", "the repeats must go on"), ("바른 수신증을 준다", "the right receipt is given"),
    ],
    slow_s=20,
)  # fmt: skip
def foreign_source(t: EquipmentBench, source: str) -> None:
    up = _unreceipted(t)
    told = t.receipt(up.msg, "accepted", source=source or t.device.source)
    on = _goes_on(t, up, told.t)
    t.require(
        "DEV-TOPIC-007",
        on,
        f"a receipt from {source or t.device.source} is ignored",
        "so it is" if on else "repeats stopped",
        sent=told.entry,
    )
    right = t.receipt(up.msg, "accepted")
    t.given(_stops(t, up, right.t), "the right receipt stops the repeats")


@case(
    "TC-DEV-TOPIC-02",
    ko="자기 down 토픽만 구독한다",
    en="It subscribes to its own down topic only",
    verifies=["DEV-TOPIC-015"],
    steps=[("망을 1초 끊었다 잇는다", "the network is cut for 1 s and restored"), ("장치의 구독을 본다", "the device's subscriptions are looked at")],
    criteria=[("자기 down 토픽을 구독하고, 그 밖의 것은 하나도 구독하지 않았다", "it has subscribed to its own down topic, and to nothing else")],
    slow_s=5,
)  # fmt: skip
def subscribes(t: EquipmentBench) -> None:
    if t.value("broker.url"):
        raise NotApplicable("IXIT broker.url: only the suite's own broker sees subscriptions")
    t.cut_network()
    t.wait(1.0)
    back = t.restore_network()
    limit = t.allowed(float(t.value("device.reconnect_s")))

    def subscribed(s: Seen) -> bool:
        return s.t >= back and s.entry.via == "connection" and bool(s.entry.content.get("filters"))

    found = t.await_one(subscribed, back + limit)
    t.given(found is not None, "a subscription of the device")
    own = f"safezone/v1/{t.device.zone}/dev/{t.device.id}/down"
    assert found is not None
    t.check(
        "DEV-TOPIC-015",
        found.entry.content["filters"] == [own],
        own,
        found.entry.content["filters"],
        seen=found,
    )


@case(
    "TC-DEV-RCPT-02",
    ko="보내지 않은 메시지의 수신증 항목은 무시한다",
    en="Receipt entries for messages it did not send are ignored",
    verifies=["SND-RCPT-010"],
    steps=[
        SOMETHING, ("첫 반복 뒤에 모르는 id와 남의 source의 항목만 있는 수신증을 준다", "after the first repeat comes a receipt of an unknown id, and of this id under another's source"),
        ("반복이 이어지는지 본다", "the repeats must go on"), ("그런 항목 사이에 바른 항목이 있는 수신증을 준다", "a receipt with the right entry among such is given"),
    ],
    slow_s=20,
)  # fmt: skip
def foreign_entries(t: EquipmentBench) -> None:
    up = _unreceipted(t)
    foreign = [
        {"source": t.device.source, "id": t.identity.uuid7(t.now()), "status": "accepted"},
        {"source": f"{t.device.zone}/dev/somebody-else", "id": up.id, "status": "accepted"},
    ]
    told = t.tell("receipt", {"receipts": foreign})
    on = _goes_on(t, up, told.t)
    t.check(
        "SND-RCPT-010",
        on,
        "entries of others do not stop the repeats",
        "they go on" if on else "it stopped",
        sent=told.entry,
    )
    mine = {"source": t.device.source, "id": up.id, "status": "accepted"}
    mixed = t.tell("receipt", {"receipts": [foreign[0], mine]})
    up.msg.receipts.append((mixed.t, "accepted"))
    quiet = _stops(t, up, mixed.t)
    t.check(
        "SND-RCPT-010",
        quiet,
        "its own entry among them is heeded",
        "so it is" if quiet else "repeated",
        sent=mixed.entry,
    )


@case(
    "TC-DEV-RECOV-01",
    ko="오랜 단절 뒤에 그동안의 일을 모두 차례로, 창과 반복 간격을 지키며 보낸다",
    en="After a long outage everything comes in order, within the window and at the intervals of repetition",
    verifies=["DEV-RECOV-010", "DEV-RECOV-011", "DEV-RECOV-012", "DEV-RETRY-007"],
    steps=[
        (
            "장치의 망을 IXIT의 phases.offline_s 동안 끊는다",
            "the device's network is cut for phases.offline_s of the IXIT",
        ),
        ("그 처음과 끝에 일을 일으킨다", "things happen at its beginning and at its end"),
        (
            "망을 잇고 10초 동안 수신증을 주지 않다가 준다",
            "the network is restored; receipts are given only after 10 s",
        ),
    ],
    slow_s=3600,
)
def long_outage(t: EquipmentBench) -> None:
    long_s = float(t.value("phases.offline_s"))
    wanted: list[tuple[str, float, float]] = []
    t.withhold()
    waiting = [routine(t)] if t.device.role == "camera" else []  # nothing is told to a camera that is offline
    cut = t.cut_network()
    t.withhold()

    def happen() -> None:
        if t.device.role == "camera":
            return
        since, at, type_, _ = routine_act(t)
        wanted.append((type_, t.unix(since), t.unix(at)))
        if t.device.role in EMERGENCY:
            done = emergency_act(t)
            wanted.append((EMERGENCY[t.device.role], t.unix(done.asked_t), t.unix(done.done_t)))

    happen()
    t.await_all(max(cut + long_s - 15.0, t.line.stamp() + 7.0))
    happen()
    t.await_all(max(cut + long_s, t.line.stamp() + 1.0))
    back = t.restore_network()
    limit = t.allowed(float(t.value("device.reconnect_s")))
    first = t.await_one(lambda s: isinstance(s, Up) and s.t >= back, back + limit)
    t.given(first is not None, "the device comes back")
    assert first is not None
    t.await_all(first.t + 10.0)
    backlog = [u for u in t.ups(since=back) if u.sent_at < t.unix(back) - 0.5]
    ranked = [(not u.msg.emergency, u.msg.order) for u in backlog]
    t.check(
        "DEV-RECOV-011",
        ranked == sorted(ranked),
        "emergencies first, then in order of seq",
        [f"{u.type} {u.msg.order}" for u in backlog][:40],
    )
    fast = [f"{m.type} after {b - a:.2f} s" for m in t.messages.values() for a, b in zip(m.times, m.times[1:], strict=False)
            if a >= back and b - a < EARLY * 2.0 - t.settings.network_s]  # fmt: skip
    under_way = len(t.open_messages())
    t.check(
        "DEV-RECOV-012",
        not fast and under_way <= 64,
        "repeats no sooner than 2 s, and 64 messages at most",
        fast or under_way,
    )
    t.give()
    t.wait(t.allowed(2.0))
    note = "" if long_s >= HOUR_S else f" (outage of {long_s:g} s only, by the IXIT)"
    missing = [w for w in wanted if not _came(t, w, back) and not _superseded(t, w, long_s)]
    missing += [("camera.state", 0.0, 0.0) for u in waiting if not any(x > back for x in u.msg.times)]
    t.check(
        "DEV-RECOV-010",
        not missing,
        f"everything that happened meanwhile{note}",
        [m[0] for m in missing] or "all came",
    )
    t.check("DEV-RETRY-007", not missing, f"nothing dropped{note}", [m[0] for m in missing] or "all came")


def _came(t: EquipmentBench, wanted: tuple[str, float, float], back: float) -> bool:
    type_, since, until = wanted
    return any(since - 2.0 <= u.sent_at <= until + 2.0 for u in t.ups(type_, since=back))


def _superseded(t: EquipmentBench, wanted: tuple[str, float, float], long_s: float) -> bool:
    """A position that a later one made old may be dropped after 600 s offline."""
    later = [u for u in t.ups("phone.located") if u.sent_at > wanted[1]]
    return wanted[0] == "phone.located" and long_s > 600 and bool(later)


# 6.1 Time


@case(
    "TC-DEV-TIME-01",
    ko="봉투의 time은 고치지 않은 장치의 시계이다",
    en="The envelope's time is the device's clock, uncorrected",
    verifies=["DEV-TIME-001", "DEV-STATUS-003"],
    steps=[SOMETHING, ("장치의 시계를 120초 앞서게 한다", "the device's clock is set 120 s ahead"), SOMETHING, ("다음 상태 보고를 기다린다", "wait for the next device.status")],
    slow_s=5,
)  # fmt: skip
def uncorrected(t: EquipmentBench) -> None:
    before = clock_ahead_s(t, routine(t))
    t.do("set_clock", offset_s=120.0)
    up = routine(t)
    after = clock_ahead_s(t, up)
    t.check(
        "DEV-TIME-001",
        abs(after - 120.0) <= 5.0 + t.at_once,
        "an envelope's time 120 s ahead",
        f"{after:+.2f} s (before: {before:+.2f} s)",
        seen=up,
    )
    beat = status(t)
    ahead = unix(str(beat.data["clock"])) - t.unix(beat.t)
    t.check(
        "DEV-STATUS-003",
        abs(ahead - 120.0) <= 5.0 + t.at_once,
        "clock 120 s ahead, too",
        f"{ahead:+.2f} s",
        seen=beat,
    )


@case(
    "TC-DEV-TIME-02",
    ko="시각에는 UTC와의 차가 있고, 시계는 참 시각과 30초 안에서 맞는다",
    en="Times carry an offset, and the clock is within 30 s of true time",
    verifies=["DEV-TIME-002", "DEV-TIME-015"],
    steps=[SOMETHING, ("다음 상태 보고를 기다린다", "wait for the next device.status")],
)
def true_time(t: EquipmentBench) -> None:
    routine(t)
    beat = status(t)
    bare = [
        x
        for m in t.messages.values()
        for x in times_in(m.envelope)
        if not (x.endswith("Z") or x[-6:-5] in "+-")
    ]
    t.check("DEV-TIME-002", not bare, "an offset or Z in every time", bare or "everywhere")
    ahead = clock_ahead_s(t, beat)
    t.check(
        "DEV-TIME-015",
        abs(ahead) <= t.timing("clock_drift_s"),
        "a clock within 30 s of true time",
        f"{ahead:+.2f} s",
        seen=beat,
    )


# 7.1 Drills


@case(
    "TC-DEV-DRILL-01",
    ko="훈련의 메시지에는 훈련 id가 있고, 반복에서도 같으며, 끝나면 없다",
    en="Messages of a drill carry its id, in repeats too, and none once it is over",
    verifies=["SND-DRILL-001", "DEV-DRILL-009"],
    needs=("exercise",),
    steps=[
        ("장치를 훈련에 넣는다", "the device is put into a drill"), SOMETHING, ("두 번의 반복 뒤에 수신증을 준다", "the receipt is given after two repeats"),
        ("장치를 훈련에서 뺀다", "the device is taken out of the drill"), SOMETHING,
    ],
    slow_s=12,
)  # fmt: skip
def drill(t: EquipmentBench) -> None:
    drill_id = t.identity.id("drill")
    t.set_drill(drill_id)
    up = _unreceipted(t)
    t.check(
        "SND-DRILL-001",
        up.envelope.get("exercise") == drill_id,
        f"exercise {drill_id}",
        up.envelope.get("exercise"),
        seen=up,
    )
    repeated(t, up, up.msg.times[-1], next_repeat_by(t, up))
    t.hold("DEV-DRILL-009")
    t.give()
    t.set_drill(None)
    real = routine(t)
    t.check(
        "SND-DRILL-001",
        "exercise" not in real.envelope,
        "no exercise in a real message",
        real.envelope.get("exercise"),
        seen=real,
    )


# 8.8 Status


@case(
    "TC-DEV-STATUS-01",
    ko="상태 보고는 스스로 알린 간격 안에 온다",
    en="The status comes within the interval it announces",
    verifies=["DEV-STATUS-001", "DEV-STATUS-002", "DEV-STATUS-003"],
    steps=[("상태 보고 셋을 지켜본다", "three device.status are watched")],
    slow_s=120,
)
def heartbeat(t: EquipmentBench) -> None:
    beat = status(t)
    longest = float(t.value("phases.heartbeat_s"))
    for _ in range(2):
        interval = float(beat.data["interval_s"])
        t.check(
            "DEV-STATUS-002",
            interval < t.timing("heartbeat_fault_s"),
            "interval_s below 600",
            interval,
            seen=beat,
        )
        same = abs(unix(str(beat.data["clock"])) - beat.sent_at) < 0.001
        t.check("DEV-STATUS-003", same, "clock equals the envelope's time", beat.data["clock"], seen=beat)
        t.given(interval <= longest, f"phases.heartbeat_s of the IXIT is {interval:g} s or more")
        beat = t.expect_up("DEV-STATUS-001", "device.status", since=beat.t, until=beat.t + t.allowed(interval),
                           what=f"the next device.status within {interval:g} s")  # fmt: skip


@case(
    "TC-DEV-STATUS-02",
    ko="queue_depth는 수신증을 기다리는 메시지의 수이다",
    en="queue_depth is the number of messages that wait for a receipt",
    verifies=["DEV-STATUS-004"],
    steps=[
        ("모두 수신증을 준 채로 상태 보고를 기다린다", "a device.status comes while all have their receipts"), SOMETHING,
        ("아무 수신증도 주지 않고 다음 상태 보고를 기다린다", "no receipt is given until the next device.status"),
    ],
    slow_s=60,
)  # fmt: skip
def queue_depth(t: EquipmentBench) -> None:
    t.wait(1.0)
    beat = status(t)
    recent = sum(1 for m in t.messages.values() if m.id != beat.id and m.t > beat.t - 1.0)
    t.check(
        "DEV-STATUS-004",
        beat.data["queue_depth"] <= recent,
        "queue_depth 0 when nothing waits",
        beat.data["queue_depth"],
        seen=beat,
    )
    t.withhold()
    since, at, _, _ = routine_act(t)
    t.await_all(at + t.at_once)
    t.given(bool(t.open_messages()), f"a message that waits; there came: {t.heard(since)}")
    beat = status(t)
    waiting = [m for m in t.open_messages() if m.id != beat.id and m.order < beat.msg.order]
    sure = [m for m in waiting if m.t < beat.t - 1.0]
    depth = beat.data["queue_depth"]
    t.check(
        "DEV-STATUS-004", len(sure) <= depth <= len(waiting), f"queue_depth {len(waiting)}", depth, seen=beat
    )
    t.give()


@case(
    "TC-DEV-STATUS-03",
    ko="배터리로 동작하는 장치는 잔량을 알리고, 줄면 준 값을 알린다",
    en="A device on battery reports its charge, and a low one as it is",
    verifies=["DEV-STATUS-005"],
    steps=[("상태 보고를 기다린다", "wait for a device.status"), ("배터리를 12 %로 한다", "the battery is brought to 12 %"), ("상태 보고를 기다린다", "wait for a device.status")],
    slow_s=60,
)  # fmt: skip
def battery(t: EquipmentBench) -> None:
    beat = status(t)
    t.require("DEV-STATUS-005", "battery_pct" in beat.data, "battery_pct", dict(beat.data), seen=beat)
    low = t.do("low_battery", pct=12.0, may=True)
    if low.ok:
        pct = float(low.seen.get("pct", 12.0))
        beat = status(t, since=low.asked_t, where=lambda d: abs(d.get("battery_pct", 999) - pct) <= 10)
        t.check("DEV-STATUS-005", True, f"battery_pct about {pct:g}", beat.data["battery_pct"], seen=beat)


@case(
    "TC-DEV-STATUS-04",
    ko="상용 전원을 쓰는 장치는 mains를 알린다",
    en="A device on mains power reports mains",
    verifies=["DEV-STATUS-006"],
    steps=[("상태 보고를 기다린다", "wait for a device.status")],
    slow_s=30,
)
def mains(t: EquipmentBench) -> None:
    beat = status(t)
    t.check("DEV-STATUS-006", beat.data.get("mains") is True, "mains true", dict(beat.data), seen=beat)


@case(
    "TC-DEV-STATUS-05",
    ko="다시 켜지면 곧 상태를 알리고, 쓰던 번호를 다시 쓰지 않는다",
    en="After a restart the status comes right away, and no number is used twice",
    verifies=["DEV-STATUS-007", "DEV-RECOV-009"],
    steps=[
        SOMETHING,
        ("장치를 다시 시작시킨다", "the device is restarted"),
        ("온 메시지를 본다", "look at what comes"),
    ],
    slow_s=10,
)
def restart(t: EquipmentBench) -> None:
    routine(t)
    before = max(m.order for m in t.messages.values())
    done = t.do("reboot", press_after_s=None, hold_s=0.0, takes_s=float(t.value("device.start_s")))
    boot = t.expect_up("DEV-STATUS-007", "device.status", since=done.asked_t, until=done.done_t + t.allowed(float(t.value("device.start_s"))),
                       where=lambda d: d["online"], what="a device.status after the start")  # fmt: skip
    t.check(
        "DEV-RECOV-009", boot.msg.order > before, f"(epoch, seq) above {before}", boot.msg.order, seen=boot
    )


def _says(member: str, value: bool) -> Callable[[Mapping[str, Any]], bool]:
    return lambda data: data.get(member) is value


@case(
    "TC-DEV-STATUS-06",
    ko="함이 열리거나 전원이 바뀌면 곧바로 상태를 알린다",
    en="A change of tamper or mains is told at once",
    verifies=["DEV-STATUS-008"],
    steps=[
        ("상태 보고에 있는 항목을 본다", "see which members the status has"),
        ("그 가운데 tamper와 mains를 바꾼다", "of those, tamper and mains are changed"),
    ],
    criteria=[("바뀐 상태가 곧바로 온다. 둘 다 알리지 않는 장치에는 바뀔 것이 없다", "the changed status comes at once; a device that reports neither has nothing to change")],
    slow_s=60,
)  # fmt: skip
def changes(t: EquipmentBench) -> None:
    beat = status(t)
    tried = False
    for member, verb, args, value in (
        ("tamper", "open_case", {"open": True}, True),
        ("mains", "mains", {"up": False}, False),
    ):
        if member not in beat.data:
            continue
        done = t.do(verb, may=True, **args)
        if not done.ok:
            continue
        tried = True
        until = done.t + t.at_once
        found = t.await_up("device.status", until, since=done.asked_t, where=_says(member, value))
        t.check(
            "DEV-STATUS-008",
            found is not None,
            f"device.status with {member} {value} at once",
            "came" if found else "none",
            within=t.at_once,
            seen=found,
        )
    if not tried:
        t.given(
            "tamper" not in beat.data and "mains" not in beat.data, "one of tamper and mains can be changed"
        )
        t.check(
            "DEV-STATUS-008", True, "a change told at once", "the device reports neither tamper nor mains"
        )


# 13.2 Privacy


def _nobody_named(t: EquipmentBench) -> None:
    emergency(t)
    routine(t)
    status(t)
    t.hold("DEV-LAW-016")


for _role in ("READER", "BELL"):
    case(
        f"TC-{_role}-LAW-01",
        ko="메시지에 사람의 이름이나 연락처가 없다",
        en="Messages hold no name or contact of a person",
        verifies=["DEV-LAW-016"],
        steps=[CALL, SOMETHING, ("다음 상태 보고를 기다린다", "wait for the next device.status")],
    )(_nobody_named)

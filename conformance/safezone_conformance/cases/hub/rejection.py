"""4.5: malformed input and rejection."""

from typing import Any

from safezone_model import rejections

from safezone_conformance.case import case
from safezone_conformance.cases.hub._wire import (
    CALL,
    POLE,
    Refusals,
    await_sample,
    counts,
    good,
    head_of,
    sample_bytes,
    samples,
    sealed,
    status_data,
    up,
)
from safezone_conformance.hub_bench import HubBench, Message
from safezone_conformance.identity import raw_key
from safezone_conformance.town import Town
from safezone_conformance.wire import iso, seal

WORDS = tuple(r.reason for r in rejections())  # of 4.5, in order


@case(
    "TC-HUB-REJ-01",
    ko="허브는 4.5의 순서로 검사하여 처음 해당하는 사유를 준다",
    en="The hub checks in the order of 4.5 and gives the first reason that applies",
    verifies=["HUB-REJ-001"],
    town=Town(children=0, parts=("pole", "bell")),
    steps=[
        (
            "이웃한 두 사유, 또는 그보다 먼 두 사유에 함께 해당하는 메시지를 하나씩 보낸다 (too_large와 not_json, not_json과 bad_envelope, "
            "… sequence_reused와 id_reused)",
            "send messages to which two reasons apply, neighbours in the order or farther apart, one by one (too_large and "
            "not_json, not_json and bad_envelope, … sequence_reused and id_reused)",
        ),
        (
            "mac이 증명되기 전의 사유는 통계에서, 뒤의 사유는 수신증에서 본다",
            "reasons before the mac is proved are seen in the statistics, those after it in the receipt",
        ),
    ],
)
def order(t: HubBench) -> None:
    refusals = Refusals(t)
    ghost, ghost_key = up(t, "dev/ghost"), raw_key(t.identity.key("ghost"))
    deep = b'{"x":' + b"[" * 40 + b"]" * 40 + b"}"
    one_off = raw_key(t.keys["dev/bell"])

    def head(topic: str | None = None, **members: Any) -> bytes:
        return head_of(good(t, topic=topic, **members)[1])

    def hold(reason: str, what: str, payload: bytes, topic: str | None = None) -> None:
        refusals.hold("HUB-REJ-001", reason, what, payload, topic=topic)

    hold("too_large", "too large, and no JSON", b"{" * 70_000)
    hold("too_large", "too large, and of nobody", b'{"x":"' + b"x" * 70_000 + b'"}', ghost)
    hold("not_json", "no JSON, and no envelope", deep)
    hold("not_json", "NaN, and no mac", b'{"x":NaN}')
    hold(
        "not_json",
        "a doubled member, and of nobody",
        seal(ghost_key, ghost, head(ghost) + b',"seq":2'),
        ghost,
    )
    hold(
        "bad_envelope",
        "no envelope, and another's source",
        sealed(t, "dev/pole", head(source="elsewhere/dev/x", seq=-1)),
    )
    hold("bad_envelope", "no envelope, and of nobody", seal(ghost_key, ghost, head(ghost, epoch=-1)), ghost)
    hold("bad_envelope", "mac not last, and wrong", head() + b',"mac":"' + b"A" * 43 + b'","x":1}')
    hold("wrong_source", "another's source, and of nobody", seal(ghost_key, ghost, head(ghost)), ghost)
    hold("wrong_source", "another's source, and its keyid", sealed(
        t, "dev/pole", head(source=f"{t.zone}/dev/{t.id('bell')}", keyid=t.keys["dev/bell"]["keyid"])))  # fmt: skip
    hold("unknown_sender", "of nobody, under another's keyid", seal(
        one_off, ghost, head(ghost, source=f"{t.zone}/dev/{t.id('ghost')}")), ghost)  # fmt: skip
    hold(
        "unknown_key",
        "an unknown keyid, and a wrong mac",
        seal(one_off, up(t, "dev/pole"), head(keyid="nobody")),
    )
    hold(
        "bad_mac",
        "a wrong mac, and an unknown type",
        seal(one_off, up(t, "dev/pole"), head(type="tag.thrown")),
    )
    hold("bad_mac", "a wrong mac, and data of no use", seal(one_off, up(t, "dev/pole"), head(data={})))
    accepted = t.status("pole")
    t.accepted(accepted)
    id_, epoch, seq = accepted.id, accepted.envelope["epoch"], accepted.envelope["seq"]
    for reason, what, type_, data, members in (
        ("bad_type", "an unknown type, and data of no use", "tag.thrown", {}, {}),
        ("bad_type", "another role's type, and data of no use", "bell.pressed", {}, {}),
        ("bad_type", "an unknown type, and a seq used before", "tag.thrown", {}, {"epoch": epoch, "seq": seq}),
        ("bad_data", "data of no use, and a seq used before", "device.status", {}, {"epoch": epoch, "seq": seq}),
        ("bad_data", "data of no use, and an id used before", "device.status", {}, {"id": id_}),
        ("sequence_reused", "seq and id used before", "device.status", status_data(t), {"id": id_, "epoch": epoch, "seq": seq}),
    ):  # fmt: skip
        message = t.send("dev/pole", type_, data, **members)
        row = t.receipt(message, t.allowed(5.0), after=message.t)
        ok = row is not None and row["status"] == "rejected" and row.get("reason") == reason
        t.check("HUB-REJ-001", ok, f"{what}: refused as {reason}", row or "no receipt", sent=message)


def _unproved(t: HubBench) -> list[tuple[str, str, bytes, str]]:
    """reason, topic, payload, id: one for each reason before the mac is proved that is told of this zone."""
    ghost = up(t, "dev/ghost")
    found = []
    for reason in WORDS[:8]:
        topic, envelope, payload = good(t)
        id_ = str(envelope["id"])
        match reason:
            case "too_large":
                payload = sealed(t, "dev/pole", head_of(envelope | {"padding": "x" * 66_000}))
            case "bad_topic":
                topic = f"safezone/v1/{t.zone}/robot/{t.id('pole')}/up"
                payload = sealed(t, "dev/pole", head_of(envelope), topic)
            case "not_json":
                payload = sealed(t, "dev/pole", head_of(envelope) + b',"x":NaN')
            case "bad_envelope":
                payload = sealed(t, "dev/pole", head_of(envelope | {"seq": -1}))
            case "wrong_source":
                payload = sealed(
                    t, "dev/pole", head_of(envelope | {"source": f"{t.zone}/desk/{t.id('pole')}"})
                )
            case "unknown_sender":
                topic, envelope = ghost, envelope | {"source": f"{t.zone}/dev/{t.id('ghost')}"}
                payload = seal(raw_key(t.identity.key("ghost")), topic, head_of(envelope))
            case "unknown_key":
                payload = sealed(t, "dev/pole", head_of(envelope | {"keyid": "nobody"}))
            case "bad_mac":
                payload = payload.replace(b'"1.0","id"', b'"1.0" ,"id"')
        found.append((reason, topic, payload, id_))
    return found


@case(
    "TC-HUB-REJ-02",
    ko="mac이 증명되기 전에 거부한 것에는 아무 답도 하지 않는다",
    en="A rejection before the mac is proved is answered by nothing",
    verifies=["HUB-REJ-002"],
    town=Town(children=0, parts=("pole", "desk")),
    steps=[
        (
            "too_large부터 bad_mac까지 여덟 사유의 메시지를 하나씩 보낸다",
            "send a message for each of the eight reasons from too_large to bad_mac",
        ),
        (
            "뒤이어 올바른 메시지를 보내 수신증을 받는다",
            "then send a message that is in order and get its receipt",
        ),
        ("구역의 down 토픽에 온 것을 본다", "look at what came on the topics down of the zone"),
    ],
    criteria=[
        (
            "올바른 메시지의 수신증밖에는 어느 주체에게도 아무것도 오지 않는다.",
            "Nothing comes to any principal but the receipt of the message that is in order.",
        )
    ],
)
def silence(t: HubBench) -> None:
    for _, topic, payload, _ in _unproved(t):
        t.raw("dev/pole", topic, payload)
    fence = t.status("pole")
    t.expect_receipt("HUB-REJ-002", fence, "accepted")
    t.settle()
    known = {m.id for m in t.sent}
    others = [d for d in t.downs(repeats=True)
              if d.type != "receipt" or any(r.get("id") not in known for r in d.data.get("receipts", []))]  # fmt: skip
    t.check("HUB-REJ-002", not others, "no answer to what is refused before the mac is proved",
            [(d.principal, d.type, dict(d.data)) for d in others[:3]], seen=others[0] if others else None)  # fmt: skip


@case(
    "TC-HUB-REJ-03",
    ko="mac이 증명된 뒤의 거부는 rejected와 표에 있는 사유를 담은 수신증으로 알린다",
    en="A rejection after the mac is proved is told by a receipt of status rejected with a reason of the table",
    verifies=["HUB-REJ-003", "HUB-REJ-013", "HUB-RCPT-006"],
    town=POLE,
    steps=[
        (
            "bad_type, bad_data, sequence_reused, id_reused에 해당하는 메시지를 하나씩 보낸다",
            "send a message each for bad_type, bad_data, sequence_reused and id_reused",
        ),
        (
            "수신증과, 통계와 거부 표본에 나온 사유를 본다",
            "look at the receipts, and at the reasons in statistics and samples",
        ),
    ],
)
def told_by_receipt(t: HubBench) -> None:
    first = t.status("pole")
    t.accepted(first)
    epoch, seq = first.envelope["epoch"], first.envelope["seq"]
    sent: list[tuple[str, Message]] = [
        ("bad_type", t.send("dev/pole", "tag.thrown", {})),
        ("bad_data", t.send("dev/pole", "device.status", {})),
        ("sequence_reused", t.send("dev/pole", "device.status", status_data(t), epoch=epoch, seq=seq)),
        ("id_reused", t.send("dev/pole", "device.status", status_data(t), id=first.id)),
    ]
    for reason, message in sent:
        row = t.receipt(message, t.allowed(5.0), after=message.t)
        t.check("HUB-REJ-003", row is not None and row["status"] == "rejected", f"{reason}: a receipt of status rejected",
                row or "no receipt", sent=message)  # fmt: skip
        if row is None:
            continue
        t.check("HUB-RCPT-006", bool(row.get("reason")), f"{reason}: with a reason", row, sent=message)
        t.check(
            "HUB-REJ-013", row.get("reason") in WORDS, f"{reason}: a word of the table", row, sent=message
        )
    if "metrics" not in t.settings.has:
        return
    shown = sorted(set(counts(t).rejected) | {str(r["reason"]) for r in samples(t, t.zone)})
    strange = [r for r in shown if r not in WORDS]
    t.check("HUB-REJ-013", not strange, "words of the table in statistics and samples", strange)


@case(
    "TC-HUB-REJ-04",
    ko="모르는 type과 그 역할의 것이 아닌 type은 bad_type으로 거부한다",
    en="A type that is unknown or not for that role is refused as bad_type",
    verifies=["HUB-REJ-004"],
    town=Town(children=1, parts=("pole", "bell", "camera", "desk")),
    steps=[
        (
            "없는 type과 내림 메시지의 type을 리더기가 보낸다",
            "a reader sends unknown types and types of messages down",
        ),
        (
            "역할마다 다른 역할의 올림 메시지를 옳은 data와 함께 보낸다: 리더기의 bell.pressed, 비상벨의 tag.called, 보호자의 incident.action …",
            "each role sends messages up of other roles, their data in order: bell.pressed of a reader, tag.called of a bell, "
            "incident.action of a guardian …",
        ),
    ],
)
def bad_type(t: HubBench) -> None:
    at = iso(t.now())
    uuid = t.identity.uuid7(t.now())
    data: dict[str, dict[str, Any]] = {
        "tag.called": {"tag": t.id("t1"), "press": 1, "pressed_at": at},
        "bell.pressed": {"press": 1, "pressed_at": at},
        "phone.called": {"call": "call-1", "dialled_at": at},
        "camera.state": {"preset": "w", "bearing_deg": 270},
        "device.status": status_data(t),
        "ack": {"notice": uuid, "received_at": at},
        "incident.action": {"incident": "none", "action": "acknowledge"},
        "clock.tick": {"now": at, "tick": 1},
        "receipt": {"receipts": [{"source": f"{t.zone}/dev/{t.id('pole')}", "id": uuid, "status": "accepted"}]},
        "camera.release": {"incident": "none"},
        "clock.ack": {"now": at, "tick": 1},
        "tag.thrown": {}, "tag": {}, "tag.sighted.more": {},
    }  # fmt: skip
    sent = [t.send(principal, type_, data[type_]) for principal, types in (
        ("dev/pole", ("tag.thrown", "tag", "tag.sighted.more", "receipt", "camera.release", "clock.ack", "bell.pressed",
                      "phone.called", "camera.state", "ack", "incident.action", "clock.tick")),
        ("dev/bell", ("tag.called", "phone.called", "camera.state")),
        ("dev/cam", ("tag.called", "bell.pressed")),
        ("dev/p1", ("tag.called", "bell.pressed", "ack")),
        ("guardian/g1", ("incident.action", "tag.called", "device.status", "clock.tick")),
        ("desk/d112", ("tag.called", "device.status", "clock.tick")),
    ) for type_ in types]  # fmt: skip
    for message in sent:
        t.expect_rejected("HUB-REJ-004", message, "bad_type")


def _bad_data(t: HubBench) -> list[tuple[str, str, str, dict[str, Any]]]:
    at = iso(t.now())
    fix = {"lat": 37.5, "lon": 126.9, "accuracy_m": 10, "fix_source": "gps", "fixed_at": at}
    stay = {"tag": t.id("t1"), "antenna": "a", "stay": "s1", "phase": "start", "first_at": at, "last_at": at, "reads": 1,
            "rssi_peak_dbm": -60}  # fmt: skip
    call = {"tag": t.id("t1"), "press": 1, "pressed_at": at}
    return [
        ("no tag", "dev/pole", "tag.called", {k: v for k, v in call.items() if k != "tag"}),
        ("a negative press", "dev/pole", "tag.called", call | {"press": -1}),
        ("a press with a fraction", "dev/pole", "tag.called", call | {"press": 1.5}),
        ("a press that is a text", "dev/pole", "tag.called", call | {"press": "1"}),
        ("an unknown phase", "dev/pole", "tag.sighted", stay | {"phase": "middle"}),
        ("no reads at all", "dev/pole", "tag.sighted", stay | {"reads": 0}),
        ("a reception of 90 dBm", "dev/pole", "tag.sighted", stay | {"rssi_peak_dbm": 90}),
        ("a tag with a slash", "dev/pole", "tag.sighted", stay | {"tag": "tag/1"}),
        ("a latitude of 91", "dev/p1", "phone.located", fix | {"lat": 91}),
        ("an accuracy of 0", "dev/p1", "phone.located", fix | {"accuracy_m": 0}),
        ("an unknown source of the fix", "dev/p1", "phone.located", fix | {"fix_source": "guess"}),
        ("a battery above 100 %", "dev/p1", "phone.located", fix | {"battery_pct": 101}),
        ("a call position without accuracy", "dev/p1", "phone.called",
         {"call": "k", "dialled_at": at, "position": {"lat": 37.5, "lon": 126.9}}),
        ("an interval of 0", "dev/pole", "device.status", status_data(t, interval_s=0)),
        ("online as a text", "dev/pole", "device.status", status_data(t, online="true")),
        ("a null where a value is due", "dev/pole", "device.status", status_data(t, queue_depth=None)),
        ("an ack without a notice", "guardian/g1", "ack", {"received_at": at}),
        ("an ack of an id in upper case", "guardian/g1", "ack", {"notice": "ABCDEF00-0000-7000-8000-000000000000", "received_at": at}),
        ("an unknown action", "desk/d112", "incident.action", {"incident": "i", "action": "explode"}),
    ]  # fmt: skip


@case(
    "TC-HUB-REJ-05",
    ko="data가 그 스키마에 맞지 않으면 bad_data로 거부한다. 달력에 없는 시각도 같다",
    en="Data that does not satisfy its schema is refused as bad_data; so is a time that is no instant of the calendar",
    verifies=["HUB-REJ-005", "HUB-REJ-006"],
    town=CALL,
    steps=[
        (
            "멤버가 없거나 값이 범위·형·열거에 어긋나는 data 19가지를 보낸다",
            "send 19 sorts of data in which a member is missing or a value is outside its range, type or list",
        ),
        (
            "시각이 2월 30일, 13월, 25시, 61초, 평년의 2월 29일, 오프셋 없음인 data를 보낸다",
            "send data with times on 30 February, in month 13, at 25 h, at 61 s, on 29 February of a common year, and "
            "without an offset",
        ),
        (
            "윤년의 2월 29일과 소수 여섯 자리의 시각을 보낸다",
            "send times on 29 February of a leap year and with six decimals",
        ),
    ],
)
def bad_data(t: HubBench) -> None:
    sent = [t.send(principal, type_, data) for _, principal, type_, data in _bad_data(t)]
    for message in sent:
        t.expect_rejected("HUB-REJ-005", message, "bad_data")
    for text in (
        "2026-02-30T08:31:05Z", "2026-13-01T08:31:05Z", "2026-05-18T25:31:05Z", "2026-05-18T08:61:05Z", "2026-05-18T08:31:61Z",
        "2025-02-29T08:31:05Z", "2026-05-00T08:31:05Z", "2026-05-18T08:31:05", "2026-05-18 08:31:05Z", "1779060665",
    ):  # fmt: skip
        call = t.send("dev/pole", "tag.called", {"tag": t.id("t1"), "press": 1, "pressed_at": text})
        t.expect_rejected("HUB-REJ-006", call, "bad_data")
    for text in ("2024-02-29T08:31:05Z", "2026-05-18T08:31:05.123456+09:00"):
        status = t.send("dev/pole", "device.status", status_data(t, clock=text, queue_depth=9))
        t.expect_receipt("HUB-REJ-006", status, "accepted")


@case(
    "TC-HUB-REJ-06",
    ko="거부된 메시지는 상태에도, 위치에도, 알림에도 영향이 없다",
    en="A rejected message has no effect on state, position or notices",
    verifies=["HUB-REJ-007"],
    town=Town(children=1, parts=("school", "pole", "desk")),
    steps=[
        ("전화기 p1이 위치를 하나 보낸다", "the phone p1 sends a position"),
        (
            "더 새로운 위치를, 다른 호출과 상태를, 거부되게(bad_data, sequence_reused, id_reused, bad_type, bad_mac) 보낸다",
            "send newer positions, calls and a status that are all refused (bad_data, sequence_reused, id_reused, bad_type, "
            "bad_mac)",
        ),
        (
            "위치, 장치 상태, 경보, 열린 사건을 본다",
            "look at position, health of devices, alerts and open incidents",
        ),
        ("같은 호출을 올바로 보낸다", "send the same call as it should be"),
    ],
)
def no_effect(t: HubBench) -> None:
    now = t.now()
    fix = t.located("p1", 300.0, 0.0, now - 60)
    status = t.status("pole")
    t.accepted(fix, status)
    call = {"tag": t.id("t1"), "press": 1, "pressed_at": iso(now)}
    newer = {
        "lat": 37.6,
        "lon": 127.0,
        "accuracy_m": 10,
        "fix_source": "gps",
        "fixed_at": iso(now),
        "moving": True,
    }
    seq, epoch = fix.envelope["seq"], fix.envelope["epoch"]
    sent = [
        ("sequence_reused", t.send("dev/p1", "phone.located", newer, epoch=epoch, seq=seq)),
        ("id_reused", t.send("dev/p1", "phone.located", newer, id=fix.id)),
        ("bad_data", t.send("dev/p1", "phone.located", newer | {"battery_pct": 200})),
        ("bad_type", t.send("dev/p1", "tag.called", call)),
        ("bad_data", t.send("dev/pole", "tag.called", call | {"press": -5})),
        ("sequence_reused", t.send("dev/pole", "tag.called", call, epoch=status.envelope["epoch"], seq=status.envelope["seq"])),
        ("id_reused", t.send("dev/pole", "tag.called", call, id=status.id)),
        ("sequence_reused", t.send("dev/pole", "device.status", status_data(t, tamper=True), epoch=status.envelope["epoch"],
                                   seq=status.envelope["seq"])),
    ]  # fmt: skip
    topic, _, payload = t.compose("dev/pole", "tag.called", call)
    t.raw("dev/pole", topic, payload.replace(b'"press":1', b'"press":9'))
    for reason, message in sent:
        row = t.receipt(message, t.allowed(5.0), after=message.t)
        t.given(
            row is not None and row["status"] == "rejected",
            f"{message.envelope['type']} is refused as {reason}; receipt {row}",
        )
    t.settle()
    position = t.http("GET", f"/v1/children/{t.id('c1')}/position")
    near = position.status == 200 and abs(position.json["lat"] - 37.6) > 0.01
    t.check(
        "HUB-REJ-007", near, "the position stays that of the accepted fix", position.json, seen=position.entry
    )
    if "device-health" in t.settings.has:
        devices = t.http("GET", f"/v1/zones/{t.zone}/devices")
        row = (
            next((d for d in devices.json["items"] if d["id"] == t.id("pole")), {})
            if devices.status == 200
            else {}
        )
        t.check(
            "HUB-REJ-007",
            "tamper" not in row.get("faults", ["tamper"]),
            "no fault by a rejected status",
            row,
            seen=devices.entry,
        )
    t.check(
        "HUB-REJ-007",
        not t.downs(type_="alert") and not t.downs(type_="notice"),
        "nothing told",
        len(t.downs(type_="alert")),
    )
    if "metrics" in t.settings.has:
        stats = counts(t).answer
        t.check(
            "HUB-REJ-007",
            stats.json["incidents_open"] == 0,
            "no incident open",
            stats.json["incidents_open"],
            seen=stats.entry,
        )
    told = t.send("dev/pole", "tag.called", call)
    t.expect_alert("HUB-REJ-007", "tag_call", child="c1", since=told, within=3 * t.limit("tag_call"))


@case(
    "TC-HUB-REJ-07",
    ko="거부를 사유별로 세어 통계에 보이고, 표본을 사유와 앞 바이트와 함께 보인다",
    en="Rejections are counted by reason in the statistics, and samples shown with reason and leading bytes",
    verifies=["HUB-REJ-008", "HUB-REJ-009"],
    town=POLE,
    steps=[
        (
            "not_json 3개, bad_mac 2개, unknown_sender 2개, bad_data 4개를 보낸다",
            "send 3 of not_json, 2 of bad_mac, 2 of unknown_sender, 4 of bad_data",
        ),
        ("구역의 통계를 본다", "look at the statistics of the zone"),
        (
            "사유마다 하나씩 더 보내고 거부 표본에서 그 토픽과 앞 바이트를 찾는다",
            "send one more of each and find its topic and leading bytes among the samples",
        ),
    ],
)
def counted(t: HubBench) -> None:
    by_reason = {reason: (topic, payload) for reason, topic, payload, _ in _unproved(t)}
    wanted = {"not_json": 3, "bad_mac": 2, "unknown_sender": 2, "bad_data": 4}
    before = counts(t).rejected
    began = t.line.stamp()
    for reason, many in wanted.items():
        for _ in range(many):
            if reason == "bad_data":
                t.send("dev/pole", "device.status", {"online": "yes"})
            else:
                t.raw("dev/pole", *by_reason[reason])

    def gained() -> dict[str, int]:
        now = counts(t).rejected
        found = {r: n - before.get(r, 0) for r, n in now.items()}
        return {r: n for r, n in sorted(found.items()) if n}

    while (found := gained()) != dict(sorted(wanted.items())) and t.line.stamp() < began + t.allowed(5.0):
        t.await_all(t.line.stamp() + 0.1)
    t.check("HUB-REJ-008", found == dict(sorted(wanted.items())), f"counted by reason: {wanted}", found)
    for reason in ("not_json", "bad_mac", "unknown_sender", "bad_data"):
        if reason == "bad_data":
            topic, _, payload = t.compose("dev/pole", "device.status", {"online": "no"})
        else:
            topic, payload = by_reason[reason]
        row = await_sample(t, "dev/pole", topic, payload, (t.zone,))
        ok = row is not None and row["reason"] == reason and len(sample_bytes(row)) > 0
        t.check("HUB-REJ-009", ok, f"a sample of {reason} with its topic and leading bytes",
                "none" if row is None else dict(row))  # fmt: skip


@case(
    "TC-HUB-REJ-08",
    ko="한 주체가 깨진 입력을 쏟아부어도 다른 주체의 메시지는 정상으로 처리된다",
    en="While one principal pours in malformed input, messages of others are processed normally",
    verifies=["HUB-REJ-010"],
    town=Town(children=1, parts=("pole", "bell", "desk")),
    slow_s=2.0,
    steps=[
        (
            "리더기 pole이 깨진 메시지 600개를 쉬지 않고 보낸다. 가운데에서 비상벨 bell이 눌린다",
            "the reader pole sends 600 malformed messages without a pause; in their midst the bell is pressed",
        ),
        ("비상벨의 수신증과 경보를 본다", "look at receipt and alert of the bell"),
        ("그 뒤에 리더기 pole의 올바른 메시지를 보낸다", "then a message in order of the reader pole"),
    ],
)
def flood(t: HubBench) -> None:
    kinds = [
        (topic, payload)
        for reason, topic, payload, _ in _unproved(t)
        if reason not in ("too_large", "bad_topic")
    ]
    kinds += [(kinds[0][0], b""), (kinds[0][0], b"\xff" * 64), (kinds[0][0], b"[" * 500)]
    t.must_survive("HUB-REJ-010")
    pressed = None
    for number in range(600):
        t.raw("dev/pole", *kinds[number % len(kinds)])
        if number == 300:
            pressed = t.bell_pressed("bell", 1)
    assert pressed is not None
    limit = t.limit("bell_call")
    t.expect_receipt("HUB-REJ-010", pressed, "accepted", within=limit)
    t.expect_alert("HUB-REJ-010", "bell_call", device="bell", since=pressed)
    t.expect_receipt("HUB-REJ-010", t.status("pole"), "accepted", within=3 * limit)


@case(
    "TC-HUB-REJ-09",
    ko="깊은 중첩, 깨진 UTF-8, 빈 본문, 이상한 수는 허브를 멈추게도 다시 시작하게도 하지 않는다",
    en="Deep nesting, broken UTF-8, an empty payload and odd numbers neither stop nor restart the hub",
    verifies=["HUB-REJ-011"],
    town=CALL,
    steps=[
        (
            "60000단계의 목록과 객체, 깨진 UTF-8, 빈 본문, 0x00, 10^4000, 짝 없는 서로게이트, 긴 글자열을 보낸다",
            "send lists and objects nested 60000 levels, broken UTF-8, an empty payload, 0x00, 10^4000, an unpaired "
            "surrogate, a long text",
        ),
        ("허브의 상태를 묻고 tag.called를 보낸다", "ask for the hub's health and send tag.called"),
    ],
    criteria=[
        (
            "healthz가 200이고, 호출이 받아들여져 제한 시간 안에 알려진다.",
            "healthz answers 200, and the call is accepted and told within its limit.",
        )
    ],
)
def hostile(t: HubBench) -> None:
    t.accepted(t.status("pole"))
    t.must_survive("HUB-REJ-011")
    topic = up(t, "dev/pole")
    head = head_of(good(t)[1])
    for payload in (
        b"[" * 60_000, b'{"a":' * 12_000, b"[" * 30_000 + b"]" * 30_000, b"\xff\xfe\x00{", b"\x80" * 1000, b"", b"\x00", b"{", b"0" * 60_000,
        sealed(t, "dev/pole", head + b',"x":1' + b"0" * 4000), sealed(t, "dev/pole", head + b',"x":1e400'),
        sealed(t, "dev/pole", head + b',"x":"\\ud800"'), sealed(t, "dev/pole", head.replace(b'"1.0","data"', b'"\\u0000","data"')),
        sealed(t, "dev/pole", head.replace(b'"type":"device.status"', b'"type":"' + b"a" * 50_000 + b'"')),
        sealed(t, "dev/pole", head.replace(b'"firmware":"1.0"', b'"firmware":"\\ud800"')),
        sealed(t, "dev/pole", head.replace(b'"interval_s":60', b'"interval_s":1e308')),
    ):  # fmt: skip
        t.raw("dev/pole", topic, payload)
    health = t.http("GET", "/healthz", who="nobody")
    t.check("HUB-REJ-011", health.status == 200, "healthz answers 200", health.status, seen=health.entry)
    call = t.tag_called("pole", "t1", 1)
    t.expect_receipt("HUB-REJ-011", call, "accepted")
    t.expect_alert("HUB-REJ-011", "tag_call", child="c1", since=call)

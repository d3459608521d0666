"""5.1 and the hub's side of 5.2: receipts, and the sender's window."""

from typing import Any

from safezone_conformance.case import case
from safezone_conformance.cases.hub._wire import POLE
from safezone_conformance.hub_bench import Down, HubBench, Message
from safezone_conformance.town import Town, lat_lon
from safezone_conformance.wire import iso

WINDOW = 64


def receipt_down(t: HubBench, message: Message) -> Down | None:
    """The message down that brought the first receipt of a message."""
    for down in t.downs(message.principal, "receipt"):
        if any(r["id"] == message.id and r["source"] == message.source for r in down.data["receipts"]):
            return down
    return None


@case(
    "TC-HUB-RCPT-01",
    ko="mac이 증명된 올림 메시지는 종류를 가리지 않고 수신증을 받으며, 그것은 보낸 주체의 down 토픽으로 간다",
    en="Every message up whose mac is proved gets a receipt, whatever its type, on the sender's own topic down",
    verifies=["HUB-RCPT-001", "HUB-RCPT-005", "HUB-RCPT-007", "HUB-RCPT-012"],
    town=Town(children=1, parts=("school", "pole", "bell", "camera", "desk")),
    steps=[
        (
            "리더기, 비상벨, 전화기, 카메라, 보호자, 상황실이 저마다의 메시지를 모두 보낸다: 올바른 것과, 종류나 data가 틀린 것",
            "reader, bell, phone, camera, guardian and desk send all their messages: some in order, some with a wrong type or "
            "data",
        ),
        ("훈련 시계가 있으면 clock.tick도 보낸다", "clock.tick too if there is an exercise clock"),
        (
            "수신증이 온 토픽과, 그 안의 항목을 본다",
            "look at the topics of the receipts, and at their entries",
        ),
    ],
)
def every_type(t: HubBench) -> None:
    at = iso(t.now())
    uuid = t.identity.uuid7(t.now())
    ack = {"notice": uuid, "received_at": at}
    sent = [
        t.sighted("is", "a", "t1", t.now()),
        t.tag_called("pole", "t1", 1),
        t.bell_pressed("bell", 1),
        t.located("p1", 300.0, 0.0, t.now()),
        t.phone_called("p1", "call-1"),
        t.send("dev/cam", "camera.state", {"preset": "w", "bearing_deg": 270}),
        t.status("bell"),
        t.status("p1"),
        t.send("dev/pole", "tag.thrown", {}),
        t.send("dev/bell", "bell.pressed", {}),
        t.send("guardian/g1", "ack", {}),
        t.send("desk/d112", "incident.action", {"incident": "i"}),
        t.send("desk/d112", "incident.action", {"incident": "none", "action": "acknowledge"}),
    ]
    acks = [t.send("guardian/g1", "ack", ack), t.send("desk/d112", "ack", ack)]
    if "exercise-clock" in t.settings.has:
        t.put(t.make.drill("drill", clock="clock"))
        acks.append(t.send("clock/clock", "clock.tick", {"now": at, "tick": 1}, exercise="drill"))
    for message in sent + acks:
        requirement = "HUB-RCPT-012" if message in acks else "HUB-RCPT-001"
        row = t.receipt(message, t.allowed(5.0))
        type_ = message.envelope["type"]
        t.check(
            requirement,
            row is not None,
            f"a receipt for {type_} of {message.principal}",
            row or "none",
            sent=message,
        )
        elsewhere = sorted({d.principal for d in t.downs(type_="receipt")
                            if d.principal != message.principal and any(r["id"] == message.id for r in d.data["receipts"])})  # fmt: skip
        t.check("HUB-RCPT-007", row is not None and not elsewhere, f"it goes to {message.principal}, and nowhere else",
                elsewhere or row or "none", sent=message)  # fmt: skip
    for down in t.downs(type_="receipt"):
        role, _, name = down.principal.partition("/")
        rows = down.data["receipts"]
        strange = [r for r in rows if r["source"] != f"{t.zone}/{role}/{t.id(name)}"]
        t.check("HUB-RCPT-005", not strange and 1 <= len(rows) <= 200, f"1 to 200 entries, all of {down.principal}",
                strange or len(rows), seen=down)  # fmt: skip


@case(
    "TC-HUB-RCPT-02",
    ko="긴급 메시지의 수신증은 묶이지 않고 홀로, 곧바로 간다",
    en="The receipt of an emergency message goes alone and at once, never grouped",
    verifies=["HUB-RCPT-003"],
    town=Town(children=1, parts=("pole", "bell", "desk")),
    steps=[
        (
            "리더기 pole이 device.status 30개, tag.called, device.status 30개, tag.called를 잇달아 보낸다. 전화기와 비상벨도 호출한다",
            "the reader pole sends 30 device.status, tag.called, 30 device.status, tag.called in one go; phone and bell call "
            "too",
        ),
        ("호출의 수신증이 든 메시지를 본다", "look at the messages that bring the receipts of the calls"),
    ],
    criteria=[
        (
            "호출의 수신증은 항목 하나뿐인 메시지로, 호출이 온 때부터 1 s 안에 온다.",
            "The receipt of a call comes in a message of one entry, within 1 s of the call.",
        )
    ],
)
def emergency_alone(t: HubBench) -> None:
    calls: list[Message] = []
    for press in (1, 2):
        for _ in range(30):
            t.status("pole")
        calls.append(t.tag_called("pole", "t1", press))
        if press == 1:
            calls += [t.bell_pressed("bell", 1), t.phone_called("p1", "call-1")]
    limit = t.allowed(1.0)
    for call in calls:
        t.expect_receipt("HUB-RCPT-003", call, "accepted", within=t.limit("tag_call"))
        down = receipt_down(t, call)
        assert down is not None
        what = f"the receipt of {call.envelope['type']}"
        t.check(
            "HUB-RCPT-003",
            len(down.data["receipts"]) == 1,
            f"{what} goes alone",
            len(down.data["receipts"]),
            seen=down,
        )
        t.check("HUB-RCPT-003", down.t - call.t <= limit, f"{what} goes at once", f"after {down.t - call.t:.2f} s", within=limit,
                sent=call, seen=down)  # fmt: skip


@case(
    "TC-HUB-RCPT-03",
    ko="일상 메시지의 수신증은 저장한 뒤 1 s 안에 온다",
    en="The receipt of a routine message comes within 1 s of the commit",
    verifies=["HUB-RCPT-004"],
    town=POLE,
    steps=[
        (
            "리더기 pole이 device.status를 하나 보내고 수신증을 받는다. 0.3 s 간격으로 다섯 번 한다",
            "the reader pole sends one device.status and gets its receipt; five times, 0.3 s apart",
        ),
        ("그 사이에 다른 메시지는 없다", "no other message comes in between"),
    ],
    criteria=[
        (
            "저장한 때는 밖에서 보이지 않으므로, 메시지를 보낸 때부터 처리 1 s와 묶음 1 s를 더한 2 s 안에 온 것을 지킨 것으로 본다.",
            "As the moment of the commit is not visible from outside, a receipt within 2 s of the message is taken to be in time: "
            "1 s to process it and 1 s of grouping.",
        )
    ],
)
def routine_in_time(t: HubBench) -> None:
    limit = t.allowed(2.0)
    for _ in range(5):
        message = t.status("pole")
        row = t.receipt(message, 3 * limit)
        down = receipt_down(t, message)
        took = down.t - message.t if down is not None else None
        t.check("HUB-RCPT-004", row is not None and took is not None and took <= limit, "the receipt comes in time",
                "none" if took is None else f"after {took:.2f} s", within=limit, sent=message, seen=down)  # fmt: skip
        t.await_all(t.line.stamp() + 0.3)


@case(
    "TC-HUB-RCPT-04",
    ko="수신증이 accepted이면 저장되어 있다: 바로 죽여도 남고, 되풀이에는 다시 수신증이 온다",
    en="What was receipted accepted is stored: it survives a sudden death, and a repeat gets a receipt again",
    verifies=["HUB-RCPT-002", "HUB-RCPT-011"],
    needs=("restart",),
    alone=True,
    town=Town(children=1, parts=("pole", "desk")),
    slow_s=10.0,
    steps=[
        (
            "전화기 p1이 위치 40개를, 리더기 pole이 tag.called를 보낸다",
            "the phone p1 sends 40 positions, the reader pole a tag.called",
        ),
        (
            "마지막 수신증이 오면 바로 허브를 죽이고 다시 켠다",
            "kill the hub as soon as the last receipt is there, and start it again",
        ),
        ("경로의 점과 사건을 본다", "look at the points of the path and at the incident"),
        (
            "수신증을 잃은 것처럼 모든 메시지를 같은 바이트로 되풀이한다",
            "repeat all messages byte for byte, as if their receipts had been lost",
        ),
    ],
    criteria=[
        (
            "수신증이 accepted인 점이 모두 경로에 있고 사건이 있으며, 되풀이마다 duplicate(또는 accepted)인 수신증이 온다.",
            "Every point whose receipt said accepted is in the path, the incident is there, and each repeat gets a receipt of "
            "status duplicate (or accepted).",
        )
    ],
)
def survives(t: HubBench) -> None:
    now = t.now()
    fixes = [t.located("p1", 300.0 + 5 * n, 0.0, now - 400 + 10 * n) for n in range(40)]
    call = t.tag_called("pole", "t1", 1)
    t.accepted(*fixes, call)
    t.restart()
    path = t.http("GET", f"/v1/children/{t.id('c1')}/path?from={iso(now - 500)}&to={iso(now + 600)}")
    kept = [p["lon"] for p in path.json["points"]] if path.status == 200 else []
    lost = [n for n in range(40) if all(abs(lat_lon(300.0 + 5 * n, 0.0)["lon"] - lon) > 1e-5 for lon in kept)]
    t.check("HUB-RCPT-002", not lost, "every position that was accepted is in the path after the restart", f"lost: {lost}",
            seen=path.entry)  # fmt: skip
    listed = t.http("GET", f"/v1/zones/{t.zone}/incidents")
    found = [i for i in listed.json["items"] if i["service"] == "tag_call"] if listed.status == 200 else []
    t.check(
        "HUB-RCPT-002",
        len(found) == 1,
        "the incident of the call that was accepted",
        f"{len(found)} incidents",
        seen=listed.entry,
    )
    for message in [*fixes, call]:
        again = t.repeat(message)
        row = t.receipt(again, 15.0, after=again.t)
        t.check("HUB-RCPT-011", row is not None and row["status"] in ("duplicate", "accepted"),
                "a receipt for the repeat, duplicate or accepted", row or "none", sent=again)  # fmt: skip


@case(
    "TC-HUB-RCPT-05",
    ko="수신증을 잃은 주체의 되풀이는 몇 번이든, 나중이라도 다시 수신증을 받는다",
    en="A repeat whose receipt was lost is receipted again, however often and however late",
    verifies=["HUB-RCPT-011"],
    town=POLE,
    steps=[
        ("메시지 다섯 개를 보내고 수신증을 받는다", "send five messages and get their receipts"),
        (
            "새 메시지 50개를 보낸 뒤 처음 다섯 개를 두 번씩 되풀이한다",
            "send 50 new messages, then repeat the first five, twice each",
        ),
        (
            "거부된(bad_data) 메시지를 되풀이한다",
            "repeat a message that was refused (bad_data)",
        ),
    ],
)
def receipted_again(t: HubBench) -> None:
    first = [t.status("pole") for _ in range(5)]
    refused = t.send("dev/pole", "device.status", {"online": "yes"})
    t.accepted(*first)
    t.given(t.receipt(refused, 15.0) is not None, "the refused message has a receipt")
    t.accepted(*[t.status("pole") for _ in range(50)])
    for message in first * 2:
        again = t.repeat(message)
        row = t.receipt(again, t.allowed(5.0), after=again.t)
        t.check("HUB-RCPT-011", row is not None and row["status"] in ("duplicate", "accepted"), "a receipt for the repeat",
                row or "none", sent=again)  # fmt: skip
    again = t.repeat(refused)
    row = t.receipt(again, t.allowed(5.0), after=again.t)
    t.check("HUB-RCPT-011", row is not None and row["status"] == "rejected", "the refused one is refused again", row or "none",
            sent=again)  # fmt: skip


@case(
    "TC-HUB-RETRY-01",
    ko="모든 주체에게서 수신증 없는 메시지 64개씩을 한꺼번에 잃지 않고 받는다",
    en="64 unreceipted messages of every sender at once are taken without loss",
    verifies=["HUB-RETRY-011"],
    town=Town(children=2, parts=("pole", "bell", "desk")),
    slow_s=2.0,
    steps=[
        (
            "전화기 p1과 p2, 리더기 pole, 비상벨 bell이 수신증을 기다리지 않고 64개씩 보낸다",
            "the phones p1 and p2, the reader pole and the bell send 64 messages each without waiting for receipts",
        ),
        ("수신증과 두 어린이의 경로를 센다", "count the receipts, and the points of both children's paths"),
    ],
)
def window(t: HubBench) -> None:
    now = t.now()
    sent: list[Message] = []
    for n in range(WINDOW):
        sent += [
            t.located("p1", 200.0 + 5 * n, 0.0, now - 640 + 10 * n),
            t.located("p2", 200.0 + 5 * n, 240.0 - 1.5 * n, now - 640 + 10 * n),
            t.status("pole"),
            t.status("bell"),
        ]
    rows: list[tuple[Message, dict[str, Any] | None]] = [(m, t.receipt(m, t.allowed(10.0))) for m in sent]
    for principal in ("dev/p1", "dev/p2", "dev/pole", "dev/bell"):
        taken = sum(r is not None and r["status"] == "accepted" for m, r in rows if m.principal == principal)
        t.check(
            "HUB-RETRY-011", taken == WINDOW, f"{WINDOW} receipts of status accepted for {principal}", taken
        )
    for child in ("c1", "c2"):
        path = t.http("GET", f"/v1/children/{t.id(child)}/path?from={iso(now - 700)}&to={iso(now + 60)}")
        many = len([p for p in path.json["points"] if p["basis"] == "phone"]) if path.status == 200 else 0
        t.check(
            "HUB-RETRY-011", many == WINDOW, f"{WINDOW} points in the path of {child}", many, seen=path.entry
        )

"""4.4: identity, sequence, repeats."""

from safezone_conformance.case import case
from safezone_conformance.cases.hub._wire import POLE, good, status_data
from safezone_conformance.hub_bench import HubBench, Message
from safezone_conformance.town import Town
from safezone_conformance.wire import iso

CHILD = Town(children=1, parts=("pole", "desk"))


def _receipts_of(t: HubBench, message: Message) -> list[str]:
    """The statuses of all receipts of a message, in order."""
    rows = [r for down in t.downs(message.principal, "receipt", repeats=True) for r in down.data["receipts"]]
    return [str(r["status"]) for r in rows if r["id"] == message.id and r["source"] == message.source]


@case(
    "TC-HUB-SEQ-01",
    ko="같은 메시지의 되풀이는 한 번만 효력이 있고, 되풀이마다 수신증을 받는다",
    en="Repeats of one message have effect once, and each gets a receipt",
    verifies=["HUB-SEQ-005", "HUB-SEQ-006", "HUB-SEQ-007"],
    town=CHILD,
    steps=[
        ("리더기 pole이 tag.called를 보내고, 전화기 p1이 위치를 하나 보낸다", "the reader pole sends tag.called, the phone p1 one position"),
        ("수신증을 받은 뒤 두 메시지를 같은 바이트로 세 번씩 되풀이한다", "after their receipts both messages are repeated, byte for byte, three times"),
        ("경보와 알림, 경로의 점, 수신증을 센다", "count alerts and notices, points of the path, receipts"),
    ],
    criteria=[
        ("되풀이마다 duplicate(또는 accepted)인 수신증이 온다.", "Each repeat brings a receipt of status duplicate (or accepted)."),
        ("경보와 알림은 하나씩이고 경로의 점은 하나이다.", "There is one alert, one notice and one point of the path."),
    ],
)  # fmt: skip
def repeats(t: HubBench) -> None:
    began = t.now()
    call = t.tag_called("pole", "t1", 1)
    fix = t.located("p1", 300.0, 0.0, began - 1.0)
    t.accepted(call, fix)
    alert = t.await_one(lambda s: t.is_down(s, "desk/d112", "alert", None), call.t + 15.0)
    notice = t.await_one(lambda s: t.is_down(s, "guardian/g1", "notice", None), call.t + 15.0)
    t.given(alert is not None and notice is not None, "the call is told")
    for message in (call, fix):
        for number in range(2, 5):
            again = t.repeat(message)
            row = t.receipt(again, t.allowed(5.0), after=again.t)
            status = row["status"] if row else "no receipt"
            t.require("HUB-SEQ-006", status in ("duplicate", "accepted"), f"a receipt of repeat {number - 1}, duplicate or accepted",
                      status, sent=again)  # fmt: skip
            t.check("HUB-SEQ-007", status == "duplicate", "status duplicate", status, sent=again)
    for to, type_ in (("desk/d112", "alert"), ("guardian/g1", "notice")):
        t.expect_none(
            "HUB-SEQ-005",
            to=to,
            type_=type_,
            after=call,
            limit=t.limit("tag_call"),
            expected=f"no second {type_}",
        )
    path = t.http("GET", f"/v1/children/{t.id('c1')}/path?from={iso(began - 60)}&to={iso(t.now() + 60)}")
    points = [p for p in path.json["points"] if p["basis"] == "phone"] if path.status == 200 else []
    t.check("HUB-SEQ-005", len(points) == 1, "one point of the path by the phone", f"{path.status}: {len(points)} points",
            seen=path.entry)  # fmt: skip


@case(
    "TC-HUB-SEQ-02",
    ko="받아들인 것의 epoch와 seq를 다른 바이트로 다시 쓰면 sequence_reused, id를 다시 쓰면 id_reused로 거부한다",
    en="The epoch and seq of an accepted message with other bytes is sequence_reused, its id with another seq id_reused",
    verifies=["HUB-SEQ-008", "HUB-SEQ-009"],
    town=CHILD,
    steps=[
        ("메시지를 하나 보내 받아들여지게 한다", "send a message that is accepted"),
        ("같은 epoch와 seq에 다른 id로 보낸다", "send another id with the same epoch and seq"),
        ("같은 epoch와 seq와 id에 다른 data로 보낸다", "send other data with the same epoch, seq and id"),
        (
            "같은 id에 다른 seq로, 다음에 다른 epoch로 보낸다",
            "send the same id with another seq, then with another epoch",
        ),
        (
            "data가 잘못된 메시지를 거부되게 한 뒤, 그 id와 seq를 바른 메시지에 쓴다",
            "have a message refused for its data, then use its id and seq for one that is in order",
        ),
    ],
    criteria=[
        (
            "거부된 메시지의 id와 seq는 다시 쓸 수 있다.",
            "The id and seq of a message that was rejected may be used again.",
        )
    ],
)
def reuse(t: HubBench) -> None:
    first = t.status("pole")
    t.accepted(first)
    epoch, seq = first.envelope["epoch"], first.envelope["seq"]
    t.expect_rejected(
        "HUB-SEQ-008",
        t.send("dev/pole", "device.status", status_data(t), epoch=epoch, seq=seq),
        "sequence_reused",
    )
    both = t.send(
        "dev/pole", "device.status", status_data(t, queue_depth=3), epoch=epoch, seq=seq, id=first.id
    )
    t.expect_receipt("HUB-SEQ-008", both, "rejected", reason="sequence_reused")
    # Receipts name (source, id) only: those of the first message came before.
    for what, members in (
        ("another seq", {"seq": seq + 1000}),
        ("another epoch", {"epoch": epoch + 1, "seq": seq}),
    ):
        message = t.send("dev/pole", "device.status", status_data(t), id=first.id, **members)
        row = t.receipt(message, t.allowed(5.0), after=message.t)
        ok = row is not None and row["status"] == "rejected" and row.get("reason") == "id_reused"
        t.check(
            "HUB-SEQ-009",
            ok,
            f"the same id with {what} is refused as id_reused",
            row or "no receipt",
            sent=message,
        )
    refused = t.send("dev/pole", "device.status", {"online": "yes"}, seq=seq + 2000)
    t.expect_rejected("HUB-SEQ-008", refused, "bad_data")
    fresh = t.send("dev/pole", "device.status", status_data(t), seq=seq + 2000)
    t.expect_receipt("HUB-SEQ-008", fresh, "accepted")
    again = t.send("dev/pole", "device.status", status_data(t), id=refused.id, seq=seq + 2001)
    row = t.receipt(again, t.allowed(5.0), after=again.t)
    t.check("HUB-SEQ-009", row is not None and row["status"] == "accepted", "an id that was only rejected may be used again",
            row or "no receipt", sent=again)  # fmt: skip


@case(
    "TC-HUB-SEQ-03",
    ko="도착 순서, 낮은 seq, 빈 번호, 더 오래된 epoch는 거부의 까닭이 아니다",
    en="Order of arrival, a lower seq, a gap and an older epoch are no reasons to refuse",
    verifies=["HUB-SEQ-010", "HUB-SEQ-011"],
    town=POLE,
    steps=[
        (
            "epoch 5에서 seq 100, 7, 2^53 - 1, 50, 0, 101의 순서로 보낸다",
            "send seq 100, 7, 2^53 - 1, 50, 0, 101 of epoch 5, in this order",
        ),
        ("epoch 6에서, 다음에 epoch 4와 0에서 보낸다", "send in epoch 6, then in epochs 4 and 0"),
        (
            "epoch 5의 seq 100을 epoch 4에서도 쓴다",
            "use seq 100 of epoch 5 in epoch 4 too",
        ),
    ],
)
def any_order(t: HubBench) -> None:
    for seq in (100, 7, 9007199254740991, 50, 0, 101):
        t.expect_receipt("HUB-SEQ-010", t.status("pole", epoch=5, seq=seq), "accepted")
    t.accepted(t.status("pole", epoch=6, seq=1))
    for epoch, seq in ((4, 1), (0, 0), (4, 100)):
        t.expect_receipt("HUB-SEQ-011", t.status("pole", epoch=epoch, seq=seq), "accepted")


@case(
    "TC-HUB-SEQ-04",
    ko="시각은 재생 방지에 쓰이지 않는다: 오래된 시각도 먼 미래의 시각도 거부의 까닭이 아니다",
    en="Time plays no part against replay: neither an old time nor one far ahead is a reason to refuse",
    verifies=["HUB-SEQ-012"],
    town=Town(children=1, parts=("pole", "desk")),
    steps=[
        (
            "time이 2009년, 1년 전, 하루 전, 1970년, 하루 뒤인 메시지를 보낸다",
            "send messages whose time lies in 2009, a year ago, a day ago, in 1970 and a day ahead",
        ),
        ("시각이 뒤로 가는 순서로 두 개를 보낸다", "send two whose times run backwards"),
        (
            "time과 pressed_at이 하루 전인 tag.called를 보낸다",
            "send a tag.called whose time and pressed_at lie a day back",
        ),
    ],
)
def old_times(t: HubBench) -> None:
    now = t.now()
    for moment in (1234567890.0, now - 365 * 86400, now - 86400, 0.0, now + 86400, now - 10, now - 20):
        _, envelope, payload = good(t, time=iso(moment), id=t.identity.uuid7(max(moment, 1.0)))
        message = t.publish("dev/pole", f"safezone/v1/{t.zone}/dev/{t.id('pole')}/up", envelope, payload)
        t.expect_receipt("HUB-SEQ-012", message, "accepted")
    call = t.tag_called("pole", "t1", 1, now - 86400)
    t.expect_receipt("HUB-SEQ-012", call, "accepted")


@case(
    "TC-HUB-SEQ-05",
    ko="다른 source의 같은 id와 같은 seq는 다른 메시지이다",
    en="Equal ids and sequence numbers of different sources are different messages",
    verifies=["HUB-SEQ-013"],
    town=Town(children=2, parts=("pole", "desk"), extra=lambda m: [m.reader("post", "pole", (600.0, 0.0))]),
    steps=[
        (
            "리더기 pole과 post가 같은 id, epoch, seq로 서로 다른 태그의 tag.called를 보낸다",
            "the readers pole and post send tag.called of two tags with the same id, epoch and seq",
        )
    ],
    criteria=[("둘 다 받아들여지고 둘 다 알려진다.", "Both are accepted, and both are told.")],
)
def other_sources(t: HubBench) -> None:
    id_ = t.identity.uuid7(t.now())
    sent = [
        t.tag_called(reader, tag, 1, id=id_, epoch=3, seq=77)
        for reader, tag in (("pole", "t1"), ("post", "t2"))
    ]
    for message in sent:
        t.expect_receipt("HUB-SEQ-013", message, "accepted")
    for message, child in zip(sent, ("c1", "c2"), strict=True):
        t.expect_alert("HUB-SEQ-013", "tag_call", child=child, since=message, within=3 * t.limit("tag_call"))
    repeated = t.repeat(sent[0])
    t.accepted(repeated)

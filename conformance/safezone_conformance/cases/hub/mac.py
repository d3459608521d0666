"""4.3: authentication and keys."""

import json
import re
from collections.abc import Callable
from typing import Any

from safezone_conformance.case import case
from safezone_conformance.cases.hub._wire import (
    CALL,
    POLE,
    SPEAKING,
    Refusals,
    everything_said,
    good,
    head_of,
    held,
    receipts_naming,
    sealed,
    up,
)
from safezone_conformance.hub_bench import HubBench
from safezone_conformance.identity import raw_key
from safezone_conformance.town import Town
from safezone_conformance.wire import iso, mac_is_right, seal

MAC = re.compile(r"[A-Za-z0-9_-]{43}")


@case(
    "TC-HUB-MAC-01",
    ko="허브의 모든 메시지의 mac은 받는 주체의 키로 만들고 keyid가 그 키를 가리킨다. 키를 바꾸면 새 키로 만든다",
    en="The mac of everything the hub says is made with the recipient's key, named by keyid; with the new one once the key "
    "is changed",
    verifies=["ALL-MAC-001", "ALL-MAC-002", "HUB-MAC-003"],
    town=SPEAKING,
    steps=[
        (
            "허브가 수신증, 알림, 경보, 카메라 명령을 내게 하고, 토픽과 받은 바이트로 mac을 다시 계산한다",
            "make the hub send receipts, a notice, alerts and camera commands, and work their macs out again from the topic "
            "and the bytes received",
        ),
        (
            "리더기 pole의 키를 바꾸어 등록하고, 새 키로 메시지를 보낸다",
            "register another key of the reader pole, and send under it",
        ),
        ("그 수신증의 mac과 keyid를 본다", "look at mac and keyid of its receipt"),
    ],
)
def macs_down(t: HubBench) -> None:
    downs = everything_said(t)
    keys = {n: t.keys[d.principal] for n, d in enumerate(downs) if d.principal in t.keys}
    t.given(len(keys) == len(downs), "everything goes to registered principals")
    wrong = {n: "another mac" for n, d in enumerate(downs)
             if not mac_is_right(raw_key(keys[n]), str(d.entry.content["topic"]), d.payload)}  # fmt: skip
    held(t, "ALL-MAC-001", downs, wrong, "HMAC-SHA256 over topic, LF and the bytes before mac")
    wrong = {
        n: str(d.envelope.get("mac"))
        for n, d in enumerate(downs)
        if not MAC.fullmatch(str(d.envelope.get("mac")))
    }
    held(t, "ALL-MAC-002", downs, wrong, "43 characters of base64url")
    wrong = {
        n: str(d.envelope.get("keyid"))
        for n, d in enumerate(downs)
        if d.envelope.get("keyid") != keys[n]["keyid"]
    }
    held(t, "HUB-MAC-003", downs, wrong, "keyid of the principal addressed")
    key = t.identity.key("pole", 2)
    t.put(next(i for i in t.case.town.items(t.make) if i["id"] == t.id("pole")) | {"key": key})
    message = t.status("pole")
    t.accepted(message)
    receipts = [d for d in t.downs("dev/pole", "receipt") if d.t >= message.t]
    right = [d for d in receipts if d.envelope.get("keyid") == key["keyid"]
             and mac_is_right(raw_key(key), up(t, "dev/pole")[:-2] + "down", d.payload)]  # fmt: skip
    t.check("HUB-MAC-003", len(right) == len(receipts), "receipts after the change of key are made with the new key",
            f"{len(right)} of {len(receipts)}", sent=message, seen=receipts[0] if receipts else None)  # fmt: skip


@case(
    "TC-HUB-MAC-02",
    ko="mac이 틀린 메시지는 bad_mac으로 거부하고 내용에 따라 아무것도 하지 않는다",
    en="A message whose mac is wrong is refused as bad_mac, and nothing is done upon its content",
    verifies=["HUB-MAC-004"],
    town=CALL,
    steps=[
        (
            "tag.called를 본문의 한 글자를 바꾸어, 다른 주체의 키로, 시각을 더한 바이트로, LF 없이 계산한 mac으로, 0뿐인 mac으로 보낸다",
            "send tag.called with a character of the payload changed, under another principal's key, with bytes added after "
            "the mac was made, with a mac made without the LF, and with a mac of zeros",
        ),
        ("어느 것에도 수신증도 경보도 없는지 본다", "see that none of them brings a receipt or an alert"),
        ("같은 호출을 올바른 mac으로 보낸다", "send the same call with the right mac"),
    ],
)
def wrong_mac(t: HubBench) -> None:
    def call(press: int) -> tuple[str, dict[str, Any], bytes]:
        data = {"tag": t.id("t1"), "press": press, "pressed_at": iso(t.now())}
        topic, envelope, payload = t.compose("dev/pole", "tag.called", data)
        return topic, envelope, payload

    refusals, ids = Refusals(t), []
    key = raw_key(t.keys["dev/pole"])
    changes: list[tuple[str, Callable[[str, dict[str, Any], bytes], bytes]]] = [
        ("one character changed", lambda topic, e, p: p.replace(b'"press":1', b'"press":2')),
        ("another principal's key", lambda topic, e, p: seal(raw_key(t.keys["desk/d112"]), topic, head_of(e))),
        ("a member added afterwards", lambda topic, e, p: p.replace(b',"mac":', b',"x":1,"mac":')),
        ("white space added afterwards", lambda topic, e, p: p.replace(b'{"specversion"', b'{ "specversion"')),
        ("a mac made without the topic", lambda topic, e, p: _with_mac(e, seal(key, "", head_of(e)))),
        ("a mac of zeros", lambda topic, e, p: _with_mac(e, b'"' + b"A" * 43 + b'"}')),
    ]  # fmt: skip
    for what, change in changes:
        topic, envelope, payload = call(1)
        ids.append(str(envelope["id"]))
        refusals.hold("HUB-MAC-004", "bad_mac", what, change(topic, envelope, payload))
    told = t.publish("dev/pole", *call(1))
    t.expect_receipt("HUB-MAC-004", told, "accepted")
    alert = t.expect_alert("HUB-MAC-004", "tag_call", since=0.0, within=told.t + 3 * t.limit("tag_call"))
    t.check(
        "HUB-MAC-004",
        alert.t >= told.t,
        "no alert before the call whose mac is right",
        f"one at {alert.t:.2f} s",
        seen=alert,
    )
    t.expect_none(
        "HUB-MAC-004", type_="alert", after=0.0, limit=t.limit("tag_call"), expected="no alert of the others"
    )
    rows = receipts_naming(t, ids)
    t.check("HUB-MAC-004", not rows, "no receipt for the others", rows)


def _with_mac(envelope: dict[str, Any], other: bytes) -> bytes:
    """The envelope's bytes with the mac that another payload ends with."""
    return head_of(envelope) + b',"mac":' + other[-46:]


@case(
    "TC-HUB-MAC-03",
    ko="등록되지 않은 주체의 메시지는 unknown_sender로 거부한다. 지운 주체도 같다",
    en="A message of a principal that is not registered, or no longer, is refused as unknown_sender",
    verifies=["HUB-MAC-005"],
    town=POLE,
    steps=[
        (
            "등록되지 않은 장치, 등록된 id이나 다른 역할, 등록되지 않은 보호자의 메시지를 보낸다",
            "send messages of a device that is not registered, of a registered id in another role, and of a guardian that is "
            "not registered",
        ),
        (
            "리더기를 등록하고 메시지를 보낸 뒤 지우고 다시 보낸다",
            "register a reader, send, delete it, send again",
        ),
    ],
)
def unknown_sender(t: HubBench) -> None:
    refusals = Refusals(t)
    for what, principal in (
        ("a device nobody registered", "dev/ghost"),
        ("a registered id in another role", "desk/pole"),
        ("a guardian nobody registered", "guardian/ghost"),
        ("a clock without a drill", "clock/ghost"),
    ):
        topic, envelope, _ = t.compose(
            principal, "ack", {"notice": t.identity.uuid7(t.now()), "received_at": iso(t.now())}
        )
        payload = seal(raw_key(t.identity.key(principal.split("/")[1])), topic, head_of(envelope))
        refusals.hold("HUB-MAC-005", "unknown_sender", what, payload, principal=principal, topic=topic)
    t.put(t.make.reader("late", "pole", (500.0, 50.0)))
    t.expect_receipt("HUB-MAC-005", t.status("late"), "accepted")
    gone = t.http("DELETE", f"/v1/registry/device/{t.id('late')}")
    t.given(gone.status in (200, 204), f"the reader is deleted; status {gone.status}")
    refusals.hold(
        "HUB-MAC-005",
        "unknown_sender",
        "a device that was deleted",
        good(t, "dev/late")[2],
        principal="dev/late",
    )


@case(
    "TC-HUB-MAC-04",
    ko="그 주체의 것이 아닌 keyid는 unknown_key로 거부한다: 다른 주체의 것, 아무의 것도 아닌 것, 바꾸기 전의 것",
    en="A keyid that is not that principal's is refused as unknown_key: another principal's, nobody's, the former one",
    verifies=["HUB-MAC-006"],
    town=Town(children=0, parts=("pole", "bell")),
    steps=[
        (
            "pole의 메시지를 bell의 keyid와 bell의 키로, bell의 keyid와 pole의 키로, 없는 keyid로 보낸다",
            "send messages of pole with bell's keyid under bell's key, with bell's keyid under pole's key, and with a keyid "
            "of nobody",
        ),
        (
            "pole의 키를 바꾸어 등록하고 옛 키로, 다음에 새 키로 보낸다",
            "register another key of pole; send under the former key, then under the new one",
        ),
    ],
)
def unknown_key(t: HubBench) -> None:
    refusals = Refusals(t)
    bell, pole = t.keys["dev/bell"], t.keys["dev/pole"]
    for what, keyid, key in (
        ("another principal's keyid and key", bell["keyid"], bell),
        ("another principal's keyid, its own key", bell["keyid"], pole),
        ("nobody's keyid, its own key", "nobody-k1", pole),
    ):
        topic, envelope, _ = good(t, keyid=keyid)
        refusals.hold("HUB-MAC-006", "unknown_key", what, seal(raw_key(key), topic, head_of(envelope)))
    item = next(i for i in t.case.town.items(t.make) if i["id"] == t.id("pole"))
    t.put(item | {"key": t.identity.key("pole", 2)})
    topic, envelope, _ = good(t, keyid=pole["keyid"])
    refusals.hold(
        "HUB-MAC-006", "unknown_key", "the former key", seal(raw_key(pole), topic, head_of(envelope))
    )
    t.expect_receipt("HUB-MAC-006", t.status("pole"), "accepted")


@case(
    "TC-HUB-MAC-05",
    ko="다른 토픽에서 되풀이한 메시지를 받아들이지 않는다",
    en="A message played back on another topic is not accepted",
    verifies=["HUB-MAC-007"],
    town=Town(
        children=1,
        parts=("pole", "desk"),
        extra=lambda m: [m.reader("same", "pole", (600.0, 0.0), key=m.identity.key("pole"))],
    ),
    before=[
        (
            "리더기 same은 리더기 pole과 같은 키로 등록되어 있다",
            "the reader same is registered with the same key as the reader pole",
        )
    ],
    steps=[
        ("pole이 tag.called를 보낸다", "the reader pole sends tag.called"),
        (
            "그 바이트를 같은 키를 가진 same의 토픽과 다른 역할의 토픽에 다시 싣는다",
            "publish its bytes again on the topic of same, which has the same key, and on a topic of another role",
        ),
        (
            "down 토픽으로 계산한 mac을 단 메시지를 up 토픽에 싣는다",
            "publish on the topic up a message whose mac was made for the topic down",
        ),
        (
            "허브가 pole에게 보낸 수신증의 바이트를 pole의 up 토픽에 싣는다",
            "publish on pole's topic up the bytes of a receipt that the hub sent to pole",
        ),
        (
            "source만 same으로 바꾸고 mac은 pole의 토픽으로 계산한 메시지를 same의 토픽에 싣는다",
            "publish on the topic of same a message with the source of same whose mac was made for the topic of pole",
        ),
    ],
)
def played_back(t: HubBench) -> None:
    call = t.tag_called("pole", "t1", 1)
    t.accepted(call)
    t.given(
        t.await_one(lambda s: t.is_down(s, "desk/d112", "alert", None), call.t + 15.0) is not None,
        "the call is told",
    )
    refusals = Refusals(t)
    same = up(t, "dev/same")
    refusals.hold(
        "HUB-MAC-007", "wrong_source", "on another principal's topic", call.payload, principal="dev/same"
    )
    refusals.hold(
        "HUB-MAC-007", "wrong_source", "on a topic of another role", call.payload, principal="desk/pole"
    )
    down = call.topic[: -len("up")] + "down"
    _, envelope, _ = t.compose(
        "dev/pole", "tag.called", {"tag": t.id("t1"), "press": 2, "pressed_at": iso(t.now())}
    )
    refusals.hold(
        "HUB-MAC-007", "bad_mac", "made for the topic down", sealed(t, "dev/pole", head_of(envelope), down)
    )
    [receipt] = t.downs("dev/pole", "receipt")[:1]
    refusals.hold("HUB-MAC-007", "wrong_source", "a receipt sent back up", receipt.payload)
    _, envelope, _ = t.compose(
        "dev/same", "tag.called", {"tag": t.id("t1"), "press": 3, "pressed_at": iso(t.now())}
    )
    forged = sealed(t, "dev/pole", head_of(envelope), call.topic)
    refusals.hold(
        "HUB-MAC-007",
        "bad_mac",
        "made for another principal's topic",
        forged,
        principal="dev/same",
        topic=same,
    )
    t.expect_none(
        "HUB-MAC-007", type_="alert", after=call, limit=t.limit("tag_call"), expected="no further alert"
    )


def _forms(t: HubBench) -> list[tuple[str, bytes]]:
    """The same sort of message in lawful forms of JSON, without the closing brace."""

    def envelope(**members: Any) -> dict[str, Any]:
        return good(t, **members)[1]

    def dumps(value: dict[str, Any], **how: Any) -> bytes:
        return json.dumps(value, **how).encode()[:-1]

    def nested(levels: int) -> bytes:
        deep = "[" * (levels - 2) + "]" * (levels - 2)
        return head_of(envelope()).replace(b'"firmware":"1.0"', f'"firmware":"1.0","deep":{deep}'.encode())

    escaped = re.sub(
        rb'"(id|type|source|seq)":',
        lambda m: b'"' + b"".join(b"\\u%04x" % c for c in m[1]) + b'":',
        head_of(envelope()),
    )
    slashes = head_of(envelope()).replace(b"/", b"\\/")
    return [
        ("members in reverse order", head_of(dict(reversed(list(envelope().items()))))),
        ("members in order of the alphabet", head_of(dict(sorted(envelope().items())))),
        ("spaces between all", dumps(envelope(), separators=(" , ", " : "))),
        ("indented, with line breaks", dumps(envelope(), indent=2)),
        ("indented by tabs, lines ended by CR LF", dumps(envelope(), indent="\t").replace(b"\n", b"\r\n")),
        ("names written with escapes", escaped),
        ("slashes escaped", slashes),
        ("Korean in escapes", dumps(envelope(note="훈련이 아님 😀"), ensure_ascii=True)),
        ("Korean in UTF-8", dumps(envelope(note="훈련이 아님 😀"), ensure_ascii=False)),
        ("a text that looks like the end of a message", head_of(envelope(note=f',"mac":"{"A" * 43}"}}'))),
        ("a member mac inside data", head_of(envelope()).replace(b'"data":{', b'"data":{"mac":"' + b"B" * 43 + b'",')),
        ("numbers with fraction and exponent", head_of(envelope()).replace(b'"interval_s":60', b'"interval_s":6.0e1')),
        ("nesting of 32 levels", nested(32)),
    ]  # fmt: skip


@case(
    "TC-HUB-MAC-06",
    ko="mac이 맞으면 올바른 JSON의 어떤 꼴도 받는다. mac은 받은 바이트로 계산한다",
    en="Any lawful form of JSON whose mac is right is accepted; the mac is computed over the bytes as received",
    verifies=["ALL-MAC-011", "HUB-MAC-012"],
    town=POLE,
    steps=[
        (
            "멤버 순서, 공백, 줄바꿈, 이스케이프, 숫자 표기, 중첩(32단계까지)이 다른 device.status를 그 바이트의 mac과 함께 보낸다",
            "send device.status with another order of members, white space, line breaks, escapes, spelling of numbers and "
            "nesting (up to 32 levels), each with the mac of its bytes",
        ),
        (
            "공백이 있는 메시지에 공백 없는 정준형으로 계산한 mac을 달아 보낸다",
            "send a message with white space whose mac was made over its canonical form without",
        ),
    ],
)
def lawful_forms(t: HubBench) -> None:
    topic = up(t, "dev/pole")
    sent = []
    for what, head in _forms(t):
        payload = sealed(t, "dev/pole", head)
        sent.append((what, t.publish("dev/pole", topic, json.loads(payload), payload)))
    for what, message in sent:
        row = t.receipt(message, t.allowed(5.0))
        t.check("HUB-MAC-012", row is not None and row.get("status") == "accepted", f"{what}: accepted", row or "no receipt",
                sent=message)  # fmt: skip
        t.check("ALL-MAC-011", row is not None, f"{what}: its mac is found right over these bytes", row or "no receipt",
                sent=message)  # fmt: skip
    _, envelope, payload = good(t)
    spaced = json.dumps(envelope).encode()[:-1] + payload[-53:]
    Refusals(t).hold("ALL-MAC-011", "bad_mac", "a mac made over another form of the same content", spaced)

"""4.1 and 4.2: the envelope, and its bytes."""

import re
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
    readable,
    receipts_naming,
    sealed,
    status_data,
)
from safezone_conformance.hub_bench import UNSET, HubBench
from safezone_conformance.wire import Malformed, breaches, breaches_of_message, iso, parse

END = re.compile(rb',"mac":"[A-Za-z0-9_-]{43}"\}\Z')
MAX_INT = 9007199254740991


@case(
    "TC-HUB-ENV-01",
    ko="허브의 모든 메시지는 스키마에 맞는 봉투와 data이고, 바이트가 규정된 꼴이다",
    en="Everything the hub says is an envelope and data by the schemas, in bytes of the prescribed form",
    verifies=["ALL-ENV-001", "ALL-ENV-002", "ALL-ENV-003", "ALL-ENV-005", "ALL-ENV-006", "ALL-ENV-007"],
    town=SPEAKING,
    steps=[
        (
            "태그 호출, 비상벨, 거부될 메시지를 보내고 사건을 끝낸다. 훈련 시계가 있으면 틱도 보낸다",
            "send a tag call, a bell call and a message to be refused, and end the incidents; a tick too if there is an "
            "exercise clock",
        ),
        (
            "온 수신증, 알림, 경보, 카메라 명령, clock.ack의 바이트와 봉투와 data를 모두 본다",
            "look at bytes, envelope and data of every receipt, notice, alert, camera command and clock.ack",
        ),
    ],
)
def hub_speaks_in_form(t: HubBench) -> None:
    downs = everything_said(t)
    unread: dict[int, str] = {}
    doubled: dict[int, str] = {}
    for n, down in enumerate(downs):
        try:
            parse(down.payload)
        except Malformed as error:
            (doubled if "twice" in str(error) else unread)[n] = str(error)
        if not down.payload.startswith(b"{"):
            unread[n] = repr(down.payload[:20])
    held(t, "ALL-ENV-005", downs, unread, "one JSON object in UTF-8 and nothing else")
    held(t, "ALL-ENV-006", downs, doubled, "no member twice")
    wrong = {n: repr(d.payload[-70:]) for n, d in enumerate(downs) if END.search(d.payload) is None}
    held(t, "ALL-ENV-007", downs, wrong, 'ends with ,"mac":"…"}')
    envelopes = [readable(d) for d in downs]
    wrong = {
        n: "; ".join(found)
        for n, e in enumerate(envelopes)
        if e is not None and (found := breaches("envelope", e))
    }
    held(t, "ALL-ENV-001", downs, wrong, "satisfies the schema envelope")
    told = {n: breaches_of_message(e) for n, e in enumerate(envelopes) if e is not None}
    unknown = {n: "; ".join(rows) for n, rows in told.items() if any(r.startswith("/type:") for r in rows)}
    held(t, "ALL-ENV-002", downs, unknown, "type is a message of the standard")
    wrong = {n: "; ".join(rows) for n, rows in told.items() if any(r.startswith("/data") for r in rows)}
    held(t, "ALL-ENV-003", downs, wrong, "data satisfies the schema of its type")


@case(
    "TC-HUB-ENV-02",
    ko="봉투와 data의 모르는 멤버를 무시하고, 그 때문에 거부하지 않는다",
    en="Members it does not know, in envelope and data, are ignored and no reason to refuse",
    verifies=["ALL-ENV-004"],
    town=CALL,
    steps=[
        (
            "봉투에 모르는 멤버(글, 목록, 객체, null)가 있고 data에도 있는 tag.called를 보낸다",
            "send a tag.called with unknown members (a text, a list, an object, null) in the envelope and in data",
        ),
        (
            "모르는 멤버가 mac 바로 앞에 있는 device.status를 보낸다",
            "send a device.status whose unknown member stands right before mac",
        ),
    ],
    criteria=[("둘 다 받아들여지고 호출은 알려진다.", "Both are accepted, and the call is told.")],
)
def unknown_members(t: HubBench) -> None:
    data = {
        "tag": t.id("t1"),
        "press": 1,
        "pressed_at": iso(t.now()),
        "volume": 11,
        "x-vendor": {"a": [None, {}]},
    }
    call = t.send(
        "dev/pole",
        "tag.called",
        data,
        traceparent="00-ab-cd-01",
        subject=None,
        vendor={"data": [1, "둘", {}]},
    )
    t.expect_receipt("ALL-ENV-004", call, "accepted")
    t.expect_alert("ALL-ENV-004", "tag_call", child="c1", since=call, within=3 * t.limit("tag_call"))
    status = t.send("dev/pole", "device.status", status_data(t, colour="grün"), zzz="last before mac")
    t.expect_receipt("ALL-ENV-004", status, "accepted")


def _breaking(t: HubBench) -> list[tuple[str, dict[str, Any]]]:
    """What is wrong, and the members that make it so."""
    missing = [(f"without {m}", {m: UNSET}) for m in (
        "specversion", "id", "source", "type", "time", "datacontenttype", "keyid", "epoch", "seq", "data",
    )]  # fmt: skip
    id_ = t.identity.uuid7(t.now())
    return [
        *missing,
        ("specversion 0.3", {"specversion": "0.3"}),
        ("an id in upper case", {"id": "ABCDEF" + id_[6:]}),
        ("an id that is no UUID", {"id": "message-1"}),
        ("a source without a role", {"source": f"{t.zone}/{t.id('pole')}"}),
        ("a type in capitals", {"type": "Device.Status"}),
        ("a time without an offset", {"time": "2026-05-18T08:31:05.120"}),
        ("a time that is none", {"time": "yesterday"}),
        ("a time on 30 February", {"time": "2026-02-30T08:31:05Z"}),
        ("another datacontenttype", {"datacontenttype": "text/plain"}),
        ("a keyid with a space", {"keyid": "key 1"}),
        ("a negative epoch", {"epoch": -1}),
        ("a seq that is a text", {"seq": "7"}),
        ("a seq with a fraction", {"seq": 7.5}),
        ("a seq above 2^53 - 1", {"seq": MAX_INT + 1}),
        ("a seq true", {"seq": True}),
        ("an empty exercise", {"exercise": ""}),
        ("data that is a list", {"data": [1]}),
        ("data that is a text", {"data": "{}"}),
    ]


@case(
    "TC-HUB-ENV-03",
    ko="스키마 envelope에 맞지 않는 봉투는 bad_envelope로 거부한다",
    en="An envelope that does not satisfy the schema envelope is refused as bad_envelope",
    verifies=["HUB-ENV-010"],
    town=POLE,
    steps=[
        (
            "한 멤버가 없거나 스키마에 어긋나는 봉투를, mac은 맞게 하여 하나씩 보낸다: 없는 멤버 10가지와 어긋난 값 18가지, "
            "그리고 객체가 아닌 JSON",
            "send envelopes in which one member is missing or breaks the schema, the mac right, one by one: 10 missing "
            "members, 18 wrong values, and JSON that is no object",
        ),
        ("보낼 때마다 구역의 통계를 본다", "look at the statistics of the zone after each"),
        ("올바른 메시지를 보낸다", "send a message that is in order"),
    ],
)
def bad_envelope(t: HubBench) -> None:
    refusals = Refusals(t)
    for what, members in _breaking(t):
        refusals.hold("HUB-ENV-010", "bad_envelope", what, good(t, **members)[2])
    for what, payload in (
        ("a list", b"[1,2]"),
        ("a text", b'"hello"'),
        ("null", b"null"),
        ("an empty object", b"{}"),
    ):
        refusals.hold("HUB-ENV-010", "bad_envelope", what, payload)
    t.expect_receipt("HUB-ENV-010", t.status("pole"), "accepted")


@case(
    "TC-HUB-ENV-04",
    ko="소문자로 쓴 id는 UUID의 판을 가리지 않고 받는다",
    en="An id in lower case is taken whatever version of UUID it is",
    verifies=["HUB-ENV-012"],
    town=POLE,
    steps=[
        (
            "id가 UUID 1, 3, 4, 5, 6, 7, 8판과 nil인 메시지를 보낸다",
            "send messages whose id is a UUID of version 1, 3, 4, 5, 6, 7, 8, and nil",
        )
    ],
)
def any_uuid(t: HubBench) -> None:
    base = t.identity.uuid7(t.now())
    ids = [f"{base[:14]}{version}{base[15:]}" for version in "1345678"] + [
        "00000000-0000-0000-0000-000000000000"
    ]
    sent = [t.send("dev/pole", "device.status", status_data(t), id=id_) for id_ in ids]
    for message in sent:
        t.expect_receipt("HUB-ENV-012", message, "accepted")


def _unstrict(t: HubBench) -> list[tuple[str, bytes]]:
    def head(**members: Any) -> bytes:
        return head_of(good(t, **members)[1])

    def nested(levels: int) -> bytes:
        """Within an envelope, which is one level, and data, which is another."""
        deep = b"[" * (levels - 2) + b"]" * (levels - 2)
        return head().replace(b'"firmware":"1.0"', b'"firmware":"1.0","deep":' + deep)

    whole = sealed(t, "dev/pole", head())
    odd = [
        ("seq twice", head() + b',"seq":1'),
        ("a member of data twice", head().replace(b'"online":true', b'"online":true,"online":true')),
        ("an unknown member twice, deep inside", head(x={"y": [{"z": 1}]}).replace(b'{"z":1}', b'{"z":1,"z":1}')),
        ("a doubled member, once written with an escape", head() + b',"s\\u0065q":1'),
        ("NaN", head().replace(b'"queue_depth":0', b'"queue_depth":NaN')),
        ("Infinity", head(x=0).replace(b'"x":0', b'"x":Infinity')),
        ("-Infinity", head(x=0).replace(b'"x":0', b'"x":-Infinity')),
        ("33 levels", nested(33)),
        ("300 levels", nested(300)),
        ("bytes that are not UTF-8", head().replace(b'"firmware":"1.0"', b'"firmware":"\xff\xfe"')),
        ("a control character in a text", head().replace(b'"firmware":"1.0"', b'"firmware":"1\n0"')),
        ("a comma too many", head() + b","),
        ("single quotes", head().replace(b'"online"', b"'online'")),
    ]  # fmt: skip
    found = [(what, sealed(t, "dev/pole", h)) for what, h in odd]
    return [
        *found,
        ("a second object behind", whole + b"{}"),
        ("text behind", whole + b" end"),
        ("a NUL behind", whole + b"\x00"),
        ("a byte order mark before", b"\xef\xbb\xbf" + whole),
        ("half a message", whole[: len(whole) // 2]),
        ("an array of 40 levels", b"[" * 40 + b"]" * 40),
        ("no bytes at all", b""),
    ]


@case(
    "TC-HUB-ENV-05",
    ko="엄격한 JSON이 아닌 본문은 not_json으로 거부한다",
    en="A payload that is not strict JSON is refused as not_json",
    verifies=["HUB-ENV-008"],
    town=POLE,
    steps=[
        (
            "겹친 멤버, NaN, Infinity, 32단계를 넘는 중첩, 뒤따르는 데이터, BOM, 깨진 UTF-8이 있는 본문을 하나씩 보낸다. mac은 그 "
            "바이트에 맞게 한다",
            "send payloads with doubled members, NaN, Infinity, nesting beyond 32 levels, trailing data, a BOM and broken "
            "UTF-8, one by one, their mac right for those bytes",
        ),
        ("보낼 때마다 구역의 통계를 본다", "look at the statistics of the zone after each"),
    ],
)
def not_json(t: HubBench) -> None:
    refusals = Refusals(t)
    for what, payload in _unstrict(t):
        refusals.hold("HUB-ENV-008", "not_json", what, payload)
    t.expect_receipt("HUB-ENV-008", t.status("pole"), "accepted")


@case(
    "TC-HUB-ENV-06",
    ko="mac이 없거나 규정된 꼴의 마지막 멤버가 아니면 bad_envelope로 거부한다",
    en="A mac that is missing, or not the last member in the exact form, is refused as bad_envelope",
    verifies=["HUB-ENV-009"],
    town=POLE,
    steps=[
        (
            "mac이 없는 것, 첫 멤버인 것, 뒤에 멤버가 더 있는 것, 앞뒤에 공백이 있는 것, 짧거나 =로 채워졌거나 다른 글자표로 쓴 것을 하나씩 "
            "보낸다",
            "send payloads with mac missing, first, followed by another member, with white space around it, too short, "
            "padded with =, or in another alphabet, one by one",
        ),
        ("보낼 때마다 구역의 통계를 본다", "look at the statistics of the zone after each"),
        ("어느 것에도 수신증이 없는지 본다", "see that none of them got a receipt"),
    ],
)
def mac_last(t: HubBench) -> None:
    refusals = Refusals(t)
    ids: list[str] = []

    def fresh() -> tuple[bytes, str]:
        """A head, and a mac that has a letter outside the standard alphabet of base64."""
        while True:
            _, envelope, payload = good(t)
            mac = payload[-45:-2].decode()
            if "-" in mac or "_" in mac:
                ids.append(envelope["id"])
                return head_of(envelope), mac

    head, _ = fresh()
    refusals.hold("HUB-ENV-009", "bad_envelope", "no mac", head + b"}")
    head, mac = fresh()
    refusals.hold("HUB-ENV-009", "bad_envelope", "mac first", f'{{"mac":"{mac}",'.encode() + head[1:] + b"}")
    head, mac = fresh()
    refusals.hold(
        "HUB-ENV-009", "bad_envelope", "a member after mac", head + f',"mac":"{mac}","x":1}}'.encode()
    )
    for what, form in (
        ("a space before mac", ', "mac":"{}"}}'),
        ("a space after the colon", ',"mac": "{}"}}'),
        ("a line break before the brace", ',"mac":"{}"\n}}'),
        ("mac written with an escape", ',"m\\u0061c":"{}"}}'),
    ):
        head, mac = fresh()
        refusals.hold("HUB-ENV-009", "bad_envelope", what, head + form.format(mac).encode())
    for what, spell in (
        ("a mac of 42 characters", lambda m: m[:-1]),
        ("a mac padded with =", lambda m: m + "="),
        ("a mac in the other alphabet of base64", lambda m: m.replace("-", "+").replace("_", "/")),
        ("a mac in hexadecimal", lambda m: (m.encode().hex() * 2)[:64]),
        ("an empty mac", lambda m: ""),
    ):
        head, mac = fresh()
        refusals.hold("HUB-ENV-009", "bad_envelope", what, head + f',"mac":"{spell(mac)}"}}'.encode())
    t.accepted(t.status("pole"))
    rows = receipts_naming(t, ids)
    t.check("HUB-ENV-009", not rows, "no receipt for any of them", rows)


@case(
    "TC-HUB-ENV-07",
    ko="공백, 이스케이프로 숨긴 중복, 소수로 적은 정수, 중첩의 한계는 규격의 사유를 갖는다",
    en="White space, a double hidden by an escape, an integer written as a fraction and the limit of nesting have the reasons of the standard",
    verifies=["HUB-ENV-008", "HUB-ENV-009", "HUB-ENV-013"],
    town=POLE,
    steps=[
        ("mac이 맞는 device.status의 앞과 뒤에 빈칸을 붙여 보낸다", "send a device.status, its mac right, with a blank before it, and with a line feed after it"),
        ("seq를 이스케이프하여 두 번 적은 것, seq를 1.0e1로 적은 것, queue_depth를 0.0으로 적은 것을 보낸다",
         "send one that has seq twice, once escaped, one whose seq is written 1.0e1, and one whose queue_depth is written 0.0"),
        ("가장 바깥을 합해 32단계와 33단계로 배열을 겹친 것을 보낸다", "send arrays nested to 32 and to 33 levels, the outermost counted"),
    ],
    criteria=[
        ("차례로 bad_envelope, bad_envelope, not_json, bad_envelope로 세고 queue_depth의 것은 bad_data로 답한다", "counted as bad_envelope, bad_envelope, not_json and bad_envelope; that of queue_depth is answered by bad_data"),
        ("32단계는 받아들이고 33단계는 not_json이다", "32 levels are accepted, 33 are not_json"),
    ],
)  # fmt: skip
def edges(t: HubBench) -> None:
    refusals = Refusals(t)
    _, envelope, payload = good(t)
    seq = f'"seq":{envelope["seq"]}'.encode()
    head = head_of(envelope)
    refusals.hold("HUB-ENV-009", "bad_envelope", "a blank before it", sealed(t, "dev/pole", b" " + head))
    refusals.hold("HUB-ENV-009", "bad_envelope", "a line feed after it", payload + b"\n")
    doubled = head.replace(seq, seq + b',"s\\u0065q":1')
    refusals.hold("HUB-ENV-008", "not_json", "seq twice, once escaped", sealed(t, "dev/pole", doubled))
    fraction = head.replace(seq, b'"seq":1.0e1')
    refusals.hold("HUB-ENV-013", "bad_envelope", "seq 1.0e1", sealed(t, "dev/pole", fraction))
    refusals.hold("HUB-ENV-008", "not_json", "33 levels", good(t, vendor=_nested(32))[2])
    topic, envelope, _ = good(t)
    fraction = head_of(envelope).replace(b'"queue_depth":0', b'"queue_depth":0.0')
    sent = t.publish("dev/pole", topic, envelope, sealed(t, "dev/pole", fraction))
    t.expect_receipt("HUB-ENV-013", sent, "rejected", reason="bad_data")
    sent = t.publish("dev/pole", *good(t, vendor=_nested(31)))
    t.expect_receipt("HUB-ENV-008", sent, "accepted")


def _nested(levels: int) -> list[Any]:
    """Lists within lists: so many levels of their own."""
    found: list[Any] = []
    for _ in range(levels - 1):
        found = [found]
    return found

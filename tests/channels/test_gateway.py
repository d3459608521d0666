"""SMS through a provider's HTTP gateway: what is posted, how the answer is read, how receipts come back."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from safezone_hub.channels import ChannelSettings, GatewaySettings, NotTaken, ReceiptSettings, Sent
from safezone_hub.channels.settings import AnswerFields
from starlette.responses import JSONResponse, Response

from tests.channels.post import KOREAN, QUICK, Received, Receiver, Reports, Starting, in_turn, job, status

PHONE = "010-0000-0001"
CALLBACK = ReceiptSettings(
    kind="callback", token="shared-token", items="results", message_id="mid", status="result"
)


def through(receiver: Receiver, **more: Any) -> ChannelSettings:
    values: dict[str, Any] = {
        "url": receiver.url("/v1/messages"),
        "sender": "0212",
        "fields": {"to": "messages.0.to", "from": "from", "text": "messages.0.text", "reference": "ref"},
        "token": "gateway-token",
        "fixed": {"type": "SMS", "options": {"country": "82"}},
        "long": {"type": "LMS"},
        "answer": AnswerFields(message_id="messages.0.id"),
        "receipts": CALLBACK,
        "timeout_s": 1.0,
    }
    return ChannelSettings(sms=GatewaySettings(**values | more), urgent=QUICK, routine=QUICK)


def accepting(id_: str = "p1") -> Callable[[Received], Response]:
    return lambda received: JSONResponse({"messages": [{"id": id_}]}, status_code=202)


def test_text_is_posted_in_the_providers_own_form(
    start: Starting, receiver: Receiver, reports: Reports
) -> None:
    receiver.answer = accepting()
    courier, short, long = start(through(receiver)), job("sms", PHONE, text="도착 08:30"), job("sms", PHONE)
    courier.send([short])
    assert reports.wait(short.id, "sent").provider_id == "p1"
    (first,) = receiver.received
    assert json.loads(first.body) == {
        "type": "SMS",
        "options": {"country": "82"},
        "from": "0212",
        "ref": short.id,
        "messages": [{"to": "01000000001", "text": "도착 08:30"}],
    }
    assert first.headers["authorization"] == "Bearer gateway-token"
    assert first.headers["idempotency-key"] == short.id
    receiver.answer = accepting("p2")
    courier.send([job("sms", PHONE, id=long.id, text=KOREAN * 2)])
    reports.wait(long.id, "sent")
    assert json.loads(receiver.received[1].body)["type"] == "LMS"
    assert "delivered" not in reports.states(short.id)


def test_lost_answer_is_asked_again_under_the_same_key(
    start: Starting, receiver: Receiver, reports: Reports
) -> None:
    receiver.answer = in_turn(status(502), status(409), status(429), accepting()(None))  # type: ignore[arg-type]
    courier, sent = start(through(receiver)), job("sms", PHONE)
    courier.send([sent])
    assert reports.wait(sent.id, "sent").tries == 4
    assert {r.headers["idempotency-key"] for r in receiver.received} == {sent.id}


def test_bad_request_is_final_but_a_refused_token_is_not(
    start: Starting, receiver: Receiver, reports: Reports, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    receiver.answer = in_turn(status(422))
    courier, bad, held = start(through(receiver)), job("sms", PHONE), job("sms", PHONE)
    courier.send([bad])
    assert reports.wait(bad.id, "failed").detail == "http 422"
    receiver.answer = in_turn(status(401))
    courier.send([held])
    assert reports.wait(held.id, "retrying").detail == "http 401"
    assert courier.health()["sms"].startswith("http 401 since 20")
    receiver.answer = accepting()
    reports.wait(held.id, "sent")
    assert courier.health()["sms"] == "ok"
    written = caplog.text + repr(reports.seen) + repr(courier._settings)
    assert not re.search("010-0000|01000000001|김하늘|gateway-token|shared-token|v1/messages", written)


def test_code_in_the_answer_decides_where_there_is_one(
    start: Starting, receiver: Receiver, reports: Reports
) -> None:
    codes = AnswerFields(message_id="id", code="head.code", accepted=("0",), retry=("9",))
    receiver.answer = in_turn(
        JSONResponse({"head": {"code": 9}}), JSONResponse({"head": {"code": 0}, "id": 17})
    )
    courier = start(through(receiver, answer=codes))
    again, refused = job("sms", PHONE), job("sms", PHONE)
    courier.send([again])
    report = reports.wait(again.id, "sent")
    assert (report.tries, report.provider_id) == (2, "17")
    receiver.answer = in_turn(JSONResponse({"head": {"code": 301}}))
    courier.send([refused])
    assert reports.wait(refused.id, "failed").detail == "gateway 301"


def test_callback_moves_sent_to_its_end(start: Starting, receiver: Receiver, reports: Reports) -> None:
    ids = iter(("p1", "p2"))
    receiver.answer = lambda received: accepting(next(ids))(received)
    courier, first, second = start(through(receiver)), job("sms", PHONE), job("sms", "010-0000-0002")
    courier.send([first])
    reports.wait(first.id, "sent")
    courier.send([second])
    reports.wait(second.id, "sent")
    assert courier.may_report("shared-token") and not courier.may_report("shared-tokem")
    assert not courier.may_report("")
    body = {
        "results": [
            {"mid": "p1", "result": "DELIVERED"},
            {"mid": "p2", "result": "EXPIRED"},
            {"mid": "p3", "result": "DELIVERED"},
            {"mid": "p1", "result": "ON_ITS_WAY"},
            "nonsense",
        ]
    }
    assert courier.receipt("sms", body).result(5.0) == 3
    assert reports.states(first.id) == ["sent", "delivered"]
    assert reports.states(second.id) == ["sent", "failed"]
    assert reports.of(second.id)[-1].detail == "receipt EXPIRED"
    assert courier.receipt("sms", body).result(5.0) == 3
    assert reports.states(first.id) == ["sent", "delivered"], "a repeated receipt changes nothing"
    assert courier.receipt("sms", {"no": "results"}).result(5.0) == 0
    with pytest.raises(NotTaken):
        courier.receipt("pigeon", body).result(5.0)


def test_callback_by_our_own_reference_and_for_an_earlier_life(
    start: Starting, receiver: Receiver, reports: Reports
) -> None:
    by_reference = ReceiptSettings(kind="callback", token="t", reference="ref", status="s", delivered=("2",))
    receiver.answer = lambda received: status(202)
    courier = start(through(receiver, receipts=by_reference, answer=AnswerFields()))
    sent, earlier = job("sms", PHONE), job("sms", PHONE)
    courier.send([sent])
    reports.wait(sent.id, "sent")
    courier.receipt("sms", {"ref": earlier.id, "s": 2}).result(5.0)
    courier.receipt("sms", [{"ref": sent.id, "s": 2}]).result(5.0)
    reports.wait(sent.id, "delivered")
    courier.expect([Sent(earlier.id, "", tries=4)])
    assert reports.wait(earlier.id, "delivered").tries == 4


def test_callback_is_not_taken_while_the_hub_takes_no_reports(
    start: Starting, receiver: Receiver, reports: Reports
) -> None:
    receiver.answer = accepting()
    courier, sent = start(through(receiver)), job("sms", PHONE)
    courier.send([sent])
    reports.wait(sent.id, "sent")
    reports.refusing = True
    body = {"results": [{"mid": "p1", "result": "DELIVERED"}]}
    with pytest.raises(NotTaken):
        courier.receipt("sms", body).result(5.0)
    reports.refusing = False
    reports.wait(sent.id, "delivered")
    assert courier.receipt("sms", body).result(5.0) == 1


def test_receipts_by_asking(start: Starting, receiver: Receiver, reports: Reports) -> None:
    asked: list[str] = []

    def answer(received: Received) -> Response:
        if received.method == "POST":
            return accepting("a/1")(received)
        asked.append(received.path)
        return JSONResponse({"state": {"name": "DONE" if len(asked) >= 3 else "ON_ITS_WAY"}})

    receiver.answer = answer
    polling = ReceiptSettings(
        kind="poll",
        url=receiver.url("/v1/messages/{id}"),
        every_s=0.1,
        status="state.name",
        delivered=("DONE",),
    )
    courier, sent = start(through(receiver, receipts=polling)), job("sms", PHONE)
    courier.send([sent])
    reports.wait(sent.id, "delivered")
    assert asked[0] == "/v1/messages/a/1" and len(asked) == 3
    assert reports.states(sent.id) == ["sent", "delivered"]

"""Webhooks against a real HTTP server: what counts as delivered, what is tried again, where nothing goes."""

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from safezone_hub.channels import ChannelSettings, Patience, WebhookSettings, verify
from safezone_hub.channels.http_client import trust
from starlette.responses import Response, StreamingResponse

from tests.channels.post import QUICK, SECRET, Received, Receiver, Reports, Starting, in_turn, job, status

INSIDE = ChannelSettings(
    webhook=WebhookSettings(timeout_s=2.0, allow_private=True), urgent=QUICK, routine=QUICK
)


def test_2xx_is_delivered_and_the_receiver_can_prove_whence_it_came(
    start: Starting, receiver: Receiver, reports: Reports
) -> None:
    courier, sent = start(INSIDE), job("webhook", receiver.url("/hook?zone=7041138&x=%20"))
    courier.send([sent])
    report = reports.wait(sent.id, "delivered")
    assert (report.tries, report.detail, report.next_at) == (1, "http 204", None)
    (received,) = receiver.received
    assert received.body == sent.body
    assert received.headers["content-type"] == "application/json"
    assert received.headers["safezone-id"] == sent.id
    assert verify(SECRET, received.headers, received.body, time.time(), 60)
    assert not verify(SECRET, received.headers, received.body + b" ", time.time(), 60)


def test_server_errors_are_tried_again_with_the_same_id_until_2xx(
    start: Starting, receiver: Receiver, reports: Reports
) -> None:
    receiver.answer = in_turn(status(500), status(503), status(408), status(200))
    courier, sent = start(INSIDE), job("webhook", receiver.url())
    courier.send([sent])
    assert reports.wait(sent.id, "delivered").tries == 4
    assert [r.detail for r in reports.of(sent.id)] == ["http 500", "http 503", "http 408", "http 200"]
    assert {r.headers["safezone-id"] for r in receiver.received} == {sent.id}
    assert all(r.next_at and r.next_at > r.at for r in reports.of(sent.id)[:-1])


def test_tries_of_an_earlier_life_are_counted_on(
    start: Starting, receiver: Receiver, reports: Reports
) -> None:
    courier, sent = start(INSIDE), job("webhook", receiver.url(), tries=7)
    courier.send([sent])
    assert reports.wait(sent.id, "delivered").tries == 8


def test_retry_after_is_honoured(start: Starting, receiver: Receiver, reports: Reports) -> None:
    patient = Patience(first_s=0.01, factor=1.0, max_s=5.0, give_up_after_s=30.0)
    receiver.answer = in_turn(status(429, Retry_After="1"), status(204))
    courier, sent = (
        start(ChannelSettings(webhook=INSIDE.webhook, routine=patient)),
        job("webhook", receiver.url()),
    )
    courier.send([sent])
    reports.wait(sent.id, "delivered")
    first, second = receiver.received
    assert 1.0 <= second.at - first.at < 2.5


@pytest.mark.parametrize("code", [400, 401, 404, 410, 422])
def test_other_4xx_are_final(start: Starting, receiver: Receiver, reports: Reports, code: int) -> None:
    receiver.answer = in_turn(status(code))
    courier, sent = start(INSIDE), job("webhook", receiver.url())
    courier.send([sent])
    assert reports.wait(sent.id, "failed").detail == f"http {code}"
    assert len(receiver.received) == 1


def test_redirects_are_not_followed(start: Starting, receiver: Receiver, reports: Reports) -> None:
    receiver.answer = in_turn(status(307, Location=receiver.url("/elsewhere")))
    courier, sent = start(INSIDE), job("webhook", receiver.url("/hook"))
    courier.send([sent])
    assert reports.wait(sent.id, "failed").detail == "http 307"
    assert [r.path for r in receiver.received] == ["/hook"]


def test_slow_receiver_is_timed_out_and_tried_again(
    start: Starting, receiver: Receiver, reports: Reports
) -> None:
    slow = True

    async def answer(received: Received) -> Response:
        nonlocal slow
        if slow:
            slow = False
            await asyncio.sleep(5.0)
        return status(204)

    receiver.answer = answer
    settings = ChannelSettings(
        webhook=WebhookSettings(timeout_s=0.3, allow_private=True), urgent=QUICK, routine=QUICK
    )
    courier, sent = start(settings), job("webhook", receiver.url())
    courier.send([sent])
    assert reports.wait(sent.id, "delivered").tries == 2
    assert reports.of(sent.id)[0].detail == "timeout"


def test_dripping_answer_ends_at_the_timeout_too(
    start: Starting, receiver: Receiver, reports: Reports
) -> None:
    async def drip() -> object:
        while True:
            yield b"."
            await asyncio.sleep(0.05)

    def answer(received: Received) -> Response:
        receiver.answer = in_turn(status(204))
        return StreamingResponse(drip())  # type: ignore[arg-type]

    receiver.answer = answer
    settings = ChannelSettings(
        webhook=WebhookSettings(timeout_s=0.4, allow_private=True), urgent=QUICK, routine=QUICK
    )
    courier, sent = start(settings), job("webhook", receiver.url())
    courier.send([sent])
    assert reports.wait(sent.id, "delivered").tries == 2


def test_nobody_there_then_back(start: Starting, reports: Reports) -> None:
    gone = Receiver()
    url, port = gone.url(), gone.port
    gone.close()
    courier, sent = start(INSIDE), job("webhook", url)
    courier.send([sent])
    assert reports.wait(sent.id, "retrying").detail == "connection refused"
    back = Receiver(port=port)
    try:
        reports.wait(sent.id, "delivered")
    finally:
        back.close()


def test_gives_up_after_its_time_and_says_so(start: Starting, reports: Reports) -> None:
    gone = Receiver()
    gone.close()
    short = Patience(first_s=0.05, factor=1.0, max_s=0.05, give_up_after_s=0.5)
    courier = start(ChannelSettings(webhook=INSIDE.webhook, routine=short))
    sent = job("webhook", gone.url())
    courier.send([sent])
    report = reports.wait(sent.id, "failed")
    assert report.detail.startswith("given up") and report.tries >= 2
    assert "delivered" not in reports.states(sent.id)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://[::1]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://0.0.0.0:{port}/",
        "http://2130706433:{port}/",
        "https://127.0.0.1:{port}/",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.7/",
        "http://user:pw@127.0.0.1:{port}/",
        "ftp://127.0.0.1:{port}/",
        "http://127.0.0.1:{port}/a b",
        "not a url",
        "http://127.0.0.1:99999/",
    ],
)
def test_private_addresses_and_bad_urls_are_refused_without_a_connection(
    start: Starting, receiver: Receiver, reports: Reports, address: str
) -> None:
    courier = start(ChannelSettings(webhook=WebhookSettings(timeout_s=2.0), urgent=QUICK, routine=QUICK))
    sent = job("webhook", address.format(port=receiver.port))
    courier.send([sent])
    assert reports.wait(sent.id, "failed").detail.startswith("address refused")
    assert receiver.received == []


def test_even_inside_no_webhook_goes_to_every_machine_or_none(
    start: Starting, receiver: Receiver, reports: Reports
) -> None:
    courier, sent = start(INSIDE), job("webhook", f"http://0.0.0.0:{receiver.port}/")
    courier.send([sent])
    assert reports.wait(sent.id, "failed").detail == "address refused: not an address of one machine"
    assert receiver.received == []


@pytest.fixture
def tls_receiver(authority: trustme.CA, tmp_path: Path) -> Iterator[Receiver]:
    certificate = authority.issue_cert("localhost")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    for number, blob in enumerate(certificate.cert_chain_pems):
        blob.write_to_path(chain, append=number > 0)
    certificate.private_key_pem.write_to_path(key)
    server = Receiver((str(chain), str(key)))
    yield server
    server.close()


def test_tls_is_checked_against_the_name(
    start: Starting, tls_receiver: Receiver, reports: Reports, ca_file: Path
) -> None:
    webhook = WebhookSettings(timeout_s=2.0, allow_private=True, trust=trust(str(ca_file)))
    courier = start(ChannelSettings(webhook=webhook, urgent=QUICK, routine=QUICK))
    good = job("webhook", tls_receiver.url(host="localhost"))
    other_name = job("webhook", tls_receiver.url(host="127.0.0.1"))
    courier.send([good, other_name])
    reports.wait(good.id, "delivered")
    assert reports.wait(other_name.id, "retrying").detail == "certificate not trusted"
    assert len(tls_receiver.received) == 1


def test_channel_without_settings_fails_at_once(start: Starting, reports: Reports) -> None:
    courier = start(ChannelSettings())
    jobs = [job("webhook", "https://example.org/"), job("sms", "010-0000-0001"), job("pigeon", "x")]
    courier.send(jobs)
    assert [reports.wait(j.id, "failed").detail for j in jobs] == ["not configured"] * 2 + ["unknown channel"]
    assert courier.health() == dict.fromkeys(("sms", "email", "webhook"), "not configured")


def test_no_log_holds_anything_personal(
    start: Starting, receiver: Receiver, reports: Reports, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    receiver.answer = in_turn(status(500), status(404))
    courier = start(INSIDE)
    sent = job("webhook", receiver.url("/personal-path"), text="김하늘", subject="도착")
    strange = job("webhook", receiver.url("/personal-path"), secret="no base64 !")
    courier.send([sent, strange])
    reports.wait(sent.id, "failed")
    reports.wait(strange.id, "failed")
    written = caplog.text + repr(reports.seen) + repr(sent)
    assert not re.search(r"personal-path|김하늘|도착|no base64|" + SECRET, written)

"""SMPP against a message centre on a real socket, well behaved and not; and against another maker's centre."""

import asyncio
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable

import pytest
import smpp34
import trustme
from safezone_hub.channels import ChannelSettings, Sent, SmppSettings
from safezone_hub.channels.http_client import trust
from safezone_hub.channels.sms_text import reference_of

from tests.channels.post import QUICK, Reports, Starting, job, until
from tests.channels.smsc import (
    BAD_DESTINATION,
    DIE,
    ENQUIRE_LINK,
    OK,
    SILENT,
    THROTTLED,
    UNBIND,
    Smsc,
    Submitted,
)

LONG = "긴급: " + "초등학교 정문 앞 비상벨이 눌렸습니다. " * 9
PHONE = "010-0000-0001"


def to(smsc: Smsc, **more: object) -> ChannelSettings:
    values: dict[str, object] = {
        "host": "127.0.0.1",
        "port": smsc.port,
        "system_id": "zone",
        "sender": "0212",
        "password": "secret08",
        "enquire_link_s": 5.0,
        "response_s": 1.0,
    }
    return ChannelSettings(sms=SmppSettings(**values | more), urgent=QUICK, routine=QUICK)  # type: ignore[arg-type]


def answers(*verdicts: int | str) -> Callable[[Submitted], int | str]:
    left = list(verdicts)
    return lambda submitted: left.pop(0) if len(left) > 1 else left[0]


Centre = Callable[..., Smsc]


def test_korean_text_is_sent_then_delivered_by_its_receipt(
    start: Starting, centre: Centre, reports: Reports
) -> None:
    smsc, text = centre(), "김하늘 어린이가 학교에 도착했습니다 🚸 08:30:06"
    courier, sent = start(to(smsc, country_code="82")), job("sms", PHONE, text=text)
    courier.send([sent])
    report = reports.wait(sent.id, "sent")
    assert (report.provider_id, report.tries) == ("m1", 1)
    (submitted,) = smsc.submits
    assert smsc.binds == [("zone", "secret08")]
    assert submitted.text == text and submitted.coding == 8 and submitted.esm_class == 0
    assert (submitted.source, submitted.dest, submitted.dest_ton) == ("0212", "821000000001", 1)
    assert (submitted.registered, submitted.priority) == (1, 0)
    assert "delivered" not in reports.states(sent.id)
    sequence = smsc.receipt("m1")
    assert reports.wait(sent.id, "delivered").detail == "receipt DELIVRD err 000"
    smsc.wait(lambda centre: centre.deliver_answers.get(sequence) == OK)


def test_english_goes_in_the_default_alphabet_and_urgent_with_priority(
    start: Starting, centre: Centre, reports: Reports
) -> None:
    smsc, text = centre(), "Haneul reached school at 08:30:06 (sent 08:30:14)."
    courier, sent = start(to(smsc)), job("sms", PHONE, text=text, urgent=True)
    courier.send([sent])
    reports.wait(sent.id, "sent")
    (submitted,) = smsc.submits
    assert (submitted.coding, submitted.content, submitted.priority) == (0, text.encode(), 1)
    assert submitted.dest == "01000000001"


def test_long_text_goes_in_parts_and_has_arrived_with_the_last(
    start: Starting, centre: Centre, reports: Reports
) -> None:
    smsc = centre()
    courier, sent = start(to(smsc)), job("sms", PHONE, text=LONG)
    courier.send([sent])
    ids = reports.wait(sent.id, "sent").provider_id
    assert ids and ids.split(",") == [submitted.message_id for submitted in smsc.submits]
    assert [submitted.part for submitted in smsc.submits] == [
        (reference_of(sent.id), len(smsc.submits), number + 1) for number in range(len(smsc.submits))
    ]
    assert all(len(submitted.content) <= 140 for submitted in smsc.submits)
    assert "".join(submitted.text for submitted in smsc.submits) == LONG
    *early, last = ids.split(",")
    for part in early:
        sequence = smsc.receipt(part)
        smsc.wait(lambda centre, sequence=sequence: sequence in centre.deliver_answers)
    assert "delivered" not in reports.states(sent.id)
    smsc.receipt(last)
    reports.wait(sent.id, "delivered")


@pytest.mark.parametrize("state", ["UNDELIV", "EXPIRED", "REJECTD", "DELETED"])
def test_receipt_of_failure_is_a_failure(
    start: Starting, centre: Centre, reports: Reports, state: str
) -> None:
    smsc = centre()
    courier, sent = start(to(smsc)), job("sms", PHONE)
    courier.send([sent])
    reports.wait(sent.id, "sent")
    smsc.receipt("m1", "ENROUTE")
    smsc.receipt("m1", state, "0A1")
    assert reports.wait(sent.id, "failed").detail == f"receipt {state} err 0A1"
    assert reports.states(sent.id) == ["sent", "failed"]


def test_receipt_by_parameters_and_ids_in_two_spellings(
    start: Starting, centre: Centre, reports: Reports
) -> None:
    smsc = centre(next_id=lambda n: f"{0xABC0 + n:X}")
    courier, sent = start(to(smsc, ids="hex-decimal")), job("sms", PHONE)
    courier.send([sent])
    reports.wait(sent.id, "sent")
    smsc.receipt_by_parameters(str(0xABC1), 2)
    reports.wait(sent.id, "delivered")


def test_receipt_before_the_answer_to_its_message_is_not_lost(
    start: Starting, centre: Centre, reports: Reports
) -> None:
    smsc = centre()

    def receipt_first(submitted: Submitted) -> int:
        smsc.receipt(submitted.message_id)
        return OK

    smsc.answer = receipt_first
    courier, sent = start(to(smsc)), job("sms", PHONE)
    courier.send([sent])
    reports.wait(sent.id, "delivered")
    assert reports.states(sent.id) == ["sent", "delivered"]


def test_receipt_for_an_earlier_life(start: Starting, centre: Centre, reports: Reports) -> None:
    smsc = centre()
    courier, sent = start(to(smsc)), job("sms", PHONE)
    courier.expect([Sent(sent.id, "x7,x8", tries=3)])
    courier.send([sent])
    smsc.wait(lambda centre: bool(centre.binds))
    until(lambda: courier.health()["sms"] == "ok")
    smsc.receipt("x7")
    smsc.receipt("x8")
    report = reports.wait(sent.id, "delivered")
    assert (report.provider_id, report.tries) == ("x7,x8", 3)
    assert smsc.submits == []


def test_throttled_texts_come_again(start: Starting, centre: Centre, reports: Reports) -> None:
    smsc = centre(answer=answers(THROTTLED, THROTTLED, OK))
    courier, sent = start(to(smsc)), job("sms", PHONE)
    courier.send([sent])
    assert reports.wait(sent.id, "sent").tries == 3
    assert [r.detail for r in reports.of(sent.id)] == ["smpp 0x58", "smpp 0x58", "smpp ok"]


def test_part_that_was_throttled_comes_again_alone(start: Starting, centre: Centre, reports: Reports) -> None:
    smsc = centre(answer=answers(OK, THROTTLED, OK))
    courier, sent = start(to(smsc)), job("sms", PHONE, text=LONG)
    courier.send([sent])
    reports.wait(sent.id, "sent")
    assert [submitted.part[2] for submitted in smsc.submits][:3] == [1, 2, 2]
    assert [submitted.part[2] for submitted in smsc.submits].count(1) == 1


def test_refused_number_is_final_and_nothing_personal_is_written(
    start: Starting, centre: Centre, reports: Reports, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    smsc = centre(answer=lambda submitted: BAD_DESTINATION if submitted.dest.endswith("9") else OK)
    courier = start(to(smsc))
    bad, absurd, good = job("sms", "010-0000-0009"), job("sms", "no number"), job("sms", PHONE)
    courier.send([bad, absurd, good])
    assert reports.wait(bad.id, "failed").detail == "smpp 0x0b"
    assert reports.wait(absurd.id, "failed").detail == "not a telephone number"
    reports.wait(good.id, "sent")
    smsc.drop()
    until(lambda: courier.health()["sms"] != "ok")
    written = caplog.text + repr(reports.seen) + repr(good)
    assert not re.search("0000000|010-0000|no number|김하늘|secret08", written)


def test_centre_killed_in_the_middle_of_a_submit_gets_it_again_with_the_same_id(
    start: Starting, centre: Centre, reports: Reports
) -> None:
    smsc = centre(answer=answers(DIE, OK))
    courier, sent = start(to(smsc)), job("sms", PHONE)
    courier.send([sent])
    assert reports.wait(sent.id, "retrying").detail == "connection lost"
    report = reports.wait(sent.id, "sent")
    assert (report.job, report.tries) == (sent.id, 2)
    reference = struct.pack(">H", reference_of(sent.id))
    assert [submitted.tlvs[0x0204] for submitted in smsc.submits] == [reference, reference]
    assert smsc.submits[0].content == smsc.submits[1].content
    assert len(smsc.binds) == 2


def test_centre_away_and_back_keeps_the_unsent(start: Starting, centre: Centre, reports: Reports) -> None:
    smsc = centre()
    courier, first = start(to(smsc)), job("sms", PHONE)
    courier.send([first])
    reports.wait(first.id, "sent")
    smsc.kill()
    until(lambda: courier.health()["sms"] != "ok")
    routine = [job("sms", f"010-0000-{n:04}") for n in range(30)]
    urgent = job("sms", PHONE, urgent=True)
    courier.send([*routine, urgent])
    waiting = reports.wait(urgent.id, "retrying")
    assert waiting.detail.startswith("waiting: connection") and waiting.next_at is None
    assert "since 20" in courier.health()["sms"]
    smsc.start()
    reports.wait_all([urgent.id, *(j.id for j in routine)], "sent")
    assert courier.health()["sms"] == "ok"
    assert smsc.submits[1].priority == 1, "the emergency went first"


def test_silent_centre_is_found_out_and_left(start: Starting, centre: Centre, reports: Reports) -> None:
    smsc = centre(answer=answers(SILENT, OK), answers_enquiries=False)
    courier, sent = start(to(smsc, response_s=0.3)), job("sms", PHONE)
    courier.send([sent])
    smsc.wait(lambda centre: centre.enquiries >= 1)
    smsc.wait(lambda centre: len(centre.binds) >= 2)
    assert reports.wait(sent.id, "sent").tries >= 2


def test_quiet_connection_is_kept_alive_both_ways(start: Starting, centre: Centre, reports: Reports) -> None:
    smsc = centre()
    start(to(smsc, enquire_link_s=0.1))
    smsc.wait(lambda centre: centre.enquiries >= 3)
    smsc.request(ENQUIRE_LINK)
    smsc.request(0x00000103)  # data_sm, which we do not take
    smsc.wait(lambda centre: len(centre.other_answers) == 2)
    assert smsc.other_answers == [(0x80000015, 0), (0x80000000, 3)]
    assert len(smsc.binds) == 1


def test_centre_that_unbinds_is_bound_again(start: Starting, centre: Centre, reports: Reports) -> None:
    smsc = centre()
    courier, sent = start(to(smsc)), job("sms", PHONE)
    smsc.wait(lambda centre: bool(centre._connections))
    smsc.request(UNBIND)
    smsc.wait(lambda centre: (0x80000006, 0) in centre.other_answers)
    smsc.wait(lambda centre: len(centre.binds) == 2)
    courier.send([sent])
    reports.wait(sent.id, "sent")


def test_wrong_password_shows_in_health_and_nowhere_else(
    start: Starting, centre: Centre, reports: Reports, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    smsc = centre(password="another")
    courier = start(to(smsc))
    smsc.wait(lambda centre: len(centre.binds) >= 2)
    until(lambda: courier.health()["sms"].startswith("bind refused: smpp 0x0e since 20"))
    assert "secret08" not in caplog.text + courier.health()["sms"]


def test_unreadable_receipts_are_taken_and_forgotten(
    start: Starting, centre: Centre, reports: Reports
) -> None:
    smsc = centre()
    courier, sent = start(to(smsc)), job("sms", PHONE)
    courier.send([sent])
    reports.wait(sent.id, "sent")
    strange = [
        smsc.deliver(0x04, b"id:m1 stat:"),
        smsc.deliver(0x04, b"\xff\xfe\x00id"),
        smsc.deliver(0x00, "고마워요".encode("utf-16-be")),  # somebody answers
        smsc.request(0x05, b"cut"),
        smsc.receipt("unheard-of"),
    ]
    smsc.wait(lambda centre: set(strange) <= set(centre.deliver_answers))
    assert set(smsc.deliver_answers.values()) == {OK}
    smsc.receipt("m1")
    reports.wait(sent.id, "delivered")
    assert len(smsc.binds) == 1


def test_receipt_is_answered_only_when_the_hub_has_it(
    start: Starting, centre: Centre, reports: Reports
) -> None:
    smsc = centre()
    courier, sent = start(to(smsc)), job("sms", PHONE)
    courier.send([sent])
    reports.wait(sent.id, "sent")
    reports.refusing = True
    first = smsc.receipt("m1")
    smsc.wait(lambda centre: centre.deliver_answers.get(first) == 0x64)
    reports.refusing = False
    reports.wait(sent.id, "delivered")
    second = smsc.receipt("m1")
    smsc.wait(lambda centre: centre.deliver_answers.get(second) == OK)
    assert reports.states(sent.id) == ["sent", "delivered"]


def test_leaves_with_unbind(start: Starting, centre: Centre) -> None:
    smsc = centre()
    courier = start(to(smsc))
    smsc.wait(lambda centre: bool(centre._connections))
    courier.close(patience_s=0.5)
    smsc.wait(lambda centre: centre.unbound == 1)


def test_over_tls(
    start: Starting, centre: Centre, reports: Reports, authority: trustme.CA, ca_file: object
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)

    def wrap(connection: socket.socket) -> socket.socket:
        return context.wrap_socket(connection, server_side=True)

    smsc = centre(wrap=wrap)
    courier = start(to(smsc, host="localhost", tls=True, trust=trust(str(ca_file))))
    sent = job("sms", PHONE)
    courier.send([sent])
    reports.wait(sent.id, "sent")


class OthersCentre:
    """The message centre of the smpp34 package: another reading of the same specification."""

    def __init__(self) -> None:
        self.submits: list[smpp34.SubmitSmEvent] = []
        self._ready = threading.Event()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True).start()
        assert self._ready.wait(5.0)

    async def _serve(self) -> None:
        server = smpp34.Server(host="127.0.0.1", port=self.port, system_id="other")
        await server.start()
        self._ready.set()
        sessions: dict[str, smpp34.Esme] = {}
        while True:
            event = await server.next()
            if isinstance(event, smpp34.Esme):
                sessions[event.session_id] = event
            elif isinstance(event, smpp34.SubmitSmEvent):
                self.submits.append(event)
                id_ = f"other-{len(self.submits)}"
                event.accept(id_)
                await sessions[event.session_id].deliver_sm(
                    event.source_addr,
                    f"id:{id_} sub:001 dlvrd:001 stat:DELIVRD err:000 text:".encode(),
                    source_addr=event.destination_addr,
                    esm_class=0x04,
                )


def test_another_makers_centre_reads_what_we_write(start: Starting, reports: Reports) -> None:
    other = OthersCentre()
    settings = SmppSettings("127.0.0.1", other.port, "zone", "0212", "secret08")
    courier = start(ChannelSettings(sms=settings, urgent=QUICK, routine=QUICK))
    short, long = job("sms", PHONE, text="도착 08:30"), job("sms", "010-0000-0002", text=LONG)
    courier.send([short, long])
    reports.wait(short.id, "delivered")
    reports.wait(long.id, "delivered")
    first = next(event for event in other.submits if event.destination_addr == "01000000001")
    assert first.short_message.decode("utf-16-be") == "도착 08:30"
    assert (first.source_addr, first.data_coding, first.registered_delivery) == ("0212", 8, 1)
    assert [(tlv.tag, tlv.as_int()) for tlv in first.tlvs] == [(0x0204, reference_of(short.id))]
    parts = [event for event in other.submits if event is not first]
    assert all(event.esm_class == 0x40 for event in parts)
    assert b"".join(event.short_message[7:] for event in parts).decode("utf-16-be") == LONG

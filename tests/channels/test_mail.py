"""E-mail through a real SMTP server (aiosmtpd): what it gets, and what its replies mean."""

import asyncio
import re
import ssl
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from safezone_hub.channels import ChannelSettings, Patience, SmtpSettings
from safezone_hub.channels.http_client import trust

from tests.channels.post import KOREAN, QUICK, Reports, Starting, job

PERSON = "haneul.kim@example.org"


class Relay(Controller):
    """Keeps what it takes. ``replies`` by command are given once each, before it behaves."""

    def __init__(self, port: int = 0, **how: Any) -> None:
        self.envelopes: list[Envelope] = []
        self.sessions: set[int] = set()
        self.logins: list[tuple[str, str]] = []
        self.greetings: list[str] = []
        self.replies: dict[str, list[str]] = {}
        super().__init__(
            self, "127.0.0.1", port, server_hostname="relay.test", authenticator=self.authenticate, **how
        )
        self.start()

    def _trigger_server(self) -> None:
        # It connects to its own port, which is known only now.
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()

    def settings(self, **more: Any) -> SmtpSettings:
        values = {"host": "127.0.0.1", "port": self.port, "sender": "alerts@zone.test", "tls": "none"}
        return SmtpSettings(**values | more)

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.greetings.append(hostname)
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.replies.get("MAIL"):
            reply = self.replies["MAIL"].pop(0)
            if reply == "hang up":
                server.transport.abort()
            return reply
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.replies.get("RCPT"):
            return self.replies["RCPT"].pop(0)
        if address.startswith("nobody"):
            return f"550 5.1.1 {address} is unknown here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.replies.get("DATA"):
            return self.replies["DATA"].pop(0)
        self.envelopes.append(envelope)
        self.sessions.add(id(session))
        return "250 2.0.0 queued"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=data.password == b"open sesame", handled=False)

    def mail(self, number: int = 0) -> EmailMessage:
        content = self.envelopes[number].content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message


@pytest.fixture
def relay() -> Iterator[Callable[..., Relay]]:
    started: list[Relay] = []

    def begin(**how: Any) -> Relay:
        started.append(Relay(**how))
        return started[-1]

    yield begin
    for server in started:
        if not server.loop.is_closed():
            server.stop(no_assert=True)


@pytest.fixture
def certified(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


def over(smtp: SmtpSettings, patience: Patience = QUICK) -> ChannelSettings:
    return ChannelSettings(smtp=smtp, urgent=patience, routine=patience)


Relays = Callable[..., Relay]


def test_korean_mail_arrives_whole_and_is_sent_not_delivered(
    start: Starting, relay: Relays, reports: Reports
) -> None:
    server = relay()
    courier = start(over(server.settings(sender_name="안심구역")))
    sent = job("email", PERSON, subject="학교 도착: 김하늘", urgent=True)
    courier.send([sent])
    assert reports.wait(sent.id, "sent").detail == "smtp 250"
    message = server.mail()
    assert (message["To"], message["Subject"]) == (PERSON, "학교 도착: 김하늘")
    assert message["From"] == "안심구역 <alerts@zone.test>"
    assert message["Message-ID"] == f"<{sent.id}@zone.test>"
    assert (message["Auto-Submitted"], message["X-Priority"]) == ("auto-generated", "1")
    assert message.get_content().strip() == KOREAN
    assert server.envelopes[0].content.isascii()  # type: ignore[union-attr]
    assert server.greetings == ["zone.test"]
    assert "delivered" not in reports.states(sent.id)


def test_one_connection_carries_many_mails(start: Starting, relay: Relays, reports: Reports) -> None:
    server = relay()
    courier = start(over(server.settings()))
    for number in range(5):
        sent = job("email", f"g{number}@example.org")
        courier.send([sent])
        reports.wait(sent.id, "sent")
    assert len(server.sessions) == 1


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
def test_4xx_then_2xx(start: Starting, relay: Relays, reports: Reports, command: str) -> None:
    server = relay()
    server.replies[command] = ["450 4.2.1 try later", "451 4.3.0 not yet"]
    courier, sent = start(over(server.settings())), job("email", PERSON)
    courier.send([sent])
    assert reports.wait(sent.id, "sent").tries == 3
    assert [r.detail for r in reports.of(sent.id)] == ["smtp 450 4.2.1", "smtp 451 4.3.0", "smtp 250"]
    assert len(server.envelopes) == 1


def test_5xx_is_final_and_its_words_stay_out(start: Starting, relay: Relays, reports: Reports) -> None:
    server = relay()
    courier, unknown, good = (
        start(over(server.settings())),
        job("email", "nobody@example.org"),
        job("email", PERSON),
    )
    courier.send([unknown, good])
    assert reports.wait(unknown.id, "failed").detail == "smtp 550 5.1.1"
    reports.wait(good.id, "sent")
    server.replies["DATA"] = ["554 5.7.1 no"]
    refused = job("email", PERSON)
    courier.send([refused])
    assert reports.wait(refused.id, "failed").detail == "smtp 554 5.7.1"


def test_sender_refused_is_our_trouble_and_loses_nothing(
    start: Starting, relay: Relays, reports: Reports
) -> None:
    server = relay()
    server.replies["MAIL"] = ["550 5.7.1 who are you", "421 4.3.2 closing"]
    courier, sent = start(over(server.settings())), job("email", PERSON)
    courier.send([sent])
    assert reports.wait(sent.id, "sent").tries == 3
    assert [r.detail for r in reports.of(sent.id)][:2] == ["smtp 550 5.7.1", "smtp 421 4.3.2"]


@pytest.mark.parametrize("address", ["", "nobody", "a@b@example.org", "x y@example.org", "a@example.org\r\nRCPT TO:<b@example.org>", "a@example.org, b@example.org"])  # fmt: skip
def test_what_is_no_address_is_refused(
    start: Starting, relay: Relays, reports: Reports, address: str
) -> None:
    server = relay()
    courier, sent = start(over(server.settings())), job("email", address)
    courier.send([sent])
    assert reports.wait(sent.id, "failed").detail == "not a mail address"
    assert server.envelopes == []


def test_subject_cannot_add_headers(start: Starting, relay: Relays, reports: Reports) -> None:
    server = relay()
    courier, sent = start(over(server.settings())), job("email", PERSON, subject="도착\r\nBcc: x@example.org")
    courier.send([sent])
    reports.wait(sent.id, "sent")
    assert server.mail()["Bcc"] is None and server.mail()["Subject"] == "도착 Bcc: x@example.org"


def test_relay_away_then_back(start: Starting, relay: Relays, reports: Reports) -> None:
    server = relay()
    settings, port = server.settings(), server.port
    courier, first = start(over(settings)), job("email", PERSON)
    courier.send([first])
    reports.wait(first.id, "sent")
    server.stop(no_assert=True)
    urgent, routine = job("email", PERSON, urgent=True), [job("email", f"g{n}@example.org") for n in range(8)]
    courier.send([urgent, *routine])
    assert reports.wait(urgent.id, "retrying").detail == "connection refused"
    assert courier.health()["email"].startswith("connection refused since 20")
    back = relay(port=port)
    reports.wait_all([urgent.id, *(j.id for j in routine)], "sent")
    assert courier.health()["email"] == "ok"
    assert len(back.envelopes) == 9


def test_idle_connection_closed_by_the_relay_costs_nothing(
    start: Starting, relay: Relays, reports: Reports
) -> None:
    server = relay()
    settings, port = server.settings(), server.port
    courier, first, second = start(over(settings)), job("email", PERSON), job("email", PERSON)
    courier.send([first])
    reports.wait(first.id, "sent")
    server.stop(no_assert=True)
    relay(port=port)
    courier.send([second])
    assert reports.wait(second.id, "sent").tries == 1


def test_connection_closed_as_it_is_used_again_is_made_anew(
    start: Starting, relay: Relays, reports: Reports
) -> None:
    server = relay()
    courier, first, second = start(over(server.settings())), job("email", PERSON), job("email", PERSON)
    courier.send([first])
    reports.wait(first.id, "sent")
    server.replies["MAIL"] = ["hang up"]
    courier.send([second])
    assert reports.wait(second.id, "sent").tries == 1
    server.replies["MAIL"] = ["hang up", "hang up"]
    third = job("email", PERSON)
    courier.send([third])
    assert reports.wait(third.id, "sent").tries == 2
    assert reports.of(third.id)[0].detail == "connection lost"


def test_starttls_with_a_trusted_certificate_and_a_password(
    start: Starting, relay: Relays, reports: Reports, certified: ssl.SSLContext, ca_file: Path
) -> None:
    server = relay(tls_context=certified, require_starttls=True)
    settings = server.settings(host="localhost", tls="starttls", trust=trust(str(ca_file)))
    courier, sent = start(over(settings)), job("email", PERSON)
    courier.send([sent])
    reports.wait(sent.id, "sent")


def test_login_is_made_under_tls_and_a_wrong_password_holds_the_mail(
    start: Starting,
    relay: Relays,
    reports: Reports,
    certified: ssl.SSLContext,
    ca_file: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG", logger="safezone")
    server = relay(tls_context=certified, require_starttls=True, auth_required=True)
    how = {"host": "localhost", "tls": "starttls", "trust": trust(str(ca_file)), "user": "zone"}
    courier, sent = start(over(server.settings(**how, password="open sesame"))), job("email", PERSON)
    courier.send([sent])
    reports.wait(sent.id, "sent")
    assert ("zone", "open sesame") in server.logins
    wrong, held = start(over(server.settings(**how, password="mistaken"))), job("email", PERSON)
    wrong.send([held])
    assert reports.wait(held.id, "retrying").detail.startswith("smtp 535")
    assert wrong.health()["email"].startswith("smtp 535")
    assert "mistaken" not in caplog.text + repr(reports.seen)


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_certificate_of_a_stranger_is_refused(
    start: Starting, relay: Relays, reports: Reports, certified: ssl.SSLContext, ca_file: Path, tls: str
) -> None:
    server = relay(tls_context=certified) if tls == "starttls" else relay(ssl_context=certified)
    courier, sent = start(over(server.settings(tls=tls))), job("email", PERSON)
    courier.send([sent])
    assert reports.wait(sent.id, "retrying").detail == "certificate not trusted"
    assert server.envelopes == []


def test_relay_without_starttls_gets_no_mail(start: Starting, relay: Relays, reports: Reports) -> None:
    server = relay()
    courier, sent = start(over(server.settings(tls="starttls"))), job("email", PERSON)
    courier.send([sent])
    assert reports.wait(sent.id, "retrying").detail == "no STARTTLS"
    assert server.envelopes == []


def test_no_log_or_report_holds_anything_personal(
    start: Starting, relay: Relays, reports: Reports, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="safezone")
    server = relay()
    courier, sent = start(over(server.settings())), job("email", PERSON)
    unknown = job("email", "nobody@example.org")
    courier.send([sent, unknown])
    reports.wait(sent.id, "sent")
    reports.wait(unknown.id, "failed")
    assert not re.search(r"haneul|nobody|example\.org|김하늘|도착", caplog.text + repr(reports.seen))

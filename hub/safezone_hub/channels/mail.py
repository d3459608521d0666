"""E-mail over one SMTP relay. The relay's 250 means «sent»: whether it reaches a mailbox, SMTP does not say."""

import asyncio
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8

import aiosmtplib

from safezone_hub.channels.channel import Desk
from safezone_hub.channels.http_client import trust
from safezone_hub.channels.jobs import Job, Outcome, failed, retry, sent
from safezone_hub.channels.lanes import Limits
from safezone_hub.channels.settings import SmtpSettings
from safezone_hub.clock import Clock

MESSAGES_PER_CONNECTION = 100
IDLE_S = 30.0
LEAVE_S = 1.0
_ENHANCED = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_NOT_IN_ADDRESS = re.compile(r"[\s<>\"(),:;\\\x00-\x1f\x7f]")


class BadAddress(ValueError):
    """No mail can be sent there."""


@dataclass(slots=True)
class _Connection:
    smtp: aiosmtplib.SMTP
    messages: int = 0
    used_at: float = 0.0


class MailChannel:
    name = "email"
    keeps_receipts = False

    def __init__(self, settings: SmtpSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self.limits = Limits(settings.connections, settings.connections, 1, slow=True)
        self._trust = settings.trust or trust(None)
        self._domain = settings.sender.rpartition("@")[2]
        self._idle: list[_Connection] = []

    async def open(self, desk: Desk) -> None:
        """Connections are made when they are needed."""

    def place(self, job: Job) -> tuple[str, str]:
        return "relay", job.address.lower()

    async def deliver(self, job: Job) -> Outcome:
        try:
            address, is_ascii = mailbox(job.address)
            message = self._compose(job, address)
        except BadAddress:
            return failed("not a mail address")
        content = message.as_bytes(policy=SMTP if is_ascii else SMTPUTF8)
        options = [] if is_ascii else ["SMTPUTF8"]
        outcome, was_fresh = await self._transact(address, content, options)
        if outcome.detail == "connection lost" and not was_fresh:
            # The relay had closed an idle connection: no failure of anybody's.
            outcome, _ = await self._transact(address, content, options)
        return outcome

    async def close(self) -> None:
        connections, self._idle = self._idle, []
        await asyncio.gather(*(self._leave(connection) for connection in connections))

    # ------------------------------------------------------------------- the words

    def _compose(self, job: Job, address: str) -> EmailMessage:
        local, _at, domain = address.rpartition("@")
        message = EmailMessage()
        try:
            message["To"] = Address(username=local, domain=domain)
            name, _at, own_domain = self._settings.sender.rpartition("@")
            message["From"] = Address(self._settings.sender_name, name, own_domain)
        except (ValueError, IndexError):
            raise BadAddress from None
        message["Subject"] = " ".join(job.subject.split())
        message["Date"] = datetime.fromtimestamp(job.made_at or self._clock.now(), UTC)
        # The delivery's id: who gets the message twice can tell.
        message["Message-ID"] = f"<{job.id}@{self._domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message["Content-Language"] = job.language
        if job.urgent:
            message["Importance"] = "high"
            message["X-Priority"] = "1"
        message.set_content(job.text, charset="utf-8", cte="base64")
        return message

    # ------------------------------------------------------------------- the relay

    async def _transact(self, address: str, content: bytes, options: list[str]) -> tuple[Outcome, bool]:
        """One message over one connection; whether that connection was new."""
        connection = await self._reuse()
        was_fresh = connection is None
        if connection is None:
            try:
                connection = _Connection(await self._connect())
            except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
                return retry(_link_trouble(error), "link"), True
        whole = False
        try:
            await connection.smtp.sendmail(
                self._settings.sender, [address], content, mail_options=options or None
            )
            whole = True
            return sent("smtp 250"), was_fresh
        except aiosmtplib.SMTPRecipientsRefused as error:
            whole = True
            refusal = error.recipients[0]
            return _refused(refusal.code, str(refusal.message)), was_fresh
        except aiosmtplib.SMTPSenderRefused as error:
            # It is us whom the relay refuses, and so every message: someone must look, nothing is lost.
            if error.code == 552:
                return failed(_code(error.code, str(error.message))), was_fresh
            return retry(_code(error.code, str(error.message)), "link"), was_fresh
        except aiosmtplib.SMTPResponseException as error:
            whole = error.code != 421
            return _refused(error.code, str(error.message)), was_fresh
        except aiosmtplib.SMTPNotSupported:
            whole = True
            return failed("the relay takes no such address"), was_fresh
        except ValueError:
            return failed("not a mail address"), was_fresh
        except (aiosmtplib.SMTPServerDisconnected, ConnectionError):
            return retry("connection lost", "link"), was_fresh
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            # It may be this recipient alone whom the relay cannot make up its mind about.
            return retry(_link_trouble(error), "address"), was_fresh
        finally:
            connection.messages += 1
            connection.used_at = asyncio.get_running_loop().time()
            if whole and connection.smtp.is_connected and connection.messages < MESSAGES_PER_CONNECTION:
                self._idle.append(connection)
            else:
                connection.smtp.close()

    async def _reuse(self) -> _Connection | None:
        now = asyncio.get_running_loop().time()
        while self._idle:
            connection = self._idle.pop()
            if connection.smtp.is_connected and now - connection.used_at < IDLE_S:
                return connection
            connection.smtp.close()
        return None

    async def _connect(self) -> aiosmtplib.SMTP:
        settings = self._settings
        smtp = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            username=settings.user or None,
            password=settings.password,
            # Our domain, and not what the resolver may say of this machine some day.
            local_hostname=self._domain,
            timeout=settings.timeout_s,
            use_tls=settings.tls == "tls",
            start_tls=settings.tls == "starttls",
            tls_context=self._trust if settings.tls != "none" else None,
        )
        await smtp.connect()
        return smtp

    async def _leave(self, connection: _Connection) -> None:
        try:
            await connection.smtp.quit(timeout=LEAVE_S)
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            connection.smtp.close()


def mailbox(text: str) -> tuple[str, bool]:
    """The address as it goes on the wire, and whether it is all ASCII. Raises BadAddress."""
    local, _at, domain = text.strip().rpartition("@")
    if not local or not domain or "@" in local or _NOT_IN_ADDRESS.search(local + domain):
        raise BadAddress
    try:
        domain = domain if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError:
        raise BadAddress from None
    return f"{local}@{domain}", local.isascii()


def _refused(code: int, message: str) -> Outcome:
    """What a reply of the relay means for this message."""
    detail = _code(code, message)
    if code == 421:
        return retry(detail, "link")
    return failed(detail) if code >= 500 else retry(detail)


def _code(code: int, message: str) -> str:
    """Reply code and enhanced code; the words may name the recipient, so they stay out."""
    enhanced = _ENHANCED.search(message[:40])
    return f"smtp {code} {enhanced.group()}" if enhanced else f"smtp {code}"


def _link_trouble(error: Exception) -> str:
    seen: BaseException | None = error
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return _code(error.code, str(error.message))
    if isinstance(error, TimeoutError):
        return "timeout"
    while seen is not None:
        if isinstance(seen, ConnectionRefusedError):
            return "connection refused"
        if type(seen).__name__ == "SSLCertVerificationError":
            return "certificate not trusted"
        seen = seen.__cause__ or seen.__context__
    if isinstance(error, aiosmtplib.SMTPException) and "STARTTLS" in str(error.message):
        return "no STARTTLS"
    return "no connection"

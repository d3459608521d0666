"""Settings of the channels, read from one TOML file (``--channels FILE``). ``docs/channels.md`` explains them.

A channel without its section is not configured: its jobs fail at once, and its health says so.
"""

import ssl
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from safezone_hub.channels.json_paths import leaves, put
from safezone_hub.channels.patience import ROUTINE, URGENT, Patience
from safezone_hub.channels.sections import Fault, Section, SettingsError

LONG_S = 2_592_000.0  # 30 days
OUR_FIELDS = ("to", "from", "text", "subject", "reference", "language")


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """The relay that takes our mail."""

    host: str
    port: int
    sender: str
    tls: Literal["none", "starttls", "tls"] = "starttls"
    user: str = ""
    password: str | None = field(default=None, repr=False)
    sender_name: str = ""
    connections: int = 4
    timeout_s: float = 20.0
    trust: ssl.SSLContext | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class AnswerFields:
    """Where a gateway's answer says what. Without ``code`` the HTTP status alone decides."""

    message_id: str = ""
    code: str = ""
    accepted: tuple[str, ...] = ()
    retry: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiptSettings:
    """How a gateway tells what became of a message, and where its receipts say it."""

    kind: Literal["none", "callback", "poll"] = "none"
    token: str | None = field(default=None, repr=False)  # callback: what the provider must show us
    url: str = field(default="", repr=False)  # poll: with {id}
    every_s: float = 15.0
    items: str = ""  # where several receipts stand in one callback
    message_id: str = ""
    reference: str = ""
    status: str = ""
    delivered: tuple[str, ...] = ("DELIVERED",)
    failed: tuple[str, ...] = ("FAILED", "EXPIRED", "REJECTED", "UNDELIVERABLE")


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """A provider's HTTP gateway for SMS. Paths in its JSON are dotted; a number counts in a list."""

    url: str = field(repr=False)
    sender: str
    fields: Mapping[str, str]
    token: str | None = field(default=None, repr=False)
    token_header: str = "Authorization"
    token_prefix: str = "Bearer "
    idempotency_header: str = "Idempotency-Key"
    fixed: Mapping[str, Any] = field(default_factory=dict)
    long: Mapping[str, Any] = field(default_factory=dict)
    long_over_bytes: int = 90
    country_code: str = ""
    answer: AnswerFields = AnswerFields()
    receipts: ReceiptSettings = ReceiptSettings()
    timeout_s: float = 15.0
    at_once: int = 8
    trust: ssl.SSLContext | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SmppSettings:
    """A short message service centre, SMPP 3.4."""

    host: str
    port: int
    system_id: str
    sender: str
    password: str = field(repr=False)
    tls: bool = False
    system_type: str = ""
    source_ton: int = 0
    source_npi: int = 1
    dest_ton: int = 0
    dest_npi: int = 1
    country_code: str = ""
    enquire_link_s: float = 30.0
    response_s: float = 10.0
    window: int = 10
    ids: Literal["same", "hex-decimal", "decimal-hex"] = "same"
    reference_tlv: bool = True
    trust: ssl.SSLContext | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """How far and how fast webhooks may go."""

    timeout_s: float = 10.0
    allow_private: bool = False
    per_host: int = 8
    at_once: int = 64
    trust: ssl.SSLContext | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """All channels. The default has none."""

    smtp: SmtpSettings | None = None
    sms: GatewaySettings | SmppSettings | None = None
    webhook: WebhookSettings | None = None
    urgent: Patience = URGENT
    routine: Patience = ROUTINE


def read_settings(path: Path) -> ChannelSettings:
    """Read the file. Raises SettingsError naming everything that is wrong. Secrets' and certificates'
    files are looked for beside it, unless their paths are absolute."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        remedy = f"{error.strerror}; give a TOML file that the hub may read"
        raise SettingsError([Fault("--channels", repr(str(path)), remedy)]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        # The decoder's message may quote the file; its place is enough.
        place = getattr(error, "lineno", None) or str(error).rpartition("(")[2].rstrip(")")
        raise SettingsError(
            [Fault("--channels", repr(str(path)), f"not TOML in UTF-8 ({place}); see docs/channels.md")]
        ) from None
    return parse_settings(table, path.parent)


def parse_settings(table: Mapping[str, Any], folder: Path) -> ChannelSettings:
    """As ``read_settings``, of a table already decoded."""
    faults: list[Fault] = []
    root = Section("", table, faults, folder)
    smtp, sms, webhook, retry = (root.section(name) for name in ("smtp", "sms", "webhook", "retry"))
    urgent, routine = _retry(retry) if retry else (URGENT, ROUTINE)
    settings = ChannelSettings(
        smtp=_smtp(smtp) if smtp else None,
        sms=_sms(sms) if sms else None,
        webhook=_webhook(webhook) if webhook else None,
        urgent=urgent,
        routine=routine,
    )
    root.close()
    if faults:
        raise SettingsError(faults)
    return settings


def _smtp(section: Section) -> SmtpSettings:
    tls = section.choice("tls", ("none", "starttls", "tls"), "starttls")
    user = section.text("user", "")
    settings = SmtpSettings(
        host=section.text("host"),
        port=section.port({"none": 25, "tls": 465}.get(tls, 587)),
        sender=section.text("sender", most=254),
        tls=tls,  # type: ignore[arg-type]
        user=user,
        password=section.secret("password", required=bool(user)),
        sender_name=section.text("sender_name", "", most=100),
        connections=section.whole("connections", 4, 2, 50),
        timeout_s=section.number("timeout_s", 20.0, 0.1, 300.0),
        trust=section.tls_trust(),
    )
    if settings.sender and not _is_mail_address(settings.sender):
        section.fault("sender", "give one mail address, such as alerts@example.org", settings.sender)
    if user and tls == "none":
        section.fault("tls", 'a password needs "starttls" or "tls"', tls)
    section.close()
    return settings


def _is_mail_address(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    return bool(local and at and domain) and text.isascii() and not any(c in text for c in " \t\r\n<>,;")


def _sms(section: Section) -> GatewaySettings | SmppSettings:
    kind = section.choice("kind", ("http", "smpp"))
    settings = _smpp(section) if kind == "smpp" else _gateway(section)
    section.close()
    return settings


def _smpp(section: Section) -> SmppSettings:
    return SmppSettings(
        host=section.text("host"),
        port=section.port(2775),
        system_id=_short(section, "system_id", 15),
        sender=_short(section, "sender", 20),
        password=_password_of_smpp(section),
        tls=section.flag("tls", False),
        system_type=_short(section, "system_type", 12, required=False),
        source_ton=section.whole("source_ton", 0, 0, 6),
        source_npi=section.whole("source_npi", 1, 0, 18),
        dest_ton=section.whole("dest_ton", 0, 0, 6),
        dest_npi=section.whole("dest_npi", 1, 0, 18),
        country_code=_country_code(section),
        enquire_link_s=section.number("enquire_link_s", 30.0, 0.1, 3600.0),
        response_s=section.number("response_s", 10.0, 0.1, 300.0),
        window=section.whole("window", 10, 2, 1000),
        ids=section.choice("ids", ("same", "hex-decimal", "decimal-hex"), "same"),  # type: ignore[arg-type]
        reference_tlv=section.flag("reference_tlv", True),
        trust=section.tls_trust(),
    )


def _short(section: Section, key: str, most: int, required: bool = True) -> str:
    value = section.text(key, most=most) if required else section.text(key, "", most=most)
    if not value.isascii():
        section.fault(key, "SMPP takes ASCII only here", value)
    return value


def _password_of_smpp(section: Section) -> str:
    password = section.secret("password") or ""
    if len(password) > 8 or not password.isascii():
        section.fault("password_file", "SMPP 3.4 takes at most 8 ASCII characters", "…")
    return password


def _country_code(section: Section) -> str:
    value = section.text("country_code", "", most=3)
    if value and not (value.isascii() and value.isdigit()):
        section.fault("country_code", 'give digits, such as "82", or leave it out', value)
    return value


def _gateway(section: Section) -> GatewaySettings:
    settings = GatewaySettings(
        url=section.url("url"),
        sender=section.text("sender", most=32),
        fields=_fields(section),
        token=section.secret("token", required=False),
        token_header=_header(section, "token_header", "Authorization"),
        token_prefix=section.text("token_prefix", "Bearer "),
        idempotency_header=_header(section, "idempotency_header", "Idempotency-Key"),
        fixed=_members(section, "fixed"),
        long=_members(section, "long"),
        long_over_bytes=section.whole("long_over_bytes", 90, 1, 10_000),
        country_code=_country_code(section),
        answer=_answer(section),
        receipts=_receipts(section),
        timeout_s=section.number("timeout_s", 15.0, 0.1, 300.0),
        at_once=section.whole("at_once", 8, 2, 200),
        trust=section.tls_trust(),
    )
    for extra in ({}, settings.long):
        try:
            document: dict[str, Any] = {}
            paths = [path for table in (settings.fixed, extra) for path, _value in leaves(table)]
            for path in (*paths, *(path.split(".") for path in settings.fields.values())):
                put(document, path, "")
        except ValueError as error:
            section.fault("fields", f"these paths make no JSON object together: {error}")
            break
    receipts = settings.receipts
    if (receipts.kind == "poll" or receipts.message_id) and not settings.answer.message_id:
        section.fault("answer.message_id", "missing: receipts are matched by the message id in the answer")
    return settings


def _header(section: Section, key: str, default: str) -> str:
    value = section.text(key, default)
    if not value.isascii() or not all(character.isalnum() or character in "-_" for character in value):
        section.fault(key, "give the name of an HTTP header", value)
        return default
    return value


def _fields(section: Section) -> dict[str, str]:
    table = section.section("fields")
    if table is None:
        return {"to": "to", "from": "from", "text": "text", "reference": "reference"}
    fields = {ours: path for ours in OUR_FIELDS if (path := table.text(ours, ""))}
    for needed in ("to", "text"):
        if needed not in fields:
            table.fault(needed, "missing: say where in the provider's JSON it goes")
    table.close()
    return fields


def _members(section: Section, key: str) -> dict[str, Any]:
    table = section.section(key)
    return table.members() if table else {}


def _answer(section: Section) -> AnswerFields:
    table = section.section("answer")
    if table is None:
        return AnswerFields()
    answer = AnswerFields(
        message_id=table.text("message_id", ""),
        code=table.text("code", ""),
        accepted=table.texts("accepted", ()),
        retry=table.texts("retry", ()),
    )
    if answer.code and not answer.accepted:
        table.fault("accepted", "missing: list the values of the code that mean «taken»")
    table.close()
    return answer


def _receipts(section: Section) -> ReceiptSettings:
    table = section.section("receipts")
    if table is None:
        return ReceiptSettings()
    kind = table.choice("kind", ("none", "callback", "poll"))
    default = ReceiptSettings()
    receipts = ReceiptSettings(
        kind=kind,  # type: ignore[arg-type]
        token=table.secret("token", required=kind == "callback"),
        url=table.url("url", "") if kind != "poll" else table.url("url"),
        every_s=table.number("every_s", default.every_s, 0.1, 3600.0),
        items=table.text("items", ""),
        message_id=table.text("message_id", ""),
        reference=table.text("reference", ""),
        status=table.text("status", ""),
        delivered=table.texts("delivered", default.delivered),
        failed=table.texts("failed", default.failed),
    )
    if kind != "none" and not receipts.status:
        table.fault("status", "missing: say where the receipt's status stands")
    if kind == "callback" and not (receipts.message_id or receipts.reference):
        table.fault("message_id", "missing: say where the receipt's message id (or our reference) stands")
    if kind == "poll" and "{id}" not in receipts.url:
        table.fault("url", "put {id} where the message id goes", receipts.url)
    table.close()
    return receipts


def _webhook(section: Section) -> WebhookSettings:
    default = WebhookSettings()
    settings = WebhookSettings(
        timeout_s=section.number("timeout_s", default.timeout_s, 0.1, 120.0),
        allow_private=section.flag("allow_private", default.allow_private),
        per_host=section.whole("per_host", default.per_host, 2, 200),
        at_once=section.whole("at_once", default.at_once, 2, 500),
        trust=section.tls_trust(),
    )
    if section.whole("max_redirects", 0, 0, 1000):
        section.fault("max_redirects", "redirects are never followed: leave it out, or 0")
    section.close()
    return settings


def _retry(section: Section) -> tuple[Patience, Patience]:
    urgent, routine = section.section("urgent"), section.section("routine")
    section.close()
    return _patience(urgent, URGENT), _patience(routine, ROUTINE)


def _patience(section: Section | None, default: Patience) -> Patience:
    if section is None:
        return default
    patience = Patience(
        first_s=section.number("first_s", default.first_s, 0.01, 3600.0),
        factor=section.number("factor", default.factor, 1.0, 10.0),
        max_s=section.number("max_s", default.max_s, 0.01, 86_400.0),
        give_up_after_s=section.number("give_up_after_s", default.give_up_after_s, 0.1, LONG_S),
    )
    if patience.max_s < patience.first_s:
        section.fault("max_s", "give no less than first_s", patience.max_s)
    section.close()
    return patience

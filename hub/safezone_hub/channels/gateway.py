"""SMS over a provider's HTTP gateway: JSON there, receipts back by callback or by asking.

How the provider's JSON looks is a matter of settings (``docs/channels.md``). The delivery's id is the
idempotency key of every try, so that a try whose answer was lost does not send the text twice.
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from safezone_hub.channels.channel import Desk
from safezone_hub.channels.http_client import Answer, HttpClient, NoAnswer, parse_target, retry_after_s, trust
from safezone_hub.channels.jobs import Blame, Job, Outcome, failed, retry, sent
from safezone_hub.channels.json_paths import find, leaves, put, text_at
from safezone_hub.channels.lanes import Limits
from safezone_hub.channels.ledger import Arrival
from safezone_hub.channels.settings import GatewaySettings
from safezone_hub.channels.sms_text import BadNumber, dialled
from safezone_hub.clock import Clock

log = logging.getLogger("safezone.hub")

# 409: an earlier try with this key is still being worked on.
RETRIED = frozenset({408, 409, 425, 429})
# The gateway refuses us, not the message.
OURS = frozenset({401, 403, 407})
DETAIL_MAX = 32
ASK_EVERY_MAX_S = 300.0


class NotTaken(Exception):
    """A callback that the provider should send again."""


class GatewayChannel:
    name = "sms"

    def __init__(self, settings: GatewaySettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self.limits = Limits(settings.at_once, settings.at_once, 1, slow=True)
        self.keeps_receipts = settings.receipts.kind != "none"
        self._url = parse_target(settings.url).url
        self._ask_at: dict[str, tuple[float, float]] = {}  # by message id: when to ask, and the wait after it

    async def open(self, desk: Desk) -> None:
        settings = self._settings
        self._desk = desk
        self._client = HttpClient(settings.timeout_s, 2 * settings.at_once + 1, settings.trust or trust(None))
        self._polling = asyncio.create_task(self._poll()) if settings.receipts.kind == "poll" else None

    def place(self, job: Job) -> tuple[str, str]:
        try:
            return "gateway", dialled(job.address, self._settings.country_code)[0]
        except BadNumber:
            return "gateway", job.address

    async def deliver(self, job: Job) -> Outcome:
        settings = self._settings
        try:
            number, _ = dialled(job.address, settings.country_code)
        except BadNumber:
            return failed("not a telephone number")
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Accept": "application/json",
            settings.idempotency_header: job.id,
            **self._authorization(),
        }
        try:
            answer = await self._client.request("POST", self._url, headers, self._compose(job, number))
        except NoAnswer as error:
            return retry(str(error), "address" if str(error) == "timeout" else "link")
        return self._judge(answer)

    async def close(self) -> None:
        if self._polling:
            self._polling.cancel()
        await self._client.close()

    def take_callback(self, raw: Mapping[str, Any] | list[Any]) -> int:
        """Note the receipts in a provider's callback; how many there were that say how it ended.
        Raises NotTaken."""
        receipts = self._settings.receipts
        if receipts.kind != "callback":
            return 0
        listed = find(raw, receipts.items) if receipts.items else raw
        taken = 0
        for item in listed if isinstance(listed, list) else [listed]:
            arrival = self._arrival(item)
            if arrival:
                part, reference = text_at(item, receipts.message_id), text_at(item, receipts.reference)
                if not self._desk.receipt(part, arrival, self._receipt_detail(item), reference):
                    raise NotTaken("the hub takes no reports now")
                taken += 1
        return taken

    # ------------------------------------------------------------------- out

    def _authorization(self) -> dict[str, str]:
        settings = self._settings
        return {settings.token_header: settings.token_prefix + settings.token} if settings.token else {}

    def _compose(self, job: Job, number: str) -> bytes:
        settings = self._settings
        values = {
            "to": number,
            "from": settings.sender,
            "text": job.text,
            "subject": job.subject,
            "reference": job.id,
            "language": job.language,
        }
        document: dict[str, Any] = {}
        for path, value in leaves(settings.fixed):
            put(document, path, value)
        # Korean gateways count 90 bytes of EUC-KR; beyond them a text is of another kind.
        if len(job.text.encode("cp949", "replace")) > settings.long_over_bytes:
            for path, value in leaves(settings.long):
                put(document, path, value)
        for ours, dotted in settings.fields.items():
            put(document, dotted.split("."), values[ours])
        return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")

    def _judge(self, answer: Answer) -> Outcome:
        detail = f"http {answer.status}"
        if answer.status in OURS:
            return retry(detail, "link")
        if answer.status in RETRIED or answer.status >= 500:
            blame: Blame = "link" if answer.status in (429, 503) else "address"
            return retry(detail, blame, retry_after_s(answer.headers, self._clock.now()))
        if not 200 <= answer.status < 300:
            return failed(detail)
        fields, document = self._settings.answer, _json(answer.body)
        if fields.code:
            code = text_at(document, fields.code)
            if code not in fields.accepted:
                detail = f"gateway {code[:DETAIL_MAX]}" if code.isalnum() else "gateway refused"
                return retry(detail) if code in fields.retry or not code else failed(detail)
        return sent(detail, text_at(document, fields.message_id) or None)

    # ------------------------------------------------------------------- back

    def _arrival(self, item: Any) -> Arrival | None:
        receipts = self._settings.receipts
        status = text_at(item, receipts.status)
        if status in receipts.delivered:
            return "delivered"
        return "failed" if status in receipts.failed else None

    def _receipt_detail(self, item: Any) -> str:
        status = text_at(item, self._settings.receipts.status)
        return f"receipt {status[:DETAIL_MAX]}"

    async def _poll(self) -> None:
        """Ask after every message that waits: soon after it was sent, then less and less often."""
        loop, every_s = asyncio.get_running_loop(), self._settings.receipts.every_s
        while True:
            await asyncio.sleep(every_s)
            parts = [part for _job, ids in self._desk.open_messages() for part in ids.split(",")]
            self._ask_at = {part: self._ask_at.get(part, (0.0, every_s)) for part in parts}
            for part in parts:
                at, wait_s = self._ask_at[part]
                if loop.time() < at:
                    continue
                self._ask_at[part] = (loop.time() + wait_s, min(2 * wait_s, ASK_EVERY_MAX_S))
                try:
                    await self._ask(part)
                except NoAnswer as error:
                    log.warning("sms: no answer to the question for a receipt: %s", error)
                    break

    async def _ask(self, part: str) -> None:
        """Raises NoAnswer."""
        url = parse_target(self._settings.receipts.url.replace("{id}", quote(part, safe=""))).url
        headers = {"Accept": "application/json", **self._authorization()}
        answer = await self._client.request("GET", url, headers)
        if 200 <= answer.status < 300:
            item = _json(answer.body)
            arrival = self._arrival(item)
            if arrival:
                self._desk.receipt(part, arrival, self._receipt_detail(item))
        elif answer.status not in RETRIED:
            log.warning("sms: question for a receipt refused: http %d", answer.status)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None

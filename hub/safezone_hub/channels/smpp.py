"""SMS over SMPP 3.4: one transceiver, bound for as long as the hub runs.

Long texts go in parts with user data headers, not as ``message_payload``: every centre and phone takes
them, and a part that was refused is tried again alone. A text is «sent» when the centre has given every
part an id, «delivered» when a receipt for every part says DELIVRD. A receipt is answered after it has
been reported, so that the centre repeats what the hub could not take.
"""

import asyncio
import logging
import random
from collections import OrderedDict
from contextlib import suppress

from safezone_hub.channels.channel import Desk
from safezone_hub.channels.http_client import trust
from safezone_hub.channels.jobs import Job, Outcome, failed, retry, sent
from safezone_hub.channels.lanes import Limits
from safezone_hub.channels.settings import SmppSettings
from safezone_hub.channels.smpp_pdu import (
    FINAL,
    HEADER_OCTETS,
    INTERMEDIATE_KIND,
    KIND_MASK,
    OURS,
    RESPONSE,
    BadPdu,
    Command,
    Pdu,
    Status,
    Submit,
    bind_body,
    read_deliver,
    read_header,
    read_message_id,
    read_receipt,
)
from safezone_hub.channels.sms_text import BadNumber, Part, TooLong, dialled, parts_of, reference_of

log = logging.getLogger("safezone.hub")

RECONNECT_S = (0.5, 15.0)
THROTTLE_S = 1.0
LEAVE_S = 1.0
PARTS_KEPT = 1000
SEQUENCE_MAX = 0x7FFFFFFF
INTERNATIONAL = 1
FAILED_STATES = frozenset({"EXPIRED", "DELETED", "UNDELIV", "REJECTD"})


class Unbound(Exception):
    """There is no connection, or it ended before the answer. The message is a short code."""


class _Link:
    """One bound connection: requests with their answers, until it breaks."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, response_s: float) -> None:
        self._reader, self._writer, self._response_s = reader, writer, response_s
        self._sequence = 0
        self._pending: dict[int, asyncio.Future[Pdu]] = {}
        self.heard_at = asyncio.get_running_loop().time()
        self.is_doubtful = asyncio.Event()

    async def request(self, command: Command, body: bytes = b"") -> Pdu:
        """Send and wait for the answer. Raises TimeoutError and Unbound."""
        self._sequence = self._sequence % SEQUENCE_MAX + 1
        sequence = self._sequence
        answer: asyncio.Future[Pdu] = asyncio.get_running_loop().create_future()
        self._pending[sequence] = answer
        try:
            async with asyncio.timeout(self._response_s):
                await self.write(Pdu(command, Status.OK, sequence, body))
                return await answer
        except OSError as error:
            if isinstance(error, TimeoutError):
                # Either this request is lost, or the connection is: ask before the next one pays for it.
                self.is_doubtful.set()
                raise
            raise Unbound("connection lost") from None
        finally:
            self._pending.pop(sequence, None)

    async def write(self, pdu: Pdu) -> None:
        self._writer.write(pdu.encode())
        await self._writer.drain()

    async def read(self) -> Pdu:
        """The next PDU that is no answer to ours. Raises BadPdu, OSError, IncompleteReadError."""
        while True:
            header = await self._reader.readexactly(HEADER_OCTETS)
            size, command, status, sequence = read_header(header)
            pdu = Pdu(command, status, sequence, await self._reader.readexactly(size))
            self.heard_at = asyncio.get_running_loop().time()
            if not command & RESPONSE:
                return pdu
            answer = self._pending.get(sequence)
            if answer is not None and not answer.done():
                answer.set_result(pdu)

    def end(self) -> None:
        """Let go of the connection; whoever waits learns that it is over."""
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(Unbound("connection lost"))
        self._writer.close()


class SmppChannel:
    name = "sms"
    keeps_receipts = True

    def __init__(self, settings: SmppSettings) -> None:
        self._settings = settings
        self.limits = Limits(settings.window, settings.window, 1)
        self._trust = (settings.trust or trust(None)) if settings.tls else None
        self._link: _Link | None = None
        # Of texts that went out in part: which parts have their ids.
        self._accepted: OrderedDict[str, dict[int, str]] = OrderedDict()

    async def open(self, desk: Desk) -> None:
        self._desk = desk
        desk.hold("not bound yet")
        self._keeping = asyncio.create_task(self._keep())

    def place(self, job: Job) -> tuple[str, str]:
        try:
            return "centre", dialled(job.address, self._settings.country_code)[0]
        except BadNumber:
            return "centre", job.address

    async def deliver(self, job: Job) -> Outcome:
        reference = reference_of(job.id)
        try:
            number, international = dialled(job.address, self._settings.country_code)
            parts = parts_of(job.text, reference)
        except BadNumber:
            return failed("not a telephone number")
        except TooLong:
            return failed("text too long")
        accepted = self._accepted.pop(job.id, {})
        outcome = sent("smpp ok")
        for index, part in enumerate(parts):
            if index in accepted:
                continue
            answer = await self._submit(self._pdu_of(part, number, international, job.urgent, reference))
            if isinstance(answer, Outcome):
                outcome = answer
                break
            accepted[index] = answer
        if outcome.kind == "sent":
            ids = ",".join(accepted[index] for index in sorted(accepted) if accepted[index])
            return sent("smpp ok", ids or None)
        if outcome.kind == "retry" and accepted:
            self._accepted[job.id] = accepted
            while len(self._accepted) > PARTS_KEPT:
                self._accepted.popitem(last=False)
        return outcome

    async def close(self) -> None:
        self._keeping.cancel()
        with suppress(asyncio.CancelledError):
            await self._keeping

    # ------------------------------------------------------------------- messages out

    def _pdu_of(
        self, part: Part, number: str, international: bool, is_urgent: bool, reference: int
    ) -> Submit:
        settings = self._settings
        return Submit(
            source=settings.sender,
            source_ton=settings.source_ton,
            source_npi=settings.source_npi,
            dest=number,
            dest_ton=INTERNATIONAL if international else settings.dest_ton,
            dest_npi=settings.dest_npi,
            esm_class=part.esm_class,
            data_coding=part.data_coding,
            content=part.content,
            is_urgent=is_urgent,
            reference=reference if settings.reference_tlv else None,
        )

    async def _submit(self, message: Submit) -> str | Outcome:
        """The centre's id for one message, or why it has none."""
        if self._link is None:
            return retry("no connection", "link")
        try:
            answer = await self._link.request(Command.SUBMIT_SM, message.body())
        except TimeoutError:
            return retry("no answer", "address")
        except Unbound as error:
            return retry(str(error), "link")
        if answer.status == Status.OK and answer.command == Command.SUBMIT_SM | RESPONSE:
            return _canonical(read_message_id(answer.body), self._settings.ids, 0)
        detail = f"smpp 0x{answer.status:02x}"
        if answer.status in (Status.THROTTLED, Status.QUEUE_FULL):
            return retry(detail, "link", THROTTLE_S)
        if answer.status == Status.NOT_BOUND or answer.status in OURS:
            return retry(detail, "link")
        return failed(detail) if answer.status in FINAL else retry(detail)

    # ------------------------------------------------------------------- the connection

    async def _keep(self) -> None:
        """Stay bound; after every loss bind again, a little later each time it fails."""
        failures = 0
        while True:
            why = "connection lost"
            try:
                await self._serve()
                failures = 0
            except Unbound as error:
                why = str(error)
            except TimeoutError:
                why = "timeout"
            except ConnectionRefusedError:
                why = "connection refused"
            except (BadPdu, OSError, EOFError) as error:
                why = "TLS failed" if "SSL" in type(error).__name__ else "connection lost"
            finally:
                was_bound, self._link = self._link is not None, None
                self._desk.hold(why)
            failures = 0 if was_bound else failures + 1
            log.warning("sms: no connection to the message centre: %s", why)
            wait_s = min(RECONNECT_S[0] * 2**failures, RECONNECT_S[1])
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))

    async def _serve(self) -> None:
        """Bind, then read and keep alive until the connection ends."""
        settings = self._settings
        async with asyncio.timeout(settings.response_s):
            reader, writer = await asyncio.open_connection(settings.host, settings.port, ssl=self._trust)
        link = _Link(reader, writer, settings.response_s)
        reading = asyncio.create_task(self._read(link))
        try:
            body = bind_body(settings.system_id, settings.password, settings.system_type)
            answer = await link.request(Command.BIND_TRANSCEIVER, body)
            if answer.status != Status.OK:
                raise Unbound(f"bind refused: smpp 0x{answer.status:02x}")
            self._link = link
            self._desk.release()
            log.info("sms: bound to the message centre")
            keeping = asyncio.create_task(self._enquire(link))
            try:
                done, _ = await asyncio.wait((reading, keeping), return_when=asyncio.FIRST_COMPLETED)
            finally:
                keeping.cancel()
            for task in done:
                task.result()
        except asyncio.CancelledError:
            with suppress(TimeoutError, Unbound):
                async with asyncio.timeout(LEAVE_S):
                    await link.request(Command.UNBIND)
            raise
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await reading

    async def _enquire(self, link: _Link) -> None:
        """After a silence, or an answer that did not come, ask whether anybody is there."""
        loop, interval_s = asyncio.get_running_loop(), self._settings.enquire_link_s
        while True:
            silence_s = loop.time() - link.heard_at
            if silence_s < interval_s and not link.is_doubtful.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(interval_s - silence_s):
                        await link.is_doubtful.wait()
                continue
            link.is_doubtful.clear()
            await link.request(Command.ENQUIRE_LINK)

    async def _read(self, link: _Link) -> None:
        """Answer what the centre asks. Ends with the connection, and with it every open request."""
        try:
            await self._answer(link)
        finally:
            link.end()

    async def _answer(self, link: _Link) -> None:
        while True:
            pdu = await link.read()
            match pdu.command:
                case Command.ENQUIRE_LINK:
                    await link.write(Pdu(pdu.command | RESPONSE, Status.OK, pdu.sequence))
                case Command.DELIVER_SM:
                    status = self._take(pdu)
                    await link.write(Pdu(pdu.command | RESPONSE, status, pdu.sequence, b"\0"))
                case Command.UNBIND:
                    await link.write(Pdu(pdu.command | RESPONSE, Status.OK, pdu.sequence))
                    raise Unbound("unbound by the centre")
                case Command.ALERT_NOTIFICATION:
                    pass
                case _:
                    await link.write(Pdu(Command.GENERIC_NACK, Status.INVALID_COMMAND, pdu.sequence))

    def _take(self, pdu: Pdu) -> Status:
        """What the centre is told of its deliver_sm. What cannot be read is taken all the same: refused,
        it would come back for days."""
        try:
            deliver = read_deliver(pdu.body)
            receipt = read_receipt(deliver)
        except BadPdu:
            log.warning("sms: a deliver_sm that cannot be read")
            return Status.OK
        if receipt is None or deliver.esm_class & KIND_MASK == INTERMEDIATE_KIND:
            return Status.OK
        detail = f"receipt {receipt.state}" + (f" err {receipt.error}" if receipt.error else "")
        part = _canonical(receipt.message_id, self._settings.ids, 1)
        if receipt.state == "DELIVRD":
            taken = self._desk.receipt(part, "delivered", detail)
        elif receipt.state in FAILED_STATES:
            taken = self._desk.receipt(part, "failed", detail)
        else:
            taken = True  # ENROUTE, ACCEPTD, UNKNOWN: not the end yet
        return Status.OK if taken else Status.TEMPORARY


def _canonical(message_id: str, ids: str, side: int) -> str:
    """One spelling of an id that some centres write in hexadecimal on one side and in decimal on the other."""
    if ids == "same":
        return message_id
    base = 16 if ids.split("-")[side] == "hex" else 10
    try:
        return str(int(message_id, base))
    except ValueError:
        return message_id

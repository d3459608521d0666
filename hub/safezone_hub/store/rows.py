"""From the hub's rows to the tables' rows: who, and everything personal packed into one body.

``plain_rows`` leaves it readable; ``sealing`` makes the same rows with pseudonyms and sealed bodies.
"""

from typing import NamedTuple

import msgspec

from safezone_hub.store.batch import Batch, Row

Rows = dict[str, list[Row]]  # of a table in the columns' order, or of another change (``database.CHANGES``)

pack = msgspec.msgpack.Encoder().encode
unpack_log = msgspec.msgpack.Decoder(tuple[str, bytes]).decode
unpack_named = msgspec.msgpack.Decoder(tuple[str, bytes]).decode
unpack_outbox = msgspec.msgpack.Decoder(tuple[str, str, bytes]).decode
unpack_pos = msgspec.msgpack.Decoder(tuple[float, float, float, str]).decode
unpack_rejection = msgspec.msgpack.Decoder(tuple[str, str, bytes]).decode
unpack_token = msgspec.msgpack.Decoder(tuple[str, str]).decode
DAY_S = 86400.0


class Erased(NamedTuple):
    """Whose rows go, as the tables name it. Empty strings match nothing."""

    zone: str
    who: str
    child: str
    principal: str


def principal_of(subject: str) -> str:
    """How a subject is named where it sends or receives: ``device/x`` is ``dev/x`` on the wire."""
    return "dev/" + subject[7:] if subject.startswith("device/") else subject


def day_of(batch: Batch) -> int:
    """The day a batch is written, by the wall clock: every message that is seen is logged beside it."""
    return int(batch.log[-1][3] // DAY_S) if batch.log else 0


def plain_rows(batch: Batch) -> Rows:
    """The tables' rows, readable."""
    day = day_of(batch)
    return {
        "unregistered": batch.unregistered,
        "unstate": batch.unstate,
        "registry": [(z, k, i, " ".join(s), b) for z, k, i, b, s in batch.registry],
        "log": [
            (zone, n, at, wall, kind, subjects[0] if subjects else "", None, pack((topic, body)))
            for zone, n, at, wall, kind, topic, body, subjects in batch.log
        ],
        "seen": [(*row, day) for row in batch.seen],
        "state": [(z, k, i, " ".join(s), b) for z, k, i, b, s in batch.state],
        "outbox": [
            (zone, id_, by, " ".join(subjects), pack((by, topic, payload)), made_at, exercise, 0)
            for zone, id_, by, topic, payload, made_at, exercise, subjects in batch.outbox
        ],
        "settled": batch.settled,
        "erase pos": batch.unpos,
        "pos": [
            (zone, child, ts, device, pack((lat, lon, accuracy_m, basis)))
            for zone, child, ts, device, lat, lon, accuracy_m, basis in batch.pos
        ],
        "incident": [(*row[:6], " ".join(row[7]), row[6]) for row in batch.incidents],
        "feed": [(*row[:4], " ".join(row[5]), row[4]) for row in batch.feed],
        "delivery": [(*row[:7], " ".join(row[8]), row[7]) for row in batch.deliveries],
        "cases": [(*row[:5], " ".join(row[6]), row[5]) for row in batch.cases],
        "token": [
            (id_, digest, role, principal, zone, pack((principal, scopes)), expires_at, revoked)
            for id_, digest, role, principal, zone, scopes, expires_at, revoked in batch.tokens
        ],
        "rejection": [
            (zone, n, at, reason, " ".join(subjects), pack((topic, detail, sample)))
            for zone, n, at, topic, reason, detail, sample, subjects in batch.rejections
        ],
    }


def plain_erased(batch: Batch) -> list[Erased]:
    """Whose rows go."""
    return [
        Erased(
            zone,
            subject,
            subject.removeprefix("child/") if subject.startswith("child/") else "",
            principal_of(subject),
        )
        for zone, subject in batch.erase
    ]


def subject_of(principal: str) -> str:
    """The other way."""
    return "device/" + principal[4:] if principal.startswith("dev/") else principal

"""The recorded exchange of one case: everything sent and everything that came, with its time.

A verdict is a function of this record and of the case's code, so anybody can work it out again (``line.ReplayLine``).
"""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# Ways. mqtt: {topic, payload, qos, retain}. http: request {who, method, path, headers, body}, answer {status, headers, body}.
# stream: {name, event, id, data} or {name, closed}. hook: {name, headers, body, answer}. ask: {do, device, args} and its reply.
# clock: a reading. connection: {state}.
OUT, IN, ANSWER = "out", "in", "answer"


@dataclass(frozen=True, slots=True)
class Entry:
    """``t``: seconds since the case began, to 1 µs. ``answer`` is what an ``out`` of the same number brought back."""

    n: int
    t: float
    direction: str
    via: str
    content: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        return {"n": self.n, "t": self.t, "d": self.direction, "via": self.via, "c": self.content}


@dataclass(frozen=True)
class Record:
    """One case's exchange. ``began_at``: seconds since 1970 by the tester's clock; ``ended_at``: as ``Entry.t``."""

    began_at: float
    ended_at: float
    entries: tuple[Entry, ...]

    def lines(self) -> Iterable[str]:
        """As JSON lines: a head, then the entries."""
        yield _dumps({"began_at": self.began_at, "ended_at": self.ended_at, "entries": len(self.entries)})
        for entry in self.entries:
            yield _dumps(entry.as_json())


class BadRecord(ValueError):
    """A record that cannot be read; the message says where."""


def read_record(text: str) -> Record:
    """From JSON lines. BadRecord if lines are missing, out of order or malformed."""
    lines = text.splitlines()
    try:
        head = json.loads(lines[0])
        rows = [json.loads(line) for line in lines[1:]]
        entries = tuple(Entry(r["n"], float(r["t"]), r["d"], r["via"], r["c"]) for r in rows)
        count, began_at, ended_at = head["entries"], float(head["began_at"]), float(head["ended_at"])
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise BadRecord(f"not a recorded exchange: {error!r}") from None
    if count != len(entries):
        raise BadRecord(f"the head names {count} entries, there are {len(entries)}")
    for position, entry in enumerate(entries):
        if entry.n != position:
            raise BadRecord(f"entry {position} has the number {entry.n}")
        if position and entry.t < entries[position - 1].t:
            raise BadRecord(f"entry {position} is earlier than the one before it")
    return Record(began_at, ended_at, entries)


def text_of(payload: bytes) -> Any:
    """Bytes for a record: text where it is UTF-8, else ``{"b64": …}``."""
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(payload).decode()}


def bytes_of(value: Any) -> bytes:
    """The bytes that ``text_of`` kept."""
    return base64.b64decode(value["b64"]) if isinstance(value, Mapping) else str(value).encode()


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

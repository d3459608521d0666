"""The log as a chain of digests, zone by zone: who changes, removes, inserts or reorders a row breaks it.

One link a commit: SHA-256 over the link before, its own head and its rows, each with the digest of its (sealed) body. A
body can so be destroyed later and the chain still be followed; the link's note says up to where bodies may be missing.
Who can rewrite the whole database can make a new chain: keep heads elsewhere (``head``) and check against them.
"""

import hashlib
import itertools
import re
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Row = tuple[Any, ...]
START = bytes(32)  # what stands before the first link
_LINK = struct.Struct(">qqqdI")
_ROW = struct.Struct(">qdd")
_PRUNED = re.compile(r"pruned bodies<=(\d+) facts<=(\d+)\Z")
FINDINGS_MAX = 100


class Chained(Protocol):
    """What is checked. ``PlainStore`` and ``SealedStore`` both are."""

    def chain_end(self, zone: str) -> Row | None:
        """k, last_n, at, digest of the newest link."""

    def chain_links(self, zone: str) -> Iterator[Row]:
        """k, first_n, last_n, at, note, digest; by k."""

    def chain_log(self, zone: str) -> Iterator[Row]:
        """n, at, wall, kind, who, digest, body; by n."""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a zone's chain at some time. To be exported, printed, and compared later."""

    zone: str
    k: int
    last_n: int
    at: float
    digest: bytes

    def __str__(self) -> str:
        return f"{self.zone} {self.k} {self.last_n} {self.at!r} {self.digest.hex()}"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """From what ``str`` gave. ValueError when it is not that."""
        zone, k, last_n, at, digest = text.split()
        return cls(zone, int(k), int(last_n), float(at), bytes.fromhex(digest))


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, and where: rows ``first_n`` to ``last_n`` of the zone's log. ``what`` is a word for programs."""

    what: str  # body | row | removed | inserted | unchained | link | pruned | head
    first_n: int
    last_n: int
    text: str


@dataclass(slots=True)
class Report:
    """What a check of one zone found. More than 100 findings are only counted."""

    zone: str
    rows: int = 0
    links: int = 0
    pruned: int = 0
    head: Head | None = None
    findings: list[Finding] = field(default_factory=list)
    unnamed: int = 0

    @property
    def ok(self) -> bool:
        return not self.findings

    def add(self, what: str, first_n: int, last_n: int, korean: str, english: str) -> None:
        if len(self.findings) >= FINDINGS_MAX:
            self.unnamed += 1
            return
        place = f"{self.zone} {first_n}" if first_n == last_n else f"{self.zone} {first_n}–{last_n}"
        self.findings.append(Finding(what, first_n, last_n, f"{place}: {korean} {english}"))


def row_bytes(n: int, at: float, wall: float, kind: str, who: str, digest: bytes) -> bytes:
    """One row of the log as the link sees it."""
    return _ROW.pack(n, at, wall) + f"{kind} {who}\n".encode("utf-8", "surrogateescape") + digest


def extend(before: Head, at: float, note: str, first_n: int, last_n: int, rows: Iterable[bytes]) -> Head:
    """The head after one more link."""
    said = note.encode()
    k = before.k + 1
    hashed = hashlib.sha256(before.digest + _LINK.pack(k, first_n, last_n, at, len(said)) + said)
    hashed.update(b"".join(rows))
    return Head(before.zone, k, last_n, at, hashed.digest())


class Chainer:
    """The links of a commit in the making. ``end_of`` reads a zone's newest link: k, last_n, at, digest."""

    def __init__(self, end_of: Callable[[str], Row | None]) -> None:
        self._end_of = end_of
        self._heads: dict[str, Head] = {}
        self._staged: dict[str, Head] = {}

    def link(self, zone: str, at: float, note: str, first_n: int, last_n: int, rows: Iterable[bytes]) -> Row:
        """The next link, as the table has it: zone, k, first_n, last_n, at, note, digest."""
        before = self._staged.get(zone) or self._heads.get(zone) or self._load(zone)
        made = self._staged[zone] = extend(before, at, note, first_n, last_n, rows)
        return zone, made.k, first_n, last_n, at, note, made.digest

    def forget(self, zone: str) -> None:
        """Somebody else adds to the zone's chain from now on: its end is read anew."""
        self._heads.pop(zone, None)
        self._staged.pop(zone, None)

    def empty_link(self, zone: str, at: float, note: str) -> Row:
        """A link that holds only a note."""
        before = self._staged.get(zone) or self._heads.get(zone) or self._load(zone)
        return self.link(zone, max(at, before.at), note, before.last_n + 1, before.last_n, ())

    def committed(self) -> None:
        """The links since the last call stand in the store."""
        self._heads.update(self._staged)
        self._staged.clear()

    def failed(self) -> None:
        """Nobody knows what stands in the store: read it again."""
        self._heads.clear()
        self._staged.clear()

    def _load(self, zone: str) -> Head:
        end = self._end_of(zone)
        found = Head(zone, end[0], end[1], end[2], bytes(end[3])) if end else Head(zone, 0, 0, 0.0, START)
        self._heads[zone] = found
        return found


def head(store: Chained, zone: str) -> Head | None:
    """The end of the zone's chain as the store has it; None when nothing was logged."""
    end = store.chain_end(zone)
    return Head(zone, end[0], end[1], end[2], bytes(end[3])) if end else None


def verify(store: Chained, zone: str, heads: Sequence[Head] = ()) -> Report:
    """Follow the zone's chain from its beginning, and hold it against heads exported earlier.

    A hub may go on writing meanwhile: the links are read first, then rows that are at least as new, then notes.
    """
    report = Report(zone)
    expected = {h.k: h for h in heads if h.zone == zone}
    links = _begun(store.chain_links(zone))
    log = _Log(_begun(store.chain_log(zone)))
    before = Head(zone, 0, 0, 0.0, START)
    pruned_to = _pruned_to(store, zone)
    for k, first_n, last_n, at, note, digest in links:
        report.links += 1
        if k != before.k + 1:
            report.add(
                "link",
                before.last_n + 1,
                first_n - 1,
                f"사슬 고리 {before.k + 1}–{k - 1}이(가) 없습니다.",
                f"links {before.k + 1} to {k - 1} are missing.",
            )
            before = Head(zone, k - 1, first_n - 1, at, START)
        if first_n != before.last_n + 1 or last_n < first_n - 1:
            report.add(
                "link",
                first_n,
                last_n,
                f"고리 {k}이(가) {before.last_n} 다음에 이어지지 않습니다.",
                f"link {k} does not go on after {before.last_n}.",
            )
        held = _rows(report, log, first_n, last_n, pruned_to)
        linked = extend(before, at, note, first_n, last_n, held)
        if linked.digest != digest:
            report.add(
                "row",
                first_n,
                last_n,
                f"고리 {k}의 기록이 바뀌었거나 순서가 다르거나, 앞 고리가 바뀌었습니다.",
                f"rows of link {k} were changed or reordered, or the link before it was.",
            )
        before = Head(zone, k, last_n, at, bytes(digest))
        if k in expected and expected[k].digest != digest:
            report.add(
                "head", 0, last_n, f"내보낸 고리 {k}과(와) 다릅니다.", f"differs from the exported head {k}."
            )
    rest = [row[0] for row in log.rest()]
    end = store.chain_end(zone) if rest else None
    for n in rest:
        if end is None or n > end[1] or end[0] == before.k:
            report.rows += 1
            report.add("unchained", n, n, "사슬에 없는 기록입니다.", "stands in no link: inserted.")
    for k, lost in expected.items():
        if k > before.k:
            report.add(
                "head",
                before.last_n + 1,
                lost.last_n,
                "내보낸 끝보다 짧습니다. 뒷부분이 지워졌습니다.",
                f"ends before the exported head {k}: its end was removed.",
            )
    report.head = before if report.links else None
    return report


def _pruned_to(store: Chained, zone: str) -> tuple[int, int]:
    """Up to which row bodies may be missing, and those of facts: the notes of the links, themselves chained, say so."""
    bodies = facts = 0
    for _, _, _, _, note, _ in store.chain_links(zone):
        if match := _PRUNED.match(note):
            bodies, facts = max(bodies, int(match[1])), max(facts, int(match[2]))
    return bodies, facts


def _begun(rows: Iterator[Row]) -> Iterator[Row]:
    """The same rows, their reading already begun: what is written from now on is not among them."""
    first = next(rows, None)
    return iter(()) if first is None else itertools.chain((first,), rows)


class _Log:
    """The log's rows in order, a link's worth at a time."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def up_to(self, n: int) -> Iterator[Row]:
        while self._next is not None and self._next[0] <= n:
            row, self._next = self._next, next(self._rows, None)
            yield row

    def rest(self) -> Iterator[Row]:
        if self._next is not None:
            yield self._next
            yield from self._rows


def _rows(report: Report, log: _Log, first_n: int, last_n: int, pruned_to: tuple[int, int]) -> list[bytes]:
    """A link's rows as it must have seen them; what is wrong with single ones is told."""
    held, expected = [], first_n
    for n, at, wall, kind, who, digest, body in log.up_to(last_n):
        report.rows += 1
        if n < expected:
            report.add(
                "inserted", n, n, "어느 고리에도 속하지 않는 기록입니다.", "belongs to no link: inserted."
            )
            continue
        if n > expected:
            report.add("removed", expected, n - 1, "기록이 지워졌습니다.", "removed.")
        expected = n + 1
        if not body:
            report.pruned += 1
            if n > pruned_to[kind == "fact"]:
                report.add(
                    "pruned",
                    n,
                    n,
                    "보존 기한 전에 내용이 사라졌습니다.",
                    "its body is gone, but was not pruned.",
                )
        elif hashlib.sha256(body).digest() != digest:
            report.add("body", n, n, "내용이 바뀌었습니다.", "its body was changed.")
        held.append(row_bytes(n, at, wall, kind, who, bytes(digest or b"")))
    if expected <= last_n:
        report.add("removed", expected, last_n, "기록이 지워졌습니다.", "removed.")
    return held

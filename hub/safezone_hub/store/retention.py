"""Destroying what is older than it may be. In slices, so that an emergency never waits behind the cleaning."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from safezone_hub.store.batch import Row
from safezone_hub.store.database import Database, Operation
from safezone_hub.store.protocol import SEEN_KEPT_S, Pruned
from safezone_hub.store.rows import DAY_S

CHILDREN_A_SLICE = 500

Link = Callable[[str, float, str], list[Operation]]


@dataclass(frozen=True, slots=True)
class Ages:
    """Wall seconds since 1970; what is older goes. See ``Store.prune``."""

    before: float
    facts: float
    positions: float | None
    notices: float | None
    seen: float | None
    incidents: float | None = None


class Marks(msgspec.Struct):
    """How far a zone was pruned."""

    bodies: int = 0  # of the log up to this row
    facts: int = 0
    pos: str = ""  # the child where the last slice ended
    seen: str = ""  # the id where the last slice ended
    seen_day: int = 0  # the day up to which the memory of ids was swept


@dataclass(slots=True)
class _Slice:
    """One call's work on one zone."""

    db: Database
    zone: str
    limit: int
    marks: Marks
    changes: list[Operation]
    counts: dict[str, int]
    more: bool = False

    def take(self, table: str, operation: str, rows: list[Row]) -> None:
        """Destroy these rows; a full slice means that there may be more."""
        if rows:
            self.changes.append((operation, rows))
            self.counts[table] = self.counts.get(table, 0) + len(rows)
        self.more |= len(rows) >= self.limit


def prune(db: Database, zone: str, ages: Ages, limit: int, link: Link) -> Pruned:
    """One slice of every table in one commit. ``link`` tells what the log's chain says of it."""
    kept = db.all("SELECT value FROM hub WHERE name = ?", (f"pruned/{zone}",))
    marks = msgspec.json.decode(kept[0][0], type=Marks) if kept else Marks()
    work = _Slice(db, zone, limit, marks, [], {})
    before = msgspec.json.encode(marks)
    _log(work, ages)
    if msgspec.json.encode(marks) != before:
        # The chain itself says up to where bodies may be missing.
        work.changes += link(zone, ages.before, f"pruned bodies<={marks.bodies} facts<={marks.facts}")
    _positions(work, ages.before if ages.positions is None else ages.positions)
    _seen(work, ages.before - SEEN_KEPT_S if ages.seen is None else ages.seen)
    _outbox(work, ages.before)
    _rejections(work, ages.before)
    if ages.incidents is not None:
        _incidents(work, ages.incidents)
        _cases(work, ages.incidents)
    if ages.notices is not None:
        _feed(work, ages.notices)
        _deliveries(work, ages.notices)
    if msgspec.json.encode(marks) != before:
        work.changes.append(("hub", [(f"pruned/{zone}", msgspec.json.encode(marks).decode())]))
    if work.changes:
        db.commit(work.changes)
    return Pruned(work.counts, work.more)


def _log(work: _Slice, ages: Ages) -> None:
    """Bodies go, their digests stay. Never beyond the snapshot: replay begins there."""
    found = work.db.all("SELECT n FROM snapshot WHERE zone = ?", (work.zone,))
    if not found:
        return
    end = found[0][0]
    # A look at the first row before a slice is read: most calls find nothing that is old enough.
    for table, before, since in (
        ("log", ages.before, work.marks.bodies),
        ("facts", ages.facts, work.marks.facts),
    ):
        first = work.db.all(
            "SELECT wall FROM log WHERE zone = ? AND n > ? ORDER BY n LIMIT 1", (work.zone, since)
        )
        if not first or first[0][0] >= before:
            continue
        rows = work.db.all(
            "SELECT n, wall, kind FROM log WHERE zone = ? AND n > ? AND n <= ? ORDER BY n LIMIT ?",
            (work.zone, since, end, work.limit),
        )
        old = []
        for n, wall, kind in rows:
            if wall >= before:
                break
            old.append((n, kind))
        if not old:
            continue  # beyond the snapshot
        last = old[-1][0]
        work.changes.append((f"prune {table}", [(b"", work.zone, since, last)]))
        gone = sum((kind == "fact") == (table == "facts") for _, kind in old)
        if gone:
            work.counts[table] = gone
        work.more |= len(old) == work.limit
        if table == "log":
            work.marks.bodies = last
        else:
            work.marks.facts = last


def _positions(work: _Slice, before: float) -> None:
    """Child by child: the key leads from one to the next without reading what stays."""
    child, destroyed, visited = work.marks.pos, 0, 0
    while destroyed < work.limit and visited < CHILDREN_A_SLICE:
        following = work.db.all(
            "SELECT child FROM pos WHERE zone = ? AND child > ? ORDER BY child LIMIT 1", (work.zone, child)
        )
        child = following[0][0] if following else ""
        if not child:
            break
        visited += 1
        old = work.db.all(
            "SELECT count(*) FROM pos WHERE zone = ? AND child = ? AND ts < ?", (work.zone, child, before)
        )[0][0]
        if old:
            work.changes.append(("prune pos", [(work.zone, child, before)]))
            destroyed += old
    work.marks.pos = child
    if destroyed:
        work.counts["pos"] = destroyed
    work.more |= bool(child)


def _seen(work: _Slice, before: float) -> None:
    """A sweep in the order of the key, once a day: ids of old messages are forgotten."""
    marks, day = work.marks, int(before // DAY_S)
    if day <= marks.seen_day:
        return
    rows = work.db.all(
        "SELECT id, principal, day FROM seen WHERE zone = ? AND id > ? ORDER BY id LIMIT ?",
        (work.zone, marks.seen, work.limit),
    )
    old = [(work.zone, id_, principal) for id_, principal, written in rows if written < day]
    if old:
        work.changes.append(("prune seen", old))
        work.counts["seen"] = len(old)
    if len(rows) < work.limit:
        marks.seen, marks.seen_day = "", day
    else:
        # Of an id that several principals use the rest may stand beyond the slice: look at it again.
        last, previous = rows[-1][0], [row[0] for row in rows if row[0] != rows[-1][0]]
        marks.seen = previous[-1] if previous else last
        work.more = True


def _outbox(work: _Slice, before: float) -> None:
    rows = work.db.all(
        "SELECT id FROM outbox WHERE zone = ? AND settled = 1 AND made_at < ? ORDER BY made_at LIMIT ?",
        (work.zone, before, work.limit),
    )
    work.take("outbox", "prune outbox", [(work.zone, row[0]) for row in rows])


def _rejections(work: _Slice, before: float) -> None:
    """A ring of a thousand: never worth a slice of its own."""
    old = work.db.all("SELECT count(*) FROM rejection WHERE zone = ? AND at < ?", (work.zone, before))[0][0]
    if old:
        work.changes.append(("prune rejection", [(work.zone, before)]))
        work.counts["rejection"] = old


def _feed(work: _Slice, before: float) -> None:
    rows = work.db.all(
        "SELECT n, made_at FROM feed WHERE zone = ? ORDER BY n LIMIT ?", (work.zone, work.limit)
    )
    last = count = 0
    for n, made_at in rows:
        if made_at >= before:
            break
        last, count = n, count + 1
    if count:
        work.changes += [("feed end", [(work.zone,)]), ("prune feed", [(work.zone, last)])]
        work.counts["feed"] = count
        work.more |= count == work.limit


def _deliveries(work: _Slice, before: float) -> None:
    rows = work.db.all(
        "SELECT id FROM delivery WHERE zone = ? AND made_at < ? AND next_at IS NULL ORDER BY made_at LIMIT ?",
        (work.zone, before, work.limit),
    )
    work.take("delivery", "prune delivery", [(work.zone, row[0]) for row in rows])


def _incidents(work: _Slice, before: float) -> None:
    """What was said of an incident closed long ago goes, its position too; its figures stay."""
    rows = work.db.all(
        "SELECT id FROM incident WHERE zone = ? AND closed_at < ? AND length(body) > 0 LIMIT ?",
        (work.zone, before, work.limit),
    )
    work.take("incident", "prune incident", [(b"", work.zone, row[0]) for row in rows])


def _cases(work: _Slice, before: float) -> None:
    rows = work.db.all(
        "SELECT id FROM cases WHERE zone = ? AND made_at < ? AND state <> 'open' LIMIT ?",
        (work.zone, before, work.limit),
    )
    work.take("cases", "prune cases", [(work.zone, row[0]) for row in rows])

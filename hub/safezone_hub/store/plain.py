"""The store over a database. Rows stand as given; ``SealedStore`` overrides how they are named and opened."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from safezone_hub.store import retention
from safezone_hub.store.batch import Batch, Row
from safezone_hub.store.database import COMMIT_ORDER, Database, Operation, Seen, SeenKey
from safezone_hub.store.protocol import DESTROYED, Pruned, Snapshot
from safezone_hub.store.rows import (
    Erased,
    Rows,
    plain_erased,
    plain_rows,
    unpack_log,
    unpack_outbox,
    unpack_pos,
    unpack_rejection,
    unpack_token,
)
from safezone_hub.store.tables import ERASED_WITH

PATH_MAX = 20_000


class PlainStore:
    """All of ``Store``. Used by one thread. ``db`` is for who shares or checks the tables."""

    def __init__(self, db: Database) -> None:
        self.db = db

    # ------------------------------------------------------------------- how rows are named and opened

    def _open(self, place: str, body: bytes) -> bytes | None:
        """The body of a row; None when it can not be opened any more."""
        return body

    def _open_named(self, place: str, id_: str, body: bytes) -> tuple[str, bytes] | None:
        """The same of a row whose id may be a pseudonym: (id, body)."""
        return id_, body

    def _who(self, subject: str) -> str | None:
        """A subject as the tables name it; None when they can not."""
        return subject

    def _child(self, child: str) -> str:
        return child

    def _principal(self, principal: str) -> str:
        return principal

    # ------------------------------------------------------------------- write

    def write(self, batch: Batch) -> None:
        self.db.commit(operations(plain_rows(batch), plain_erased(batch)))

    def find_seen(self, zone: str, principal: str, id_: str, epoch: int, seq: int) -> Seen | None:
        key = (zone, self._principal(principal), id_, epoch, seq)
        return self.db.find_seen((key,)).get(key)

    def find_seen_many(self, keys: Sequence[SeenKey]) -> dict[SeenKey, Seen]:
        named = [(key[0], self._principal(key[1]), *key[2:]) for key in keys]
        found = self.db.find_seen(named)
        return (
            {key: found[name] for key, name in zip(keys, named, strict=True) if name in found}
            if found
            else {}
        )

    def next_epoch(self, at_least: int) -> int:
        kept = self.mark("epoch")
        epoch = max(at_least, int(kept or 0) + 1)
        self.db.commit([("hub", [("epoch", str(epoch))])])
        return epoch

    def mark(self, name: str) -> str | None:
        """What the hub remembers under a name."""
        rows = self.db.all("SELECT value FROM hub WHERE name = ?", (name,))
        return rows[0][0] if rows else None

    # ------------------------------------------------------------------- at start, and for replay

    def registry(self, zone: str | None = None) -> Iterator[tuple[str, str, str, bytes]]:
        # The zone first: it says where the plane lies.
        where, parameters = _only(zone)
        yield from self._named("registry", f"{where} ORDER BY kind <> 'zone', zone, kind, id", *parameters)

    def states(self, zone: str | None = None) -> Iterator[tuple[str, str, str, bytes]]:
        where, parameters = _only(zone)
        yield from self._named("state", f"{where} ORDER BY kind <> 'zone', zone, kind, id", *parameters)

    def _named(self, table: str, rest: str, *parameters: object) -> Iterator[tuple[str, str, str, bytes]]:
        for zone, kind, id_, body in self.db.all(
            f"SELECT zone, kind, id, body FROM {table}{rest}", parameters
        ):
            opened = self._open_named(f"{table} {zone} {kind} {id_}", id_, body)
            if opened is not None:
                yield zone, kind, *opened

    def outbox(self, zone: str | None = None) -> Iterator[Row]:
        where, parameters = _only(zone, "settled = 0")
        for in_zone, id_, body, made_at, exercise in self.db.all(
            f"SELECT zone, id, body, made_at, exercise FROM outbox{where} ORDER BY zone, made_at, id",
            parameters,
        ):
            opened = self._open(f"outbox {in_zone} {id_}", body)
            if opened is not None:
                yield in_zone, id_, *unpack_outbox(opened), made_at, exercise

    def outbox_row(self, zone: str, id_: str) -> Row | None:
        for body, made_at, exercise, settled in self.db.all(
            "SELECT body, made_at, exercise, settled FROM outbox WHERE zone = ? AND id = ?", (zone, id_)
        ):
            opened = self._open(f"outbox {zone} {id_}", body)
            if opened is not None:
                return zone, id_, *unpack_outbox(opened), made_at, exercise, settled
        return None

    def outbox_of(self, zone: str, principal: str, after: str | None = None, limit: int = 100) -> list[Row]:
        last = _place_of(self.db, "made_at", "outbox", zone, after)
        by = self._principal(principal)

        def page(last: tuple[float, str]) -> list[Row]:
            return self.db.all(
                "SELECT made_at, id, exercise, settled, body FROM outbox WHERE zone = ? AND settled_by = ? "
                "AND (made_at, id) > (?, ?) ORDER BY made_at, id LIMIT ?",
                (zone, by, *last, limit),
            )

        return [
            (zone, row[1], *unpack_outbox(body), row[0], row[2], row[3])
            for row, body in self._pages(page, last, limit, f"outbox {zone}")
        ]

    def open_deliveries(self, zone: str | None = None) -> Iterator[Row]:
        where, parameters = _only(zone, "next_at IS NOT NULL")
        for *row, body in self.db.all(
            "SELECT zone, id, notice, channel, state, made_at, next_at, body FROM delivery"
            f"{where} ORDER BY zone, next_at, id",
            parameters,
        ):
            opened = self._open(f"delivery {row[0]} {row[1]}", body)
            if opened is not None:
                yield *row, opened

    def tokens(self) -> Iterator[Row]:
        for id_, digest, role, zone, body, expires_at, revoked in self.db.all(
            "SELECT id, digest, role, zone, body, expires_at, revoked FROM token ORDER BY id"
        ):
            opened = self._open(f"token {id_}", body)
            if opened is not None:
                principal, scopes = unpack_token(opened)
                yield id_, digest, role, principal, zone, scopes, expires_at, revoked

    def log(self, zone: str | None = None, after: int = 0) -> Iterator[Row]:
        where, parameters = (" WHERE zone = ? AND n > ?", (zone, after)) if zone is not None else ("", ())
        for in_zone, n, at, wall, kind, body in self.db.stream(
            f"SELECT zone, n, at, wall, kind, body FROM log{where} ORDER BY zone, n", parameters
        ):
            opened = self._open(f"log {in_zone} {n}", body) if body else None
            if opened is None:
                yield in_zone, n, at, wall, DESTROYED, "", b""
            else:
                topic, said = unpack_log(opened)
                yield in_zone, n, at, wall, kind, topic, said

    def snapshots(self) -> Iterator[Snapshot]:
        for zone, n, at in self.db.all("SELECT zone, n, at FROM snapshot ORDER BY zone"):
            rows = []
            for kind, id_, body in self.db.all(
                "SELECT kind, id, body FROM snapshot_row WHERE zone = ? AND n = ? ORDER BY kind, id",
                (zone, n),
            ):
                opened = self._open_named(f"snapshot_row {zone} {n} {kind} {id_}", id_, body)
                if opened is not None:
                    rows.append((kind, *opened))
            yield Snapshot(zone, n, at, rows)

    def log_ends(self, zone: str | None = None) -> dict[str, int]:
        return self._ends("log", zone)

    def feed_ends(self, zone: str | None = None) -> dict[str, int]:
        ends = self._ends("feed", zone)
        for name, value in self.db.all("SELECT name, value FROM hub WHERE substr(name, 1, 5) = 'feed/'"):
            zone = name.removeprefix("feed/")
            ends[zone] = max(ends.get(zone, 0), int(value))
        return ends

    def _ends(self, table: str, only: str | None = None) -> dict[str, int]:
        """The highest number of each zone, from one to the next by the key: a GROUP BY would read it all."""
        if only is not None:
            found = self.db.all(f"SELECT n FROM {table} WHERE zone = ? ORDER BY n DESC LIMIT 1", (only,))
            return {only: int(found[0][0])} if found else {}
        ends: dict[str, int] = {}
        while found := self.db.all(
            f"SELECT zone FROM {table} WHERE zone > ? ORDER BY zone LIMIT 1", (max(ends, default=""),)
        ):
            zone = found[0][0]
            rows = self.db.all(f"SELECT n FROM {table} WHERE zone = ? ORDER BY n DESC LIMIT 1", (zone,))
            ends[zone] = int(rows[0][0])
        return ends

    def rejection_ends(self, zone: str | None = None) -> dict[str, int]:
        where, parameters = _only(zone)
        rows = self.db.all(f"SELECT zone, n FROM rejection{where} ORDER BY zone, at, n", parameters)
        return {row[0]: row[1] for row in rows}

    # ------------------------------------------------------------------- queries

    def path(self, zone: str, child: str, since: float, until: float) -> list[Row]:
        child = self._child(child)
        path = []
        for ts, device, body in self.db.all(
            "SELECT ts, device, body FROM pos WHERE zone = ? AND child = ? AND ts BETWEEN ? AND ? "
            f"ORDER BY ts LIMIT {PATH_MAX}",
            (zone, child, since, until),
        ):
            opened = self._open(f"pos {zone} {child} {ts} {device}", body)
            if opened is not None:
                path.append((ts, *unpack_pos(opened)))
        return path

    def incidents(
        self, zone: str, state: str = "all", after: str | None = None, limit: int = 100_000
    ) -> list[bytes]:
        only = {"open": " AND closed_at IS NULL", "closed": " AND closed_at IS NOT NULL", "all": ""}[state]
        last = _place_of(self.db, "opened_at", "incident", zone, after)

        def page(last: tuple[float, str]) -> list[Row]:
            return self.db.all(
                f"SELECT opened_at, id, body FROM incident WHERE zone = ?{only} AND (opened_at, id) > (?, ?) "
                "ORDER BY opened_at, id LIMIT ?",
                (zone, *last, limit),
            )

        return [body for _, body in self._pages(page, last, limit, f"incident {zone}")]

    def incident(self, zone: str, id_: str) -> bytes | None:
        for (body,) in self.db.all("SELECT body FROM incident WHERE zone = ? AND id = ?", (zone, id_)):
            return self._open(f"incident {zone} {id_}", body) if body else None
        return None

    def incident_figures(self, zone: str, since: float, until: float) -> list[Row]:
        return self.db.all(
            "SELECT id, opened_at, closed_at, service, exercise FROM incident "
            "WHERE zone = ? AND opened_at >= ? AND opened_at < ? ORDER BY opened_at, id",
            (zone, since, until),
        )

    def feed(
        self, zone: str, audience: str, after: int = 0, limit: int = 1000
    ) -> list[tuple[int, float, bytes]]:
        audience = self._principal(audience)
        found: list[tuple[int, float, bytes]] = []
        while len(found) < limit:
            rows = self.db.all(
                "SELECT n, made_at, body FROM feed WHERE zone = ? AND audience = ? AND n > ? ORDER BY n LIMIT ?",
                (zone, audience, after, limit),
            )
            for n, made_at, body in rows:
                opened = self._open(f"feed {zone} {n} {audience}", body)
                if opened is not None:
                    found.append((n, made_at, opened))
            if len(rows) < limit:
                break
            after = rows[-1][0]
        return found[:limit]

    def deliveries(self, zone: str, notice: str) -> list[Row]:
        found = []
        for *row, body in self.db.all(
            "SELECT id, channel, state, made_at, next_at, body FROM delivery WHERE zone = ? AND notice = ? "
            "ORDER BY made_at, id",
            (zone, notice),
        ):
            opened = self._open(f"delivery {zone} {row[0]}", body)
            if opened is not None:
                found.append((*row, opened))
        return found

    def cases(
        self,
        zone: str,
        kind: str | None = None,
        state: str | None = None,
        after: str | None = None,
        limit: int = 1000,
    ) -> list[Row]:
        only = (" AND kind = ?" if kind else "") + (" AND state = ?" if state else "")
        chosen = [value for value in (kind, state) if value]
        last = _place_of(self.db, "made_at", "cases", zone, after)

        def page(last: tuple[float, str]) -> list[Row]:
            return self.db.all(
                f"SELECT made_at, id, kind, state, body FROM cases WHERE zone = ?{only} AND (made_at, id) > (?, ?) "
                "ORDER BY made_at, id LIMIT ?",
                (zone, *chosen, *last, limit),
            )

        found = self._pages(page, last, limit, f"cases {zone}")
        return [(row[1], row[2], row[3], row[0], body) for row, body in found]

    def case(self, zone: str, id_: str) -> Row | None:
        for kind, state, made_at, body in self.db.all(
            "SELECT kind, state, made_at, body FROM cases WHERE zone = ? AND id = ?", (zone, id_)
        ):
            opened = self._open(f"cases {zone} {id_}", body)
            if opened is not None:
                return id_, kind, state, made_at, opened
        return None

    def _pages(
        self, page: Callable[[tuple[float, str]], list[Row]], last: tuple[float, str], limit: int, table: str
    ) -> list[tuple[Row, bytes]]:
        """Pages of (time, id, …, body) until ``limit`` rows could be opened: (row, body)."""
        found: list[tuple[Row, bytes]] = []
        while len(found) < limit:
            rows = page(last)
            for row in rows:
                opened = self._open(f"{table} {row[1]}", row[-1]) if row[-1] else None
                if opened is not None:
                    found.append((row, opened))
            if len(rows) < limit:
                break
            last = rows[-1][0], rows[-1][1]
        return found[:limit]

    def facts(
        self,
        zone: str,
        subject: str | None,
        since: float = 0.0,
        until: float = 1e12,
        after: int = 0,
        limit: int = 1000,
    ) -> list[tuple[int, float, float, bytes]]:
        who = None
        if subject is not None:
            who = self._who(subject)
            if who is None:
                return []
        found: list[tuple[int, float, float, bytes]] = []
        while len(found) < limit:
            rows = self.db.all(
                f"SELECT n, at, wall, body FROM log WHERE zone = ?{'' if who is None else ' AND who = ?'} "
                "AND kind = 'fact' AND n > ? AND at >= ? AND at < ? ORDER BY n LIMIT ?",
                (zone, *(() if who is None else (who,)), after, since, until, limit),
            )
            for n, at, wall, body in rows:
                opened = self._open(f"log {zone} {n}", body) if body else None
                if opened is not None:
                    found.append((n, at, wall, unpack_log(opened)[1]))
            if len(rows) < limit:
                break
            after = rows[-1][0]
        return found[:limit]

    def rejections(self, zone: str, limit: int) -> list[Row]:
        found = []
        for n, at, reason, body in self.db.all(
            "SELECT n, at, reason, body FROM rejection WHERE zone = ? ORDER BY at DESC, n DESC LIMIT ?",
            (zone, limit),
        ):
            opened = self._open(f"rejection {zone} {n}", body)
            if opened is not None:
                topic, detail, sample = unpack_rejection(opened)
                found.append((at, topic, reason, detail, sample))
        return found

    # ------------------------------------------------------------------- keeping

    def save_snapshot(
        self, zone: str, n: int, at: float, rows: Iterable[tuple[str, str, bytes, tuple[str, ...]]]
    ) -> None:
        self.db.commit(
            [
                ("no snapshot", [(zone,)]),
                ("snapshot", [(zone, n, at)]),
                ("snapshot_row", self._snapshot_rows(zone, n, list(rows))),
            ]
        )

    def _snapshot_rows(
        self, zone: str, n: int, rows: list[tuple[str, str, bytes, tuple[str, ...]]]
    ) -> list[Row]:
        return [(zone, n, kind, id_, " ".join(subjects), body) for kind, id_, body, subjects in rows]

    def prune(
        self,
        zone: str,
        before: float,
        keep_facts_before: float,
        *,
        positions_before: float | None = None,
        notices_before: float | None = None,
        seen_before: float | None = None,
        incidents_before: float | None = None,
        limit: int = 5000,
    ) -> Pruned:
        ages = retention.Ages(
            before, keep_facts_before, positions_before, notices_before, seen_before, incidents_before
        )
        return self._prune(zone, ages, limit)

    def _prune(self, zone: str, ages: retention.Ages, limit: int) -> Pruned:
        return retention.prune(self.db, zone, ages, limit, self._prune_link)

    def _prune_link(self, zone: str, at: float, note: str) -> list[Operation]:
        """What the chain says of pruned bodies. A plain log has no chain."""
        return []

    # ------------------------------------------------------------------- what ``chain`` checks

    def chain_end(self, zone: str) -> Row | None:
        """k, last_n, at, digest of the newest link."""
        found = self.db.all(
            "SELECT k, last_n, at, digest FROM chain WHERE zone = ? ORDER BY k DESC LIMIT 1", (zone,)
        )
        return found[0] if found else None

    def chain_links(self, zone: str) -> Iterator[Row]:
        """k, first_n, last_n, at, note, digest."""
        return self.db.stream(
            "SELECT k, first_n, last_n, at, note, digest FROM chain WHERE zone = ? ORDER BY k", (zone,)
        )

    def chain_log(self, zone: str) -> Iterator[Row]:
        """n, at, wall, kind, who, digest, body."""
        return self.db.stream(
            "SELECT n, at, wall, kind, who, digest, body FROM log WHERE zone = ? ORDER BY n", (zone,)
        )

    def refresh(self) -> None:
        """Look again at what other processes may have changed beside the rows: keys of persons."""

    def forget(self, zone: str) -> None:
        """Another process writes the zone from now on."""

    def close(self) -> None:
        self.db.close()


def _only(zone: str | None, condition: str = "") -> tuple[str, tuple[object, ...]]:
    """WHERE with its parameters: of one zone, or of all."""
    conditions = [condition] if condition else []
    if zone is not None:
        conditions.insert(0, "zone = ?")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return where, (zone,) if zone is not None else ()


def operations(rows: Rows, erased: Iterable[Erased]) -> list[Operation]:
    """What a commit does, in order; erasures last, so that rows of the same batch go with them."""
    ordered: list[Operation] = [(name, rows[name]) for name in COMMIT_ORDER if rows.get(name)]
    for each in erased:
        ordered += _erase(each)
    return ordered


def _erase(erased: Erased) -> list[Operation]:
    found: list[Operation] = [("feed end", [(erased.zone,)])]
    found += [(f"erase {table}", [(f" {erased.who} ",)]) for table in ERASED_WITH]
    if erased.child:
        found.append(("erase pos", [(erased.zone, erased.child)]))
    for table in ("outbox to", "feed of", "token of"):
        found.append((f"erase {table}", [(erased.principal,)]))
    return found


def _place_of(db: Database, column: str, table: str, zone: str, id_: str | None) -> tuple[float, str]:
    """Where a page begins: behind this row; at the start when there is none."""
    rows = db.all(f"SELECT {column} FROM {table} WHERE zone = ? AND id = ?", (zone, id_)) if id_ else []
    return (rows[0][0], id_) if rows and id_ is not None else (-1e300, "")

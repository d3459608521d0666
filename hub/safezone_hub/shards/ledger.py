"""Shards and their zones in the database. Fencing: a token a process, which every commit proves.

A zone has one owner, the token of a process. An owner gives it back itself, between two commits; or the process is
given up as a whole, because it stopped beating: then its token is struck out, which waits for a commit in progress,
and every later commit under it fails. So two processes never write one zone, however slow or frozen one of them is.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import psycopg

from safezone_hub.store.protocol import StoreRefused, StoreUnavailable

# Made by whichever shard comes first; the lock keeps two of them from trying at once.
_TABLES = """
SELECT pg_advisory_xact_lock(94371327, hashtext(current_schema()));
CREATE TABLE IF NOT EXISTS shard (
  token BIGSERIAL PRIMARY KEY, n INT NOT NULL, members INT NOT NULL, url TEXT NOT NULL, gone BOOL NOT NULL DEFAULT false);
CREATE TABLE IF NOT EXISTS shard_beat (token BIGINT PRIMARY KEY, beat BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS shard_zone (zone TEXT COLLATE "C" PRIMARY KEY, token BIGINT);
"""
# Fails unless the token stands; the lock makes whoever would strike it out wait for the end of the commit.
FENCE = "SELECT 1 / count(*) FROM (SELECT 1 FROM shard WHERE token = %s AND NOT gone FOR SHARE) AS fence"


@dataclass(frozen=True, slots=True)
class Member:
    """A process that was not given up."""

    token: int
    n: int
    of: int
    url: str
    beat: int


class ShardLedger:
    """One connection, made anew after an error. For one thread. Any call may raise StoreUnavailable."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._db: psycopg.Connection | None = None

    def _run(self, sql: str, parameters: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        try:
            if self._db is None or self._db.closed:
                self._db = psycopg.connect(
                    self._dsn, autocommit=True, connect_timeout=5, application_name="safezone-shard"
                )
            cursor = self._db.execute(sql.encode(), parameters or None)
            return cursor.fetchall() if cursor.description is not None else []
        except psycopg.Error as error:
            if self._db is not None:
                self._db.close()
                self._db = None
            raise StoreUnavailable(f"shards: {error}") from error

    def prepare(self) -> None:
        """Make the tables, and a place for every zone that is registered."""
        self._run(_TABLES)
        self._run(
            "INSERT INTO shard_zone SELECT DISTINCT zone, NULL::bigint FROM registry ON CONFLICT DO NOTHING"
        )

    def join(self, n: int, of: int) -> int:
        """A new token for this process. It owns nothing yet, and is reached nowhere until ``open``."""
        (token,) = self._run(
            "INSERT INTO shard (n, members, url) VALUES (%s, %s, '') RETURNING token", (n, of)
        )[0]
        self._run("INSERT INTO shard_beat VALUES (%s, 0)", (token,))
        return int(str(token))

    def open(self, token: int, url: str) -> None:
        """From now on it takes part, and answers at ``url``."""
        self._run("UPDATE shard SET url = %s WHERE token = %s", (url, token))

    def beat(self, token: int) -> bool:
        """Show a sign of life; False when the process was given up."""
        self._run("UPDATE shard_beat SET beat = beat + 1 WHERE token = %s", (token,))
        return bool(self._run("SELECT 1 FROM shard WHERE token = %s AND NOT gone", (token,)))

    def members(self) -> list[Member]:
        rows = self._run(
            "SELECT s.token, s.n, s.members, s.url, b.beat FROM shard s JOIN shard_beat b USING (token) "
            "WHERE NOT s.gone ORDER BY s.token"
        )
        return [Member(*row) for row in rows]  # type: ignore[arg-type]

    def give_up(self, token: int) -> None:
        """Strike a process out. Returns when no commit of it can succeed any more."""
        self._run("UPDATE shard SET gone = true WHERE token = %s", (token,))
        self._run("DELETE FROM shard_beat WHERE token = %s", (token,))
        self._run("UPDATE shard_zone SET token = NULL WHERE token = %s", (token,))

    def owners(self) -> dict[str, int | None]:
        """Every zone and whose it is."""
        return {str(zone): token for zone, token in self._run("SELECT zone, token FROM shard_zone")}  # type: ignore[misc]

    def owner(self, zone: str) -> tuple[bool, int | None]:
        """Whether the zone is known at all, and whose it is now."""
        rows = self._run("SELECT token FROM shard_zone WHERE zone = %s", (zone,))
        return bool(rows), rows[0][0] if rows else None  # type: ignore[return-value]

    def claim(self, token: int, zones: Iterable[str]) -> list[str]:
        """Those of the zones that now belong to the token: free ones, and its own."""
        rows = self._run(
            "INSERT INTO shard_zone SELECT unnest(%s::text[]), %s WHERE EXISTS "
            "(SELECT 1 FROM shard WHERE token = %s AND NOT gone) "
            "ON CONFLICT (zone) DO UPDATE SET token = excluded.token "
            "WHERE shard_zone.token IS NULL OR shard_zone.token = excluded.token RETURNING zone",
            (sorted(zones), token, token),
        )
        return [str(zone) for (zone,) in rows]

    def release(self, token: int, zones: Iterable[str]) -> None:
        self._run(
            "UPDATE shard_zone SET token = NULL WHERE zone = ANY(%s) AND token = %s", (sorted(zones), token)
        )

    def next_epoch(self, at_least: int) -> int:
        """A number that no shard had before, for the hub's own messages. Atomic among all of them."""
        rows = self._run(
            "INSERT INTO hub VALUES ('epoch', %s::text) ON CONFLICT (name) DO UPDATE "
            "SET value = greatest(hub.value::bigint + 1, %s::bigint)::text RETURNING value",
            (str(at_least), at_least),
        )
        return int(str(rows[0][0]))

    def tokens_stamp(self) -> tuple[object, ...]:
        """Changes whenever an API token is made, revoked or destroyed."""
        return self._run("SELECT count(*), coalesce(sum(revoked), 0), max(id) FROM token")[0]

    def close(self) -> None:
        if self._db is not None:
            self._db.close()


class Fenced(Exception):
    """This process was given up by the others, who have its zones now. It must end, and may start again."""

    def __init__(self) -> None:
        super().__init__(
            "다른 샤드가 이 프로세스를 포기하고 구역을 넘겨받았습니다. 다시 시작하십시오. "
            "The other shards gave this process up and have its zones; start it again."
        )


def refuse_sqlite() -> StoreRefused:
    return StoreRefused(
        "--shard 에는 PostgreSQL이 필요합니다. Shards share one store: give --store postgresql://…"
    )

"""The tables, once for all databases: columns, keys, and what happens to a row whose key is taken.

Keys begin with the zone. ``who`` names the subjects of a row, separated by spaces (in the log the first only);
``body`` is whatever else the row says, packed and, in a sealed store, sealed. No SQL of one database stands here.
"""

from dataclasses import dataclass
from typing import Literal

LAYOUT = 2  # of the tables; an earlier one is refused with its remedy

Type = Literal["text", "int", "real", "bytes"]


@dataclass(frozen=True)
class Table:
    """``columns`` in order, name to type; a type with ``?`` may be null."""

    name: str
    columns: dict[str, str]
    key: tuple[str, ...]
    taken: Literal["fail", "replace", "keep"] = "replace"
    indexes: tuple[str, ...] = ()  # "name ON table (columns) [WHERE …]"; a leading "unique " makes it so


def _columns(text: str) -> dict[str, str]:
    return dict(pair.split(":") for pair in text.split())


TABLES = {
    table.name: table
    for table in (
        Table("hub", _columns("name:text value:text"), ("name",)),
        Table(
            "registry", _columns("zone:text kind:text id:text who:text body:bytes"), ("zone", "kind", "id")
        ),
        # ``digest`` is that of the body, so that a body can be destroyed and the chain still be followed.
        Table(
            "log",
            _columns("zone:text n:int at:real wall:real kind:text who:text digest:bytes? body:bytes"),
            ("zone", "n"),
            "fail",
            ("log_fact ON log (zone, who, n) WHERE kind = 'fact'",),
        ),
        # By id first: UUIDs of version 7 rise with time, so that a batch touches few pages. ``day`` counts from 1970.
        Table(
            "seen",
            _columns("zone:text principal:text id:text epoch:int seq:int digest:bytes day:int"),
            ("zone", "id", "principal"),
            "fail",
            ("unique seen_seq ON seen (zone, principal, epoch, seq)",),
        ),
        Table("state", _columns("zone:text kind:text id:text who:text body:bytes"), ("zone", "kind", "id")),
        Table(
            "outbox",
            _columns(
                "zone:text id:text settled_by:text who:text body:bytes made_at:real exercise:text? settled:int"
            ),
            ("zone", "id"),
            "keep",
            (
                "outbox_open ON outbox (zone, made_at) WHERE settled = 0",
                "outbox_done ON outbox (zone, made_at) WHERE settled = 1",
            ),
        ),
        Table(
            "pos",
            _columns("zone:text child:text ts:real device:text body:bytes"),
            ("zone", "child", "ts", "device"),
        ),
        Table(
            "incident",
            _columns(
                "zone:text id:text opened_at:real closed_at:real? service:text exercise:text? who:text body:bytes"
            ),
            ("zone", "id"),
            indexes=("incident_opened ON incident (zone, opened_at, id)",),
        ),
        Table(
            "feed",
            _columns("zone:text n:int audience:text made_at:real who:text body:bytes"),
            ("zone", "n", "audience"),
            indexes=("feed_audience ON feed (zone, audience, n)",),
        ),
        Table(
            "delivery",
            _columns(
                "zone:text id:text notice:text channel:text state:text made_at:real next_at:real? who:text body:bytes"
            ),
            ("zone", "id"),
            indexes=(
                "delivery_notice ON delivery (zone, notice)",
                "delivery_made ON delivery (zone, made_at)",
                "delivery_due ON delivery (zone, next_at) WHERE next_at IS NOT NULL",
            ),
        ),
        Table(
            "cases",
            _columns("zone:text id:text kind:text state:text made_at:real who:text body:bytes"),
            ("zone", "id"),
            indexes=("cases_made ON cases (zone, made_at, id)",),
        ),
        Table(
            "token",
            _columns(
                "id:text digest:bytes role:text principal:text zone:text body:bytes expires_at:real revoked:int"
            ),
            ("id",),
        ),
        Table(
            "rejection",
            _columns("zone:text n:int at:real reason:text who:text body:bytes"),
            ("zone", "n"),
        ),
        # The log's chain: one link a zone and commit, see ``chain``.
        Table(
            "chain",
            _columns("zone:text k:int first_n:int last_n:int at:real note:text digest:bytes"),
            ("zone", "k"),
            "fail",
        ),
        # Erasures that are committed, but whose key may not be destroyed yet.
        Table("erasure", _columns("zone:text who:text"), ("zone", "who")),
        Table("snapshot", _columns("zone:text n:int at:real"), ("zone",)),
        Table(
            "snapshot_row",
            _columns("zone:text n:int kind:text id:text who:text body:bytes"),
            ("zone", "kind", "id"),
        ),
    )
}

# Tables whose rows go when a subject they speak of is erased. Of incidents and of the log only what can be
# counted stays: their bodies can not be opened any more.
ERASED_WITH = ("registry", "state", "outbox", "feed", "delivery", "cases", "rejection", "snapshot_row")


def create(types: dict[str, str], suffix: str) -> list[str]:
    """The statements that make all tables, in a database's own words for the types."""
    statements = []
    for table in TABLES.values():
        lines = [
            f"{name} {types[type_.rstrip('?')]}{'' if type_.endswith('?') else ' NOT NULL'}"
            for name, type_ in table.columns.items()
        ]
        lines.append(f"PRIMARY KEY ({', '.join(table.key)})")
        statements.append(f"CREATE TABLE {table.name} ({', '.join(lines)}){suffix}")
        for index in table.indexes:
            unique = index.startswith("unique ")
            statements.append(f"CREATE {'UNIQUE ' if unique else ''}INDEX {index.removeprefix('unique ')}")
    return statements

"""How rows are sealed: which keys, which pseudonyms, which place a sealed body belongs to. Writes nothing itself.

A row's subjects seal its body, the zone's own key when it has none. Ids of persons in key columns are replaced by
pseudonyms (``~…``), which nobody can make any more once the key is gone; such a row carries its id in the body.
"""

from hashlib import sha256

from safezone_hub.chain import Chainer, row_bytes
from safezone_hub.store.batch import Batch, Row
from safezone_hub.store.rows import Erased, Rows, day_of, pack, principal_of, subject_of, unpack_named
from safezone_hub.vault import Vault

Subjects = tuple[str, ...]
_CACHED_MAX = 200_000


def zone_subject(zone: str) -> Subjects:
    """What belongs to nobody is sealed under the zone's key."""
    return ("zone/" + zone,)


class Sealing:
    """Turns batches into sealed rows, and opens them."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._principals: dict[str, str] = {}

    # ------------------------------------------------------------------- names

    def principal(self, principal: str) -> str:
        """``role/id`` as the tables name it: a pseudonym when it has a key of its own."""
        found = self._principals.get(principal)
        if found is None:
            subject = subject_of(principal)
            found = self._vault.name(subject) if self._vault.knows(subject) else principal
            if len(self._principals) >= _CACHED_MAX:
                self._principals.clear()
            self._principals[principal] = found
        return found

    def who(self, subject: str) -> str | None:
        """A subject as the tables name it; None when it has no key."""
        return self._vault.name(subject) if self._vault.knows(subject) else None

    def keys_changed(self) -> None:
        """Forget names that were made with the keys of before."""
        self._principals.clear()

    def _id(self, zone: str, kind: str, id_: str, subjects: Subjects) -> str:
        """The id of a row of the registry or a snapshot: no id that speaks of somebody stays readable."""
        if not subjects:
            return id_
        own = f"{kind.rpartition('/')[2]}/{id_}"
        return self._vault.name(own) if own in subjects else self._vault.name("zone/" + zone, own)

    def all_ids(self, zone: str, kind: str, id_: str) -> list[Row]:
        """(zone, kind, id) under every name that the row may have."""
        own = f"{kind}/{id_}"
        ids = [id_]
        if self._vault.knows(own):
            ids.append(self._vault.name(own))
        if self._vault.knows("zone/" + zone):
            ids.append(self._vault.name("zone/" + zone, own))
        return [(zone, kind, each) for each in ids]

    # ------------------------------------------------------------------- keys

    def ensure(self, batch: Batch) -> None:
        """A key for everybody whom the batch speaks of, in one commit and before the rows."""
        wanted: set[Subjects] = {zone_subject(row[4]) for row in batch.tokens}
        for rows in (
            batch.log,
            batch.state,
            batch.outbox,
            batch.incidents,
            batch.feed,
            batch.deliveries,
            batch.cases,
            batch.rejections,
            batch.registry,
        ):
            wanted |= {row[-1] for row in rows}
            wanted |= {zone_subject(zone) for zone in {row[0] for row in rows}}
        wanted |= {("child/" + child,) for child in {row[1] for row in batch.pos}}
        # Guardians are persons wherever they stand; of devices only those that somebody carries, named as subjects.
        receivers = {row[1] for row in batch.seen}
        receivers.update(row[2] for row in batch.outbox)
        receivers.update(row[2] for row in batch.feed)
        receivers.update(row[3] for row in batch.tokens)
        wanted |= {(each,) for each in receivers if each.startswith("guardian/")}
        self.ensure_subjects(wanted)

    def ensure_subjects(self, wanted: set[Subjects]) -> None:
        knows = self._vault.knows
        new = {subject for subjects in wanted for subject in subjects if not knows(subject)}
        if new:
            self._vault.ensure(sorted(new))
            self.keys_changed()

    # ------------------------------------------------------------------- rows

    def rows(self, batch: Batch, chainer: Chainer) -> Rows:
        """All rows of a batch but its erasures; the log's with their links. Everybody has a key (``ensure``)."""
        rows = self._log(batch, chainer)
        name, row = self.principal, self._row
        day = day_of(batch)
        rows["seen"] = [
            (zone, name(principal), id_, epoch, seq, digest, day)
            for zone, principal, id_, epoch, seq, digest in batch.seen
        ]
        rows["unregistered"] = []
        for zone, kind, id_, *_ in (*batch.registry, *batch.unregistered):
            # Also of what is put: an item whose subjects changed stands under another name.
            rows["unregistered"] += self.all_ids(zone, kind, id_)
        rows["registry"] = [
            self.named("registry", (zone, kind), f"{zone} {kind}", id_, self._id(zone, kind, id_, s), body, s)
            for zone, kind, id_, body, s in batch.registry
        ]
        rows["unstate"] = [each for gone in batch.unstate for each in self.all_ids(*gone)[:2]]
        rows["state"] = [
            self.named(
                "state",
                (zone, kind),
                f"{zone} {kind}",
                id_,
                self._vault.name(own) if subjects and (own := f"{kind}/{id_}") in subjects else id_,
                body,
                subjects,
            )
            for zone, kind, id_, body, subjects in batch.state
        ]
        rows["erase pos"] = [(zone, self.who("child/" + child) or "") for zone, child in batch.unpos]
        rows["pos"] = self._pos(batch)
        rows["outbox"] = [
            (
                *row("outbox", (zone, id_, name(by)), id_, pack((by, topic, payload)), subjects),
                made_at,
                exercise,
                0,
            )
            for zone, id_, by, topic, payload, made_at, exercise, subjects in batch.outbox
        ]
        rows["settled"] = batch.settled
        rows["incident"] = [row("incident", each[:6], each[1], each[6], each[7]) for each in batch.incidents]
        rows["feed"] = [
            row("feed", (zone, n, name(audience), made_at), f"{n} {name(audience)}", body, subjects)
            for zone, n, audience, made_at, body, subjects in batch.feed
        ]
        rows["delivery"] = [row("delivery", each[:7], each[1], each[7], each[8]) for each in batch.deliveries]
        rows["cases"] = [row("cases", each[:5], each[1], each[5], each[6]) for each in batch.cases]
        rows["rejection"] = [
            row("rejection", (zone, n, at, reason), str(n), pack((topic, detail, sample)), subjects)
            for zone, n, at, topic, reason, detail, sample, subjects in batch.rejections
        ]
        rows["token"] = [self._token(*each) for each in batch.tokens]
        return rows

    def _log(self, batch: Batch, chainer: Chainer) -> Rows:
        """Sealed, digested and chained: one link for every zone of the batch."""
        sealer = self._vault.sealer
        rows: list[Row] = []
        zones: dict[str, tuple[list[Row], list[bytes]]] = {}
        for zone, n, at, wall, kind, topic, body, subjects in batch.log:
            keys = sealer(subjects or ("zone/" + zone,))
            sealed = keys.seal(pack((topic, body)), f"log {zone} {n}".encode())
            digest = sha256(sealed).digest()
            who = keys.names[0] if subjects else ""
            row = (zone, n, at, wall, kind, who, digest, sealed)
            rows.append(row)
            of_zone = zones.get(zone)
            if of_zone is None:
                of_zone = zones[zone] = ([], [])
            of_zone[0].append(row)
            of_zone[1].append(row_bytes(n, at, wall, kind, who, digest))
        links = [
            chainer.link(zone, logged[-1][3], "", logged[0][1], logged[-1][1], hashed)
            for zone, (logged, hashed) in zones.items()
        ]
        return {"log": rows, "chain": links}

    def _pos(self, batch: Batch) -> list[Row]:
        sealer, name = self._vault.sealer, self.principal
        rows = []
        for zone, child, ts, device, lat, lon, accuracy_m, basis in batch.pos:
            keys = sealer(("child/" + child,))
            who, by, ts = keys.who, name("dev/" + device).removeprefix("dev/"), float(ts)
            body = keys.seal(pack((lat, lon, accuracy_m, basis)), f"pos {zone} {who} {ts} {by}".encode())
            rows.append((zone, who, ts, by, body))
        return rows

    def _row(self, table: str, key: Row, place: str, body: bytes, subjects: Subjects) -> Row:
        """``key`` columns (the zone first), who, body. ``place`` is the rest of its key."""
        keys = self._vault.sealer(subjects or zone_subject(key[0]))
        return (*key, keys.who if subjects else "", keys.seal(body, f"{table} {key[0]} {place}".encode()))

    def named(
        self, table: str, key: Row, place: str, id_: str, stored: str, body: bytes, subjects: Subjects
    ) -> Row:
        """A row whose id may be a pseudonym."""
        if stored is not id_:
            body = pack((id_, body))
        keys = self._vault.sealer(subjects or zone_subject(key[0]))
        sealed = keys.seal(body, f"{table} {place} {stored}".encode())
        return (*key, stored, keys.who if subjects else "", sealed)

    def _token(
        self,
        id_: str,
        digest: bytes,
        role: str,
        principal: str,
        zone: str,
        scopes: str,
        expires_at: float,
        revoked: int,
    ) -> Row:
        subject = subject_of(principal)
        keys = self._vault.sealer((subject,) if self._vault.knows(subject) else zone_subject(zone))
        body = keys.seal(pack((principal, scopes)), f"token {id_}".encode())
        return id_, digest, role, self.principal(principal), zone, body, expires_at, revoked

    def snapshot_rows(self, zone: str, n: int, rows: list[tuple[str, str, bytes, Subjects]]) -> list[Row]:
        """The rows of a snapshot, each under its own subjects' keys."""
        self.ensure_subjects({row[3] for row in rows} | {zone_subject(zone)})
        return [
            self.named(
                "snapshot_row",
                (zone, n, kind),
                f"{zone} {n} {kind}",
                id_,
                self._id(zone, kind, id_, subjects),
                body,
                subjects,
            )
            for kind, id_, body, subjects in rows
        ]

    def erased(self, batch: Batch) -> list[Erased]:
        """Whose rows go. Who has no key has no rows."""
        found = []
        for zone, subject in dict.fromkeys(batch.erase):
            who = self.who(subject)
            if who is not None:
                found.append(
                    Erased(
                        zone,
                        who,
                        who if subject.startswith("child/") else "",
                        self.principal(principal_of(subject)),
                    )
                )
        return found

    # ------------------------------------------------------------------- back

    def open(self, place: str, body: bytes) -> bytes | None:
        """What was sealed at this place; None when a key is gone. SealBroken when it is not what was sealed."""
        return self._vault.open(body, place.encode())

    def open_named(self, place: str, stored: str, body: bytes) -> tuple[str, bytes] | None:
        """The same with the row's id."""
        opened = self._vault.open(body, place.encode())
        if opened is None:
            return None
        return unpack_named(opened) if stored.startswith("~") else (stored, opened)

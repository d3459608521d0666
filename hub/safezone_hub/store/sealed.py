"""The store as a hub runs it: every body sealed under its subjects' keys, persons under pseudonyms, the log chained.

Readable in the files stay: zones, times, kinds, states, and the ids of things that belong to nobody. Whose key is
destroyed can be found in no file any more, neither by name nor by what was said of them.
"""

import logging

from safezone_hub.chain import Chainer
from safezone_hub.store.batch import Batch, Row
from safezone_hub.store.database import Operation
from safezone_hub.store.plain import PlainStore, operations
from safezone_hub.store.protocol import Pruned, StoreRefused, StoreUnavailable
from safezone_hub.store.retention import Ages
from safezone_hub.store.sealing import Sealing
from safezone_hub.vault import Vault

log = logging.getLogger("safezone.hub")


class SealedStore(PlainStore):
    """Wraps the store that has the tables. Several writers would break the chain: one hub, one thread."""

    def __init__(self, inner: PlainStore, vault: Vault) -> None:
        """Raises StoreRefused when these rows were not sealed with this vault. With a vault open for reading only
        nothing is written, not even what a crash left undone.
        """
        super().__init__(inner.db)
        self._vault, self._sealing, self._chainer = vault, Sealing(vault), Chainer(self.chain_end)
        self._check_vault()
        # Where zones come and go, erasures come with them (``refresh``): all are taken for own here, and harmless twice.
        self._pending: list[Row] = self.db.all("SELECT zone, who FROM erasure")
        if not vault.read_only:
            self._finish_erasures()

    def _check_vault(self) -> None:
        ours, theirs = self._vault.id.hex(), self.mark("vault")
        if theirs is None:
            if self.db.all("SELECT 1 FROM log LIMIT 1"):
                raise StoreRefused(
                    "저장소에 암호화되지 않은 기록이 있습니다. 새 저장소로 시작하십시오. "
                    "The store holds rows that were not sealed; start with a new one."
                )
            if not self._vault.read_only:
                self.db.commit([("hub", [("vault", ours)])])
        elif theirs != ours:
            raise StoreRefused(
                "저장소가 다른 키 파일(keys.sqlite)로 봉인되었습니다. 함께 쓰던 키 파일을 되돌려 놓으십시오. "
                "The store was sealed with other keys; put back the keys.sqlite that belongs to it."
            )

    # ------------------------------------------------------------------- write

    def write(self, batch: Batch) -> None:
        if self._pending:
            self._finish_erasures()
        try:
            self._sealing.ensure(batch)
            rows = self._sealing.rows(batch, self._chainer)
            erased = self._sealing.erased(batch) if batch.erase else []
            # The intent, in the same commit: a crash before the key is destroyed is made up for at the next start.
            rows["erasure"] = [each[:2] for each in erased]
            self.db.commit(operations(rows, erased))
        except BaseException as error:
            self._chainer.failed()
            if isinstance(error, OSError) and not isinstance(error, StoreUnavailable):
                raise StoreUnavailable(str(error)) from error  # the keys' file
            raise
        self._chainer.committed()
        if erased:
            self._pending += rows["erasure"]
            self._finish_erasures()

    @property
    def pending_erasures(self) -> int:
        """Erased subjects whose key could not be destroyed yet: the disk would not. Zero in a healthy hub."""
        return len(self._pending)

    def _finish_erasures(self) -> None:
        """Destroy the keys of who was erased in a commit. Tried again at the next write, and at the next start."""
        if not self._pending:
            return
        try:
            found = [self._vault.subject_of(who) for _, who in self._pending]
            self._vault.destroy([subject for subject in found if subject is not None])
            self._sealing.keys_changed()
            self.db.commit([("erasure done", self._pending)])
            self.db.scrub()
        except OSError as error:
            log.error("a key is not destroyed yet; it will be tried again: %s", error)
        else:
            self._pending = []

    # ------------------------------------------------------------------- how rows are named and opened

    def _open(self, place: str, body: bytes) -> bytes | None:
        return self._sealing.open(place, body)

    def _open_named(self, place: str, id_: str, body: bytes) -> tuple[str, bytes] | None:
        return self._sealing.open_named(place, id_, body)

    def _who(self, subject: str) -> str | None:
        return self._sealing.who(subject)

    def _child(self, child: str) -> str:
        return self._sealing.who(f"child/{child}") or ""

    def _principal(self, principal: str) -> str:
        return self._sealing.principal(principal)

    # ------------------------------------------------------------------- keeping

    def _snapshot_rows(
        self, zone: str, n: int, rows: list[tuple[str, str, bytes, tuple[str, ...]]]
    ) -> list[Row]:
        return self._sealing.snapshot_rows(zone, n, rows)

    def _prune(self, zone: str, ages: Ages, limit: int) -> Pruned:
        try:
            pruned = super()._prune(zone, ages, limit)
        except BaseException:
            self._chainer.failed()
            raise
        self._chainer.committed()
        return pruned

    def _prune_link(self, zone: str, at: float, note: str) -> list[Operation]:
        return [("chain", [self._chainer.empty_link(zone, at, note)])]

    # ------------------------------------------------------------------- beside other processes

    def refresh(self) -> None:
        self._vault.refresh()
        self._sealing.keys_changed()

    def forget(self, zone: str) -> None:
        self._chainer.forget(zone)

    def close(self) -> None:
        super().close()
        self._vault.close()

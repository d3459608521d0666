"""Where the hub keeps what must be there after a crash: the event log, the state, everything in one commit.

The log is the truth; ``state`` is a fold of it, saved in the same transaction so that a restart need not read a day
again. Parts: ``batch`` (the hub's rows), ``rows`` and ``tables`` (the tables' rows), ``sqlite`` and ``postgres``
(databases), ``plain`` and ``sealed`` (how rows are named and opened), ``retention``.
"""

from safezone_hub.store.batch import REJECTIONS_KEPT, Batch, Row
from safezone_hub.store.protocol import DESTROYED, Pruned, Snapshot, Store, StoreRefused, StoreUnavailable
from safezone_hub.store.sqlite import SqliteStore

__all__ = [
    "DESTROYED",
    "REJECTIONS_KEPT",
    "Batch",
    "Pruned",
    "Row",
    "Snapshot",
    "SqliteStore",
    "Store",
    "StoreRefused",
    "StoreUnavailable",
]

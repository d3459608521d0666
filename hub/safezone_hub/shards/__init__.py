"""Several hub processes on one broker and one PostgreSQL, each with zones of its own.

``ring`` says which zone is whose, ``ledger`` keeps it in the database and fences whoever was given up, ``keeper`` moves
zones in and out of the running engine, ``front`` passes HTTP requests on to the zone's shard. No rules live here: a
zone does not know that it can move.
"""

from safezone_hub.shards.front import Front
from safezone_hub.shards.keeper import ShardKeeper
from safezone_hub.shards.ledger import ShardLedger
from safezone_hub.shards.ring import Shard

__all__ = ["Front", "Shard", "ShardKeeper", "ShardLedger"]

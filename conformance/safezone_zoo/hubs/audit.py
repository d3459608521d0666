"""19.3: the hash chain."""

from safezone_zoo.mutant import defect

AUDITING = "safezone_hub.api.auditing"

defect(
    "audit-of-before",
    (AUDITING, 'known["head"] == head.digest.hex():', 'known["head"]:'),
    kills="TC-HUB-AUD-01",
    reason="HUB-AUD-001",
    ko="얼마 전에 본 사슬을 알린다",
    en="tells the chain as it was a while ago",
)
defect(
    "audit-broken-by-erasure",
    ("safezone_hub.store.tables", 'ERASED_WITH = ("registry",', 'ERASED_WITH = ("log", "registry",'),
    kills="TC-HUB-AUD-02",
    reason="HUB-AUD-002",
    ko="파기하면서 기록을 지워 사슬을 끊는다",
    en="breaks the chain by deleting records upon erasure",
)
defect(
    "audit-counts-what-is-left",
    (
        AUDITING,
        '"records": head.k,',
        '"records": max(0, head.k - 10 * sum(row[3] == "unregistered" or row[3] == "erased" for row in store.chain_log(head.zone))),',
    ),
    kills="TC-HUB-AUD-03",
    reason="HUB-AUD-003",
    ko="지운 것이 있으면 records가 준다",
    en="lets records fall when something is deleted",
)
defect(
    "audit-head-of-the-hour",
    (
        AUDITING,
        '"head": head.digest.hex(),',
        '"head": (head.digest[:-4] + int(now * 1000 % 2**32).to_bytes(4, "big")).hex(),',
    ),
    kills="TC-HUB-AUD-03",
    reason="HUB-AUD-003",
    ko="같은 수의 head가 볼 때마다 다르다",
    en="gives another head each time for the same number",
)

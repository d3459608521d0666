"""11.1: the order of checks."""

from safezone_zoo.mutant import defect

APP = "safezone_hub.api.app"

defect(
    "http-query-before-role",
    (APP, '            guard.admit(call)\n        call.read_query()\n', '            call.read_query()\n            guard.admit(call)\n        else:\n            call.read_query()\n'),
    kills="TC-HUB-HTTP-07", reason="HUB-HTTP-010",
    ko="역할보다 질의를 먼저 본다", en="looks at the query before the role",
)  # fmt: skip
defect(
    "http-query-before-token",
    (APP, '        if not operation.public:\n            call.who', '        call.read_query()\n        call.query = {}\n        if not operation.public:\n            call.who'),
    kills="TC-HUB-HTTP-07", reason="HUB-HTTP-010",
    ko="토큰보다 질의를 먼저 본다", en="looks at the query before the token",
)  # fmt: skip

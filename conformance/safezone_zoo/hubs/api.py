"""11.1, 11.2, 11.4–11.6: operations, problems, pages, ETags, streams."""

from safezone_zoo.mutant import defect

CALL, GUARD, PROBLEM, REGISTRY = (
    "safezone_hub.api.call", "safezone_hub.api.guard", "safezone_hub.api.problem", "safezone_hub.api.registry",
)  # fmt: skip
GENERAL, LIMITS, ETAG, PAGING = (
    "safezone_hub.api.general", "safezone_hub.api.limits", "safezone_hub.api.etag", "safezone_hub.api.paging",
)  # fmt: skip
SSE, STREAMS, FAULTS = "safezone_hub.api.sse", "safezone_hub.api.streams", "safezone_hub.importing.faults"

defect(
    "http-anybody-reads",
    (GUARD, '    raise Problem(\n        401, "unauthorized", "send',
     '    if call.operation.method == "GET" and not given:\n        return Principal("admin", "service")\n'
     '    raise Problem(\n        401, "unauthorized", "send'),
    kills="TC-HUB-HTTP-01", reason="HUB-HTTP-001",
    ko="토큰 없이 읽게 한다", en="lets anybody read without a token",
)  # fmt: skip
defect(
    "http-plain-errors",
    (PROBLEM, 'PROBLEM_JSON = "application/problem+json"', 'PROBLEM_JSON = "application/json"'),
    kills="TC-HUB-HTTP-01", reason="HUB-HTTP-002",
    ko="오류를 application/json으로 보낸다", en="sends errors as application/json",
)  # fmt: skip
defect(
    "http-status-of-another",
    (PROBLEM, '"status": status,\n            "detail"', '"status": 500,\n            "detail"'),
    kills="TC-HUB-HTTP-01", reason="HUB-HTTP-003",
    ko="problem의 status가 HTTP 상태와 다르다", en="tells another status in the problem",
)  # fmt: skip
defect(
    "http-hub-without-capabilities",
    (GENERAL, '            "capabilities": CAPABILITIES,\n', ""),
    kills="TC-HUB-HTTP-02", reason="HUB-HTTP-004",
    ko="GET /v1/hub에 capabilities가 없다", en="leaves out capabilities in GET /v1/hub",
)  # fmt: skip
defect(
    "http-hub-by-another-name",
    (GENERAL, '"hub_id": about.hub_id', '"hub_id": f"{about.hub_id}-1"'),
    kills="TC-HUB-HTTP-02", reason="HUB-HTTP-004",
    ko="source에 쓰는 것과 다른 hub_id를 말한다", en="tells another hub_id than it uses in source",
)  # fmt: skip
defect(
    "http-health-without-checks",
    (GENERAL, '"checks": checks}, 200 if well else 503', '"parts": checks}, 200 if well else 503'),
    kills="TC-HUB-HTTP-03", reason="HUB-HTTP-005",
    ko="healthz에 checks가 없다", en="tells no checks in healthz",
)  # fmt: skip
defect(
    "http-empty-list-of-nothing",
    (REGISTRY, 'raise not_found(f"kind {kind[:64]}; known: {\', \'.join(REGISTRY_KINDS)}")', "pass"),
    kills="TC-HUB-HTTP-04", reason="HUB-HTTP-006",
    ko="모르는 종류에 빈 목록을 준다", en="answers an unknown kind with an empty list",
)  # fmt: skip
defect(
    "http-guesses-numbers",
    (CALL, '        raise Problem(400, "bad_query", f"{name}: a whole number from 1")', "        return 1"),
    kills="TC-HUB-HTTP-05", reason="HUB-HTTP-007",
    ko="틀린 limit을 짐작한다", en="guesses what a malformed limit means",
)  # fmt: skip
defect(
    "http-no-json-is-422",
    (CALL, 'raise Problem(400, "not_json", str(error)) from None', 'raise Problem(422, "not_json", str(error)) from None'),
    kills="TC-HUB-API-02[createToken]", reason="HUB-HTTP-007",
    ko="JSON이 아닌 본문에 422로 답한다", en="answers a body that is no JSON by 422",
)  # fmt: skip
defect(
    "api-another-shape",
    (GENERAL, '"scopes": sorted(who.scopes)}', '"scopes": ", ".join(sorted(who.scopes))}'),
    kills="TC-HUB-API-01[getMe]", reason="HUB-API-002",
    ko="getMe의 scopes가 목록이 아니라 글이다", en="tells scopes as a text instead of a list",
)  # fmt: skip
defect(
    "api-refuses-without-a-reason",
    (CALL, 'raise invalid(errors, f"{len(errors)} errors")', "raise invalid([])"),
    kills="TC-HUB-API-02[createToken]", reason="HUB-API-003",
    ko="스키마에 맞지 않는 본문을 errors 없이 거절한다", en="refuses a body that does not fit without errors",
)  # fmt: skip
defect(
    "api-takes-what-does-not-fit",
    (CALL, "        if errors:\n            raise invalid(errors,", "        if len(errors) > 1:\n            raise invalid(errors,"),
    kills="TC-HUB-API-02[putUnitStatus]", reason="HUB-API-003",
    ko="스키마에 맞지 않는 본문을 받아들인다", en="takes a body that does not fit its schema",
)  # fmt: skip
defect(
    "api-shows-everything-on-a-slip",
    (CALL, "        if unknown:\n", "        if False:\n"),
    (CALL, "        for name, text in given:\n", "        for name, text in [g for g in given if g[0] in known]:\n"),
    kills="TC-HUB-API-01[listItems]", reason="HUB-API-004",
    ko="모르는 질의 이름을 무시한다", en="ignores an unknown query name",
)  # fmt: skip
defect(
    "api-any-content-type",
    (CALL, "        if given != wanted:\n", "        if not given:\n"),
    kills="TC-HUB-API-02[actOnIncident]", reason="HUB-API-005",
    ko="Content-Type을 보지 않는다", en="does not look at Content-Type",
)  # fmt: skip
defect(
    "api-any-size",
    (LIMITS, "body_max_bytes: int = 1024 * 1024\n", "body_max_bytes: int = 1024 * 1024 * 1024\n"),
    kills="TC-HUB-API-03", reason="HUB-API-005",
    ko="아무리 큰 본문도 읽는다", en="reads a body however large",
)  # fmt: skip
defect(
    "api-csv-line-of-data",
    (FAULTS, '"line": self.line,', '"line": self.line - 1,'),
    kills="TC-HUB-API-05", reason="HUB-API-014",
    ko="CSV의 줄을 머리줄 다음부터 센다", en="counts lines of CSV without the first",
)  # fmt: skip
defect(
    "api-csv-ends-early",
    (REGISTRY, "sight.zones.put(sight.work, parsed.items, typed[0], sight.wall)",
     "sight.zones.put(sight.work, parsed.items[:-1], typed[0][:-1], sight.wall)"),
    kills="TC-HUB-API-05", reason="HUB-API-014",
    ko="CSV의 마지막 줄을 저장하지 않는다", en="does not store the last line of a CSV file",
)  # fmt: skip
defect(
    "api-dry-run-is-wet",
    (REGISTRY, "    if dry_run:\n", "    if dry_run and not parsed.rows:\n"),
    kills="TC-HUB-API-06", reason="HUB-API-015",
    ko="dry_run에도 저장한다", en="stores even with dry_run",
)  # fmt: skip
defect(
    "api-metrics-name-things",
    (GENERAL, "    return Response(body, media_type=metrics.CONTENT_TYPE)",
     '    body += "".join(f"# thing {i}\\n" for _, i in services.engine.zones.registry.items).encode()\n'
     "    return Response(body, media_type=metrics.CONTENT_TYPE)"),
    kills="TC-HUB-API-07", reason="HUB-API-016",
    ko="metrics에 항목의 id를 적는다", en="writes ids of items into metrics",
)  # fmt: skip
defect(
    "api-pages-end-at-once",
    (PAGING, "    more = len(rows) > limit\n", "    more = False\n"),
    kills="TC-HUB-API-08[incidents]", reason="HUB-API-007",
    ko="다음 쪽이 있어도 next가 없다", en="gives no next although there is more",
)  # fmt: skip
defect(
    "api-etag-for-show",
    (ETAG, "return Response(status_code=304, headers=headers)", "pass"),
    kills="TC-HUB-API-09[getUnits]", reason="HUB-API-008",
    ko="If-None-Match를 보지 않는다", en="does not look at If-None-Match",
)  # fmt: skip
defect(
    "api-etag-of-the-beginning",
    (ETAG, "digest = hashlib.sha256(body).hexdigest()[:20]", "digest = hashlib.sha256(body[:16]).hexdigest()[:20]"),
    kills="TC-HUB-API-09[getDevices]", reason="HUB-API-009",
    ko="내용이 바뀌어도 ETag가 같다", en="keeps the ETag when the content changes",
)  # fmt: skip
defect(
    "api-stream-tells-twice",
    (SSE, "                    subscription.offer((row[2], sent))",
     "                    subscription.offer((row[2], sent))\n                    subscription.offer((row[2], sent))"),
    kills="TC-HUB-API-10", reason="HUB-API-010",
    ko="스트림이 같은 것을 두 번 말한다", en="tells the same twice on a stream",
)  # fmt: skip
defect(
    "api-stream-begins-anew",
    (STREAMS, "begin = end if after is None else min(after, end)", "begin = end"),
    kills="TC-HUB-API-11[zone]", reason="HUB-API-011",
    ko="Last-Event-ID를 보지 않는다", en="does not look at Last-Event-ID",
)  # fmt: skip
defect(
    "api-stream-skips-on-resuming",
    (STREAMS, "begin = end if after is None else min(after, end)", "begin = end if after is None else min(after + 6, end)"),
    kills="TC-HUB-API-11[guardian]", reason="HUB-API-011",
    ko="이을 때 하나를 빠뜨린다", en="leaves one out when it resumes",
)  # fmt: skip
defect(
    "api-stream-silent",
    (SSE, "HEARTBEAT_S = 15.0", "HEARTBEAT_S = 60.0"),
    kills="TC-HUB-API-12", reason="HUB-API-012",
    ko="일이 없으면 1분 동안 아무 줄도 보내지 않는다", en="sends no line for a minute when nothing happens",
)  # fmt: skip
defect(
    "api-stream-of-everybody",
    (STREAMS, 'guard.guardian(id_), f"guardian/{id_}")', 'guard.guardian(id_), "desk")'),
    kills="TC-HUB-API-13", reason="HUB-API-013",
    ko="보호자의 스트림이 구역의 것이다", en="gives guardians the stream of the zone",
)  # fmt: skip
defect(
    "api-stream-school-as-desk",
    (STREAMS, '"school": "school"}', '"school": "desk"}'),
    kills="TC-HUB-API-13", reason="HUB-API-013",
    ko="학교가 상황실의 스트림을 본다", en="gives a school the stream of the desk",
)  # fmt: skip

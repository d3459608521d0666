"""11.1 and 11.4: tokens, problems, what is unknown or malformed, and what the hub tells of itself."""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from safezone_conformance import openapi
from safezone_conformance.case import case
from safezone_conformance.hub_bench import Answer, HubBench
from safezone_conformance.town import Town

from ._book import BOOK_TOWN, PUBLIC, STREAMS

BARE = Town(children=0, parts=())
JSON = {"content-type": "application/json"}
OWN_MACHINE = ("localhost", "")


def is_problem(answer: Answer) -> bool:
    return answer.headers.get("content-type", "").partition(";")[0].strip() == "application/problem+json"


def placed(t: HubBench, path: str) -> str:
    """A path of openapi.json with names that nobody has; the zone is the case's own."""
    names = {"{zone}": t.zone, "{kind}": "area", "{view}": "live"}
    for part in [p for p in path.split("/") if p.startswith("{")]:
        path = path.replace(part, names.get(part, t.id("nobody")))
    return path


@case(
    "TC-HUB-HTTP-01",
    ko="토큰이 없거나 틀리면 모든 호출이 401이다",
    en="Without a token, or with a wrong one, every call gets 401",
    verifies=["HUB-HTTP-001", "HUB-HTTP-002", "HUB-HTTP-003"],
    town=BARE,
    steps=[
        ("토큰이 필요한 모든 호출을 토큰 없이 한다", "make every call that needs a token without one"),
        ("getMe를 틀린 토큰으로, 다른 인증 방식으로 한다", "make getMe with a wrong token, and with another scheme"),
        ("토큰이 필요 없는 호출(getHub, getHealth, getReadiness, getOpenapi)을 토큰 없이 한다",
         "make the calls that need none (getHub, getHealth, getReadiness, getOpenapi) without one"),
    ],
    criteria=[
        ("앞의 둘은 모두 401이고, status가 401인 application/problem+json이다",
         "the former all get 401, as application/problem+json with status 401"),
        ("마지막은 200이다", "the last get 200"),
    ],
)  # fmt: skip
def tokens(t: HubBench) -> None:
    def refuse(what: str, answer: Answer) -> None:
        t.check(
            "HUB-HTTP-001",
            answer.status == 401,
            f"{what}: 401",
            answer.status,
            sent=answer.question,
            seen=answer,
        )
        t.check(
            "HUB-HTTP-002",
            is_problem(answer),
            f"{what}: problem+json",
            answer.headers.get("content-type"),
            seen=answer,
        )
        body = answer.json
        told = body.get("status") if isinstance(body, dict) else None
        t.check("HUB-HTTP-003", told == 401, f"{what}: status 401 in the problem", told, seen=answer)

    for method, path, found in openapi.operations():
        name = found["operationId"]
        if name in PUBLIC:
            continue
        if name in STREAMS:
            status = t.stream(name, placed(t, path), who="nobody")
            t.check("HUB-HTTP-001", status == 401, f"{name}: 401", status)
            continue
        sent: dict[str, Any] = {"body": b"{}", "headers": JSON} if method in ("PUT", "POST") else {}
        refuse(name, t.http(method, placed(t, path), who="nobody", **sent))
    refuse("a wrong token", t.http("GET", "/v1/me", who=f"={t.identity.secret('nobody')}"))
    refuse(
        "another scheme",
        t.http("GET", "/v1/me", who="nobody", headers={"authorization": "Basic YWRtaW46YWRtaW4="}),
    )
    for path in ("/v1/hub", "/healthz", "/readyz", "/openapi.json"):
        t.expect_http("HUB-HTTP-001", 200, "GET", path, who="nobody")


@case(
    "TC-HUB-HTTP-02",
    ko="GET /v1/hub는 토큰 없이 허브가 무엇인지 말한다",
    en="GET /v1/hub tells what the hub is without a token",
    verifies=["HUB-HTTP-004"],
    town=Town(children=0, parts=("pole",)),
    steps=[
        ("토큰 없이 GET /v1/hub를 부른다", "GET /v1/hub without a token"),
        ("pole의 상태를 보내 수신 확인을 받는다", "send a state of pole, and receive its receipt"),
    ],
    criteria=[("name, version, standard(safezone/v1), hub_id, capabilities, mqtt(host, port)가 있고, hub_id는 허브가 보낸 봉투의 source에 있는 것이다",
               "name, version, standard (safezone/v1), hub_id, capabilities and mqtt (host, port) are there, and hub_id is that of the source of the hub's envelopes")],
)  # fmt: skip
def about(t: HubBench) -> None:
    answer = t.expect_http("HUB-HTTP-004", 200, "GET", "/v1/hub", who="nobody")
    body = answer.json if isinstance(answer.json, dict) else {}
    for member in ("name", "version", "hub_id"):
        value = body.get(member)
        t.check(
            "HUB-HTTP-004", isinstance(value, str) and value != "", f"{member}, a text", value, seen=answer
        )
    t.check(
        "HUB-HTTP-004",
        body.get("standard") == "safezone/v1",
        "standard safezone/v1",
        body.get("standard"),
        seen=answer,
    )
    named = body.get("capabilities")
    t.check("HUB-HTTP-004", isinstance(named, list), "a list of capabilities", named, seen=answer)
    mqtt = body.get("mqtt")
    ok = isinstance(mqtt, dict) and bool(mqtt.get("host")) and 0 < int(mqtt.get("port") or 0) < 65536
    t.check("HUB-HTTP-004", ok, "mqtt with host and port", mqtt, seen=answer)
    t.accepted(t.status("pole"))
    sources = sorted({str(d.envelope.get("source")) for d in t.downs(type_="receipt")})
    wanted = f"{t.zone}/hub/{body.get('hub_id')}"
    t.check("HUB-HTTP-004", sources == [wanted], f"receipts of source {wanted}", sources, seen=answer)


@case(
    "TC-HUB-HTTP-03",
    ko="healthz와 readyz는 성하면 200이고 status와 checks를 준다",
    en="healthz and readyz answer 200 when well, with status and checks",
    verifies=["HUB-HTTP-005"],
    town=BARE,
    steps=[("토큰 없이 GET /healthz, GET /readyz를 부른다", "GET /healthz and GET /readyz without a token")],
    criteria=[
        ("메시지를 받는 허브의 readyz는 200이다", "readyz of a hub that takes messages is 200"),
        ("healthz는 200이고, 성하지 않은 부분이 있으면 503이다. 둘 다 status와 checks가 있다",
         "healthz is 200, or 503 where a part is not well; both have status and checks"),
    ],
)  # fmt: skip
def health(t: HubBench) -> None:
    for path in ("/readyz", "/healthz"):
        answer = t.http("GET", path, who="nobody")
        body = answer.json if isinstance(answer.json, dict) else {}
        checks, status = body.get("checks"), body.get("status")
        ok = isinstance(checks, dict) and bool(checks) and isinstance(status, str) and status != ""
        t.check("HUB-HTTP-005", ok, f"{path}: status and checks", body, seen=answer)
        # Which parts /healthz looks at is the hub's affair; it may well be that one outside the test is not well.
        allowed = (200,) if path == "/readyz" else (200, 503)
        t.check(
            "HUB-HTTP-005",
            answer.status in allowed,
            f"{path}: {' or '.join(map(str, allowed))}",
            answer.status,
            seen=answer,
        )


@case(
    "TC-HUB-HTTP-04",
    ko="모르는 종류, 항목, 어린이, 구역은 404이다",
    en="An unknown kind, item, child or zone gets 404",
    verifies=["HUB-HTTP-006"],
    town=BOOK_TOWN,
    steps=[("아무도 아닌 이름으로 부른다: 등록 종류와 항목, 구역, 어린이, 보호자, 사건, 알림, 이의, 조, 토큰, 등록 신청",
            "call with names that nobody has: of a registry kind and item, a zone, a child, a guardian, an incident, a notice, a complaint, a unit, a token, an enrolment")],
)  # fmt: skip
def unknown(t: HubBench) -> None:
    nobody, uuid = t.id("nobody"), t.identity.uuid7(t.now())
    zone, child, incident = f"/v1/zones/{nobody}", f"/v1/children/{nobody}", f"/v1/incidents/{nobody}"
    consent = {"items": {"collect": True, "notify_guardians": True, "provide_112": True}, "status": "given"}
    calls: list[tuple[str, str, Any]] = [
        ("GET", "/v1/registry/nokind", None),
        ("GET", f"/v1/registry/nokind/{t.id('c1')}", None),
        ("GET", f"/v1/registry/child/{nobody}", None),
        ("GET", f"/v1/registry/device/{t.id('c1')}", None),
        ("DELETE", f"/v1/registry/child/{nobody}", None),
        ("DELETE", "/v1/registry/nokind/x", None),
        ("DELETE", f"/v1/tokens/{nobody}", None),
        *(("GET", f"{zone}/{what}", None) for what in
          ("incidents", "units", "complaints", "stats", "rejections", "devices", "statistics", "audit", "enrolments")),
        ("POST", f"{zone}/incidents", {"child": t.id("c1")}),
        ("POST", f"{zone}/shift", {"to": t.id("o1")}),
        ("POST", f"{zone}/enrolment-codes", {"child": t.id("c1")}),
        *(("GET", f"{child}/{what}", None) for what in ("position", "path", "access-log", "data")),
        ("PUT", f"{child}/consent", consent),
        ("POST", f"{child}/erase", None),
        *(("GET", f"{incident}{what}", None) for what in ("", "/search", "/cap", "/handover", f"/cameras/{t.id('cam')}/live")),
        ("POST", f"{incident}/actions", {"action": "acknowledge"}),
        ("POST", f"{incident}/agency", {"status": "accepted"}),
        ("PUT", f"/v1/units/{nobody}/status", {"available": True}),
        ("GET", f"/v1/guardians/{nobody}/notices", None),
        ("POST", f"/v1/notices/{uuid}/seen", None),
        ("POST", f"/v1/notices/{uuid}/wrong", {"text": "틀렸습니다."}),
        ("GET", f"/v1/notices/{uuid}/deliveries", None),
        ("POST", f"/v1/complaints/{nobody}/answer", {"text": "살펴보았습니다.", "upheld": True}),
        ("POST", f"/v1/enrolments/{nobody}/written", {"received": True}),
        ("POST", f"/v1/enrolments/{nobody}/pin", {"legal": True}),
    ]  # fmt: skip
    for method, path, body in calls:
        if not t.offers(method, path):
            continue
        answer = t.http(method, path) if body is None else t.http(method, path, json=body)
        t.check("HUB-HTTP-006", answer.status == 404, f"{method} {path.replace(t.zone, '…')}: 404", answer.status,
                sent=answer.question, seen=answer)  # fmt: skip
    for path in (f"{zone}/stream", f"/v1/guardians/{nobody}/stream") if "streams" in t.settings.has else ():
        status = t.stream(path, path)
        t.check("HUB-HTTP-006", status == 404, f"GET {path.replace(t.zone, '…')}: 404", status)
    t.expect_http("HUB-HTTP-006", 200, "GET", f"/v1/registry/child/{t.id('c1')}")


@case(
    "TC-HUB-HTTP-05",
    ko="형식이 틀린 질의 값은 400이고 허브는 계속 돈다",
    en="A malformed query value gets 400, and the hub goes on",
    verifies=["HUB-HTTP-007"],
    town=Town(children=1, parts=()),
    steps=[
        ("limit, state, at, from, to, zone, kind, dry_run, format에 틀린 값을 주고, limit을 두 번 준다",
         "give limit, state, at, from, to, zone, kind, dry_run and format values that are none, and limit twice"),
        ("옳은 값으로 부른다: 1000보다 큰 limit과 `+`를 그대로 적은 시각도 있다", "call with right values, among them a limit above 1000 and a time with its `+` as it is"),
    ],
)  # fmt: skip
def malformed(t: HubBench) -> None:
    zone, child = f"/v1/zones/{t.zone}", f"/v1/children/{t.id('c1')}"
    csv, lines = f"/v1/registry:import-csv?zone={t.zone}", b"id,name\n"
    wrong = [f"/v1/registry/area?zone={t.zone}&limit={v}" for v in ("0", "-1", "x", "1.5", "")]
    wrong += [
        f"{zone}/incidents?state=sideways",
        f"{zone}/incidents?limit=many",
        "/v1/registry/area?zone=no%20zone",
    ]
    wrong += [
        f"{child}/position?at={v}"
        for v in ("yesterday", "2026-02-30T00:00:00Z", "1770000000", "2026-01-01T00:00:00")
    ]
    wrong += [f"{child}/path?{n}=soon" for n in ("from", "to")]
    wrong.append(f"/v1/registry/area?zone={t.zone}&limit=1&limit=2")
    wrong += [
        f"{zone}/rejections?limit=0",
        f"{zone}/statistics?format=pdf",
        f"{zone}/statistics?from=2026-13",
    ]
    for path in [p for p in wrong if t.offers("GET", p)]:
        answer = t.http("GET", path)
        t.check(
            "HUB-HTTP-007",
            answer.status == 400,
            f"GET {path.replace(t.zone, '…')}: 400",
            answer.status,
            seen=answer,
        )
    for query in ("kind=unit&dry_run=perhaps", "kind=zone", "dry_run=true") if t.offers("POST", csv) else ():
        answer = t.http("POST", f"{csv}&{query}", body=lines, headers={"content-type": "text/csv"})
        t.check("HUB-HTTP-007", answer.status == 400, f"import-csv {query}: 400", answer.status, seen=answer)
    right = [f"/v1/registry/child?zone={t.zone}&limit={n}" for n in (1, 100_000)]
    right += [f"{zone}/incidents?state=all", f"{child}/path", f"{child}/path?from=2026-01-01T00:00:00+09:00"]
    for path in right:
        if t.offers("GET", path):
            t.expect_http("HUB-HTTP-007", 200, "GET", path)


@case(
    "TC-HUB-HTTP-06",
    ko="HTTP와 MQTT는 한 기계 안이 아니면 암호화된 연결이다",
    en="HTTP and MQTT run over encrypted connections, except within one machine",
    verifies=["HUB-HTTP-008"],
    town=Town(empty=True),
    steps=[("IXIT의 http.url과 mqtt.url로 부르고 붙는다", "call and connect by http.url and mqtt.url of the IXIT")],
    criteria=[("각각 https, mqtts이거나 자기 기계의 주소이다", "each is https or mqtts, or an address of the same machine")],
)  # fmt: skip
def encrypted(t: HubBench) -> None:
    t.expect_http("HUB-HTTP-008", 200, "GET", "/v1/hub", who="nobody")
    for key, scheme in (("http.url", "https"), ("mqtt.url", "mqtts")):
        parts = urlsplit(str(t.settings.values.get(key, "")))
        ok = parts.scheme == scheme or is_own_machine(parts.hostname or "")
        t.check(
            "HUB-HTTP-008",
            ok,
            f"{key} of {scheme}, or of the same machine",
            f"{parts.scheme}://{parts.hostname}",
        )


def is_own_machine(host: str) -> bool:
    if host in OWN_MACHINE:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@case(
    "TC-HUB-HTTP-07",
    ko="호출은 11.1의 순서로 검사된다",
    en="A call is checked in the order of 11.1",
    verifies=["HUB-HTTP-010"],
    needs=["tokens", "incidents"],
    town=BOOK_TOWN,
    steps=[
        ("여러 가지가 한꺼번에 틀린 호출을 한다: 없는 경로, 없는 메서드, 토큰, 역할, 질의, 본문의 종류, JSON, 스키마, 항목",
         "make calls with several things wrong at once: path, method, token, role, query, type of the body, JSON, schema, item"),
    ],
    criteria=[("먼저 오는 것으로 답한다", "the first of them is the answer")],
)  # fmt: skip
def order_of_checks(t: HubBench) -> None:
    school, nobody = t.login("school/s1"), t.id("nobody")
    actions, csv = f"/v1/incidents/{nobody}/actions", {"content-type": "text/csv"}
    calls: list[tuple[int, str, str, dict[str, Any]]] = [
        (404, "GET", "/v1/nothing?sideways=1", {"who": "nobody"}),
        (405, "DELETE", "/v1/me?sideways=1", {"who": "nobody"}),
        (401, "POST", f"{actions}?sideways=1", {"who": "nobody", "body": b"{", "headers": csv}),
        (403, "POST", f"{actions}?sideways=1", {"who": school, "body": b"{", "headers": csv}),
        (403, "GET", f"/v1/registry/nokind/{nobody}", {"who": school}),
        (400, "POST", f"{actions}?sideways=1", {"body": b"{", "headers": csv}),
        (404, "PUT", f"/v1/registry/nokind/{nobody}", {"body": b"{", "headers": csv}),
        (415, "POST", actions, {"body": b"{", "headers": csv}),
        (400, "POST", actions, {"body": b"{", "headers": JSON}),
        (422, "POST", actions, {"json": {"action": "scold"}}),
        (404, "POST", actions, {"json": {"action": "note", "note": "누구의 것도 아닌 사건"}}),
    ]
    for status, method, path, how in calls:
        answer = t.http(method, path, ambient=status not in (404, 405), **how)
        t.check("HUB-HTTP-010", answer.status == status, f"{method} {path.replace(t.zone, '…')}: {status} first", answer.status,
                sent=answer.question, seen=answer)  # fmt: skip

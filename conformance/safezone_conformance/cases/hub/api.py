"""11.1: every operation by openapi.json: its answers, its query, its body."""

import json
from collections.abc import Mapping
from typing import Any

from safezone_conformance import openapi
from safezone_conformance.case import case
from safezone_conformance.hub_bench import HubBench
from safezone_conformance.town import Town, lon_lat

from ._book import BOOK, BOOK_TOWN, CSV, PUBLIC, STREAMS, Call, with_body
from .registry import errors_of, helpful

BARE = Town(children=0, parts=())
HUGE = 24 * 1024 * 1024  # far beyond what a report of a few words may have
NO_JSON = {
    "nothing": b"",
    "cut off": b'{"child": "c',
    "trailing comma": b'{"a": 1,}',
    "two values": b"{} {}",
    "no UTF-8": b'{"a": "\xff\xfe"}',
    "words": "안녕하세요".encode(),
}


def declared(call: Call) -> Mapping[str, Any]:
    found = openapi.operation(call.method, call.path)
    assert found is not None
    responses: Mapping[str, Any] = found["responses"]
    return responses


@case(
    "TC-HUB-API-01",
    ko="모든 호출이 openapi.json대로 답하고, 모르는 질의 이름은 400이다",
    en="Every call answers as openapi.json says, and an unknown query name gets 400",
    verifies=["HUB-API-002", "HUB-API-004", "HUB-HTTP-002", "HUB-HTTP-003"],
    town=BOOK_TOWN,
    rows={name: {"name": name, "needs": openapi.claims_of(name)} for name in BOOK if name not in PUBLIC},
    before=[("호출의 대상(사건, 알림, 토큰 등)이 있다", "what the call is about (an incident, a notice, a token…) is there")],
    steps=[
        ("모르는 질의 이름을 붙여 부른다", "make the call with a query name nobody knows"),
        ("그대로 부른다", "make it as it should be"),
    ],
    criteria=[
        ("모르는 질의 이름은 400이고, 오류는 status가 400인 problem+json이다",
         "the unknown query name gets 400, as problem+json with status 400"),
        ("그대로 부르면 openapi.json의 성공 상태로, 거기 적힌 스키마의 본문으로 답한다",
         "as it should be it answers with the status of success of openapi.json and a body of its schema"),
    ],
)  # fmt: skip
def every_call(t: HubBench, name: str) -> None:
    call = BOOK[name](t)
    for who in {call.who} - {"admin"}:
        t.login(who)
    joined = "&" if "?" in call.path else "?"
    odd = call.put(t, path=f"{call.path}{joined}x-unknown=1")
    t.require("HUB-API-004", odd.status == 400, "400 for an unknown query name", odd.status, sent=odd.question, seen=odd)  # fmt: skip
    kind = odd.headers.get("content-type", "").partition(";")[0].strip()
    t.check("HUB-HTTP-002", kind == "application/problem+json", "application/problem+json", kind, seen=odd)
    body = odd.json
    told = body.get("status") if isinstance(body, dict) else None
    t.check("HUB-HTTP-003", told == 400, "status 400 in the problem", told, seen=odd)
    good = sorted(s for s in declared(call) if s < "400" and s != "304")
    if name in STREAMS:
        status = t.stream("s", call.path)
        t.check("HUB-API-002", str(status) in good, f"status {' or '.join(good)}", status)
        t.close_stream("s")
        return
    answer = call.put(t)
    t.given(answer.status < 400, f"{name} succeeds: {answer.status} {answer.body[:200]!r}")
    t.check(
        "HUB-API-002", str(answer.status) in good, f"status {' or '.join(good)}", answer.status, seen=answer
    )
    schema = openapi.answer_schema(call.method, call.path, answer.status)
    if schema is not None:
        wrong = [e.message[:200] for e in openapi.validator(json.dumps(schema)).iter_errors(answer.json)][:3]
        t.check(
            "HUB-API-002", not wrong, "a body of the schema of openapi.json", "; ".join(wrong), seen=answer
        )


@case(
    "TC-HUB-API-02",
    ko="본문의 형식과 스키마를 지키지 않은 호출은 415, 400, 422이고 아무것도 바뀌지 않는다",
    en="A call whose body is of another type, no JSON or not of its schema gets 415, 400 or 422, and nothing has changed",
    verifies=["HUB-API-003", "HUB-API-005", "HUB-HTTP-007"],
    town=BOOK_TOWN,
    rows={name: {"name": name, "needs": openapi.claims_of(name)} for name in with_body()},
    before=[("호출의 대상이 있다", "what the call is about is there")],
    steps=[
        ("옳은 본문을 Content-Type text/plain으로 보낸다", "send the right body as text/plain"),
        ("JSON이 아닌 본문을 보낸다: 빈 것, 끊긴 것, 뒤에 더 있는 것, UTF-8이 아닌 것",
         "send bodies that are no JSON: empty, cut off, with something after the end, no UTF-8"),
        ("객체가 아닌 것, 필수 요소가 하나씩 빠진 것, 모르는 요소가 있는 것을 보낸다",
         "send no object, an object without each required member in turn, and one with an unknown member"),
        ("옳은 본문을 보낸다", "send the right body"),
    ],
    criteria=[
        ("차례로 415, 400, 422이다. 422에는 field, value, remedy가 있는 errors가 있다",
         "in this order 415, 400 and 422, the latter with errors that have field, value and remedy"),
        ("바뀐 것이 없고, 옳은 본문은 성공한다", "nothing has changed, and the right body succeeds"),
    ],
)  # fmt: skip
def every_body(t: HubBench, name: str) -> None:
    call = BOOK[name](t)
    for who in {call.who} - {"admin"}:
        t.login(who)
    raw = json.dumps(call.json, ensure_ascii=False).encode()
    before = [_seen(t, path) for path in call.watch]
    other = t.http(call.method, call.path, who=call.who, body=raw, headers={"content-type": "text/plain"})
    t.check(
        "HUB-API-005",
        other.status == 415,
        "415 for text/plain",
        other.status,
        sent=other.question,
        seen=other,
    )
    for what, body in NO_JSON.items():
        answer = t.http(call.method, call.path, who=call.who, body=body, headers={"content-type": "application/json"})  # fmt: skip
        t.check("HUB-HTTP-007", answer.status == 400, f"{what}: 400", answer.status, sent=answer.question, seen=answer)  # fmt: skip
    for what, value in _unfit(call):
        answer = t.http(call.method, call.path, who=call.who, json=value)
        t.check(
            "HUB-API-003",
            answer.status == 422,
            f"{what}: 422",
            answer.status,
            sent=answer.question,
            seen=answer,
        )
        rows = errors_of(answer)
        t.check("HUB-API-003", helpful(rows) or not isinstance(value, dict), f"{what}: errors with field, value and remedy",
                rows, seen=answer)  # fmt: skip
    after = [_seen(t, path) for path in call.watch]
    t.check("HUB-API-003", after == before, "nothing has changed", "something has")
    done = call.put(t)
    t.check("HUB-HTTP-007", done.status < 400, "the hub goes on", done.status, seen=done)


def _seen(t: HubBench, path: str) -> Any:
    answer = t.http("GET", path)
    return answer.json if answer.status == 200 else answer.status


def _unfit(call: Call) -> list[tuple[str, Any]]:
    """Bodies that the schema of the call does not allow."""
    found = openapi.operation(call.method, call.path)
    assert found is not None
    schema = json.dumps(found["requestBody"]["content"]["application/json"]["schema"])
    tried: list[tuple[str, Any]] = [("a list", []), ("a text", "x")]
    for member in call.json:
        tried.append((f"without {member}", {k: v for k, v in call.json.items() if k != member}))
        tried.append((f"{member} of another type", call.json | {member: [[None]]}))
    tried.append(("with a member nobody knows", call.json | {"x-unknown": 1}))
    check = openapi.validator(schema)
    return [(what, value) for what, value in tried if not check.is_valid(value)]


@case(
    "TC-HUB-API-03",
    ko="너무 큰 본문은 413이고 아무것도 바뀌지 않는다",
    en="A body that is too large gets 413, and nothing has changed",
    verifies=["HUB-API-005"],
    town=Town(children=1, parts=()),
    steps=[
        ("실종 신고의 본문 앞에 빈칸 24 MiB를 붙여 보낸다", "send a report of a missing child with 24 MiB of blanks before it"),
        ("CSV를 application/json으로 보낸다", "send a CSV file as application/json"),
    ],
    criteria=[("차례로 413, 415이고 사건도 항목도 생기지 않는다", "413 and 415, and neither an incident nor an item comes of it")],
)  # fmt: skip
def too_large(t: HubBench) -> None:
    path = f"/v1/zones/{t.zone}/incidents"
    answer = t.http("POST", path, json={"child": t.id("c1")}, padding=HUGE)
    t.check("HUB-API-005", answer.status == 413, "413", answer.status, sent=answer.question, seen=answer)
    found = _seen(t, f"{path}?state=all")
    t.check("HUB-API-005", isinstance(found, dict) and not found["items"], "no incident", found)
    lon, lat = _written(0, 0)
    lines = f"id,name,type,lat,lon,nature\n{t.id('u7')},순찰 7,patrol,{lat},{lon},simulated\n".encode()
    target = f"/v1/registry:import-csv?kind=unit&zone={t.zone}"
    other = t.http("POST", target, body=lines, headers={"content-type": "application/json"})
    t.check(
        "HUB-API-005",
        other.status == 415,
        "415 for a CSV file sent as application/json",
        other.status,
        seen=other,
    )
    t.check("HUB-API-005", _seen(t, f"/v1/registry/unit/{t.id('u7')}") == 404, "nothing imported", "imported")


@case(
    "TC-HUB-API-04",
    ko="허브의 openapi.json은 규격의 경로, 메서드, operationId를 말한다",
    en="The hub's openapi.json tells the paths, methods and operationIds of the standard",
    verifies=["HUB-API-001"],
    town=Town(empty=True),
    steps=[("토큰 없이 GET /openapi.json을 부른다", "GET /openapi.json without a token")],
)
def tells_itself(t: HubBench) -> None:
    answer = t.http("GET", "/openapi.json", who="nobody")
    body = answer.json
    paths = body.get("paths") if answer.status == 200 and isinstance(body, dict) else None
    told = {
        f"{method.upper()} {path} {found.get('operationId')}"
        for path, methods in (paths if isinstance(paths, dict) else {}).items()
        for method, found in methods.items()
        if isinstance(found, dict) and method in ("get", "put", "post", "delete", "patch")
    }
    wanted = {f"{m} {p} {o['operationId']}" for m, p, o in openapi.operations()}
    lacking = sorted(wanted - told)
    t.check("HUB-API-001", not lacking, "every path, method and operationId of the standard", f"without {lacking[:5]}",
            seen=answer)  # fmt: skip


COLUMNS = "id,name,type,lat,lon,nature"


def _written(x: float, y: float) -> list[float]:
    """Longitude and latitude as people write them into a file: six places."""
    return [round(v, 6) for v in lon_lat(x, y)]


def units_csv(t: HubBench, *bad: int) -> bytes:
    """Three units; those lines named have a type that is none and a degree that is none."""
    rows = [COLUMNS]
    for line in (2, 3, 4):
        lon, good = _written(0, 100 * line)
        type_, lat = ("rocket", "137.5") if line in bad else ("patrol", str(good))
        rows.append(f"{t.id(f'u{line}')},순찰 {line},{type_},{lat},{lon},simulated")
    return ("\n".join(rows) + "\n").encode()


@case(
    "TC-HUB-API-05",
    ko="CSV는 모든 줄이 들어가거나 하나도 들어가지 않는다",
    en="A CSV file is stored whole, or not at all",
    verifies=["HUB-API-014"],
    needs=("csv-import",),
    town=BARE,
    steps=[
        ("출동조 셋의 CSV를 둘째 줄의 type과 lat을 틀리게 하여 보낸다", "send a CSV file of three units of which the second has a wrong type and a wrong lat"),
        ("고친 CSV를 BOM과 함께 보낸다", "send it corrected, with a byte-order mark"),
    ],
    criteria=[
        ("처음은 422이고 errors에 줄 3, type, «rocket», 줄 3, lat, «137.5»와 각각의 remedy가 있으며 하나도 들어가지 않는다",
         "first 422, with errors for line 3, type, «rocket» and for line 3, lat, «137.5», each with a remedy, and nothing is stored"),
        ("다음은 200, stored 3이고 셋 모두 GET된다", "then 200, stored 3, and GET gives all three"),
    ],
)  # fmt: skip
def csv_whole(t: HubBench) -> None:
    target = f"/v1/registry:import-csv?kind=unit&zone={t.zone}"
    wrong = t.http("POST", target, body=units_csv(t, 3), headers={"content-type": CSV})
    rows = errors_of(wrong)
    t.check("HUB-API-014", wrong.status == 422, "422", wrong.status, seen=wrong)
    for field, value in (("type", "rocket"), ("lat", "137.5")):
        named = [r for r in rows if r.get("line") == 3 and field in str(r.get("field"))]
        ok = helpful(named) and any(str(r["value"]) == value for r in named)
        t.check("HUB-API-014", ok, f"line 3, {field}, {value}, and a remedy", rows, seen=wrong)
    others = sorted({str(r.get("line")) for r in rows} - {"3"})
    t.check("HUB-API-014", not others, "no other line", others, seen=wrong)
    left = [n for n in (2, 3, 4) if _seen(t, f"/v1/registry/unit/{t.id(f'u{n}')}") != 404]
    t.check("HUB-API-014", not left, "no line stored", left)
    right = t.http("POST", target, body=b"\xef\xbb\xbf" + units_csv(t), headers={"content-type": f"{CSV}; charset=utf-8"})  # fmt: skip
    t.require("HUB-API-014", right.status == 200, "200", right.status, seen=right)
    t.check("HUB-API-014", right.json.get("stored") == 3, "stored 3", right.json, seen=right)
    for n in (2, 3, 4):
        unit = _seen(t, f"/v1/registry/unit/{t.id(f'u{n}')}")
        ok = isinstance(unit, dict) and (unit["name"], unit["type"], unit["lat"]) == (
            f"순찰 {n}",
            "patrol",
            _written(0, 100 * n)[1],
        )
        t.check("HUB-API-014", ok, f"unit {n} as its line says", unit)


@case(
    "TC-HUB-API-06",
    ko="dry_run은 같은 답을 하고 아무것도 넣지 않는다",
    en="dry_run gives the same answer and stores nothing",
    verifies=["HUB-API-015"],
    needs=("csv-import",),
    town=BARE,
    steps=[
        ("옳은 CSV를 dry_run=true로 보낸다", "send a right CSV file with dry_run=true"),
        ("틀린 CSV를 dry_run=true로, 다시 dry_run 없이 보낸다", "send a wrong one with dry_run=true, and again without"),
        ("옳은 CSV를 dry_run 없이 보낸다", "send the right one without dry_run"),
    ],
    criteria=[("stored의 수와 errors가 dry_run이 있으나 없으나 같고, dry_run=true로는 아무것도 들어가지 않는다",
               "stored and errors are the same with and without dry_run, and with it nothing is stored")],
)  # fmt: skip
def dry_run(t: HubBench) -> None:
    target = f"/v1/registry:import-csv?kind=unit&zone={t.zone}"

    def send(body: bytes, dry: bool) -> Any:
        return t.http(
            "POST", target + ("&dry_run=true" if dry else ""), body=body, headers={"content-type": CSV}
        )

    def stored() -> list[int]:
        return [n for n in (2, 3, 4) if _seen(t, f"/v1/registry/unit/{t.id(f'u{n}')}") != 404]

    tried = send(units_csv(t), True)
    t.check("HUB-API-015", tried.status == 200, "200", tried.status, seen=tried)
    t.check("HUB-API-015", not stored(), "nothing stored by a dry run", stored())
    wrong = [send(units_csv(t, 2, 4), dry) for dry in (True, False)]
    told = [
        (a.status, sorted((str(r.get("line")), str(r.get("field"))) for r in errors_of(a))) for a in wrong
    ]
    t.check(
        "HUB-API-015",
        told[0] == told[1] and told[0][0] == 422,
        "422 with the same errors",
        told,
        seen=wrong[1],
    )
    done = send(units_csv(t), False)
    t.given(done.status == 200, f"the file is imported: {done.status}")
    same = tried.json.get("stored") == done.json.get("stored") if isinstance(tried.json, dict) else False
    t.check("HUB-API-015", same, "the same number", (tried.json, done.json), seen=tried)
    t.check("HUB-API-015", stored() == [2, 3, 4], "stored without dry_run", stored())


@case(
    "TC-HUB-API-07",
    ko="metrics에는 사람의 이름도 id도 위치도 없다",
    en="metrics holds no name or id of a person and no position",
    verifies=["HUB-API-016"],
    needs=("metrics",),
    town=Town(children=1, parts=("pole", "desk"), child={"name": "홍비밀", "home_by": "20:00"}),
    steps=[
        ("어린이의 위치와 호출을 보내고, 위치를 조회한다", "send a position and a call of a child, and ask for its position"),
        ("GET /metrics를 부른다", "GET /metrics"),
    ],
    criteria=[("본문에 이 구역의 어린이·보호자·물건의 id도, 이름도, 좌표도 없다",
               "the body holds no id of a child, guardian or thing of the zone, no name and no coordinate")],
)  # fmt: skip
def metrics(t: HubBench) -> None:
    t.accepted(t.located("p1", 300, 0, t.now() - 5), t.tag_called("pole", "t1", 1))
    t.http("GET", f"/v1/children/{t.id('c1')}/position")
    answer = t.http("GET", "/metrics")
    t.require("HUB-API-016", answer.status == 200 and bool(answer.body), "200 with figures", answer.status, seen=answer)  # fmt: skip
    text = answer.body.decode("utf-8", "replace")
    people = [n for n in ("c1", "g1", "t1", "p1") if t.id(n) in text]
    t.check("HUB-API-016", not people, "no id of a person or of a person's thing", people, seen=answer)
    t.check(
        "HUB-API-016",
        "홍비밀" not in text and "보호자 g1" not in text,
        "no name",
        "a name is there",
        seen=answer,
    )
    degrees = [d for d in (f"{x:.4f}"[:-1] for x in lon_lat(300, 0)) if d in text]
    t.check("HUB-API-016", not degrees, "no position", degrees, seen=answer)

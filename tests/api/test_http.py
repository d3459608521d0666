"""Manners of the interface: problems, queries, pages, tags, limits, headers. Over a real server."""

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from safezone_hub.api.app import OPERATIONS
from safezone_hub.api.document import document
from safezone_hub.api.limits import Buckets, Limits, Rate
from safezone_hub.api.problem import Problem

from tests.api.town import TOKEN, Town
from tests.hub.hub_world import ZONE

AUTH = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def http(town: Town) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=town.base, headers=AUTH) as client:
        yield client


def problem(answer: httpx.Response, status: int, title: str) -> dict[str, object]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, object] = answer.json()
    assert body["status"] == status and body["title"] == title and body["detail"]
    return body


def test_everything_refused_is_a_problem(http: httpx.Client, town: Town) -> None:
    problem(http.get("/v1/nothing"), 404, "not_found")
    problem(http.get("/v1/zones/z1/stats/"), 404, "not_found")
    problem(http.patch("/v1/hub"), 405, "method_not_allowed")
    problem(http.post("/v1/tokens", content=b"{}"), 415, "unsupported_media_type")
    problem(
        http.post("/v1/tokens", content=b"{", headers={"content-type": "application/json"}), 400, "not_json"
    )
    body = problem(http.post("/v1/tokens", json={"role": "king", "more": 1}), 422, "invalid")
    fields = {(e["field"], e["remedy"][:20]) for e in body["errors"]}  # type: ignore[attr-defined]
    assert len(fields) == 3, fields
    problem(town.call(None, "GET", "/v1/me"), 401, "unauthorized")
    assert town.call(None, "GET", "/v1/me").headers["www-authenticate"].startswith("Bearer")


def test_405_names_every_method_and_options_needs_no_token(town: Town) -> None:
    for operation in OPERATIONS:
        path = operation.path.replace("{", "").replace("}", "")
        there = {o.method for o in OPERATIONS if o.path == operation.path}
        expected = sorted({*there, "OPTIONS", *(["HEAD"] if "GET" in there else [])})
        options = town.call(None, "OPTIONS", path)
        assert options.status_code == 204 and options.headers["allow"] == ", ".join(expected)
        refused = town.call("admin", "TRACE", path)
        problem(refused, 405, "method_not_allowed")
        assert refused.headers["allow"] == ", ".join(expected)


def test_head_is_get_without_its_body(http: httpx.Client) -> None:
    for path in ("/v1/hub", f"/v1/zones/{ZONE}/units", "/openapi.json", "/v1/children/c1/position"):
        get, head = http.get(path), http.head(path)
        assert head.status_code == get.status_code == 200 and head.content == b""
        assert head.headers["content-type"] == get.headers["content-type"]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("limitt=5", "limitt"), ("limit=0", "limit"), ("limit=-1", "limit"), ("limit=1.5", "limit"), ("limit=", "limit"),
        ("limit=٥", "limit"), ("limit=5&limit=6", "limit"), ("zone=z%201", "zone"), ("zone=z1&x=1&y=2", "x, y"),
    ],
)  # fmt: skip
def test_queries_are_strict_and_the_answer_names_what_is_wrong(
    http: httpx.Client, query: str, named: str
) -> None:
    body = problem(http.get(f"/v1/registry/child?{query}"), 400, "bad_query")
    assert named in str(body["detail"])


@pytest.mark.parametrize(
    "moment",
    ["yesterday", "2026-03-04", "2026-03-04T10:00:00", "2026-02-30T10:00:00Z", "20260304T100000Z", "1"],
)
def test_times_are_moments_with_an_offset(http: httpx.Client, moment: str) -> None:
    problem(http.get("/v1/children/c1/position", params={"at": moment}), 400, "bad_query")
    answer = http.get("/v1/children/c1/position?at=2026-03-04T10:00:00+09:00")  # an unescaped plus
    assert answer.status_code == 200


def test_pages_follow_each_other_without_gap_or_double(http: httpx.Client) -> None:
    whole = [i["id"] for i in http.get("/v1/registry/device").json()["items"]]
    for limit in (1, 2, 7, 1000, 99999999):
        found, after = [], None
        while True:
            params = {"limit": limit} | ({"after": after} if after is not None else {})
            page = http.get("/v1/registry/device", params=params).json()
            found += [i["id"] for i in page["items"]]
            assert len(page["items"]) <= limit
            after = page["next"]
            if after is None:
                break
        assert found == whole
    assert whole == sorted(whole) and len(whole) > 20


def test_polled_answers_have_a_tag_and_304_while_it_holds(town: Town) -> None:
    incident = town.incidents["c1"]
    for who, path in (
        ("operator/o1", f"/v1/zones/{ZONE}/incidents"), ("operator/o1", f"/v1/incidents/{incident}"),
        ("admin", f"/v1/zones/{ZONE}/units"), ("admin", f"/v1/zones/{ZONE}/devices"), (None, "/openapi.json"),
    ):  # fmt: skip
        first = town.call(who, "GET", path)
        assert first.status_code == 200, first.text
        for tags in (
            first.headers["etag"],
            f'"x", {first.headers["etag"]}',
            f"W/{first.headers['etag']}",
            "*",
        ):
            again = town.call(who, "GET", path, headers={"if-none-match": tags})
            assert (again.status_code, again.content) == (304, b"") and again.headers[
                "etag"
            ] == first.headers["etag"]
        assert town.call(who, "GET", path, headers={"if-none-match": '"x"'}).status_code == 200
    listed, one = (town.call("admin", "GET", p).headers["etag"] for p in (f"/v1/zones/{ZONE}/incidents", f"/v1/incidents/{incident}"))  # fmt: skip
    path = f"/v1/incidents/{incident}/actions"
    assert (
        town.call("operator/o1", "POST", path, json={"action": "note", "note": "새 소식"}).status_code == 200
    )
    for tag, path in ((listed, f"/v1/zones/{ZONE}/incidents"), (one, f"/v1/incidents/{incident}")):
        assert town.call("admin", "GET", path, headers={"if-none-match": tag}).status_code == 200


def test_a_change_on_an_older_state_is_refused(town: Town) -> None:
    path = f"/v1/incidents/{town.incidents['c1']}"
    tag = town.call("operator/o1", "GET", path).headers["etag"]
    step = {"action": "note", "note": "먼저"}
    first = town.call("operator/o1", "POST", f"{path}/actions", json=step, headers={"if-match": tag})
    assert first.status_code == 200 and first.json()["history"][-1]["note"] == "먼저"
    second = town.call("operator/o1", "POST", f"{path}/actions", json=step, headers={"if-match": tag})
    problem(second, 412, "precondition_failed")
    assert len(town.call("operator/o1", "GET", path).json()["history"]) == len(first.json()["history"])
    for shape in ("*", "{}", '"x", {}'):
        good = shape.format(first.headers["etag"])
        answer = town.call("operator/o1", "POST", f"{path}/actions", json=step, headers={"if-match": good})
        assert answer.status_code == 200, good
        first = answer
    weak = {"if-match": f"W/{first.headers['etag']}"}
    assert town.call("operator/o1", "POST", f"{path}/actions", json=step, headers=weak).status_code == 412
    # The same state seen by another role has the same version, though another body.
    other = town.call("guardian/g-c1", "GET", path)
    assert other.status_code == 200 and other.headers["etag"] != first.headers["etag"]
    assert town.call("operator/o1", "POST", f"{path}/actions", json=step,
                     headers={"if-match": other.headers["etag"]}).status_code == 200  # fmt: skip


def test_bodies_have_limits_also_when_nobody_says_their_length(http: httpx.Client, town: Town) -> None:
    big = b'{"role": "' + b"x" * (1024 * 1024 + 1) + b'"}'
    typed = {"content-type": "application/json"}
    problem(http.post("/v1/tokens", content=big, headers=typed), 413, "too_large")
    chunks = (big[i : i + 65536] for i in range(0, len(big), 65536))
    problem(http.post("/v1/tokens", content=chunks, headers=typed), 413, "too_large")
    assert http.post("/v1/registry:import", content=big, headers=typed).status_code == 422, (
        "imports may be larger"
    )
    deep = b"[" * 5000 + b"]" * 5000
    problem(http.post("/v1/tokens", content=deep, headers=typed), 400, "not_json")
    packed = {**typed, "content-encoding": "gzip"}
    problem(http.post("/v1/tokens", content=b"x", headers=packed), 415, "unsupported_media_type")
    where = urlsplit(town.base)
    with socket.create_connection((where.hostname, where.port), timeout=10) as raw:  # a length that is a lie
        raw.sendall(
            b"POST /v1/tokens HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + TOKEN.encode()
            + b"\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{"
        )  # fmt: skip
        assert raw.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_answers_are_not_kept_on_the_way_and_show_no_more_than_needed(http: httpx.Client, town: Town) -> None:
    for answer in (
        http.get("/v1/children/c1/position"),
        http.get("/v1/nothing"),
        town.call(None, "GET", "/v1/me"),
    ):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "server" not in answer.headers
        assert "strict-transport-security" not in answer.headers, "without TLS it would be a lie"


def test_openapi_is_the_standards_own_document(town: Town) -> None:
    answer = town.call(None, "GET", "/openapi.json")
    assert answer.json() == json.loads(json.dumps(document()))
    assert answer.headers["content-type"] == "application/json"


def test_wrong_tokens_are_counted_and_good_ones_pass_all_the_same(town: Town) -> None:
    burst = Limits().failed_tokens.burst
    with httpx.Client(base_url=town.base) as client:
        answers = [
            client.get("/v1/me", headers={"authorization": f"Bearer szt_{i}"}) for i in range(burst + 10)
        ]
        statuses = [a.status_code for a in answers]
        assert statuses[0] == 401 and statuses[-1] == 429
        assert int(answers[-1].headers["retry-after"]) >= 1
        problem(answers[-1], 429, "too_many_requests")
        assert client.get("/v1/me", headers=AUTH).status_code == 200
        assert client.get("/v1/me").status_code == 401, "no token is no guess"


def test_buckets_fill_again_and_forget_who_is_long_gone() -> None:
    now = [1000.0]
    buckets = Buckets(Rate(burst=3, per_minute=60), lambda: now[0])

    def passes(key: str) -> bool:
        try:
            buckets.take(key)
        except Problem as refused:
            return refused.status != 429
        return True

    assert [passes("a") for _ in range(5)] == [True, True, True, False, False]
    assert passes("b")
    now[0] += 1.0
    assert [passes("a"), passes("a")] == [True, False]
    for i in range(20_000):
        buckets.take(f"k{i}")
    assert len(buckets._left) <= 10_000


def test_hub_and_health_are_open_and_say_nothing_of_anybody(town: Town) -> None:
    for path in ("/v1/hub", "/healthz", "/readyz"):
        answer = town.call(None, "GET", path)
        assert answer.status_code == 200
    health = town.call(None, "GET", "/healthz").json()
    assert health["status"] == "ok" and {"engine", "store", "broker"} <= set(health["checks"])
    ready = town.call(None, "GET", "/readyz").json()
    assert set(ready["checks"]) == {"engine", "store", "broker"}

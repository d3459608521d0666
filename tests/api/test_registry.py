"""The registry and the tokens over HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.town import MORNING, OTHER, TOKEN, Town, running
from tests.hub.hub_world import ZONE, iso


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with running(tmp_path_factory.mktemp("registry") / "state") as it:
        yield it


STAFF = {"kind": "staff", "id": "t7", "zone": ZONE, "name": "새 선생님", "nature": "simulated"}


def test_items_are_put_read_and_deleted_without_their_secrets(town: Town) -> None:
    path = "/v1/registry/staff/t7"
    assert [town.call("admin", "PUT", path, json=STAFF).status_code for _ in range(2)] == [201, 200]
    assert town.call("admin", "GET", path).json() == STAFF
    assert town.call("admin", "DELETE", path).status_code == 204
    assert town.call("admin", "GET", path).status_code == 404
    assert town.call("admin", "DELETE", path).status_code == 404
    for kind in ("guardian", "device", "desk", "peer"):
        assert "secret" not in town.call("admin", "GET", f"/v1/registry/{kind}").text


@pytest.mark.parametrize(
    "body", [[], "x", 1, {}, {"kind": []}, {"kind": {}}, {"kind": "plane"}, {**STAFF, "id": "t8"}, {**STAFF, "more": 1}]
)  # fmt: skip
def test_what_is_no_item_is_refused_with_a_remedy(town: Town, body: object) -> None:
    answer = town.call("admin", "PUT", "/v1/registry/staff/t7", json=body)
    assert answer.status_code == 422, answer.text
    assert (
        all({"field", "value", "remedy"} <= set(e) for e in answer.json()["errors"])
        and answer.json()["errors"]
    )
    if isinstance(body, dict) and body.get("id") == "t8":
        return  # only the path is wrong: in a batch it would be good
    batch = town.call("admin", "POST", "/v1/registry:import", json={"items": [STAFF, body]})
    assert batch.status_code == 422 and batch.json()["errors"][0]["line"] == 2
    assert town.call("admin", "GET", "/v1/registry/staff/t7").status_code == 404, "all or nothing"


def test_administrator_of_one_zone_has_that_zone_only(town: Town) -> None:
    there = {**STAFF, "id": "t9", "zone": OTHER}
    assert town.call("admin/adm", "PUT", "/v1/registry/staff/t9", json=there).status_code == 404
    assert (
        town.call("admin/adm", "POST", "/v1/registry:import", json={"items": [STAFF, there]}).status_code
        == 404
    )
    assert town.call("admin", "GET", "/v1/registry/staff/t7").status_code == 404
    assert town.call("admin/adm", "GET", "/v1/registry/child/c9").status_code == 404
    assert town.call("admin/adm", "DELETE", "/v1/registry/child/c9").status_code == 404
    zones = {i["zone"] for kind in ("child", "device") for i in town.call("admin/adm", "GET", f"/v1/registry/{kind}").json()["items"]}  # fmt: skip
    assert zones == {ZONE}
    beyond = town.call("admin/adm", "POST", "/v1/tokens", json={"role": "admin", "principal": "x"})
    assert beyond.status_code == 403
    assert {t.get("zone") for t in town.call("admin/adm", "GET", "/v1/tokens").json()["items"]} == {ZONE}


CSV = "아이디,이름,구분\nt31,가나다,모의\nt32,라마바,모의\n"


def csv(town: Town, text: str, who: str = "admin", **query: str):  # type: ignore[no-untyped-def]
    headers = {"content-type": "text/csv; charset=utf-8"}
    params = {"kind": "staff", "zone": ZONE} | query
    return town.call(
        who, "POST", "/v1/registry:import-csv", content=text.encode(), headers=headers, params=params
    )


def test_spreadsheet_is_stored_whole_or_not_at_all(town: Town) -> None:
    dry = csv(town, CSV, dry_run="true")
    assert dry.status_code == 200 and dry.json() == {"stored": 2, "dry_run": True}, dry.text
    assert town.call("admin", "GET", "/v1/registry/staff/t31").status_code == 404
    broken = csv(town, CSV + "t 33,,모의\n")
    assert broken.status_code == 422
    assert {e["line"] for e in broken.json()["errors"]} == {4}
    assert town.call("admin", "GET", "/v1/registry/staff/t31").status_code == 404
    assert csv(town, CSV).json()["stored"] == 2
    assert town.call("admin", "GET", "/v1/registry/staff/t32").json()["name"] == "라마바"


def test_spreadsheet_of_another_zone_or_kind_is_refused(town: Town) -> None:
    assert csv(town, CSV, who="admin/adm", zone=OTHER).status_code == 404
    assert csv(town, CSV, kind="zone").status_code == 400
    no_kind = town.call(
        "admin", "POST", "/v1/registry:import-csv", content=b"x", headers={"content-type": "text/csv"}
    )
    assert (no_kind.status_code, no_kind.json()["title"]) == (400, "bad_query")
    as_json = town.call("admin", "POST", "/v1/registry:import-csv", json={}, params={"kind": "staff"})
    assert as_json.status_code == 415


def test_spreadsheet_is_refused_when_the_registry_changed_while_it_was_read(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two offices import at once: neither undoes what it has not seen."""
    from safezone_hub.api import registry

    reading = registry.read_csv

    def slowly(*given: object, **more: object) -> object:
        parsed = reading(*given, **more)  # type: ignore[arg-type]
        assert (
            town.call("admin", "PUT", "/v1/registry/staff/t41", json={**STAFF, "id": "t41"}).status_code
            == 201
        )
        return parsed

    monkeypatch.setattr(registry, "read_csv", slowly)
    late = csv(town, "아이디,이름,구분\nt41,늦은 사람,모의\n")
    assert late.status_code == 409, late.text
    assert town.call("admin", "GET", "/v1/registry/staff/t41").json()["name"] == STAFF["name"]


def test_new_principals_of_a_spreadsheet_get_their_credentials_once(town: Town) -> None:
    text = "아이디,이름,자녀,구분\ng-new,새 보호자,c2,모의\n"
    answer = csv(town, text, kind="guardian")
    assert answer.status_code == 200, answer.text
    (credential,) = answer.json()["credentials"]
    assert credential["id"] == "g-new" and len(credential["secret"]) >= 43
    assert credential["secret"] not in town.call("admin", "GET", "/v1/registry/guardian/g-new").text


def test_tokens_are_made_listed_and_revoked(town: Town) -> None:
    made = town.call("admin", "POST", "/v1/tokens", json={"role": "school", "principal": "t1", "scopes": ["getUnits"],
                     "expires_at": iso(MORNING + 3600)})  # fmt: skip
    assert made.status_code == 201 and made.json()["zone"] == ZONE, made.text
    token, id_ = made.json()["token"], made.json()["id"]
    town.tokens["narrow"] = token
    assert made.headers["location"] == f"/v1/tokens/{id_}"
    assert town.call("narrow", "GET", f"/v1/zones/{ZONE}/units").status_code == 200
    beyond = town.call("narrow", "GET", f"/v1/zones/{ZONE}/devices")
    assert (beyond.status_code, beyond.json()["title"]) == (403, "not_in_scope")
    assert town.call("narrow", "GET", "/v1/me").json()["scopes"] == ["getUnits"]
    found, after = [], ""
    while True:
        page = town.call("admin", "GET", "/v1/tokens", params={"limit": 3, "after": after}).json()
        found += page["items"]
        if page["next"] is None:
            break
        after = page["next"]
    assert id_ in [t["id"] for t in found] and token.split("_", 2)[2] not in str(found)
    town.clock.set(MORNING + 3600)
    assert town.call("narrow", "GET", "/v1/me").status_code == 401, "expired"
    town.clock.set(MORNING)
    assert town.call("narrow", "GET", "/v1/me").status_code == 200
    assert town.call("admin", "DELETE", f"/v1/tokens/{id_}").status_code == 204
    assert town.call("narrow", "GET", "/v1/me").status_code == 401
    assert [
        t["revoked"] for t in town.call("admin", "GET", "/v1/tokens").json()["items"] if t["id"] == id_
    ] == [True]
    assert town.call("admin", "DELETE", "/v1/tokens/abcdefghijkl").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"role": "guardian", "principal": "nobody"}, {"role": "guardian", "principal": "g-c1", "zone": OTHER},
        {"role": "guardian", "principal": "g-c1", "scopes": ["putItem"]}, {"role": "auditor", "principal": "a", "zone": "no"},
        {"role": "auditor", "principal": "a", "expires_at": "2020-01-01T00:00:00Z"},
        {"role": "auditor", "principal": "a", "expires_at": "2099-01-01T00:00:00Z"},
    ],
)  # fmt: skip
def test_tokens_that_make_no_sense_are_refused(town: Town, body: dict[str, object]) -> None:
    answer = town.call("admin", "POST", "/v1/tokens", json=body)
    assert answer.status_code == 422 and answer.json()["errors"], answer.text


def test_tokens_and_their_end_survive_a_restart(tmp_path: Path) -> None:
    import httpx
    from safezone_hub.serve import build_hub

    with running(tmp_path / "state") as town:
        kept, gone = town.tokens["guardian/g-c1"], town.tokens["guardian/g-c2"]
        assert town.call("admin", "DELETE", f"/v1/tokens/{gone.split('_')[1]}").status_code == 204
    hub = build_hub(tmp_path / "state", token=TOKEN, clock=town.clock)
    try:
        statuses = [
            httpx.get(hub.ready["http"] + "/v1/me", headers={"authorization": f"Bearer {t}"}).status_code
            for t in (kept, gone)
        ]
        assert statuses == [200, 401]
    finally:
        hub.stop()


def test_holder_who_leaves_the_registry_is_out_and_stays_out(town: Town) -> None:
    town.call("admin", "PUT", "/v1/registry/staff/t7", json=STAFF)
    town.grant("school", "t7")
    assert town.call("school/t7", "GET", "/v1/me").status_code == 200
    assert town.call("admin", "DELETE", "/v1/registry/staff/t7").status_code == 204
    assert town.call("school/t7", "GET", "/v1/me").status_code == 401
    town.call("admin", "PUT", "/v1/registry/staff/t7", json=STAFF)
    assert town.call("school/t7", "GET", "/v1/me").status_code == 401, "another person under the same id"
    town.call("admin", "DELETE", "/v1/registry/staff/t7")


def test_holder_who_moves_to_another_zone_does_not_take_the_token_along(town: Town) -> None:
    path = "/v1/registry/staff/t51"
    town.call("admin", "PUT", path, json={**STAFF, "id": "t51"})
    town.grant("school", "t51")
    assert town.call("school/t51", "GET", "/v1/me").status_code == 200
    assert town.call("admin", "PUT", path, json={**STAFF, "id": "t51", "zone": OTHER}).status_code == 200
    assert town.call("school/t51", "GET", "/v1/me").status_code == 401

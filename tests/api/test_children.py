"""A child's own resources: looks are recorded, provision is told, consent and erasure take effect at once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.town import MORNING, NAMES, OTHER, Town, lively, running
from tests.hub.hub_world import ZONE, at, iso


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Town]:
    with running(tmp_path / "state") as it:
        lively(it)
        yield it


def log(town: Town, child: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = None
    while True:
        params = {"limit": 50} | ({"after": after} if after is not None else {})
        page = town.call("admin", "GET", f"/v1/children/{child}/access-log", params=params).json()
        found += page["items"]
        after = page["next"]
        if after is None:
            return found


def last(town: Town, child: str, by: str) -> dict[str, Any]:
    return next(fact for fact in reversed(log(town, child)) if fact["by"] == by)


def test_every_look_is_recorded_with_who_what_why_and_outcome(town: Town) -> None:
    for who, child, outcome, kind, basis, purpose in (
        ("guardian/g-c1", "c1", "allowed", "access", "consent", "own_child"),
        ("guardian/g-c2", "c1", "refused", "access", "duty", "not_yours"),
        ("guardian/b-c1", "c1", "refused", "access", "duty", "barred"),
        ("operator/o1", "c1", "allowed", "rescue", "rescue", "open_incident"),
        ("operator/o1", "c2", "refused", "access", "duty", "reason_required"),
        ("school/t1", "c2", "allowed", "access", "consent", "school_hours"),
    ):
        status = town.call(who, "GET", f"/v1/children/{child}/position").status_code
        fact = last(town, child, who)
        assert (status == 200) == (outcome == "allowed"), who
        assert (fact["fact"], fact["outcome"], fact["basis"], fact["purpose"]) == (
            kind,
            outcome,
            basis,
            purpose,
        )
        assert fact["what"] == "getPosition" and fact["to"] == who and fact["at"] == iso(MORNING)


def test_desk_without_an_incident_says_why_and_the_words_are_kept(town: Town) -> None:
    def told() -> int:
        notices = town.call("guardian/g-c2", "GET", "/v1/guardians/g-c2/notices").json()["items"]
        return [n["notice"]["service"] for n in notices].count("location_provided")

    path, before = "/v1/children/c2/position", told()
    refused = town.call("operator/o1", "GET", path)
    assert refused.status_code == 403 and refused.json()["title"] == "reason_required"
    assert town.call("operator/o1", "GET", path, headers={"x-access-reason": ""}).status_code == 403
    why = "목격자 신고 확인"
    answer = town.call("operator/o1", "GET", path, headers={"x-access-reason": why.encode()})
    assert answer.status_code == 200
    facts = [f for f in log(town, "c2") if f["by"] in ("operator/o1", "hub")]
    assert any(f["purpose"] == why and f["basis"] == "duty" and f["outcome"] == "allowed" for f in facts)
    provided = [f for f in facts if f["fact"] == "provision" and "operator/o1" in f.get("to", "")]
    assert provided and provided[-1]["what"] == "position"
    assert told() == before + 1


def test_a_rescue_is_recorded_but_does_not_flood_the_guardians(town: Town) -> None:
    before = town.call("admin", "GET", "/v1/guardians/g-c1/notices").json()["items"]
    for _ in range(3):
        assert town.call("operator/o1", "GET", "/v1/children/c1/position").status_code == 200
    assert town.call("admin", "GET", "/v1/guardians/g-c1/notices").json()["items"] == before


def test_schools_see_nobody_outside_school_hours(fresh: Town) -> None:
    assert fresh.call("school/t1", "GET", "/v1/children/c2/position").status_code == 200
    fresh.clock.set(at("18:00"))
    refused = fresh.call("school/t1", "GET", "/v1/children/c2/position")
    assert refused.status_code == 403 and refused.json()["title"] == "outside_school_hours"
    assert iso(at("08:00") + 86400) in refused.json()["detail"]


def test_withheld_guardian_is_told_nothing_until_the_desk_allows_it(fresh: Town) -> None:
    path, act = "/v1/children/c1/position", f"/v1/incidents/{fresh.incidents['c1']}/actions"
    assert fresh.call("guardian/h-c1", "GET", path).status_code == 200
    withheld = fresh.call("operator/o1", "POST", act, json={"action": "withhold", "guardian": "h-c1"})
    assert withheld.status_code == 200 and withheld.json()["withheld"] == ["h-c1"]
    for method, where in (("GET", path), ("GET", "/v1/children/c1/path"), ("GET", "/v1/children/c1/access-log"),
                          ("GET", f"/v1/incidents/{fresh.incidents['c1']}")):  # fmt: skip
        answer = fresh.call("guardian/h-c1", method, where)
        assert answer.status_code == 404, where
    assert fresh.call("guardian/h-c1", "GET", "/v1/me").json()["children"] == []
    assert fresh.call("guardian/g-c1", "GET", path).status_code == 200
    resolved = fresh.call("operator/o1", "POST", act, json={"action": "resolve"})
    assert resolved.status_code == 200
    assert fresh.call("guardian/h-c1", "GET", path).status_code == 404, "the incident's end does not lift it"
    assert (
        fresh.call("operator/o1", "POST", act, json={"action": "allow", "guardian": "h-c1"}).status_code
        == 200
    )
    assert fresh.call("guardian/h-c1", "GET", path).status_code == 200


def test_guardian_sees_how_far_an_incident_is_and_not_what_the_desk_says(town: Town) -> None:
    path = f"/v1/incidents/{town.incidents['c1']}"
    act = {"action": "note", "note": "보호자에게는 보이지 않을 말"}
    assert town.call("operator/o1", "POST", f"{path}/actions", json=act).status_code == 200
    full, seen = town.call("operator/o1", "GET", path).json(), town.call("guardian/g-c1", "GET", path)
    assert act["note"] in str(full) and act["note"] not in seen.text
    assert (
        seen.json()["state"] == full["state"] and "withheld" not in seen.json() and "owner" not in seen.json()
    )


def test_consent_withdrawn_is_felt_at_once(fresh: Town) -> None:
    items = {"collect": True, "notify_guardians": True, "provide_112": True}
    assert fresh.call("guardian/h-c1", "PUT", "/v1/children/c1/consent",
                      json={"items": items, "status": "withdrawn"}).status_code == 403  # fmt: skip
    assert len(fresh.call("guardian/g-c1", "GET", "/v1/children/c1/path").json()["points"]) > 0
    for child, guardian in (("c1", "g-c1"), ("c2", "g-c2")):
        answer = fresh.call(f"guardian/{guardian}", "PUT", f"/v1/children/{child}/consent",
                            json={"items": items, "status": "withdrawn", "form": "electronic"})  # fmt: skip
        assert answer.status_code == 200 and answer.json()["status"] == "withdrawn", answer.text
    assert fresh.call("guardian/g-c1", "GET", "/v1/children/c1/path").json()["points"] == []
    assert fresh.call("guardian/g-c1", "GET", "/v1/children/c1/position").status_code == 404
    school = fresh.call("school/t1", "GET", "/v1/children/c2/position")
    assert (school.status_code, school.json()["title"]) == (403, "not_consented")
    desk = fresh.call("operator/o1", "GET", "/v1/children/c2/position", headers={"x-access-reason": "check"})
    assert (desk.status_code, desk.json()["title"]) == (403, "not_consented")
    consents = fresh.call("admin", "GET", "/v1/registry/consent", params={"zone": ZONE}).json()["items"]
    assert len([c for c in consents if c["child"] == "c2"]) == 1, "the same consent, changed"


def test_everything_kept_of_a_child_is_given_to_its_representative(town: Town) -> None:
    answer = town.call("guardian/g-c1", "GET", "/v1/children/c1/data")
    assert answer.status_code == 200
    data = answer.json()
    kinds = {item["kind"] for item in data["registry"]}
    assert {"child", "guardian", "binding", "consent", "area", "device"} <= kinds
    assert data["positions"] and data["notices"] and data["incidents"] and data["facts"]
    assert "secret" not in answer.text and NAMES["c1"] in answer.text
    for foreign in ("h-c1", "b-c1", NAMES["c2"], '"c2"', "g-c2"):
        assert foreign not in str([i for i in data["registry"] if i["kind"] != "facts"]), foreign
    assert all(n["notice"]["child"] == "c1" for n in data["notices"])


def test_erased_child_is_gone_with_its_guardians_tokens(fresh: Town) -> None:
    assert fresh.call("guardian/h-c1", "POST", "/v1/children/c1/erase").status_code == 403
    answer = fresh.call("guardian/g-c1", "POST", "/v1/children/c1/erase")
    assert answer.status_code == 200 and answer.json()["child"] == "c1"
    assert fresh.call("admin", "GET", "/v1/children/c1/position").status_code == 404
    assert fresh.call("guardian/g-c1", "GET", "/v1/me").status_code == 401
    everything = [
        fresh.call("admin", "GET", path).text
        for path in (f"/v1/zones/{ZONE}/incidents?state=all", "/v1/registry/child", "/v1/registry/guardian",
                     "/v1/registry/binding", "/v1/registry/consent", "/v1/tokens")
    ]  # fmt: skip
    for trace in ('"c1"', NAMES["c1"], "g-c1", "h-c1", fresh.incidents["c1"]):
        assert not any(trace in text for text in everything), trace
    # Somebody registered under the same name later does not get in with the old token.
    again = {"kind": "guardian", "id": "g-c1", "zone": ZONE, "name": "다른 사람", "children": ["c2"],
             "nature": "simulated", "key": {"keyid": "key-g-c1", "secret": "k" * 43}}  # fmt: skip
    assert fresh.call("admin", "PUT", "/v1/registry/guardian/g-c1", json=again).status_code == 201
    assert fresh.call("guardian/g-c1", "GET", "/v1/me").status_code == 401
    assert fresh.call("guardian/g-c2", "GET", "/v1/children/c2/position").status_code == 200


def test_deleting_a_child_from_the_registry_erases_it(fresh: Town) -> None:
    assert fresh.call("admin", "DELETE", "/v1/registry/child/c9").status_code == 204
    assert (
        fresh.call(f"operator/o1-{OTHER}", "GET", f"/v1/incidents/{fresh.incidents['c9']}").status_code == 404
    )
    assert fresh.call("guardian/g-c9", "GET", "/v1/me").status_code == 401

"""Working on incidents over HTTP: each role's part, cameras and their record, search area, agencies, units, shift."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator
from safezone_hub.places.search import FOOT_MAX_M
from safezone_model import load_schema

from tests.api.town import MORNING, OTHER, WHERE, Town, lively, running
from tests.hub.hub_world import ZONE, at, iso, lat_lon


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with running(tmp_path_factory.mktemp("incidents") / "state") as it:
        lively(it)
        yield it


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Town]:
    with running(tmp_path / "state") as it:
        lively(it)
        yield it


def act(town: Town, incident: str, who: str = "operator/o1", **action: Any) -> Any:
    return town.call(who, "POST", f"/v1/incidents/{incident}/actions", json=action)


def test_an_incident_is_worked_to_its_end(fresh: Town) -> None:
    id_ = fresh.incidents["c1"]
    for action, state in (
        ("acknowledge", "acknowledged"),
        ("dispatch", "dispatched"),
        ("on_scene", "on_scene"),
    ):
        more = {"unit": "u1"} if action == "dispatch" else {}
        answer = act(fresh, id_, action=action, note="진행", **more)
        assert answer.status_code == 200 and answer.json()["state"] == state, answer.text
    (unit,) = fresh.call("operator/o1", "GET", f"/v1/zones/{ZONE}/units").json()["items"]
    assert (unit["available"], unit["incident"]) == (False, id_)
    closed = act(fresh, id_, action="resolve")
    assert closed.status_code == 200 and closed.json()["state"] == "resolved"
    assert act(fresh, id_, action="dispatch", unit="u1").json()["state"] == "resolved", (
        "late steps move nothing"
    )
    states = {s: [i["id"] for i in fresh.call("operator/o1", "GET", f"/v1/zones/{ZONE}/incidents",
              params={"state": s}).json()["items"]] for s in ("open", "closed", "all")}  # fmt: skip
    assert id_ in states["closed"] and id_ not in states["open"]
    assert sorted(states["all"]) == sorted(states["open"] + states["closed"])
    history = fresh.call("operator/o1", "GET", f"/v1/incidents/{id_}").json()["history"]
    assert [e["by"] for e in history if e["action"] == "dispatch"] == ["operator/o1"] * 2


@pytest.mark.parametrize(
    ("action", "status"),
    [
        ({"action": "dispatch", "unit": "u9"}, 404), ({"action": "explode"}, 422), ({"action": "note"}, 422),
        ({"action": "mark", "mark": "funny"}, 422), ({"action": "withhold", "guardian": "g-c2"}, 404),
        ({"action": "link", "to": "none"}, 404), ({"action": "reopen"}, 409), ({"action": "agency"}, 422),
        ({"action": "guardian_seen"}, 422), ({}, 422), ({"action": "note", "note": "x", "extra": 1}, 422),
    ],
)  # fmt: skip
def test_actions_that_are_refused_change_nothing(town: Town, action: dict[str, Any], status: int) -> None:
    id_ = town.incidents["c1"]
    before = town.call("operator/o1", "GET", f"/v1/incidents/{id_}").json()
    answer = town.call("operator/o1", "POST", f"/v1/incidents/{id_}/actions", json=action)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert town.call("operator/o1", "GET", f"/v1/incidents/{id_}").json() == before


def test_the_same_request_again_changes_nothing(town: Town) -> None:
    id_ = town.incidents["c1"]
    first = act(town, id_, action="note", note="한 번", key="k-1").json()
    again = act(town, id_, action="note", note="한 번", key="k-1")
    assert again.status_code == 200 and again.json()["version"] == first["version"]


def test_pages_of_incidents_for_each_who_may_list_them(fresh: Town) -> None:
    for n in range(2, 9):
        fresh.press("c1", n)
    handed = act(fresh, fresh.press("c2", 9), action="call_119").json()["id"]
    path = f"/v1/zones/{ZONE}/incidents"

    def walk(who: str, limit: int) -> list[str]:
        found, after = [], None
        while True:
            params = {"state": "all", "limit": limit} | ({"after": after} if after else {})
            page = fresh.call(who, "GET", path, params=params).json()
            found += [i["id"] for i in page["items"]]
            after = page["next"]
            if after is None:
                return found

    whole = walk("operator/o1", 1000)
    assert len(whole) == len(set(whole)) == 10
    for limit in (1, 3, 10):
        assert walk("operator/o1", limit) == whole
        assert walk("agency/a1", limit) == [i for i in whole if i in (fresh.incidents["c1"], handed)]


def test_guardian_and_teacher_report_a_child_missing(fresh: Town) -> None:
    path = f"/v1/zones/{ZONE}/incidents"
    for who, key in (("guardian/g-c2", "a"), ("school/t1", "b")):
        body = {"child": "c2", "text": "학원에 오지 않았습니다", "key": key}
        made = fresh.call(who, "POST", path, json=body)
        assert made.status_code == 201 and made.json()["service"] == "missing_report", made.text
        assert made.headers["location"] == f"/v1/incidents/{made.json()['id']}"
        seen = fresh.call("operator/o1", "GET", made.headers["location"]).json()
        assert seen["history"][0]["by"] == who and seen["child"] == "c2"
        assert "withheld" not in made.json() and "text" not in made.json()
    barred = fresh.call("guardian/b-c1", "POST", path, json={"child": "c1"})
    unknown = fresh.call("guardian/b-c1", "POST", path, json={"child": "nobody"})
    assert (barred.status_code, barred.content) == (404, unknown.content)
    assert fresh.call("guardian/g-c9", "POST", path, json={"child": "c9"}).status_code == 404, (
        "another zone's path"
    )


def test_search_area_widens_and_names_the_equipment_inside(town: Town) -> None:
    path = f"/v1/incidents/{town.incidents['c1']}/search"
    now = town.call("operator/o1", "GET", path)
    later = town.call("operator/o1", "GET", path, params={"at": iso(MORNING + 600)})
    assert now.status_code == later.status_code == 200
    a, b = now.json(), later.json()
    assert a["reach_m"] < b["reach_m"]
    assert {c["id"] for c in a["readers"]} <= {c["id"] for c in b["readers"]}
    assert "cam" in [c["id"] for c in b["cameras"]] and "pole" in [r["id"] for r in b["readers"]]
    assert [r["distance_m"] for r in b["readers"]] == sorted(r["distance_m"] for r in b["readers"])
    spot = lat_lon(*WHERE["c1"])
    assert abs(a["last"]["lat"] - spot["lat"]) < 1e-4 and a["last"]["basis"] == "phone"
    bell = town.send(ZONE, "bell", "bell.pressed", {"press": 1, "pressed_at": iso(MORNING)})
    assert bell
    (incident,) = [i for i in town._incidents(ZONE) if i["service"] == "bell_call"]
    nowhere = town.call("operator/o1", "GET", f"/v1/incidents/{incident['id']}/search")
    assert (nowhere.status_code, nowhere.json()["title"]) == (404, "no_position")


def test_search_area_follows_the_streets_when_they_are_registered(fresh: Town) -> None:
    line = [lat_lon(x, 0) for x in range(-500, 1501, 50)]
    streets = {"kind": "streets", "id": "s1", "zone": ZONE, "lines": [
        {"name": "통학로", "line": [[p["lon"], p["lat"]] for p in line], "foot": True, "car": True}]}  # fmt: skip
    assert fresh.call("admin", "PUT", "/v1/registry/streets/s1", json=streets).status_code == 201
    path = f"/v1/incidents/{fresh.incidents['c1']}/search"
    area = fresh.call("operator/o1", "GET", path, params={"at": iso(MORNING + 120)}).json()
    lats = [point[1] for ring in area["outline"] for point in ring]
    lons = [point[0] for ring in area["outline"] for point in ring]
    assert max(lons) - min(lons) > 5 * (max(lats) - min(lats)), "long along the street, narrow beside it"


def test_a_child_that_nobody_saw_today_is_sought_from_when_it_should_have_left_home(tmp_path: Path) -> None:
    """School begins at 09:00, its way takes 15 minutes, and pupils come a quarter of an hour early."""
    with running(tmp_path / "state") as it:
        made = it.call("operator/o1", "POST", f"/v1/zones/{ZONE}/incidents", json={"child": "c2"}).json()

        def search(clock: str) -> dict[str, Any]:
            found = it.call(
                "operator/o1", "GET", f"/v1/incidents/{made['id']}/search", params={"at": iso(at(clock))}
            )
            return dict(found.json())

        before, nine, ten = search("08:00"), search("09:00"), search("10:00")
        assert (before["age_s"], before["reach_m"]) == (0.0, 0.0)
        assert (nine["last"]["at"], nine["last"]["basis"]) == (iso(at("08:30")), "place")
        assert nine["last"]["presumed"] and nine["reach_m"] == 30 * 60 * 1.4 and not nine["cut"]
        assert (ten["reach_m"], ten["cut"]) == (FOOT_MAX_M, True), "an hour on foot, and no farther"
        it.locate("c2")
        assert "presumed" not in search("10:00")["last"]


def test_every_look_through_a_camera_is_recorded_before_it_is_had(town: Town) -> None:
    path = f"/v1/incidents/{town.incidents['c1']}"
    shown = town.call("operator/o1", "GET", path).json()
    (camera,) = shown["cameras"]
    assert "camera.example.test" not in str(shown), "the pictures' own addresses stay in the hub"
    answer = town.call("operator/o1", "GET", camera["live"])
    assert answer.status_code == 307 and answer.headers["location"] == "rtsp://camera.example.test/live"
    assert (
        town.call("operator/o1", "GET", camera["snapshot"]).headers["location"].startswith("http://camera.")
    )
    facts = town.call("admin", "GET", "/v1/children/c1/access-log", params={"limit": 1000}).json()["items"]
    views = [f for f in facts if f["fact"] == "view" and f["by"] == "operator/o1"]
    assert len(views) == 2 and all(f["what"] == "viewCamera" and f["basis"] == "rescue" for f in views)
    for wrong in (f"{path}/cameras/gs/live", f"{path}/cameras/cam/film", f"{path}/cameras/cam-{OTHER}/live"):
        assert town.call("operator/o1", "GET", wrong).status_code == 404


def test_agency_gets_what_was_handed_to_it_and_reports_back(fresh: Town) -> None:
    id_ = fresh.incidents["c1"]
    shown = fresh.call("agency/a1", "GET", f"/v1/incidents/{id_}/handover")
    assert shown.status_code == 200
    errors = list(
        Draft202012Validator(load_schema("handover"), registry=_registry()).iter_errors(shown.json())
    )
    assert errors == [], errors[:3]
    cap = fresh.call("agency/a1", "GET", f"/v1/incidents/{id_}/cap")
    assert cap.headers["content-type"].startswith("application/cap+xml")
    assert ElementTree.fromstring(cap.text).tag == "{urn:oasis:names:tc:emergency:cap:1.2}alert"
    for status, state in (
        ("accepted", "open"),
        ("dispatched", "dispatched"),
        ("arrived", "on_scene"),
        ("closed", "on_scene"),
    ):
        body = {"status": status, "ref": "119-7", "at": iso(MORNING)}
        answer = fresh.call("agency/a1", "POST", f"/v1/incidents/{id_}/agency", json=body)
        assert answer.status_code == 200 and answer.json()["agencies"]["a1"] == status, answer.text
        assert answer.json()["state"] == state
    late = fresh.call("agency/a1", "POST", f"/v1/incidents/{id_}/agency", json={"status": "accepted"})
    assert late.status_code == 200 and late.json()["agencies"]["a1"] == "closed"
    token = fresh.grant("agency", "a2")
    assert token
    for method, path in (("GET", ""), ("GET", "/handover"), ("GET", "/cap"), ("POST", "/agency")):
        more = {"json": {"status": "accepted"}} if method == "POST" else {}
        assert fresh.call("agency/a2", method, f"/v1/incidents/{id_}{path}", **more).status_code == 404


def _registry() -> Any:
    from safezone_model.loader import _registry as held

    return held()


def test_units_report_and_the_shift_is_handed_over(fresh: Town) -> None:
    spot = lat_lon(300, 40)
    moved = fresh.call("operator/o1", "PUT", "/v1/units/u1/status", json={"available": False, **spot})
    assert moved.status_code == 200 and moved.json()["available"] is False
    assert abs(moved.json()["lat"] - spot["lat"]) < 1e-5
    half = fresh.call("operator/o1", "PUT", "/v1/units/u1/status", json={"available": True, "lat": 37.5})
    assert half.status_code == 422
    elsewhere = fresh.call("operator/o1", "PUT", f"/v1/units/u1-{OTHER}/status", json={"available": True})
    assert elsewhere.status_code == 404
    given = fresh.call(
        "operator/o1", "POST", f"/v1/zones/{ZONE}/shift", json={"to": "o2", "note": "모두 넘김"}
    )
    assert given.status_code == 200, given.text
    assert (given.json()["from"], given.json()["to"]) == ("operator/o1", "operator/o2")
    assert fresh.incidents["c1"] in given.json()["incidents"]
    assert (
        fresh.call("operator/o1", "GET", f"/v1/incidents/{fresh.incidents['c1']}").json()["owner"]
        == "operator/o2"
    )
    nobody = fresh.call("operator/o1", "POST", f"/v1/zones/{ZONE}/shift", json={"to": f"o1-{OTHER}"})
    assert nobody.status_code == 404


def test_audit_says_that_the_chain_holds_and_how_far_it_reaches(fresh: Town) -> None:
    first = fresh.call("auditor/aud", "GET", f"/v1/zones/{ZONE}/audit")
    assert first.status_code == 200, first.text
    assert first.json()["ok"] is True and first.json()["records"] > 5 and len(first.json()["head"]) == 64
    assert fresh.call("operator/o1", "GET", "/v1/children/c1/position").status_code == 200
    second = fresh.call("auditor/aud", "GET", f"/v1/zones/{ZONE}/audit").json()
    assert (
        second["ok"]
        and second["records"] > first.json()["records"]
        and second["head"] != first.json()["head"]
    )

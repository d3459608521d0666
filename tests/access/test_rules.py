"""The table of access against the standard, and its circumstances one by one."""

from dataclasses import replace

import pytest
from safezone_hub.access import (
    OPERATIONS,
    ROLES,
    SERVICE,
    Circumstances,
    Principal,
    Target,
    decide,
    in_school_hours,
    next_school_hours,
)
from safezone_hub.api.app import OPERATIONS as SERVED
from safezone_hub.api.document import calls
from safezone_hub.items import read_item
from safezone_hub.registry import Registry

from tests.hub.hub_world import ZONE, at, world

CHILD = Target(zone="z1", child="c1")
CALM = Circumstances(guardians=frozenset({"g1", "g2"}), legal=frozenset({"g1"}))


def guardian(id_: str = "g1", **more: object) -> Principal:
    return replace(Principal("guardian", id_, "z1"), **more)  # type: ignore[arg-type]


def test_table_is_the_standards() -> None:
    said = {name: call["x-access"] for name, call in calls().items() if call.get("security") != []}
    ours = {
        name: {role: word for role, word in row.items() if word != "-"} for name, row in OPERATIONS.items()
    }
    assert ours == said
    for name, call in calls().items():
        assert sorted(call["x-roles"]) == sorted(call["x-access"]), name


def test_every_operation_of_the_standard_is_served_at_its_path_and_only_those() -> None:
    said = {name: (c["method"], c["path"], c.get("security") == []) for name, c in calls().items()}
    assert {o.name: (o.method, o.path, o.public) for o in SERVED} == said
    for operation in SERVED:
        call = calls()[operation.name]
        named = {p["name"] for p in _parameters(call) if p["in"] == "query"}
        assert set(operation.query) == named, operation.name
        assert (operation.body is not None) == ("requestBody" in call), operation.name


def _parameters(call: dict[str, object]) -> list[dict[str, str]]:
    from safezone_hub.api.document import document

    held = document()["components"]["parameters"]
    found = call.get("parameters", [])
    assert isinstance(found, list)
    return [held[p["$ref"].rpartition("/")[2]] if "$ref" in p else p for p in found]


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_a_role_without_the_operation_is_refused_whatever_the_circumstances(operation: str) -> None:
    everything = Circumstances(
        frozenset({"x"}), frozenset({"x"}), school_hours=True, open_incident=True,
        handed_to=frozenset({"x"}), access_reason="because",
    )  # fmt: skip
    for role in ROLES:
        target = Target("z1", "c1", f"{role}/x", "i1")
        decision = decide(Principal(role, "x", "z1"), operation, target, everything)
        assert decision.allowed == (OPERATIONS[operation][role] != "-"), (role, decision)
        if not decision.allowed:
            assert decision.reason == "wrong_role" and decision.outcome == "forbidden"


def test_guardians_see_their_child_and_second_guardians_too() -> None:
    for id_ in ("g1", "g2"):
        decision = decide(guardian(id_), "getPosition", CHILD, CALM)
        assert decision.allowed and decision.reason == "own_child" and decision.record
    other = decide(guardian("g3"), "getPosition", CHILD, CALM)
    assert not other.allowed and other.reason == "not_yours" and other.outcome == "hidden" and other.record


def test_bar_counts_before_guardianship_and_withholding_hides_too() -> None:
    barred = decide(guardian(), "getPosition", CHILD, replace(CALM, barred=frozenset({"g1"})))
    withheld = decide(guardian(), "getPosition", CHILD, replace(CALM, withheld=frozenset({"g1"})))
    assert (barred.reason, barred.outcome) == ("barred", "hidden")
    assert (withheld.reason, withheld.outcome) == ("withheld", "hidden")
    for operation in ("getPath", "getAccessLog", "getChildData", "putConsent", "eraseChild", "reportMissing"):
        assert not decide(guardian(), operation, CHILD, replace(CALM, withheld=frozenset({"g1"}))).allowed
        assert decide(guardian(), operation, CHILD, CALM).allowed


def test_only_a_legal_representative_disposes_of_data() -> None:
    for operation in ("getChildData", "putConsent", "eraseChild"):
        decision = decide(guardian("g2"), operation, CHILD, CALM)
        assert not decision.allowed and (decision.reason, decision.outcome) == ("not_legal", "forbidden")


def test_desk_needs_an_open_incident_or_a_reason_and_consent() -> None:
    desk = Principal("operator", "o1", "z1")
    assert decide(desk, "getPosition", CHILD, CALM).reason == "reason_required"
    assert decide(desk, "getPosition", CHILD, replace(CALM, open_incident=True)).reason == "open_incident"
    reasoned = replace(CALM, access_reason="a witness called")
    assert decide(desk, "getPosition", CHILD, reasoned).reason == "logged_reason"
    for refused in (replace(reasoned, may_tell_police=False), replace(reasoned, may_collect=False)):
        assert decide(desk, "getPosition", CHILD, refused).reason == "not_consented"
        assert decide(desk, "getPosition", CHILD, replace(refused, open_incident=True)).allowed, "a rescue"


def test_school_sees_its_pupils_in_school_hours_only() -> None:
    school = Principal("school", "t1", "z1")
    assert decide(school, "getPosition", CHILD, replace(CALM, school_hours=True)).allowed
    outside = decide(school, "getPosition", CHILD, CALM)
    assert (outside.reason, outside.outcome) == ("outside_school_hours", "forbidden")
    assert not decide(
        school, "getPosition", CHILD, replace(CALM, school_hours=True, may_collect=False)
    ).allowed


def test_another_zone_is_hidden_from_everybody_bound_to_one() -> None:
    everything = Circumstances(
        frozenset({"x"}), frozenset({"x"}), school_hours=True, open_incident=True,
        handed_to=frozenset({"x"}), access_reason="because",
    )  # fmt: skip
    for operation, row in OPERATIONS.items():
        for role, word in row.items():
            if word != "-":
                target = Target("z2", "c1", f"{role}/x", "i1")
                decision = decide(Principal(role, "x", "z1"), operation, target, everything)
                assert (decision.allowed, decision.outcome) == (False, "hidden"), (role, operation)
    assert decide(SERVICE, "getPosition", Target("z2", "c1"), CALM).allowed, (
        "the service token is of all zones"
    )


def test_agency_has_what_was_handed_to_it() -> None:
    fire = Principal("agency", "a1", "z1")
    incident = Target("z1", "c1", incident="i1")
    assert decide(fire, "getIncident", incident, replace(CALM, handed_to=frozenset({"a1"}))).allowed
    other = decide(fire, "getIncident", incident, replace(CALM, handed_to=frozenset({"a2"})))
    assert (other.reason, other.outcome) == ("not_handed", "hidden")


def test_own_things_are_ones_own() -> None:
    mine, theirs = Target("z1", owner="guardian/g1"), Target("z1", owner="guardian/g2")
    for operation in ("streamGuardian", "getNotices", "markNoticeSeen", "reportWrongNotice", "getDeliveries"):
        assert decide(guardian(), operation, mine, CALM).allowed
        assert decide(guardian(), operation, theirs, CALM).outcome == "hidden"
        assert not decide(guardian(), operation, mine, CALM).record


def test_scopes_narrow_and_never_widen() -> None:
    narrow = guardian(scopes=frozenset({"getNotices"}))
    refused = decide(narrow, "getPosition", CHILD, CALM)
    assert (refused.reason, refused.outcome) == ("not_in_scope", "forbidden")
    assert decide(narrow, "getMe", Target(), CALM).allowed
    wide = guardian("g3", scopes=frozenset({"getPosition", "listItems"}))
    assert decide(wide, "getPosition", CHILD, CALM).reason == "not_yours"
    assert decide(wide, "listItems", Target(), CALM).reason == "wrong_role"


def test_school_hours_are_of_the_zones_calendar_and_time_zone() -> None:
    registry = Registry()
    for body in world("c1", drill=False):
        item = read_item(body)
        registry.put(body, item)
    view = registry.zone(ZONE)
    expected = {"07:59": False, "08:00": True, "12:00": True, "16:59": True, "17:00": False, "23:00": False}
    assert {clock: in_school_hours(view, at(clock)) for clock in expected} == expected
    saturday = at("12:00") + 3 * 86400
    assert not in_school_hours(view, saturday)
    assert next_school_hours(view, saturday) == at("08:00") + 5 * 86400
    assert next_school_hours(view, at("07:00")) == at("08:00")
    assert not in_school_hours(registry.zone("nowhere"), at("12:00"))

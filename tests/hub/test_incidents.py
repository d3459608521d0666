"""Incidents: opened, worked to an end, pushed on by the policy, never lost or merged away."""

from typing import Any

import pytest
from safezone_hub.incidents.actions import STATES, ActionError
from safezone_hub.incidents.public import public
from safezone_hub.observation import HandOver, IncidentChanged, ReleaseCamera, TurnCamera

from tests.hub.hub_bench import Bench
from tests.hub.hub_world import DAY, DRILL, ZONE, at, consent, iso, key, lat_lon, world


def post(id_: str, post_: str) -> dict[str, Any]:
    return {
        "kind": "desk",
        "id": id_,
        "zone": ZONE,
        "name": id_,
        "nature": "simulated",
        "key": key(id_),
        "post": post_,
    }


def agency(id_: str, service: str, nature: str = "simulated") -> dict[str, Any]:
    return {
        "kind": "agency",
        "id": id_,
        "zone": ZONE,
        "name": id_,
        "service": service,
        "nature": nature,
        "format": "json",
    }


def unit(id_: str, x: float, type_: str = "patrol", **more: Any) -> dict[str, Any]:
    return {
        "kind": "unit",
        "id": id_,
        "zone": ZONE,
        "name": id_,
        "type": type_,
        "nature": "simulated",
        **lat_lon(x, 0),
        **more,
    }


def operator(id_: str) -> dict[str, Any]:
    return {
        "kind": "operator",
        "id": id_,
        "zone": ZONE,
        "name": id_,
        "desk": "d112",
        "rank": "operator",
        "nature": "simulated",
    }


def staffed(*extra: dict[str, Any], children: tuple[str, ...] = ("c1",), **rules: Any) -> Bench:
    """The small world with all posts, two operators, two patrols and two agencies."""
    items = [
        *world(*children), post("sup", "supervisor"), post("f119", "fire119"), post("sch", "school"), operator("op1"), operator("op2"),
        unit("u1", 100.0), unit("u2", 900.0, agency="pol"), agency("pol", "police"), agency("fire", "fire"),
    ]  # fmt: skip
    return Bench(*children, items=[*items, *extra], **rules)


def call(
    bench: Bench, when: str, press: int = 1, reader: str = "pole", child: str = "c1", **more: Any
) -> None:
    bench.to(when)
    data = {"tag": f"t-{child}", "press": press, "pressed_at": iso(at(when)), **more}
    bench.send("dev", reader, "tag.called", data, at(when))


def the_incident(bench: Bench) -> Any:
    (incident,) = bench.incidents()
    return incident


# ------------------------------------------------------------------- from open to closed


def test_an_incident_is_worked_to_an_end_with_who_when_and_why() -> None:
    bench = staffed()
    call(bench, "15:00")
    id_ = the_incident(bench).id
    for minute, (verb, more) in enumerate(
        [("acknowledge", {}), ("dispatch", {"unit": "u1"}), ("on_scene", {}), ("note", {"note": "아이를 만남"}),
         ("resolve", {"note": "부모에게 인계"})], 1
    ):  # fmt: skip
        bench.to(f"15:00:{minute}0")
        bench.act(verb, incident=id_, **more)
    incident = the_incident(bench)
    assert [(e.by, e.action, e.state) for e in incident.history] == [
        ("hub", "open", "open"),
        ("operator/op1", "acknowledge", "acknowledged"),
        ("operator/op1", "dispatch", "dispatched"),
        ("operator/op1", "on_scene", "on_scene"),
        ("operator/op1", "note", "on_scene"),
        ("operator/op1", "resolve", "resolved"),
    ]
    assert [e.at for e in incident.history] == [at(f"15:00:{m}0") for m in range(6)]
    assert incident.history[2].note == "u1" and incident.history[-1].note == "부모에게 인계"
    assert incident.closed_at == at("15:00:50") and incident.due is None and incident.owner == "operator/op1"


@pytest.mark.parametrize("first", range(1, 6))
@pytest.mark.parametrize("second", range(1, 6))
def test_steps_go_forward_only(first: int, second: int) -> None:
    verbs = {"acknowledged": "acknowledge", "dispatched": "dispatch", "on_scene": "on_scene", "resolved": "resolve",
             "false_alarm": "false_alarm"}  # fmt: skip
    bench = staffed()
    call(bench, "15:00")
    id_ = the_incident(bench).id
    bench.act(verbs[STATES[first]], incident=id_)
    if first >= 4 and second >= 4 and first != second:
        with pytest.raises(ActionError, match="conflict"):
            bench.act(verbs[STATES[second]], incident=id_)
        assert the_incident(bench).state == STATES[first]
        return
    bench.act(verbs[STATES[second]], by="operator/op2", incident=id_)
    assert the_incident(bench).state == STATES[max(first, second) if first < 4 else first]
    assert the_incident(bench).history[-1].by == "operator/op2"  # noted even when it moved nothing


def test_reopened_incident_runs_again() -> None:
    bench = staffed()
    call(bench, "15:00")
    id_ = the_incident(bench).id
    bench.act("false_alarm", incident=id_)
    bench.to("15:10")
    bench.act("reopen", incident=id_)
    assert (the_incident(bench).state, the_incident(bench).closed_at) == ("acknowledged", None)
    with pytest.raises(ActionError, match="conflict"):
        bench.act("reopen", incident=id_)


def test_the_same_request_twice_is_one_entry() -> None:
    bench = staffed()
    call(bench, "15:00")
    id_ = the_incident(bench).id
    for _ in range(3):
        bench.act("note", incident=id_, note="갑니다", key="k1")
    assert [e.action for e in the_incident(bench).history] == ["open", "note"]


def test_what_is_refused_changes_nothing() -> None:
    bench = staffed()
    call(bench, "15:00")
    id_, before = the_incident(bench).id, bench.state.snapshot()
    for verb, data, code in [
        ("fly", {"incident": id_}, "invalid"),
        ("acknowledge", {"incident": "no-such"}, "not_found"),
        ("dispatch", {"incident": id_, "unit": "u9"}, "not_found"),
        ("note", {"incident": id_, "note": "  "}, "invalid"),
        ("note", {"incident": id_, "note": "x" * 2001}, "invalid"),
        ("mark", {"incident": id_, "mark": "funny"}, "invalid"),
        ("link", {"incident": id_, "to": id_}, "not_found"),
        ("withhold", {"incident": id_, "guardian": "g-c9"}, "not_found"),
        ("reopen", {"incident": id_}, "conflict"),
        ("agency", {"incident": id_, "status": "accepted"}, "not_found"),
    ]:
        with pytest.raises(ActionError) as error:
            bench.act(verb, **data)
        assert error.value.code == code, verb
    assert bench.state.snapshot() == before


# ------------------------------------------------------------------- the policy


def test_unacknowledged_call_is_repeated_and_climbs() -> None:
    bench = staffed()
    call(bench, "15:00")
    bench.to("15:20")
    again = [(round(t.sent_at - at("15:00")), t.posts, t.flags) for t in bench.all_told("tag_call")[1:]]
    reminders = [(s, posts) for s, posts, flags in again if "reminder" in flags]
    climbs = [(s, posts) for s, posts, flags in again if "escalated" in flags]
    assert climbs == [(60, ("supervisor",)), (180, ("fire119",))]
    assert [s for s, _ in reminders] == [30, 90, 210, 450, 750, 1050]
    assert not any(t.to_guardians for t in bench.all_told("tag_call")[1:])
    assert the_incident(bench).level == "fire119"
    assert [e for e in bench.effects if isinstance(e, HandOver)] == [
        HandOver(the_incident(bench).id, "pol"), HandOver(the_incident(bench).id, "fire"),
    ]  # fmt: skip


def test_it_is_said_again_every_hour_for_as_long_as_nobody_takes_it_up() -> None:
    bench = staffed()
    call(bench, "15:00")
    bench.to("20:30")
    late = [t for t in bench.all_told("tag_call") if t.sent_at > at("15:18")]
    assert [round((t.sent_at - at("15:00")) / 60, 1) for t in late] == [77.5, 137.5, 197.5, 257.5, 317.5]
    assert all(t.posts == ("desk", "supervisor") for t in late)


def test_a_danger_climbs_to_the_supervisor_and_not_to_119() -> None:
    bench = staffed()
    for second in range(0, 200, 10):
        bench.stay("ir", "a", at("15:00") + second, seconds=9)
    bench.to("15:20")
    told = bench.all_told("danger_entry")
    assert ("supervisor",) in [t.posts for t in told] and ("fire119",) not in [t.posts for t in told]


def test_the_desks_acknowledgement_stops_the_clock_and_a_guardians_does_not() -> None:
    bench = staffed()
    call(bench, "15:00")
    id_ = the_incident(bench).id
    bench.to("15:00:10")
    bench.act("guardian_seen", by="guardian/g-c1", incident=id_)
    bench.to("15:00:31")
    assert [t.flags for t in bench.all_told("tag_call")[1:]] == [("reminder",)]
    bench.act("acknowledge", incident=id_)
    bench.to("15:10")
    assert len(bench.all_told("tag_call")) == 2
    assert the_incident(bench).level == "desk"


def test_an_incident_that_was_taken_up_and_left_lying_is_brought_back() -> None:
    bench = staffed()
    call(bench, "15:00")
    bench.act("acknowledge", incident=the_incident(bench).id)
    bench.to("15:16")
    (again,) = bench.all_told("tag_call")[1:]
    assert again.posts == ("desk", "supervisor") and again.sent_at == at("15:15")
    assert [e.action for e in the_incident(bench).history] == ["open", "acknowledge", "stalled"]


def test_a_zone_can_have_times_of_its_own() -> None:
    items = world("c1")
    items[0]["policy"] = {"escalation": {"remind_s": 5, "supervisor_after_s": 20, "fire119_after_s": 40}}
    bench = Bench("c1", items=[*items, post("sup", "supervisor")])
    call(bench, "15:00")
    bench.to("15:00:30")
    assert [round(t.sent_at - at("15:00")) for t in bench.all_told("tag_call")] == [0, 5, 15, 20]


def test_where_a_post_is_not_staffed_the_desk_hears_of_the_escalation() -> None:
    bench = Bench("c1")
    call(bench, "15:00")
    bench.to("15:01")
    (told,) = [t for t in bench.all_told("tag_call") if "escalated" in t.flags]
    assert told.posts == ("desk",)


def test_medical_call_reaches_119_at_once() -> None:
    bench = staffed()
    call(bench, "15:00", medical=True)
    (told,) = bench.told("tag_call")
    assert told.posts == ("desk", "fire119") and "medical" in told.flags
    assert the_incident(bench).agencies == {"pol": "handed", "fire": "handed"}


def test_the_desk_decides_for_119() -> None:
    bench = staffed()
    call(bench, "15:00")
    bench.act("call_119", incident=the_incident(bench).id, note="다침")
    assert bench.all_told("tag_call")[-1].posts == ("fire119",)
    assert the_incident(bench).agencies["fire"] == "handed"


# ------------------------------------------------------------------- not arrived


def absent(**policy: Any) -> Bench:
    items = world("c1")
    items[0]["policy"] = policy or {"not_arrived": {"school_after_s": 600, "desk_after_s": 1800}}
    return Bench("c1", items=[*items, post("sch", "school"), post("sup", "supervisor")])


def test_not_arrived_climbs_from_guardian_over_school_to_the_desk() -> None:
    bench = absent()
    bench.to("10:00")
    told = [(t.sent_at - at("09:10"), t.to_guardians, t.posts) for t in bench.all_told("not_arrived")]
    assert told[:3] == [(0, True, ()), (600, False, ("school",)), (1800, False, ("desk",))]
    assert told[3:5] == [(1830, False, ("desk",)), (1860, False, ("supervisor",))]


def test_not_arrived_is_no_incident_without_a_policy_for_it() -> None:
    bench = Bench("c1")
    bench.to("10:00")
    assert len(bench.all_told("not_arrived")) == 1 and not bench.incidents()


def test_guardian_who_has_seen_it_stops_it_from_climbing() -> None:
    bench = absent()
    bench.to("09:15")
    bench.act("guardian_seen", by="guardian/g-c1", incident=the_incident(bench).id)
    bench.to("09:20")
    assert [t.posts for t in bench.all_told("not_arrived")] == [()]


def test_arrival_ends_the_search_for_the_child() -> None:
    bench = absent()
    bench.to("09:12")
    bench.walk("gs", "09:13", inward=True)
    bench.to("10:00")
    assert [t.posts for t in bench.all_told("not_arrived")] == [()]
    assert (the_incident(bench).state, the_incident(bench).history[-1].by) == ("resolved", "hub")


@pytest.mark.parametrize(("since", "state"), [("academy", "resolved"), ("street", "open")])
def test_a_morning_told_late_ends_the_search_only_for_a_child_known_to_be_somewhere(
    since: str, state: str
) -> None:
    bench = absent()
    if since == "academy":
        bench.walk("ga", "09:12", inward=True)
    else:
        bench.stay("pole", "a", "09:12")
    bench.to("09:14")
    bench.walk("gs", "09:00", inward=True, arrives=at("09:15"))
    bench.to("09:16")
    assert bench.child().arrived_on
    assert "school_arrival" not in bench.services()
    assert the_incident(bench).state == state


# ------------------------------------------------------------------- many at once


def test_second_call_of_the_same_child_is_its_own_incident_and_linked() -> None:
    bench = staffed()
    call(bench, "15:00", press=1)
    call(bench, "15:00:02", press=2)
    one, two = bench.incidents()
    assert two.linked == [one.id] and len(bench.told("tag_call")) == 2
    bench.act("resolve", incident=one.id)
    assert bench.state.incidents[two.id].is_open


def test_a_call_after_the_first_was_closed_is_a_new_incident() -> None:
    bench = staffed()
    call(bench, "15:00")
    bench.act("false_alarm", incident=the_incident(bench).id)
    call(bench, "15:05", press=2)
    assert [i.state for i in bench.incidents()] == ["false_alarm", "open"]


def test_thirty_incidents_at_once_each_have_their_own_clock() -> None:
    children = tuple(f"c{i}" for i in range(30))
    bench = staffed(children=children)
    for i, child in enumerate(children):
        call(bench, f"15:00:{i:02d}", press=1, child=child)
    assert len(bench.incidents()) == 30
    for incident in bench.incidents()[::2]:
        bench.act("acknowledge", incident=incident.id)
    bench.to("15:01:40")
    climbed = {t.child for t in bench.all_told("tag_call") if "escalated" in t.flags}
    assert climbed == set(children[1::2])


def test_marks_and_links() -> None:
    bench = staffed()
    call(bench, "15:00", press=1)
    bench.to("16:00")
    call(bench, "16:00", press=2)
    one, two = bench.incidents()
    assert not two.linked  # an hour apart
    bench.act("link", incident=two.id, to=one.id)
    bench.act("mark", incident=two.id, mark="repeat")
    bench.act("mark", incident=two.id, mark="prank")
    assert (one.linked, two.linked, two.marks) == ([two.id], [one.id], ["repeat", "prank"])


def test_shift_handover_gives_every_open_incident_to_who_comes() -> None:
    bench = staffed(children=("c1", "c2", "c3"))
    for i, child in enumerate(("c1", "c2", "c3")):
        call(bench, f"15:00:0{i}", child=child)
    one, two, three = bench.incidents()
    bench.act("acknowledge", incident=one.id)
    bench.act("acknowledge", by="operator/op2", incident=two.id)
    bench.act("resolve", incident=three.id)
    bench.act("shift.hand_over", to="op2")
    assert (one.owner, two.owner, three.owner) == ("operator/op2", "operator/op2", "operator/op1")
    assert [e.action for e in one.history] == ["open", "acknowledge", "hand_over"]
    with pytest.raises(ActionError, match="not_found"):
        bench.act("shift.hand_over", to="nobody")


# ------------------------------------------------------------------- units and agencies


def test_a_unit_is_at_one_incident_at_a_time_and_free_when_it_is_closed() -> None:
    bench = staffed(children=("c1", "c2"))
    call(bench, "15:00", child="c1")
    call(bench, "15:00:05", child="c2")
    one, two = bench.incidents()
    bench.act("dispatch", incident=one.id, unit="u1")
    with pytest.raises(ActionError, match="conflict"):
        bench.act("dispatch", incident=two.id, unit="u1")
    assert not bench.state.units["u1"].available
    bench.act("resolve", incident=one.id)
    assert bench.state.units["u1"].available
    bench.act("dispatch", incident=two.id, unit="u1")
    assert two.units == ["u1"]


def test_an_agency_moves_an_incident_forward_and_closes_only_its_own_part() -> None:
    bench = staffed()
    call(bench, "15:00", medical=True)
    id_ = the_incident(bench).id
    bench.act("agency", by="agency/fire", incident=id_, status="accepted")
    assert the_incident(bench).state == "open"  # 119 has it; 112 has not said so yet
    bench.act("agency", by="agency/pol", incident=id_, status="accepted", ref="2026-1")
    assert the_incident(bench).state == "acknowledged"
    bench.act("agency", by="agency/fire", incident=id_, status="arrived")
    bench.act("agency", by="agency/fire", incident=id_, status="dispatched")  # late: noted, moves nothing
    assert (the_incident(bench).state, the_incident(bench).agencies["fire"]) == ("on_scene", "arrived")
    bench.act("agency", by="agency/fire", incident=id_, status="closed")
    assert the_incident(bench).is_open
    bench.act("resolve", incident=id_)
    bench.act("agency", by="agency/pol", incident=id_, status="arrived")
    assert the_incident(bench).state == "resolved"


def test_a_drill_is_not_handed_to_a_real_agency() -> None:
    bench = staffed(agency("real", "police", nature="real"))
    call(bench, "15:00")
    assert set(the_incident(bench).agencies) == {"pol"}


# ------------------------------------------------------------------- guardians


def test_a_guardian_can_be_kept_from_all_news_of_the_child() -> None:
    bench = staffed()
    call(bench, "15:00")
    id_ = the_incident(bench).id
    bench.act("withhold", incident=id_, guardian="g-c1", note="가해 의심")
    assert public(bench.view, bench.state, the_incident(bench))["withheld"] == ["g-c1"]
    assert bench.state.zone.withheld == [("c1", "g-c1", id_)]
    bench.act("resolve", incident=id_)
    assert bench.state.zone.withheld  # closing is no pardon
    bench.act("allow", incident=id_, guardian="g-c1")
    assert not bench.state.zone.withheld


def test_missing_child_is_reported_with_the_last_evidence() -> None:
    bench = staffed()
    bench.stay("pole", "a", "14:00")
    bench.to("14:20")
    bench.act("missing.report", by="guardian/g-c1", child="c1", text="아직 안 왔어요", exercise=DRILL)
    incident = the_incident(bench)
    assert (incident.service, incident.child, incident.exercise) == ("missing_report", "c1", DRILL)
    assert incident.accuracy_m is not None and incident.accuracy_m > 100  # 20 minutes of walking
    (told,) = bench.told("missing_report")
    assert told.to_desk and told.reporter == "g-c1" and told.evidence


# ------------------------------------------------------------------- cameras


def test_cameras_are_released_when_the_incident_is_closed() -> None:
    bench = staffed()
    call(bench, "15:00")
    turned = [e for e in bench.effects if isinstance(e, TurnCamera)]
    bench.act("acknowledge", incident=the_incident(bench).id)
    bench.act("resolve", incident=the_incident(bench).id)
    released = [e for e in bench.effects if isinstance(e, ReleaseCamera)]
    assert [r.camera for r in released] == [t.camera for t in turned] != []


def test_cameras_are_held_while_the_incident_is_being_worked() -> None:
    bench = staffed()
    call(bench, "15:00")
    bench.act("acknowledge", incident=the_incident(bench).id)
    bench.to("15:12")
    times = [round(e.sent_at - at("15:00")) for e in bench.effects if isinstance(e, TurnCamera)]
    assert times == [0, 240, 480, 720]


def test_a_camera_of_two_incidents_goes_to_the_one_still_worked() -> None:
    bench = staffed(children=("c1", "c2"))
    call(bench, "15:00", child="c1")
    call(bench, "15:00:05", child="c2")
    one, two = bench.incidents()
    for incident in (one, two):
        bench.act("acknowledge", incident=incident.id)
    bench.act("resolve", incident=one.id)
    assert not [e for e in bench.effects if isinstance(e, ReleaseCamera)]
    bench.act("resolve", incident=two.id)
    assert [e.camera for e in bench.effects if isinstance(e, ReleaseCamera)] == ["cam"]


# ------------------------------------------------------------------- consent


def test_without_consent_to_112_a_danger_is_the_guardians_alone() -> None:
    bench = staffed(consent("c1", provide_112=False))
    for second in range(0, 200, 10):
        bench.stay("ir", "a", at("15:00") + second, seconds=9)
    incident = the_incident(bench)
    assert (incident.level, incident.due, incident.agencies, incident.cameras) == ("private", None, {}, [])


def test_a_drills_incidents_end_with_it() -> None:
    bench = staffed()
    call(bench, "15:00")
    drill = {"kind": "drill", "id": DRILL, "zone": ZONE, "opens_at": iso(DAY), "closes_at": iso(at("15:00")),
             "clock": {"id": "clock-1", "key": key("clock-1")}}  # fmt: skip
    from safezone_hub.items import read_item
    from safezone_hub.registering import registered

    effects: list[Any] = []
    bench.registry.put(drill, read_item(drill))
    assert registered(bench.view, bench.state, bench.settings, read_item(drill), effects)
    assert the_incident(bench).state == "resolved"
    assert [e.action for e in effects if isinstance(e, IncidentChanged)] == ["resolved"]

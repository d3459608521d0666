"""The hub as a safety system: nothing lost over restarts and faults, nobody told who must not be, nothing kept too long."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from safezone_hub import pipeline, requests
from safezone_hub.chain import verify
from safezone_hub.incidents.actions import ActionError
from safezone_hub.keeping import save_snapshot
from safezone_hub.replay import rebuild

from tests.hub.engine_bench import Bench
from tests.hub.hub_world import CLOCK, DRILL, ZONE, Sender, at, child, consent, iso, key, lat_lon, world


@pytest.fixture
def benches(tmp_path: Path) -> Iterator[Any]:
    made: list[Bench] = []

    def make(*children: str, **more: Any) -> Bench:
        made.append(Bench(tmp_path / f"hub{len(made)}", *children, **more))
        return made[-1]

    yield make
    for bench in made:
        bench.close()


def guardian(id_: str, *children: str, **more: Any) -> dict[str, Any]:
    return {"kind": "guardian", "id": id_, "zone": ZONE, "name": f"보호자 {id_}", "children": list(children),
            "nature": "real", "key": key(id_), **more}  # fmt: skip


def contact(channel: str, address: str) -> dict[str, Any]:
    return {"channel": channel, "address": address, **({"secret": "s" * 43} if channel == "webhook" else {})}


# ------------------------------------------------------------------- restarts


def test_a_deadline_that_came_while_the_hub_was_down_fires_at_its_return(benches: Any) -> None:
    bench = benches()
    bench.put(
        {
            "kind": "desk",
            "id": "sup",
            "zone": ZONE,
            "name": "s",
            "nature": "real",
            "key": key("sup"),
            "post": "supervisor",
        }
    )
    bench.to("15:00")
    bench.call()
    bench.close()
    bench.clock.set(at("15:05"))
    bench.open()
    bench.to("15:05:01")
    (alert,) = bench.down("alert", "desk/sup")
    assert alert["data"]["post"] == "supervisor" and "escalated" in alert["data"]["flags"]


def test_acknowledgement_and_notes_are_there_after_a_restart(benches: Any) -> None:
    bench = benches()
    bench.to("15:00")
    bench.call()
    (id_,) = bench.state.incidents
    bench.act("acknowledge", incident=id_)
    bench.act("note", incident=id_, note="현장 확인 중")
    before = bench.state.snapshot()
    bench.close()
    bench.open()
    assert bench.state.snapshot() == before
    assert [e.note for e in bench.state.incidents[id_].history][-1] == "현장 확인 중"


def test_actions_are_replayed_like_messages(benches: Any) -> None:
    bench = benches("c1", "c2")
    bench.to("15:00")
    bench.call(child="c1")
    bench.to("15:00:40")
    bench.call(child="c2")
    one, two = bench.state.incidents
    bench.act("withhold", incident=one, guardian="g-c1")
    bench.act("dispatch", incident=two)
    bench.send("desk", "d112", "incident.action", {"incident": one, "action": "acknowledge", "note": "확인"})
    bench.to("15:20")
    bench.act("missing.report", by="guardian/g-c2", child="c2", text="안 보여요")
    bench.to("15:21")
    store = bench.engine.zones.store
    assert rebuild(store, bench.settings)[ZONE].snapshot() == bench.state.snapshot()
    # And from a snapshot, with what came after it.
    bench.engine.between(lambda zones: save_snapshot(zones, zones.desks[ZONE])).result(10)
    bench.to("15:40")
    bench.act("resolve", incident=one)
    assert rebuild(store, bench.settings)[ZONE].snapshot() == bench.state.snapshot()


# ------------------------------------------------------------------- actions over MQTT


def test_a_desk_works_over_mqtt_and_is_told_when_it_may_not(benches: Any) -> None:
    bench = benches()
    bench.put(
        {
            "kind": "desk",
            "id": "sch",
            "zone": ZONE,
            "name": "s",
            "nature": "real",
            "key": key("sch"),
            "post": "school",
        }
    )
    bench.to("15:00")
    bench.call()
    (id_,) = bench.state.incidents
    taken = bench.send("desk", "d112", "incident.action", {"incident": id_, "action": "acknowledge"})
    assert bench.receipt(taken)["status"] == "accepted"
    refused = bench.send("desk", "sch", "incident.action", {"incident": id_, "action": "resolve"})
    assert (
        bench.receipt(refused)["status"] == "rejected"
        and bench.receipt(refused)["reason"] == "action_refused"
    )
    assert bench.state.incidents[id_].state == "acknowledged"


# ------------------------------------------------------------------- drills


def open_drill(bench: Bench, now: str = "06:00") -> Sender:
    bench.put(*[i for i in world("c1") if i["kind"] == "drill"])
    clock = Sender("clock", CLOCK)
    bench.engine.submit([clock.message("clock.tick", {"now": iso(at(now)), "tick": 1}, at(now))])
    bench.settle()
    return clock


def test_a_real_call_breaks_through_a_drill_at_its_own_time(benches: Any) -> None:
    bench = benches()
    bench.to("15:00")
    open_drill(bench)
    bench.call(press=1, drill=DRILL)
    bench.call(press=2)
    drill, real = bench.down("alert")
    assert drill["exercise"] == DRILL and drill["time"].startswith(iso(at("06:00"))[:16])
    assert "exercise" not in real and real["data"]["event_at"] == iso(at("15:00"))
    assert real["data"]["linked"] == []
    # The drill's clock stands still, the real one's escalation does not.
    bench.to("15:00:31")
    reminders = [a for a in bench.down("alert") if "reminder" in a["data"].get("flags", ())]
    assert [r.get("exercise") for r in reminders] == [None]


def test_a_real_alert_is_repeated_while_a_drills_clock_stands_still(benches: Any) -> None:
    bench = benches()
    bench.to("15:00")
    open_drill(bench)
    bench.call()
    before = len(bench.link.sent)
    bench.to("15:00:06")
    again = [json.loads(p)["type"] for _, p in bench.link.sent[before:]]
    assert "alert" in again


def test_after_a_restart_a_real_alert_does_not_wait_for_a_drills_clock_that_is_ahead(benches: Any) -> None:
    bench = benches()
    bench.to("10:00")
    bench.call()
    open_drill(bench, "23:00")  # the drill plays the evening
    bench.close()
    bench.open()
    bench.to("10:00:10")
    before = len(bench.link.sent)
    bench.to("10:00:25")
    assert "alert" in [json.loads(p)["type"] for _, p in bench.link.sent[before:]]


def test_a_drill_whose_clock_vanished_gives_the_zone_back(benches: Any) -> None:
    bench = benches()
    bench.to("15:00")
    open_drill(bench)
    bench.to("15:09")
    assert bench.state.zone.clock_drill == DRILL
    bench.to("15:10:01")
    assert bench.state.zone.clock_drill is None
    bench.to("15:11")
    assert rebuild(bench.engine.zones.store, bench.settings)[ZONE].snapshot() == bench.state.snapshot()


# ------------------------------------------------------------------- the hub's own faults


def test_a_message_the_hub_fails_on_is_set_aside_and_the_others_are_taken(
    benches: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = benches("c1", "c2")
    bench.to("15:00")
    interpret = pipeline.interpret

    def fragile(*args: Any, **more: Any) -> Any:
        if b"t-c2" in msg_bytes(args):
            raise ZeroDivisionError
        return interpret(*args, **more)

    def msg_bytes(args: tuple[Any, ...]) -> bytes:
        return repr(args[5]).encode()

    monkeypatch.setattr(pipeline, "interpret", fragile)
    poison = Sender("dev", "pole", None)
    data = {"tag": "t-c2", "press": 1, "pressed_at": iso(at("15:00"))}
    good = {"tag": "t-c1", "press": 1, "pressed_at": iso(at("15:00"))}
    first, second = (
        poison.message("tag.called", data, at("15:00")),
        poison.message("tag.called", good, at("15:00")),
    )
    bench.engine.submit([first, second])
    bench.settle()
    assert bench.engine.is_running()
    assert bench.counts()["quarantined"] == 1 and bench.counts()["rejected.hub_fault"] == 1
    assert bench.receipt(json.loads(second[1])["id"])["status"] == "accepted"
    assert not any(
        r["id"] == json.loads(first[1])["id"] for e in bench.down("receipt") for r in e["data"]["receipts"]
    )


# ------------------------------------------------------------------- consent


def test_without_consent_nothing_is_kept_and_a_call_still_goes_through(benches: Any) -> None:
    bench = benches(items=[i for i in world("c1", drill=False) if i["kind"] != "consent"])
    bench.to("15:00")
    assert bench.receipt(bench.fix(300, 0))["status"] == "accepted"
    assert bench.counts()["no_consent"] == 1
    assert bench.engine.zones.store.path(ZONE, "c1", 0, 1e12) == []
    kinds = [row[4] for row in bench.engine.zones.store.log()]
    assert kinds[-1] == "dropped"
    bench.call()
    assert len(bench.down("alert")) == 1 and len(bench.down("notice")) == 1
    assert [f["basis"] for f in bench.facts() if f["fact"] == "provision"] == ["rescue"]


@pytest.mark.parametrize("status", ["suspended", "withdrawn"])
def test_withdrawal_and_suspension_take_effect_at_once(benches: Any, status: str) -> None:
    bench = benches(start="07:00")
    bench.to("08:00")
    for i in range(4):
        bench.to(at("08:00") + 30 * i)
        bench.fix(400 + 40 * i, 0)
    assert bench.engine.zones.store.path(ZONE, "c1", 0, 1e12)
    bench.put(consent("c1", status=status))
    assert bench.state.children["c1"].fixes == []
    bench.fix(600, 0)
    kept = bench.engine.zones.store.path(ZONE, "c1", 0, 1e12)
    assert (kept == []) == (status == "withdrawn")
    assert bench.state.children["c1"].fixes == []
    bench.put(consent("c1"))
    bench.fix(620, 0)
    assert len(bench.state.children["c1"].fixes) == 1


def test_everyday_notices_and_dangers_go_only_where_consent_allows(benches: Any) -> None:
    items = world("c1", "c2", drill=False)
    items = [i for i in items if i["kind"] != "consent"]
    items += [consent("c1", notify_guardians=False), consent("c2", provide_112=False)]
    bench = benches(items=items, start="07:00")
    for c in ("c1", "c2"):
        bench.to("08:50")
        for antenna, second in (("out", 0), ("in", 6)):
            bench.to(at("08:50") + second)
            t = iso(at("08:50") + second)
            sighting = {"tag": f"t-{c}", "antenna": antenna, "stay": f"{c}{second}", "phase": "end", "first_at": t, "last_at": t,
                        "reads": 3, "rssi_peak_dbm": -60}  # fmt: skip
            bench.send("dev", "gs", "tag.sighted", sighting)
    bench.to("08:51")
    assert {n["data"]["child"] for n in bench.down("notice")} == {"c2"}
    bench.to("15:00")
    for c in ("c1", "c2"):
        for second in (0, 30):
            bench.to(at("15:00") + second)
            stay = {"tag": f"t-{c}", "antenna": "a", "stay": f"d{c}", "phase": "start" if not second else "end",
                    "first_at": iso(at("15:00")), "last_at": iso(at("15:00") + second), "reads": 3, "rssi_peak_dbm": -60}  # fmt: skip
            bench.send("dev", "ir", "tag.sighted", stay)
    danger = [a for a in bench.down("alert") if a["data"]["service"] == "danger_entry"]
    assert {a["data"]["child"] for a in danger} == {"c1"}
    assert {n["data"]["child"] for n in bench.down("notice") if n["data"]["service"] == "danger_entry"} == {
        "c1",
        "c2",
    }


# ------------------------------------------------------------------- who may learn what


def test_a_withheld_and_a_barred_guardian_learn_nothing(benches: Any) -> None:
    items = [i for i in world("c1", drill=False) if i["kind"] not in ("guardian", "child")]
    (body, *_rest) = child("c1", barred=["g3"])
    items += [body, guardian("g1", "c1"), guardian("g2", "c1"), guardian("g3", "c1")]
    items = [i | {"guardian": "g1"} if i["kind"] == "consent" else i for i in items]
    bench = benches(items=items)
    bench.to("15:00")
    bench.call(press=1)
    (id_,) = bench.state.incidents
    bench.act("withhold", incident=id_, guardian="g2")
    bench.to("15:01")
    bench.call(press=2)
    told = [
        topic.split("/")[4] for topic, payload in bench.link.sent if json.loads(payload)["type"] == "notice"
    ]
    assert (told.count("g1") >= 2, "g3" in told) == (True, False)
    assert len(bench.down("notice", "guardian/g2")) == 1


def test_a_reporter_is_not_told_of_the_own_report(benches: Any) -> None:
    bench = benches()
    bench.put(guardian("g2", "c1"))
    bench.to("15:00")
    bench.act("missing.report", by="guardian/g2", child="c1", text="안 왔어요")
    assert [n["data"]["service"] for n in bench.down("notice", "guardian/g-c1")] == ["missing_report"]
    assert bench.down("notice", "guardian/g2") == [] and len(bench.down("alert")) == 1


# ------------------------------------------------------------------- channels


def test_sms_follows_a_push_that_nobody_acknowledged_for_ten_seconds(benches: Any) -> None:
    bench = benches()
    bench.put(guardian("g2", "c1", contacts=[contact("sms", "010-0000-0001")]))
    bench.put(guardian("g3", "c1", contacts=[contact("sms", "010-0000-0002")]))
    bench.to("15:00")
    bench.call()
    (push,) = bench.down("notice", "guardian/g2")
    bench.send("guardian", "g2", "ack", {"notice": push["id"], "received_at": iso(at("15:00"))})
    bench.to("15:00:09")
    assert bench.jobs == []
    bench.to("15:00:10")
    assert [(j.channel, j.address, j.to, j.urgent) for j in bench.jobs] == [
        ("sms", "010-0000-0002", "guardian/g3", True)
    ]
    assert "긴급호출" in bench.jobs[0].text


def test_a_waiting_sms_survives_a_restart(benches: Any) -> None:
    bench = benches()
    bench.put(
        guardian("g2", "c1", contacts=[contact("sms", "010-0000-0001"), contact("email", "g2@example.org")])
    )
    bench.to("15:00")
    bench.call()
    assert [j.channel for j in bench.jobs] == ["email"]
    bench.close()
    bench.open()
    bench.to("15:00:11")
    assert sorted(j.channel for j in bench.jobs) == ["email", "sms"]  # the mail was not reported delivered


def test_everyday_notices_wait_for_the_end_of_quiet_hours_and_emergencies_do_not(benches: Any) -> None:
    bench = benches(start="07:00")
    quiet = {"from": "22:00", "until": "07:30"}
    bench.put(guardian("g2", "c1", contacts=[contact("email", "g2@example.org")], quiet=quiet))
    bench.to("07:10")
    for antenna, second in (("in", 0), ("out", 6)):
        bench.to(at("07:10") + second)
        t = iso(at("07:10") + second)
        bench.send("dev", "gh", "tag.sighted", {"tag": "t-c1", "antenna": antenna, "stay": f"h{second}", "phase": "end",
                   "first_at": t, "last_at": t, "reads": 3, "rssi_peak_dbm": -60})  # fmt: skip
    bench.to("07:12")
    assert [n["data"]["service"] for n in bench.down("notice", "guardian/g-c1")] == ["home_exit"]
    assert bench.down("notice", "guardian/g2") == [] and bench.jobs == []
    bench.call()
    assert [n["data"]["service"] for n in bench.down("notice", "guardian/g2")] == ["tag_call"]
    bench.close()
    bench.open()  # the wait survives
    bench.to("07:20")
    assert [n["data"]["service"] for n in bench.down("notice", "guardian/g2")] == ["tag_call"]
    bench.to("07:30:01")
    assert {n["data"]["service"] for n in bench.down("notice", "guardian/g2")} == {"tag_call", "home_exit"}


def test_a_drill_leaves_by_no_other_channel_unless_it_says_so(benches: Any) -> None:
    bench = benches()
    bench.put(guardian("g2", "c1", nature="simulated", contacts=[contact("email", "g2@example.org")]))
    bench.to("15:00")
    open_drill(bench)
    bench.call(drill=DRILL)
    assert len(bench.down("notice", "guardian/g2")) == 1 and bench.jobs == []


# ------------------------------------------------------------------- agencies


def test_an_agency_gets_the_incident_and_every_change_of_it_once_a_batch(benches: Any) -> None:
    bench = benches()
    hook = {"url": "http://127.0.0.1:9/hook", "secret": "s" * 43}
    bench.put({"kind": "agency", "id": "fire", "zone": ZONE, "name": "119", "service": "fire", "nature": "real",
               "format": "cap", "webhook": hook})  # fmt: skip
    bench.to("15:00")
    bench.call()
    assert bench.jobs == []
    (id_,) = bench.state.incidents
    bench.to("15:00:10")
    bench.act("call_119", incident=id_, note="다침")
    bench.to("15:00:20")
    bench.act("false_alarm", incident=id_)
    bodies = [j.body.decode() for j in bench.jobs]
    assert ["<msgType>Alert<" in bodies[0], "<msgType>Cancel<" in bodies[-1]] == [True, True]
    assert "<references>" in bodies[-1] and f"{id_}.2" in bodies[-1].split("<references>")[1]
    assert any(f["to"] == ["agency/fire"] for f in bench.facts())


# ------------------------------------------------------------------- complaints


def test_a_wrong_notice_opens_a_case_that_the_school_answers_once(benches: Any) -> None:
    bench = benches()
    bench.to("15:00")
    bench.call()
    (notice,) = bench.down("notice")
    case = bench.request(requests.notice_wrong, ZONE, notice["id"], "guardian/g-c1", "아이는 옆에 있어요")
    for wrong in ("guardian/other",):
        with pytest.raises(ActionError, match="not_found"):
            bench.request(requests.notice_wrong, ZONE, notice["id"], wrong, "x")
    with pytest.raises(ActionError, match="conflict"):
        bench.request(requests.notice_wrong, ZONE, notice["id"], "guardian/g-c1", "또")
    answered = bench.request(requests.answer_case, ZONE, case["id"], "staff/s1", "확인했습니다", True)
    assert answered["state"] == "upheld" and bench.counts()["complaint_upheld.tag_call"] == 1
    with pytest.raises(ActionError, match="conflict"):
        bench.request(requests.answer_case, ZONE, case["id"], "staff/s1", "다시", False)


# ------------------------------------------------------------------- erasure


def test_erased_child_is_found_nowhere_and_log_chain_and_replay_stay_whole(
    benches: Any, tmp_path: Path
) -> None:
    bench = benches("c1", "c2", start="07:00")
    bench.put(guardian("g-both", "c1", "c2", contacts=[contact("email", "both@example.org")]))
    bench.to("08:00")
    for i in range(5):
        bench.to(at("08:00") + 40 * i)
        bench.fix(300 + 50 * i, 0, "c1")
        bench.fix(300 + 50 * i, 5, "c2")
    bench.call(1, "c1")
    bench.call(1, "c2")
    bench.act("note", incident=next(iter(bench.state.incidents)), note="c1 확인")
    bench.request(requests.erase, "c1", "guardian/g-c1")
    bench.call(2, "c2")
    store = bench.engine.zones.store
    assert rebuild(store, bench.settings)[ZONE].snapshot() == bench.state.snapshot()
    assert verify(store, ZONE).ok
    assert "c1" not in bench.state.children and "c2" in bench.state.children
    registry = b"".join(body for *_, body in store.registry())
    assert b'"c1"' not in registry and b"g-both" in registry
    names = (b'"c1"', b"t-c1", b"p-c1", b"g-c1", b"/c1")  # not bare: two letters also occur in random ids
    for *_, topic, body in store.log():
        assert not any(name in topic.encode() + b" " + body for name in names)
    bench.close()
    spot = lat_lon(300, 0)
    needles = [b"p-c1", b"t-c1", b"g-c1", "아이 c1".encode(), str(spot["lat"])[:9].encode(), b"c1@"]
    for file in bench.folder.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not any(needle in content for needle in needles), file
    bench.open()
    assert bench.state.incidents and all(i.child != "c1" for i in bench.state.incidents.values())


def test_every_provision_is_recorded_and_told(benches: Any) -> None:
    bench = benches()
    bench.to("15:00")
    bench.fix(500, 0)
    bench.request(requests.say_provided, ZONE, "c1", "agency/city", "position")
    (told,) = [n for n in bench.down("notice") if n["data"]["service"] == "location_provided"]
    assert "agency/city" in told["data"]["text"]["ko"]
    assert [(f["fact"], f["to"]) for f in bench.facts() if f["what"] == "position"] == [
        ("collection", []),
        ("provision", ["agency/city"]),
    ]


# ------------------------------------------------------------------- statistics


def test_days_are_counted_without_saying_of_whom_and_survive_erasure(benches: Any) -> None:
    from datetime import date

    bench = benches("c1", "c2")
    bench.to("15:00")
    bench.call(child="c1")
    (id_,) = bench.state.incidents
    bench.to("15:00:20")
    bench.act("acknowledge", incident=id_)
    bench.act("false_alarm", incident=id_)
    (notice,) = bench.down("notice")
    bench.request(requests.notice_wrong, ZONE, notice["id"], "guardian/g-c1", "아닙니다")
    bench.request(
        requests.record_fact,
        ZONE,
        {"fact": "access", "child": "c2", "by": "guardian/g-c2", "what": "position"},
    )
    bench.request(requests.erase, "c1", "guardian/g-c1")
    bench.close()
    bench.open()
    day = date(2026, 3, 4)
    records, days = bench.engine.ask(
        lambda zones, _: requests.statistics_input(zones, ZONE, day, day)
    ).result(10)
    (record,) = records
    assert (record["service"], record["closed_at"] - record["opened_at"]) == ("tag_call", 20.0)
    (counted,) = days
    assert counted["child_days"] == {"enrolled": 2, "covered": 2}
    assert counted["notices"] == {"tag_call": 2} and counted["complaints"] == {"opened": 1}
    assert counted["queries"] == {"guardian": 1}
    assert b"c1" not in repr((records, days)).encode()


def test_two_answers_in_one_batch_are_one_answer(benches: Any) -> None:
    bench = benches()
    bench.to("15:00")
    bench.call()
    (notice,) = bench.down("notice")
    case = bench.request(requests.notice_wrong, ZONE, notice["id"], "guardian/g-c1", "아닙니다")
    wall = bench.clock.now()

    def both(zones: Any, work: Any) -> None:
        requests.answer_case(zones, work, ZONE, case["id"], "staff/s1", "예", True, wall)
        requests.answer_case(zones, work, ZONE, case["id"], "staff/s2", "아니요", False, wall)

    with pytest.raises(ActionError, match="conflict"):
        bench.engine.ask(both).result(10)


def test_whoever_asks_and_goes_away_does_no_harm(benches: Any) -> None:
    bench = benches()
    gone = bench.engine.ask(lambda zones, work: 1)
    gone.cancel()
    bench.engine.between(lambda zones: 1).cancel()
    bench.settle()
    assert bench.engine.ask(lambda zones, work: 2).result(10) == 2 and bench.engine.is_running()

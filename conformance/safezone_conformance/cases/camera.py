"""8.7: cameras. What a camera says of itself is compared with where it really looks, as somebody sees it."""

from safezone_conformance.case import case
from safezone_conformance.cases._happening import answers, turn
from safezone_conformance.equipment_bench import EquipmentBench, Told, Up

TURN = ("사건 하나를 위해 다른 프리셋으로 돌린다", "it is turned to another preset for an incident")
UNKNOWN = "no-such-preset"


def _answer(t: EquipmentBench, told: Told, requirement: str = "") -> Up:
    """The camera.state that names a command."""
    until = told.t + t.at_once + t.allowed(3.0)
    if requirement:
        return t.expect_up(
            requirement,
            "camera.state",
            since=told.t,
            until=until,
            where=answers(told.id),
            what=f"a camera.state that names {told.id}",
        )
    return t.given_up(
        "camera.state",
        since=told.t,
        until=until,
        where=answers(told.id),
        what=f"a camera.state that names {told.id}",
    )


def _present(t: EquipmentBench) -> str:
    """The preset it looks at, by its own word: it answers a command for a preset it does not have with its state."""
    return str(_answer(t, turn(t, UNKNOWN, t.identity.id("ask"))).data["preset"])


def _others(t: EquipmentBench, present: str) -> list[str]:
    others = [p for p in t.device.presets if p != present]
    t.given(len(others) >= 2, "device.presets of the IXIT names three presets")
    return others


@case(
    "TC-CAMERA-CAM-01",
    ko="camera.turn의 프리셋으로 돌고 그 명령을 든 camera.state로 답한다",
    en="It turns to the preset of a camera.turn and answers by a camera.state that names it",
    verifies=["CAMERA-CAM-001", "CAMERA-CAM-002", "CAMERA-CAM-007"],
    steps=[TURN, ("카메라가 보는 곳을 본다", "see where the camera looks")],
    slow_s=5,
)
def turns(t: EquipmentBench) -> None:
    goal = _others(t, _present(t))[0]
    told = turn(t, goal, t.identity.id("inc"))
    state = _answer(t, told, "CAMERA-CAM-002")
    t.check(
        "CAMERA-CAM-001", state.data["preset"] == goal, f"preset {goal}", state.data["preset"], seen=state
    )
    bearing, want = float(state.data["bearing_deg"]), t.device.presets[goal]
    off = abs((bearing - want + 180) % 360 - 180)
    t.check(
        "CAMERA-CAM-001",
        off <= 15 or state.data["preset"] != goal,
        f"bearing about {want:g}°",
        f"{bearing:g}°",
        seen=state,
    )
    looks = t.observe("preset").get("preset")
    t.check("CAMERA-CAM-001", looks == goal, f"it really looks at {goal}", looks, sent=told.entry)
    t.hold("CAMERA-CAM-007")


@case(
    "TC-CAMERA-CAM-02",
    ko="mac이 틀린 camera.turn에는 돌지도 답하지도 않는다",
    en="Upon a camera.turn whose mac is wrong it neither turns nor answers",
    verifies=["CAMERA-CAM-001", "DEV-MAC-008"],
    rows={m: {"mac": m} for m in ("wrong", "other-key", "other-topic")},
    steps=[
        ("mac이 틀린 camera.turn을 보낸다", "a camera.turn with a wrong mac is sent"),
        (
            "없는 프리셋의 camera.turn으로 지금의 상태를 묻는다",
            "its state is asked by a camera.turn to a preset it does not have",
        ),
    ],
    slow_s=5,
)
def forged_turn(t: EquipmentBench, mac: str) -> None:
    before = _present(t)
    goal = _others(t, before)[0]
    told = t.tell("camera.turn", {"preset": goal, "incident": t.identity.id("inc")}, mac=mac)
    t.wait(1.0)
    after = _present(t)
    t.check("CAMERA-CAM-001", after == before, f"still at {before}", after, sent=told.entry)
    answered = t.ups("camera.state", answers(told.id), since=told.t)
    t.check("DEV-MAC-008", not answered, "no answer to it", f"{len(answered)} answers", sent=told.entry)


@case(
    "TC-CAMERA-CAM-03",
    ko="반복된 camera.turn에 다시 답하고 다시 움직이지 않는다",
    en="A repeated camera.turn is answered again and moves nothing again",
    verifies=["CAMERA-CAM-003", "CAMERA-CAM-002"],
    steps=[
        TURN, ("같은 사건을 위해 다시 다른 프리셋으로 돌린다", "for the same incident it is turned to yet another preset"),
        ("첫 camera.turn을 같은 바이트로 반복한다", "the first camera.turn is repeated byte for byte"),
    ],
    slow_s=8,
)  # fmt: skip
def repeated_turn(t: EquipmentBench) -> None:
    goal = _others(t, _present(t))[0]
    told = turn(t, goal, t.identity.id("inc"))
    _answer(t, told)
    t.observe("preset")
    again = t.again(told)
    state = _answer_again(t, told, again)
    t.check(
        "CAMERA-CAM-003",
        state is not None,
        "an answer to the repeat, too",
        "came" if state else "none",
        sent=again.entry,
    )
    t.check(
        "CAMERA-CAM-002",
        state is not None,
        "a camera.state that names the command again",
        "came" if state else "none",
        sent=again.entry,
    )
    moved = t.observe("moved").get("moved")
    t.check("CAMERA-CAM-003", moved is False, "it does not move again", moved, sent=again.entry)


def _answer_again(t: EquipmentBench, told: Told, again: Told) -> Up | None:
    return t.await_up(
        "camera.state", again.t + t.at_once + t.allowed(3.0), since=again.t, where=answers(told.id)
    )


@case(
    "TC-CAMERA-CAM-04",
    ko="다른 사건이 잡고 있으면 돌지 않고 busy true로 답한다",
    en="Held by another incident it does not turn and answers with busy true",
    verifies=["CAMERA-CAM-004"],
    steps=[
        TURN,
        ("다른 사건을 위해 셋째 프리셋으로 돌린다", "it is turned to a third preset for another incident"),
        ("첫 사건을 놓은 뒤 다시 돌린다", "after the release of the first it is turned again"),
    ],
    slow_s=8,
)
def busy(t: EquipmentBench) -> None:
    one, two = _others(t, _present(t))[:2]
    first = t.identity.id("first")
    _answer(t, turn(t, one, first))
    state = _answer(t, turn(t, two, t.identity.id("second")))
    t.check("CAMERA-CAM-004", state.data.get("busy") is True, "busy true", dict(state.data), seen=state)
    t.check(
        "CAMERA-CAM-004", state.data["preset"] == one, f"still at {one}", state.data["preset"], seen=state
    )
    _release(t, first)
    free = _answer(t, turn(t, two, t.identity.id("second")))
    t.check(
        "CAMERA-CAM-004",
        free.data.get("busy") is not True,
        "not busy once it is free",
        dict(free.data),
        seen=free,
    )


def _release(t: EquipmentBench, incident: str, requirement: str = "") -> Up:
    told = t.tell("camera.release", {"incident": incident})
    if incident in t.held:
        t.held.remove(incident)
    return _answer(t, told, requirement)


@case(
    "TC-CAMERA-CAM-05",
    ko="hold_s가 지나면 앞의 프리셋으로 돌아간다",
    en="After hold_s it returns to its former preset",
    verifies=["CAMERA-CAM-005"],
    steps=[
        ("hold_s 3초로 돌린다", "it is turned with a hold_s of 3 s"),
        ("6초 뒤 지금의 상태를 묻는다", "6 s later its state is asked"),
    ],
    slow_s=10,
)
def hold(t: EquipmentBench) -> None:
    before = _present(t)
    told = turn(t, _others(t, before)[0], t.identity.id("inc"), hold_s=3)
    _answer(t, told)
    t.await_all(told.t + 3.0 + t.allowed(3.0))
    after = _present(t)
    t.check("CAMERA-CAM-005", after == before, f"back at {before}", after, sent=told.entry)


@case(
    "TC-CAMERA-CAM-06",
    ko="없는 프리셋에는 돌지 않고 지금의 상태로 답한다",
    en="Upon a preset it does not have it does not turn and answers with its state",
    verifies=["CAMERA-CAM-006", "CAMERA-CAM-002"],
    steps=[
        TURN,
        ("없는 프리셋으로 돌린다", "it is turned to a preset it does not have"),
        ("카메라가 움직였는지 본다", "see whether it has moved"),
    ],
    slow_s=5,
)
def unknown_preset(t: EquipmentBench) -> None:
    goal = _others(t, _present(t))[0]
    incident = t.identity.id("inc")
    _answer(t, turn(t, goal, incident))
    t.observe("preset")
    state = _answer(t, turn(t, UNKNOWN, incident), "CAMERA-CAM-002")
    t.check(
        "CAMERA-CAM-006",
        state.data["preset"] == goal,
        f"its present state, {goal}",
        state.data["preset"],
        seen=state,
    )
    moved = t.observe("moved").get("moved")
    t.check("CAMERA-CAM-006", moved is False, "it does not move", moved, seen=state)


@case(
    "TC-CAMERA-CAM-07",
    ko="camera.release에 사건 전의 프리셋으로 돌아가고 답한다",
    en="Upon camera.release it goes back to the preset of before the incident, and answers",
    verifies=["CAMERA-CAM-014"],
    steps=[
        (
            "한 사건을 위해 두 프리셋으로 차례로 돌린다",
            "it is turned to two presets, one after the other, for one incident",
        ),
        ("camera.release를 보낸다", "camera.release is sent"),
    ],
    slow_s=6,
)
def release(t: EquipmentBench) -> None:
    before = _present(t)
    one, two = _others(t, before)[:2]
    incident = t.identity.id("inc")
    _answer(t, turn(t, one, incident))
    _answer(t, turn(t, two, incident))
    state = _release(t, incident, "CAMERA-CAM-014")
    t.check(
        "CAMERA-CAM-014",
        state.data["preset"] == before,
        f"back to {before}",
        state.data["preset"],
        seen=state,
    )
    looks = t.observe("preset").get("preset")
    t.check("CAMERA-CAM-014", looks == before, f"it really looks at {before}", looks, seen=state)


@case(
    "TC-CAMERA-CAM-08",
    ko="잡고 있지 않은 사건의 camera.release에는 움직이지 않고 지금의 상태로 답한다",
    en="Upon the release of an incident that does not hold it it moves nothing and answers with its state",
    verifies=["CAMERA-CAM-015"],
    steps=[
        TURN,
        ("다른 사건의 camera.release를 보낸다", "camera.release of another incident is sent"),
        ("같은 사건을 위해 또 돌린다", "for the same incident it is turned once more"),
    ],
    slow_s=6,
)
def foreign_release(t: EquipmentBench) -> None:
    one, two = _others(t, _present(t))[:2]
    incident = t.identity.id("inc")
    _answer(t, turn(t, one, incident))
    state = _release(t, t.identity.id("other"), "CAMERA-CAM-015")
    t.check(
        "CAMERA-CAM-015", state.data["preset"] == one, f"still at {one}", state.data["preset"], seen=state
    )
    on = _answer(t, turn(t, two, incident))
    t.check(
        "CAMERA-CAM-015",
        on.data["preset"] == two and on.data.get("busy") is not True,
        "still held by its own incident",
        dict(on.data),
        seen=on,
    )


@case(
    "TC-CAMERA-CAM-09",
    ko="메시지에 소리나 영상이 없다",
    en="No message carries sound or pictures",
    verifies=["CAMERA-CAM-007"],
    steps=[
        TURN,
        (
            "다음 상태 보고까지 온 모든 메시지를 본다",
            "every message is looked at until the next device.status",
        ),
    ],
    slow_s=60,
)
def no_pictures(t: EquipmentBench) -> None:
    _answer(t, turn(t, _others(t, _present(t))[0], t.identity.id("inc")))
    t.await_up("device.status", t.line.stamp() + t.allowed(float(t.value("phases.heartbeat_s"))))
    t.hold("CAMERA-CAM-007")

"""8.7 and 5.3: cameras turned to a call and let go of again, as far as the hub does it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from safezone_conformance.case import case
from safezone_conformance.cases.hub._calls import (
    ALERT_S,
    act,
    incident,
    incident_of,
    operator,
    press_bell,
    press_tag,
)
from safezone_conformance.hub_bench import Down, HubBench
from safezone_conformance.town import Item, Maker, Town, lat_lon

FIRST_REPEAT_S = 5.0
SETTLED_S = 0.3  # what was on its way when the answer came
EARLY_S = 0.5  # a clock may be a little fast
SNAPSHOT, LIVE = "https://camera.example.org/cam/still", "rtsp://camera.example.org/cam/live"


def _town(
    extra: Callable[[Maker], Sequence[Item]], children: int = 0, parts: tuple[str, ...] = ("bell", "desk")
) -> Town:
    return Town(children=children, parts=parts, extra=extra)


def _turned(t: HubBench, camera: str, incident: str, since: float) -> Down:
    """The command to a camera, as a precondition."""
    found = t.await_one(
        lambda s: t.is_down(s, f"dev/{camera}", "camera.turn", lambda d: d.get("incident") == incident) and s.t >= since,
        since + ALERT_S,
    )  # fmt: skip
    t.given(found is not None, f"{camera} is turned for {incident}")
    assert isinstance(found, Down)
    return found


def _about(incident: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda data: data.get("incident") == incident


def _answer(t: HubBench, command: Down, bearing_deg: float = 0.0) -> float:
    """The camera's camera.state. Returns when the hub surely has it."""
    preset = str(command.data.get("preset", "w"))
    data = {"preset": preset, "bearing_deg": bearing_deg, "command": command.id}
    t.accepted(t.send(command.principal, "camera.state", data))
    return t.line.stamp()


@case(
    "TC-HUB-CAM-01",
    ko="긴급 사건에서 그 곳을 볼 수 있는 가장 가까운 카메라가 가장 잘 맞는 프리셋으로 돌아간다",
    en="In an emergency the nearest camera that can see the place is turned, to the preset that fits best",
    verifies=["HUB-CAM-008", "HUB-CAM-009", "HUB-CAM-012"],
    needs=["cameras"],
    town=_town(lambda m: [
        m.camera("away", (510, 15), {"n": 0}),
        m.camera("short", (510, 45), {"s": 180}, view_m=30),
        m.camera("off", (490, 0), {"e": 90}),
        m.camera("sees", (540, 0), {"sw": 240, "w": 268, "nw": 305}, fov_deg=90),
    ]),
    before=[("비상벨 둘레에 카메라 넷: away는 15 m이나 반대쪽만 보고, short는 45 m이나 30 m까지만 보며, off는 20 m이나 online false를 "
             "알렸고, sees는 30 m에서 프리셋 sw(240°), w(268°), nw(305°)와 화각 90°로 벨(270°)을 본다",
             "Four cameras round the bell: away at 15 m looks the other way only, short at 45 m sees 30 m, off at 20 m has said "
             "online false, sees at 30 m sees the bell (270°) with its presets sw (240°), w (268°), nw (305°) and a field of view of 90°")],
    steps=[("네 카메라가 device.status를 보낸다. off의 것은 online이 false다", "the four cameras send device.status, off with online false"),
           ("비상벨이 눌린다", "the bell is pressed"),
           ("camera.turn과 경보를 받는다", "camera.turn and the alert are received")],
    criteria=[("sees가 프리셋 w로 돌라는 camera.turn을 받는다", "sees gets a camera.turn to the preset w"),
              ("볼 수 없는 away와 short는 받지 않는다", "away and short, which cannot see it, get none"),
              ("경보의 cameras에 sees가 있다 (권고)", "cameras of the alert names sees (SHOULD)")],
)  # fmt: skip
def nearest_that_sees(t: HubBench) -> None:
    t.accepted(*(t.status(c) for c in ("away", "short", "sees")), t.status("off", online=False))
    sent = t.bell_pressed("bell", 1)
    turn = t.expect_down(
        "HUB-CAM-008", "dev/sees", "camera.turn", since=sent, within=3 * t.limit("bell_call")
    )
    preset = turn.data.get("preset")
    t.check("HUB-CAM-009", preset == "w", "the preset w, whose bearing is closest", preset, seen=turn)
    alert = t.expect_down("HUB-CAM-012", "desk/d112", "alert", since=sent, within=ALERT_S)
    t.check("HUB-CAM-008", turn.data.get("incident") == alert.data.get("incident"), "the incident of the alert",
            turn.data.get("incident"), seen=turn)  # fmt: skip
    listed = alert.data.get("cameras", [])
    t.check(
        "HUB-CAM-012", t.id("sees") in listed, "the camera turned in cameras of the alert", listed, seen=alert
    )
    for camera, why in (("away", "looks elsewhere"), ("short", "does not see so far")):
        t.expect_none("HUB-CAM-008", to=f"dev/{camera}", type_="camera.turn", after=sent, limit=t.limit("bell_call"),
                      expected=f"no camera.turn to {camera}, which {why}")  # fmt: skip


@case(
    "TC-HUB-CAM-02",
    ko="고장이거나 다른 사건을 보는 카메라는 나중에, 꺼진 카메라는 아예 쓰지 않는다",
    en="Cameras in fault or at another incident come later, one that is offline not at all",
    verifies=["HUB-CAM-018"],
    needs=["cameras"],
    town=_town(lambda m: [
        m.device("bell2", "bell", placement=lat_lon(560, 0)),
        m.camera("off", (520, 0), {"w": 270}),
        m.camera("faulty", (525, 0), {"w": 270}),
        m.camera("busy", (535, 0), {"w": 270, "e": 90}),
        m.camera("free", (510, 50), {"s": 180}),
    ]),
    before=[("비상벨 둘레에 가까운 것부터 off, faulty, busy, free. 모두 벨을 볼 수 있다",
             "Round the bell, from the nearest: off, faulty, busy, free; all of them can see it")],
    steps=[("off는 online false, faulty는 self_test failed, 다른 둘은 정상을 알린다",
            "off says online false, faulty says self_test failed, the other two say they are well"),
           ("bell2가 눌려 busy가 돌아가고 답한다. 상황실이 그 사건을 확인한다",
            "bell2 is pressed, busy is turned and answers; the desk acknowledges that incident"),
           ("bell이 눌린다", "bell is pressed")],
    criteria=[("free가 돌아간다", "free is turned"), ("사건의 cameras에서 free가 faulty와 busy보다 앞이다",
              "in cameras of the incident free comes before faulty and busy"), ("off는 camera.turn을 받지 않는다", "off gets no camera.turn")],
)  # fmt: skip
def free_and_in_order_first(t: HubBench) -> None:
    t.accepted(
        t.status("off", online=False),
        t.status("faulty", self_test="failed"),
        t.status("busy"),
        t.status("free"),
    )
    other = incident_of(press_bell(t, "bell2"))
    _answer(t, _turned(t, "busy", other, 0.0), 90.0)
    act(t, other, "acknowledge")
    alert = press_bell(t, "bell")
    here = incident_of(alert)
    turns = {s.principal for s in t.downs(None, "camera.turn", lambda d: d.get("incident") == here)}
    if "dev/free" not in turns:
        found = t.await_one(lambda s: t.is_down(s, "dev/free", "camera.turn", lambda d: d.get("incident") == here),
                            alert.t + t.allowed(5.0))  # fmt: skip
        t.check("HUB-CAM-018", found is not None, "free is turned", "it is not", seen=alert)
    shown = [t.name(c["id"]) for c in incident(t, here).get("cameras", [])]
    late = [
        c
        for c in ("faulty", "busy")
        if c in shown and "free" in shown and shown.index(c) < shown.index("free")
    ]
    t.check("HUB-CAM-018", not late, "free before faulty and busy", shown, seen=alert)
    t.expect_none("HUB-CAM-018", to="dev/off", type_="camera.turn", after=0.0, limit=t.limit("bell_call"),
                  expected="no camera.turn to a camera that is offline")  # fmt: skip


CROSSED_S = 1.0  # a repeat may have been on its way already
TWO = _town(lambda m: [
    m.device("bell2", "bell", placement=lat_lon(510, 600)),
    m.camera("cam", (540, 0), {"w": 270}),
    m.camera("cam2", (540, 600), {"w": 270}),
])  # fmt: skip
FAR_APART: tuple[tuple[str, str], ...] = (
    ("600 m 떨어진 두 비상벨 bell과 bell2. 각각을 보는 카메라 cam과 cam2", "Two bells 600 m apart, bell and bell2; cam sees the one, cam2 the other"),
)  # fmt: skip


def _hold_repeats(t: HubBench, requirement: str, silent: Down, answered: Down, answered_at: float) -> None:
    """One command was not answered and is repeated in time, byte for byte; the other was answered and is not."""
    start = silent.t
    again = t.await_one(
        lambda s: isinstance(s, Down) and s.id == silent.id and s.t > start, start + t.allowed(FIRST_REPEAT_S) + 2.0
    )  # fmt: skip
    t.require(requirement, again is not None, f"{silent.type} again after {FIRST_REPEAT_S:.0f} s", "not repeated",
              within=t.allowed(FIRST_REPEAT_S), sent=None, seen=silent)  # fmt: skip
    assert isinstance(again, Down)
    t.check(requirement, again.payload == silent.payload, "the same bytes", "other bytes", seen=again)
    gap = again.t - start
    t.check(
        requirement,
        gap >= FIRST_REPEAT_S - EARLY_S,
        f"after {FIRST_REPEAT_S:.0f} s",
        f"after {gap:.2f} s",
        seen=again,
    )
    t.await_all(max(again.t, answered.t + t.allowed(FIRST_REPEAT_S), answered_at) + 0.5)
    more = [
        s
        for s in t.downs(answered.principal, repeats=True)
        if s.id == answered.id and s.t > answered_at + SETTLED_S
    ]
    t.check(requirement, not more, f"no repeat of the {answered.type} that was answered", f"{len(more)} repeats",
            seen=more[0] if more else None)  # fmt: skip


@case(
    "TC-HUB-CAM-03",
    ko="camera.turn은 camera.state가 올 때까지 알림과 같은 간격으로 되풀이된다",
    en="camera.turn is repeated, at the intervals of a notice, until a camera.state answers it",
    verifies=["HUB-CAM-010"],
    needs=["cameras"],
    town=TWO,
    before=FAR_APART,
    steps=[("두 비상벨이 눌려 두 카메라가 camera.turn을 받는다", "both bells are pressed and both cameras get camera.turn"),
           ("cam2는 곧 camera.state로 답하고 cam은 답하지 않는다", "cam2 answers by camera.state at once, cam does not")],
    criteria=[("cam은 5초 뒤에 같은 바이트를 다시 받고 cam2는 다시 받지 않는다", "cam gets the same bytes again after 5 s, cam2 does not"),
              ("답하지 않은 camera.turn은 그 뒤에 cam에 더 오지 않는다", "after it the camera.turn that cam did not answer comes to it no more")],
    slow_s=7,
)  # fmt: skip
def turn_is_repeated(t: HubBench) -> None:
    silent = _turned(t, "cam", incident_of(press_bell(t, "bell")), 0.0)
    answered = _turned(t, "cam2", incident_of(press_bell(t, "bell2")), 0.0)
    _hold_repeats(t, "HUB-CAM-010", silent, answered, _answer(t, answered, 270.0))


@case(
    "TC-HUB-CAM-04",
    ko="카메라가 없거나 답하지 않아도 경보는 늦지 않는다",
    en="An alert does not wait for a camera that is missing or does not answer",
    verifies=["HUB-CAM-011"],
    needs=["cameras"],
    town=_town(lambda m: [
        m.device("bell2", "bell", placement=lat_lon(510, 600)),
        m.camera("cam", (540, 0), {"w": 270}),
    ]),
    before=[("bell은 카메라 cam이 보고 bell2는 아무 카메라도 보지 않는다", "cam sees bell; no camera sees bell2")],
    steps=[("bell이 눌린다. cam은 camera.turn에 답하지 않는다", "bell is pressed; cam does not answer its camera.turn"),
           ("bell2가 눌린다", "bell2 is pressed")],
    criteria=[("두 경보가 모두 제한 시간 안에 온다", "both alerts come within the limit")],
)  # fmt: skip
def alert_does_not_wait(t: HubBench) -> None:
    for bell in ("bell", "bell2"):
        sent = t.bell_pressed(bell, 1)
        t.expect_alert("HUB-CAM-011", "bell_call", device=bell, since=sent)


@case(
    "TC-HUB-CAM-05",
    ko="사건이 끝나면 camera.release가 가고 camera.state가 올 때까지 되풀이된다",
    en="When an incident closes camera.release is sent, and repeated until a camera.state answers it",
    verifies=["HUB-CAM-013", "HUB-CAM-016", "HUB-CAM-019"],
    needs=["cameras", "incidents"],
    town=TWO,
    before=FAR_APART,
    steps=[("두 비상벨이 눌려 두 카메라가 돌아간다. cam2만 답한다", "both bells are pressed and both cameras turned; only cam2 answers"),
           ("상황실이 두 사건을 끝낸다(resolve)", "the desk closes both incidents (resolve)"),
           ("cam2는 camera.release에 곧 답하고 cam은 답하지 않는다", "cam2 answers camera.release at once, cam does not")],
    criteria=[("두 카메라가 그 사건의 camera.release를 받는다", "both cameras get the camera.release of their incident"),
              ("cam은 5초 뒤에 같은 바이트를 다시 받고 cam2는 다시 받지 않는다", "cam gets the same bytes again after 5 s, cam2 does not"),
              ("답하지 않은 camera.turn은 그 뒤에 cam에 더 오지 않는다", "after it the camera.turn that cam did not answer comes to it no more")],
    slow_s=7,
)  # fmt: skip
def released_when_closed(t: HubBench) -> None:
    released = []
    for bell, camera in (("bell", "cam"), ("bell2", "cam2")):
        here = incident_of(press_bell(t, bell))
        turn = _turned(t, camera, here, 0.0)
        if camera == "cam2":
            _answer(t, turn, 270.0)
        closed = act(t, here, "resolve")
        released.append(
            t.expect_down("HUB-CAM-013", f"dev/{camera}", "camera.release", since=closed, within=ALERT_S,
                          where=_about(here))
        )  # fmt: skip
    silent, answered = released
    _hold_repeats(t, "HUB-CAM-016", silent, answered, _answer(t, answered, 270.0))
    late = [d.id for d in t.downs("dev/cam", "camera.turn", repeats=True) if d.t > silent.t + CROSSED_S]
    t.check("HUB-CAM-019", not late, "no camera.turn after camera.release", late, sent=silent)


@case(
    "TC-HUB-CAM-06",
    ko="끝난 사건의 카메라가 다른 열린 사건에 필요하면 그쪽으로 돌아가거나 놓인다",
    en="A camera of a closed incident that another open incident needs is turned to it, or released",
    verifies=["HUB-CAM-013"],
    needs=["cameras", "incidents"],
    town=_town(lambda m: [
        m.device("bell2", "bell", placement=lat_lon(560, 0)),
        m.camera("cam", (535, 0), {"w": 270, "e": 90}),
    ]),
    before=[("두 비상벨 사이에 카메라 하나. 서쪽 프리셋은 bell을, 동쪽 프리셋은 bell2를 본다",
             "One camera between two bells; its preset west sees bell, its preset east sees bell2")],
    steps=[("bell이 눌려 cam이 돌아가고, 상황실이 확인한다", "bell is pressed, cam is turned, the desk acknowledges"),
           ("bell2가 눌려 cam이 돌아간다", "bell2 is pressed and cam is turned"),
           ("상황실이 bell2의 사건을 끝낸다", "the desk closes the incident of bell2")],
    criteria=[("cam은 앞 사건을 위한 camera.turn(서쪽)이나 끝난 사건의 camera.release를 받는다",
               "cam gets a camera.turn (west) for the earlier incident, or the camera.release of the closed one")],
)  # fmt: skip
def inherited_by_another(t: HubBench) -> None:
    first = incident_of(press_bell(t, "bell"))
    _answer(t, _turned(t, "cam", first, 0.0), 270.0)
    act(t, first, "acknowledge")
    second = incident_of(press_bell(t, "bell2"))
    _answer(t, _turned(t, "cam", second, 0.0), 90.0)
    closed = act(t, second, "resolve")

    def fits(down: Down) -> bool:
        if down.type == "camera.release":
            return down.data.get("incident") == second
        return (
            down.type == "camera.turn"
            and down.data.get("incident") == first
            and down.data.get("preset") == "w"
        )

    found = t.await_one(lambda s: isinstance(s, Down) and s.principal == "dev/cam" and s.t >= closed.t and fits(s),
                        closed.t + ALERT_S)  # fmt: skip
    t.check("HUB-CAM-013", found is not None, "camera.turn west for the first incident, or camera.release of the second",
            "neither", within=ALERT_S, sent=closed.question, seen=found)  # fmt: skip


@case(
    "TC-HUB-CAM-07",
    ko="상황실은 그 사건의 카메라만 보며, 본 것은 기록된다",
    en="The desk looks through the cameras of that incident only, and each look is recorded",
    verifies=["HUB-CAM-017", "HUB-CAM-020"],
    needs=["cameras", "incidents", "tokens", "privacy"],
    town=_town(lambda m: [
        m.camera("cam", (540, 0), {"w": 270}, snapshot_url=SNAPSHOT, live_url=LIVE),
        m.camera("cam2", (540, 600), {"w": 270}, snapshot_url=SNAPSHOT, live_url=LIVE),
        operator(m, "o1"),
    ], children=1, parts=("pole", "desk")),
    before=[("pole 곁을 보는 cam과 600 m 떨어진 cam2. 둘 다 snapshot_url과 live_url이 있다",
             "cam sees the pole, cam2 stands 600 m away; both have snapshot_url and live_url")],
    steps=[("t1의 긴급호출이 pole로 온다. 사건을 조회한다", "a call of t1 comes by pole; the incident is queried"),
           ("근무자 o1이 cam의 snapshot과 live, cam2의 snapshot을 부른다", "operator o1 asks for snapshot and live of cam, and for snapshot of cam2"),
           ("어린이의 접근 기록을 읽는다", "the child's access log is read")],
    criteria=[("사건의 cam에 두 호출의 경로가 있다", "the incident has the paths of both calls with cam"),
              ("cam은 307과 등록된 URL, cam2는 404", "cam: 307 to the registered URLs; cam2: 404"),
              ("접근 기록에 o1의 view가 있다", "the access log has a view by o1")],
)  # fmt: skip
def looks_are_recorded(t: HubBench) -> None:
    alert = press_tag(t)
    here = incident_of(alert)
    _turned(t, "cam", here, 0.0)
    who = t.login("operator/o1")
    shown = incident(t, here, who=who)["cameras"]
    paths = {v: f"/v1/incidents/{here}/cameras/{t.id('cam')}/{v}" for v in ("snapshot", "live")}
    found = [{v: c.get(v) for v in paths} for c in shown if c["id"] == t.id("cam")]
    t.check("HUB-CAM-020", found == [paths], f"{paths} with cam", shown)
    for view, url in (("snapshot", SNAPSHOT), ("live", LIVE)):
        answer = t.expect_http(
            "HUB-CAM-017", 307, "GET", f"/v1/incidents/{here}/cameras/{t.id('cam')}/{view}", who=who
        )
        led = answer.headers.get("location")
        t.check("HUB-CAM-017", led == url, f"Location {url}", led, seen=answer)
    t.expect_http("HUB-CAM-017", 404, "GET", f"/v1/incidents/{here}/cameras/{t.id('cam2')}/snapshot", who=who)
    log = t.http("GET", f"/v1/children/{t.id('c1')}/access-log")
    t.given(log.status == 200, f"the access log is read: {log.status}")
    looks = [i for i in log.json["items"] if i["fact"] == "view" and i["by"] == f"operator/{t.id('o1')}"]
    t.check("HUB-CAM-017", bool(looks), "a fact view by the operator", log.json["items"][-3:], seen=log)

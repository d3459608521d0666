"""9.10: the tag's emergency call."""

from safezone_conformance.case import case
from safezone_conformance.cases.hub._day import Condition
from safezone_conformance.hub_bench import Down, HubBench, Message
from safezone_conformance.town import Item, Maker, Town, lat_lon, metres
from safezone_conformance.wire import iso

TWO = Town(
    children=2,
    parts=("school", "pole", "desk"),
    extra=lambda m: [m.guardian("h1", ["c1"])],
)
ONE = Town(parts=("pole", "desk"))
SERVICE = "tag_call"
DAY_S = 86400.0
RELAY_RANGE_M = 60.0  # timing.reader_call_range_m


def cites(message: Message) -> Condition:
    """That this message is among the evidence."""
    return lambda data: message.ref in data.get("evidence", [])


def expect_alert_of(t: HubBench, requirement: str, call: Message, service: str = SERVICE) -> Down:
    """Fails unless this very message is alerted within the limit."""
    return t.expect_alert(requirement, service, since=call, where=cites(call))


def no_more(
    t: HubBench, requirement: str, expected: str, after: float, to: str | None = None, service: str = SERVICE
) -> None:
    """Fails if another alert or notice of the service came that no step claimed, reminders aside."""
    t.expect_none(requirement, to=to, after=after, limit=t.limit(service), expected=expected,
                  where=lambda d: d.get("service") == service and "reminder" not in d.get("flags", []))  # fmt: skip


@case(
    "TC-HUB-CALL-01",
    ko="태그 긴급호출은 상황실과 모든 보호자에게 제한 시간 안에 간다",
    en="A tag call goes to the desk and to every guardian within the limit",
    verifies=["HUB-CALL-009", "HUB-CALL-010", "HUB-CALL-011", "HUB-CALL-015"],
    town=TWO,
    steps=[("리더기 pole이 t1의 tag.called를 보낸다", "the reader pole sends tag.called of t1")],
)
def call_is_told(t: HubBench) -> None:
    call = t.tag_called("pole", "t1", 1)
    limit = t.limit("tag_call")
    alert = t.expect_alert("HUB-CALL-009", "tag_call", child="c1", since=call, within=3 * limit)
    notices = [
        t.expect_notice("HUB-CALL-010", g, "tag_call", child="c1", since=call, within=3 * limit)
        for g in ("g1", "h1")
    ]
    latest = max(m.t for m in (alert, *notices))
    t.check("HUB-CALL-011", latest - call.t <= limit, "alert and notices in time", f"after {latest - call.t:.2f} s",
            within=limit, sent=call)  # fmt: skip
    placed = alert.data.get("position")
    t.check("HUB-CALL-015", placed is not None, "the place of the reader as position", placed, seen=alert)
    if placed is not None:
        x, y = metres(placed["lat"], placed["lon"])
        t.check(
            "HUB-CALL-015",
            abs(x - 500) < 2 and abs(y) < 2,
            "the place of pole, (500, 0) m",
            f"({x:.0f}, {y:.0f}) m",
            seen=alert,
        )


@case(
    "TC-HUB-CALL-02",
    ko="한 번의 누름은 여러 리더기가 중계해도 한 번의 호출이다",
    en="One press is one call, however many readers relay it",
    verifies=["HUB-CALL-012"],
    town=TWO,
    steps=[("pole과 gs가 같은 누름을 중계한다", "pole and gs relay the same press")],
)
def relayed_twice(t: HubBench) -> None:
    at = t.now()
    first = t.tag_called("pole", "t1", 7, at)
    second = t.tag_called("gs", "t1", 7, at)
    t.accepted(first, second)
    alert = t.expect_alert("HUB-CALL-012", "tag_call", child="c1", since=first)
    t.expect_none("HUB-CALL-012", to="desk/d112", type_="alert", after=alert.t, where=t.about("tag_call", "c1"),
                  limit=t.limit("tag_call"), expected="no second alert of the same press")  # fmt: skip


@case(
    "TC-HUB-CALL-03",
    ko="다른 누름은 몇 초 뒤라도 새 호출로 알린다",
    en="Another press is a new call and is told, even seconds after the first",
    verifies=["HUB-CALL-013"],
    town=ONE,
    steps=[("pole이 t1의 누름 1을, 2 s 뒤에 누름 2를 중계한다", "pole relays press 1 of t1, and 2 s later press 2")],
    criteria=[("상황실과 보호자에게 두 번씩 알린다", "desk and guardian are told twice")],
)  # fmt: skip
def another_press(t: HubBench) -> None:
    now = t.now()
    for press, at in ((1, now - 2), (2, now)):
        call = t.tag_called("pole", "t1", press, at)
        expect_alert_of(t, "HUB-CALL-013", call)
        t.expect_notice(
            "HUB-CALL-013",
            "g1",
            SERVICE,
            child="c1",
            since=call,
            where=cites(call),
        )


def _uncounted(m: Maker) -> list[Item]:
    return [m.device("u1", "tag", press_counter=False), m.binding("c1", "u1")]


@case(
    "TC-HUB-CALL-04",
    ko="계수기 없이 등록된 태그의 누름은 30 s의 창으로 가른다",
    en="Presses of a tag registered without counter are told apart by a window of 30 s",
    verifies=["HUB-CALL-014"],
    town=Town(parts=("pole", "desk"), extra=_uncounted),
    before=[("c1의 태그 u1은 press_counter false로 등록되어 있다", "the tag u1 of c1 is registered with press_counter false")],
    steps=[("pole이 press 0인 누름을 100 s, 90 s, 75 s, 65 s 전의 것으로 중계한다", "pole relays presses, press 0, of 100 s, 90 s, 75 s and 65 s ago")],
    criteria=[("처음 것(100 s 전)과 넷째(65 s 전)만 알린다", "only the first (100 s ago) and the fourth (65 s ago) are told")],
)  # fmt: skip
def uncounted(t: HubBench) -> None:
    now = t.now()
    first = t.tag_called("pole", "u1", 0, now - 100)
    alert = expect_alert_of(t, "HUB-CALL-014", first)
    more = [t.tag_called("pole", "u1", 0, now - ago) for ago in (90.0, 75.0)]
    fourth = t.tag_called("pole", "u1", 0, now - 65)
    t.accepted(*more)
    expect_alert_of(t, "HUB-CALL-014", fourth)
    no_more(
        t, "HUB-CALL-014", "no alert of presses within 30 s of the one told last", alert.t, to="desk/d112"
    )


@case(
    "TC-HUB-CALL-05",
    ko="호출은 어린이가 어디에 있든, 학교에 있어도 알린다",
    en="A call is alerted wherever the child is, in school too",
    verifies=["HUB-CALL-016"],
    town=TWO,
    rows={"in school": {"reader": "is", "antenna": "a"}, "at the gate of its home": {"reader": "gh1", "antenna": "in"}},
    steps=[
        ("c1이 그 리더기에서 감지된다", "c1 is seen at that reader"),
        ("그 리더기가 t1의 tag.called를 보낸다", "that reader sends tag.called of t1"),
    ],
)  # fmt: skip
def anywhere(t: HubBench, reader: str, antenna: str) -> None:
    t.accepted(t.sighted(reader, antenna, "t1", t.now() - 20))
    call = t.tag_called(reader, "t1", 1)
    expect_alert_of(t, "HUB-CALL-016", call)


@case(
    "TC-HUB-CALL-06",
    ko="열린 사건이 있는 어린이의 또 다른 호출은 그 사건과 이어진다",
    en="A further call of a child with an open incident is linked to it",
    verifies=["HUB-CALL-017"],
    needs=["incidents"],
    town=ONE,
    steps=[("pole이 t1의 누름 1과 2를 중계한다", "pole relays presses 1 and 2 of t1")],
    criteria=[("둘째 경보의 linked나 둘째 사건의 linked가 첫 사건을 가리킨다", "linked of the second alert or incident names the first incident")],
)  # fmt: skip
def linked(t: HubBench) -> None:
    first, second = (
        expect_alert_of(t, "HUB-CALL-017", t.tag_called("pole", "t1", press)) for press in (1, 2)
    )
    named = set(second.data.get("linked", []))
    answer = t.http("GET", f"/v1/incidents/{second.data.get('incident')}")
    if answer.status == 200:
        named |= set(answer.json.get("linked", []))
    t.check(
        "HUB-CALL-017",
        first.data["incident"] in named,
        "the first incident among linked",
        sorted(named),
        seen=second,
    )


@case(
    "TC-HUB-CALL-07",
    ko="누구에게도 묶이지 않은 태그의 호출도 상황실에는 가고 보호자에게는 가지 않는다",
    en="A call of a tag bound to nobody still goes to the desk, and to no guardian",
    verifies=["HUB-CALL-018"],
    town=Town(parts=("pole", "desk"), extra=lambda m: [m.device("u1", "tag")]),
    steps=[("pole이 묶이지 않은 u1의, 이어서 t1의 tag.called를 보낸다", "pole sends tag.called of the unbound u1, and then of t1")],
    criteria=[("u1의 호출은 어린이 없이 상황실에만 간다", "the call of u1 goes to the desk only, without a child")],
)  # fmt: skip
def nobodys(t: HubBench) -> None:
    call = t.tag_called("pole", "u1", 1)
    alert = expect_alert_of(t, "HUB-CALL-018", call)
    t.check("HUB-CALL-018", "child" not in alert.data, "no child", alert.data.get("child"), seen=alert)
    control = t.tag_called("pole", "t1", 1)
    t.expect_notice("HUB-CALL-018", "g1", SERVICE, child="c1", since=control)
    notices = t.downs(type_="notice", where=lambda d: call.ref in d["evidence"])
    t.check("HUB-CALL-018", not notices, "no guardian is told", [n.principal for n in notices])


@case(
    "TC-HUB-CALL-08",
    ko="훈련의 누름은 같은 번호의 진짜 누름을 되풀이로 만들지 않고, 그 반대도 그렇다",
    en="A press in an exercise makes no real press of the same number a repeat, nor the other way round",
    verifies=["HUB-CALL-019"],
    needs=["drills"],
    town=Town(parts=("pole", "bell", "desk"), extra=lambda m: [m.drill("d1")]),
    before=[("시계 없는 훈련 d1이 열려 있다", "the drill d1, without a clock, is open")],
    rows={"tag": {"service": "tag_call"}, "bell": {"service": "bell_call"}},
    steps=[
        ("누름 5를 훈련으로, 이어서 진짜로 보낸다", "press 5 is sent in the exercise, then as real"),
        ("누름 6을 진짜로, 이어서 훈련으로 보낸다", "press 6 is sent as real, then in the exercise"),
    ],
    criteria=[("네 누름을 모두 알리고, 훈련의 것에만 exercise가 있다", "all four are told, those of the exercise, and only those, with exercise")],
)  # fmt: skip
def drill_and_real(t: HubBench, service: str) -> None:
    for press, exercises in ((5, ("d1", None)), (6, (None, "d1"))):
        for exercise in exercises:
            if service == "tag_call":
                call = t.tag_called("pole", "t1", press, exercise=exercise)
            else:
                call = t.bell_pressed("bell", press, exercise=exercise)
            alert = expect_alert_of(t, "HUB-CALL-019", call, service)
            wanted = None if exercise is None else t.id(exercise)
            t.check(
                "HUB-CALL-019",
                alert.envelope.get("exercise") == wanted,
                f"exercise {wanted}",
                alert.envelope.get("exercise"),
                seen=alert,
            )


@case(
    "TC-HUB-CALL-09",
    ko="같은 (tag, press)라도 86400 s보다 떨어져 있으면 새 호출이다",
    en="The same (tag, press) more than 86400 s apart is a new call",
    verifies=["HUB-CALL-020"],
    town=ONE,
    steps=[
        ("pole이 24시간 1분 전에 눌린 t1의 누름 3을 중계한다", "pole relays press 3 of t1, pressed 24 hours and 1 minute ago"),
        ("지금의 누름 3을 중계한다", "it relays a press 3 of now"),
    ],
    criteria=[("둘 다 알린다", "both are told")],
)  # fmt: skip
def a_day_later(t: HubBench) -> None:
    now = t.now()
    for at in (now - DAY_S - 60, now):
        expect_alert_of(t, "HUB-CALL-020", t.tag_called("pole", "t1", 3, at))


@case(
    "TC-HUB-CALL-10",
    ko="같은 (tag, press)는 86400 s 동안 한 번의 호출이다",
    en="The same (tag, press) is one call for 86400 s",
    verifies=["HUB-CALL-012"],
    town=ONE,
    steps=[
        ("pole이 23시간 전에 눌린 t1의 누름 3을, 이어서 지금의 누름 3을 중계한다", "pole relays press 3 of t1, pressed 23 hours ago, and then a press 3 of now"),
        ("지금의 누름 4를 중계한다", "it relays a press 4 of now"),
    ],
    criteria=[("누름 3과 4를 한 번씩 알린다", "presses 3 and 4 are told once each")],
)  # fmt: skip
def within_a_day(t: HubBench) -> None:
    now = t.now()
    alert = expect_alert_of(t, "HUB-CALL-012", t.tag_called("pole", "t1", 3, now - DAY_S + 3600))
    t.accepted(t.tag_called("pole", "t1", 3, now))
    expect_alert_of(t, "HUB-CALL-012", t.tag_called("pole", "t1", 4, now))
    no_more(t, "HUB-CALL-012", "one alert of one call", alert.t, to="desk/d112")


def _two_antennas(m: Maker) -> list[Item]:
    """The reader ``pole`` with its antenna a second time, 40 m away."""
    pole = m.reader("pole", "pole", (500, 0))
    far = {"id": "far", "side": "single", **lat_lon(540, 0), "range_m": 10}
    return [pole | {"antennas": [*pole["antennas"], far]}]


@case(
    "TC-HUB-CALL-11",
    ko="호출의 자리는 메시지가 든 안테나, 없으면 리더기의 자리이고 정확도가 정직하다",
    en="The place of a call is that of the antenna named, else of the reader, with an honest accuracy",
    verifies=["HUB-CALL-021", "HUB-BELL-022"],
    town=Town(parts=("pole", "bell", "desk"), extra=_two_antennas),
    before=[("pole은 (500, 0) m에 서고, 안테나 far는 (540, 0) m에 있다. 전화기의 측위는 없다",
             "pole stands at (500, 0) m, its antenna far at (540, 0) m; there is no fix of the phone")],
    steps=[
        ("pole이 antenna far를 들어, 이어서 antenna 없이 t1의 tag.called를 보낸다", "pole sends tag.called of t1 naming antenna far, and then naming none"),
        ("bell이 bell.pressed를 보낸다", "bell sends bell.pressed"),
    ],
    criteria=[
        ("position은 (540, 0), 이어서 (500, 0) m이고 accuracy_m은 30에서 60 m이다", "position is (540, 0) and then (500, 0) m, accuracy_m 30 to 60 m"),
        ("비상벨의 position은 (510, 0) m이고 accuracy_m은 10 m 이하이다", "position of the bell is (510, 0) m, accuracy_m not above 10 m"),
    ],
)  # fmt: skip
def where_a_call_comes_from(t: HubBench) -> None:
    named: list[tuple[dict[str, str], float]] = [({"antenna": "far"}, 540.0), ({}, 500.0)]
    for press, (antenna, x) in enumerate(named, 1):
        data = {"tag": t.id("t1"), "press": press, "pressed_at": iso(t.now())} | antenna
        alert = expect_alert_of(t, "HUB-CALL-021", t.send("dev/pole", "tag.called", data))
        _placed(t, "HUB-CALL-021", alert, x, RELAY_RANGE_M / 2, RELAY_RANGE_M)
    pressed = t.bell_pressed("bell", 1)
    _placed(t, "HUB-BELL-022", expect_alert_of(t, "HUB-BELL-022", pressed, "bell_call"), 510.0, 0.0, 10.0)


def _placed(t: HubBench, requirement: str, alert: Down, x: float, least_m: float, most_m: float) -> None:
    """That an alert's position is (x, 0) of the town, and how exact it says that is."""
    told = alert.data.get("position") or {"lat": 0.0, "lon": 0.0, "accuracy_m": 0.0}
    at = metres(told["lat"], told["lon"])
    t.check(requirement, abs(at[0] - x) < 2 and abs(at[1]) < 2, f"the place ({x:.0f}, 0) m", at, seen=alert)
    t.check(
        requirement,
        least_m <= told["accuracy_m"] <= most_m,
        f"accuracy_m from {least_m:.0f} to {most_m:.0f}",
        told["accuracy_m"],
        seen=alert,
    )

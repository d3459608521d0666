"""8.5, 8.6 and 13.2: phone apps."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

from safezone_conformance.case import case
from safezone_conformance.cases._happening import clock_ahead_s, dial, event_at, move, north, status
from safezone_conformance.equipment_bench import FIXES, STEP_S, STILL_S, Done, EquipmentBench, Up
from safezone_conformance.wire import unix

DIAL = ("단축번호 1을 누른다", "speed dial 1 is pressed")
FAR_AWAY = (35.1796, 129.0756)  # where no test is made
HONEST_Z = 3.0  # so many standard deviations a share of fixes may lie off 68 %
METRES_PER_DEGREE = 111195.0


def _metres(a: Sequence[float], b: Sequence[float]) -> float:
    east = (a[1] - b[1]) * METRES_PER_DEGREE * math.cos(math.radians(a[0]))
    return math.hypot((a[0] - b[0]) * METRES_PER_DEGREE, east)


def _truth(done: Done) -> list[tuple[float, float, float]]:
    """(seconds since 1970, lat, lon), in order of time."""
    rows = done.seen.get("truth")
    rows = [r for r in rows if isinstance(r, Mapping)] if isinstance(rows, list) else []
    return sorted((unix(str(r["at"])), float(r["lat"]), float(r["lon"])) for r in rows)


def _where(truth: Sequence[tuple[float, float, float]], at: float) -> tuple[float, float]:
    """Where the phone really was, straight between what is known."""
    for (t0, lat0, lon0), (t1, lat1, lon1) in pairwise(truth):
        if t0 <= at <= t1:
            share = (at - t0) / (t1 - t0) if t1 > t0 else 0.0
            return lat0 + share * (lat1 - lat0), lon0 + share * (lon1 - lon0)
    near = min(truth, key=lambda p: abs(p[0] - at))
    return near[1], near[2]


def _fixes(t: EquipmentBench, done: Done) -> list[Up]:
    return [u for u in t.ups("phone.located", since=done.asked_t) if u.t <= done.done_t + t.at_once]


@case(
    "TC-PHONE-PHONE-01",
    ko="위치마다 위도, 경도, 68 % 정확도, 방법을 보낸다",
    en="Each fix is reported with latitude, longitude, 68 % accuracy and method",
    verifies=["PHONE-PHONE-001"],
    steps=[("전화를 한 지점에 두어 위치를 잡게 한다", "the phone is at one point and makes a fix")],
    slow_s=5,
)
def fix(t: EquipmentBench) -> None:
    point = north(100.0)
    done = move(t, [point], min(float(t.value("phases.step_s")), 30.0))
    up = t.expect_up("PHONE-PHONE-001", "phone.located", since=done.asked_t, until=done.done_t + t.at_once)
    off = _metres((up.data["lat"], up.data["lon"]), point)
    accuracy = float(up.data["accuracy_m"])
    t.check(
        "PHONE-PHONE-001",
        off <= max(5 * accuracy, 50.0),
        "a position near the true one",
        f"{off:.0f} m off, accuracy {accuracy:g} m",
        seen=up,
    )
    t.check(
        "PHONE-PHONE-001",
        up.data["fix_source"] in ("gps", "wifi", "cell"),
        "a method",
        up.data["fix_source"],
        seen=up,
    )


@case(
    "TC-PHONE-PHONE-02",
    ko="accuracy_m은 정직하다: 참 위치의 68 %쯤이 그 안에 있다",
    en="accuracy_m is honest: about 68 % of true positions lie within it",
    verifies=["PHONE-PHONE-002"],
    steps=[("참 위치를 알 수 있는 길을 IXIT의 phases.fixes만큼 걷는다", "the phone is moved along points whose position is known, phases.fixes of the IXIT")],
    criteria=[("정확도 안에 든 몫이 68 %에서 표준편차의 3배 안에 있다", "the share within accuracy_m is within three standard deviations of 68 %")],
    slow_s=1200,
)  # fmt: skip
def honest(t: EquipmentBench) -> None:
    count, step = int(t.value("phases.fixes")), float(t.value("phases.step_s"))
    ahead = _clock(t)
    done = move(t, [north(3.0 * n) for n in range(count)], step)
    t.await_all(done.done_t + t.at_once)
    truth, fixes = _truth(done), _fixes(t, done)
    t.given(len(truth) >= 1, "the reply to move tells the true positions")
    t.given(len(fixes) >= 20, f"20 fixes or more; there were {len(fixes)}")
    within = sum(
        _metres((u.data["lat"], u.data["lon"]), _where(truth, event_at(u) - ahead)) <= u.data["accuracy_m"]
        for u in fixes
    )
    share, sigma = within / len(fixes), math.sqrt(0.68 * 0.32 / len(fixes))
    note = "" if count >= FIXES else f" ({len(fixes)} fixes only, by the IXIT)"
    t.check(
        "PHONE-PHONE-002",
        abs(share - 0.68) <= HONEST_Z * sigma,
        f"about 68 % within accuracy_m{note}",
        f"{share:.0%} of {len(fixes)}",
    )


def _clock(t: EquipmentBench) -> float:
    """The phone's clock minus true time."""
    return clock_ahead_s(t, status(t))


@case(
    "TC-PHONE-PHONE-03",
    ko="움직일 때는 30초마다, 가만히 있을 때는 300초마다 위치를 보낸다",
    en="A fix every 30 s when moving and every 300 s when still",
    verifies=["PHONE-PHONE-003"],
    steps=[
        ("전화를 세 걸음 움직인다", "the phone is moved for three steps"),
        (
            "전화를 IXIT의 phases.still_s 동안 가만히 둔다",
            "the phone lies still for phases.still_s of the IXIT",
        ),
    ],
    slow_s=720,
)
def rate(t: EquipmentBench) -> None:
    step = float(t.value("phases.step_s"))
    done = move(t, [north(30.0 * n) for n in range(4)], step)
    t.await_all(done.done_t + t.at_once)
    count, due = len(_fixes(t, done)), int((done.done_t - done.asked_t) // STEP_S)
    note = "" if step >= STEP_S else f" (steps of {step:g} s, by the IXIT)"
    t.check("PHONE-PHONE-003", count >= max(due, 1), f"{max(due, 1)} fixes or more while moving{note}", count)
    still = float(t.value("phases.still_s"))
    rest = t.do("still", takes_s=still, seconds=still)
    t.await_all(rest.done_t + t.at_once)
    count, due = len(_fixes(t, rest)), int(still // 300.0)
    note = "" if still >= STILL_S else f" (at rest for {still:g} s only, by the IXIT)"
    t.check("PHONE-PHONE-003", count >= due, f"{due} fixes or more at rest{note}", count)


@case(
    "TC-PHONE-PHONE-04",
    ko="가짜인 줄 아는 위치는 보내지 않는다",
    en="A fix it knows to be a mock position is not sent",
    verifies=["PHONE-PHONE-004"],
    steps=[
        ("가짜 위치 앱으로 먼 곳의 위치를 준다", "a mock-position app gives a place far away"), ("전화를 움직인다", "the phone is moved"),
        ("가짜 위치를 끄고 다시 움직인다", "the mock position is taken away, and the phone moved again"),
    ],
    slow_s=10,
)  # fmt: skip
def mock(t: EquipmentBench) -> None:
    step = min(float(t.value("phases.step_s")), 30.0)
    on = t.do("mock_position", on=True, lat=FAR_AWAY[0], lon=FAR_AWAY[1])
    t.wait(max(step, 1.0))
    t.do("mock_position", on=False, lat=0.0, lon=0.0)
    done = move(t, [north(40.0), north(60.0)], step)
    t.given_up("phone.located", since=done.asked_t, until=done.done_t + t.at_once, what="a real fix after it",
               where=lambda d: _metres((d["lat"], d["lon"]), FAR_AWAY) > 20000)  # fmt: skip
    false = [
        u
        for u in t.ups("phone.located", since=on.asked_t)
        if _metres((u.data["lat"], u.data["lon"]), FAR_AWAY) < 1000
    ]
    t.check(
        "PHONE-PHONE-004",
        not false,
        "no fix at the mock position",
        f"{len(false)} fixes there",
        seen=false[0] if false else None,
    )


# 8.6 Speed dial


def _called(t: EquipmentBench, requirement: str, done: Done) -> Up:
    return t.expect_up(
        requirement, "phone.called", since=done.asked_t, until=done.t + t.at_once, what="phone.called at once"
    )


@case(
    "TC-PHONE-CALL-01",
    ko="단축번호 1은 112에 음성 전화를 걸고 phone.called를 보내며, call은 걸 때마다 다르다",
    en="Speed dial 1 dials 112 by voice and sends phone.called; call differs for every call",
    verifies=["PHONE-PHONE-005", "PHONE-PHONE-008"],
    steps=[
        (
            "단축번호 1을 두 번 누른다. 전화는 시험용 교환기로 간다",
            "speed dial 1 is pressed twice; the call goes to a test exchange",
        )
    ],
    slow_s=5,
)
def speed_dial(t: EquipmentBench) -> None:
    names = []
    for _ in range(2):
        done = dial(t)
        t.check(
            "PHONE-PHONE-005",
            done.seen.get("dialled") is True,
            "a voice call to 112",
            done.seen.get("dialled"),
        )
        names.append(str(_called(t, "PHONE-PHONE-005", done).data["call"]))
        t.wait(1.0)
    t.check("PHONE-PHONE-008", names[0] != names[1], "another name for another call", names)


@case(
    "TC-PHONE-CALL-02",
    ko="음성 전화는 허브, 데이터 망, 앱의 상태에 달려 있지 않다",
    en="The voice call depends on no hub, no data connection and no state of the app",
    verifies=["PHONE-PHONE-006"],
    rows={"offline": {"app": "running"}, "killed": {"app": "killed"}},
    steps=[
        ("데이터 망을 끊는다", "the data connection is cut"),
        ("killed: 앱을 강제로 끈다", "killed: the app is ended by force"),
        DIAL,
    ],
    slow_s=5,
)
def voice(t: EquipmentBench, app: str) -> None:
    t.cut_network()
    t.wait(1.0)
    done = dial(t, app)
    t.check(
        "PHONE-PHONE-006", done.seen.get("dialled") is True, "a voice call to 112", done.seen.get("dialled")
    )


@case(
    "TC-PHONE-CALL-03",
    ko="위치가 없어도 phone.called를 늦추지 않는다",
    en="phone.called is not delayed for want of a position",
    verifies=["PHONE-PHONE-007"],
    steps=[("전화가 위치를 잡을 수 없게 한다", "the phone can find no position"), DIAL],
    slow_s=5,
)
def no_position(t: EquipmentBench) -> None:
    t.do("no_fix", on=True)
    t.wait(1.0)
    _called(t, "PHONE-PHONE-007", dial(t))


# 13.2 Consent


@case(
    "TC-PHONE-LAW-01",
    ko="동의 전, 철회 뒤, 일시 중지 동안에는 phone.located를 보내지 않는다",
    en="No phone.located before consent, nor after withdrawal or suspension",
    verifies=["PHONE-LAW-017"],
    rows={s: {"status_": s} for s in ("none", "withdrawn", "suspended")},
    steps=[
        ("동의를 그 상태로 바꾸고 2초 뒤 전화를 움직인다", "consent becomes that status; 2 s later the phone is moved"),
        ("동의하고 다시 움직인다", "consent is given, and the phone moved again"),
    ],
    criteria=[("동의가 없는 동안에는 오지 않고, 동의한 뒤에는 온다", "none comes without consent, and some with it")],
    slow_s=10,
)  # fmt: skip
def consent(t: EquipmentBench, status_: str) -> None:
    step = min(float(t.value("phases.step_s")), 30.0)
    done = t.do("consent", status=status_)
    t.wait(2.0)
    without = move(t, [north(10.0), north(30.0), north(50.0)], step)
    t.await_all(without.done_t + t.at_once)
    ahead = t.ups("phone.located", since=done.done_t + 1.0)
    t.do("consent", status="given")
    again = move(t, [north(70.0), north(90.0)], step)
    t.given_up(
        "phone.located",
        since=again.asked_t,
        until=again.done_t + t.at_once,
        what="phone.located with consent",
    )
    t.check(
        "PHONE-LAW-017",
        not ahead,
        f"no phone.located while consent is {status_}",
        f"{len(ahead)} came",
        seen=ahead[0] if ahead else None,
    )

"""8.4: emergency bells."""

from collections.abc import Sequence
from itertools import pairwise

from safezone_conformance.case import case
from safezone_conformance.cases._happening import event_at, press, status
from safezone_conformance.equipment_bench import Done, EquipmentBench, Up
from safezone_conformance.record import Entry

PRESS = ("단추를 한 번 누른다", "the button is pressed once")


def _pressed(t: EquipmentBench, done: Done, more_s: float = 0.0) -> Up:
    return t.given_up("bell.pressed", since=done.asked_t, until=done.done_t + t.at_once + more_s)


def _presses(t: EquipmentBench, since: float) -> list[int]:
    return [int(u.data["press"]) for u in t.ups("bell.pressed", since=since)]


def _hold_one(t: EquipmentBench, requirement: str, since: float, seen: Up) -> None:
    """One press, and no more; and the bell still takes the next one."""
    got = _presses(t, since)
    t.check(requirement, len(got) == 1, "one bell.pressed", f"{len(got)}: presses {got}", seen=seen)
    after = _pressed(t, press(t))
    t.check(
        requirement,
        after.data["press"] == seen.data["press"] + 1,
        f"the next press is {seen.data['press'] + 1}",
        after.data["press"],
        seen=after,
    )


@case(
    "TC-BELL-BELL-01",
    ko="누르면 곧바로 bell.pressed를 보낸다",
    en="bell.pressed is sent at once when pressed",
    verifies=["BELL-BELL-001"],
    steps=[PRESS],
    slow_s=2,
)
def at_once(t: EquipmentBench) -> None:
    done = press(t)
    up = t.expect_up("BELL-BELL-001", "bell.pressed", since=done.asked_t, until=done.t + t.at_once)
    skew = event_at(up) - t.unix(up.t)
    t.check(
        "BELL-BELL-001",
        up.sent_at - event_at(up) <= t.at_once,
        "sent when it was pressed",
        f"{up.sent_at - event_at(up):.2f} s after (clock {skew:+.1f} s)",
        seen=up,
    )


@case(
    "TC-BELL-BELL-02",
    ko="press는 누를 때마다 하나 오르고 정전에도 남는다",
    en="press rises by one at every press and survives a power cut",
    verifies=["BELL-BELL-002"],
    steps=[
        ("단추를 1.5초 간격으로 세 번 누른다", "the button is pressed three times, 1.5 s apart"),
        ("모든 전원을 3초 끊는다", "all power is cut for 3 s"),
        PRESS,
    ],
    slow_s=15,
)
def counts(t: EquipmentBench) -> None:
    began = t.line.stamp()
    done = press(t, times=3, every_s=1.5)
    t.await_all(done.done_t + t.at_once)
    got = _presses(t, began)
    t.check("BELL-BELL-002", len(got) == 3 and _by_one(got), "three presses, each one more", got)
    cut = t.do("power_cut", takes_s=3.0, off_s=3.0)
    t.given(
        t.await_up(
            "device.status", cut.done_t + t.allowed(float(t.value("device.start_s"))), since=cut.asked_t
        )
        is not None,
        "the bell is back",
    )
    after = _pressed(t, press(t))
    t.check(
        "BELL-BELL-002",
        bool(got) and after.data["press"] == got[-1] + 1,
        f"{got[-1] + 1 if got else '?'} after the power cut",
        after.data["press"],
        seen=after,
    )


def _by_one(numbers: Sequence[int]) -> bool:
    return all(b == a + 1 for a, b in pairwise(numbers))


@case(
    "TC-BELL-BELL-03",
    ko="튀는 접점은 한 번의 누름이다",
    en="Bounce of the button is one press",
    verifies=["BELL-BELL-003"],
    steps=[
        ("접점이 다섯 번 튀게 한 번 누른다", "the button is pressed once, its contact bouncing five times"),
        ("잠시 뒤 다시 누른다", "a moment later it is pressed again"),
    ],
    slow_s=6,
)
def bounce(t: EquipmentBench) -> None:
    done = press(t, bounces=5)
    up = _pressed(t, done)
    t.wait(2.0)
    _hold_one(t, "BELL-BELL-003", done.asked_t, up)


@case(
    "TC-BELL-BELL-04",
    ko="눌린 채로 있는 단추는 한 번의 누름이고 stuck_button으로 알린다",
    en="A button that stays pressed is one press, and reported by stuck_button",
    verifies=["BELL-BELL-004"],
    steps=[
        ("단추를 누른 채로 둔다", "the button is pressed and kept pressed"), ("IXIT의 device.stuck_s를 기다린다", "wait for device.stuck_s of the IXIT"),
        ("단추를 놓고 다시 누른다", "it is let go, and pressed again"),
    ],
    slow_s=40,
)  # fmt: skip
def stuck(t: EquipmentBench) -> None:
    done = t.do("hold_button", held=True)
    up = _pressed(t, done)
    until = done.done_t + t.allowed(float(t.value("device.stuck_s"))) + t.at_once
    t.expect_up("BELL-BELL-004", "device.status", since=done.asked_t, until=until, where=lambda d: d.get("stuck_button") is True,
                what="device.status with stuck_button true")  # fmt: skip
    t.wait(2.0)
    got = _presses(t, done.asked_t)
    t.do("hold_button", held=False)
    t.check("BELL-BELL-004", len(got) == 1, "one bell.pressed", f"{len(got)}: presses {got}", seen=up)
    t.wait(0.5)
    after = _pressed(t, press(t))
    t.check(
        "BELL-BELL-004",
        after.data["press"] == up.data["press"] + 1,
        "the next press is one more",
        after.data["press"],
        seen=after,
    )


@case(
    "TC-BELL-BELL-05",
    ko="누르고 1초 안에 현장 경보음이 울린다, 망이 없어도",
    en="The local siren sounds within 1 s of a press, also without network",
    verifies=["BELL-BELL-005"],
    rows={"online": {"online": True}, "offline": {"online": False}},
    before=[("offline: 장치의 망이 끊겨 있다", "offline: the device's network is cut")],
    steps=[PRESS, ("경보음을 들어 본다", "listen for the siren")],
    slow_s=5,
)
def siren(t: EquipmentBench, online: bool) -> None:
    if not online:
        t.cut_network()
        t.wait(1.0)
    press(t)
    after = t.observe("siren").get("siren_after_s")
    limit = t.timing("siren_s") * t.settings.time_scale
    t.check(
        "BELL-BELL-005",
        isinstance(after, int | float) and after <= limit,
        "the siren within 1 s",
        "none" if after is None else f"after {after} s",
        within=limit,
    )


def _look(t: EquipmentBench, lit: bool, expected: str, about: Entry) -> None:
    got = t.observe("lamp").get("lamp")
    t.check("BELL-BELL-006", got is lit, expected, "lit" if got else "dark", sent=about)


@case(
    "TC-BELL-BELL-06",
    ko="수신 램프는 받아들였다는 수신증 뒤에만 켜진다",
    en="The receipt lamp is lit only after a receipt that says stored",
    verifies=["BELL-BELL-006"],
    rows={s: {"given": s} for s in ("accepted", "duplicate")},
    steps=[
        PRESS, ("수신증을 주지 않고 램프를 본다", "without a receipt, look at the lamp"),
        ("mac이 틀린 수신증을 주고 램프를 본다", "after a receipt with a wrong mac, look at the lamp"),
        ("바른 수신증을 주고 램프를 본다", "after the right receipt, look at the lamp"),
    ],
    criteria=[("램프는 바른 수신증 뒤에만 켜져 있다", "the lamp is lit after the right receipt only")],
    slow_s=10,
)  # fmt: skip
def lamp(t: EquipmentBench, given: str) -> None:
    t.withhold(lambda up: up.type == "bell.pressed")
    up = _pressed(t, press(t))
    t.wait(1.0)
    _look(t, False, "the lamp dark without a receipt", up.msg.entry)
    forged = t.receipt(up.msg, given, mac="other-key")
    t.wait(1.0)
    _look(t, False, "the lamp dark after a forged receipt", forged.entry)
    told = t.receipt(up.msg, given)
    t.wait(1.0)
    _look(t, True, f"the lamp lit after a receipt of status {given}", told.entry)


@case(
    "TC-BELL-BELL-07",
    ko="거절의 수신증에는 수신 램프가 켜지지 않는다",
    en="A receipt that rejects does not light the lamp",
    verifies=["BELL-BELL-006"],
    steps=[
        PRESS,
        ("거절의 수신증을 주고 램프를 본다", "after a receipt of status rejected, look at the lamp"),
    ],
    slow_s=5,
)
def lamp_rejected(t: EquipmentBench) -> None:
    t.withhold(lambda up: up.type == "bell.pressed")
    up = _pressed(t, press(t))
    told = t.receipt(up.msg, "rejected", reason="bad_data")
    t.wait(1.0)
    _look(t, False, "the lamp dark", told.entry)


@case(
    "TC-BELL-BELL-08",
    ko="다시 시작하는 동안의 누름을 잃지 않는다",
    en="A press during a reboot is not lost",
    verifies=["BELL-BELL-007"],
    steps=[
        (
            "장치를 다시 시작시키고, 시작되는 동안 단추를 2초 누른다",
            "the device is restarted, and its button pressed for 2 s while it starts",
        ),
        ("bell.pressed를 기다린다", "wait for bell.pressed"),
    ],
    slow_s=15,
)
def press_in_reboot(t: EquipmentBench) -> None:
    start = float(t.value("device.start_s"))
    done = t.do("reboot", takes_s=start, press_after_s=0.2, hold_s=2.0)
    t.expect_up("BELL-BELL-007", "bell.pressed", since=done.asked_t, until=done.done_t + t.allowed(start) + t.at_once,
                what="the bell.pressed of the press during the reboot")  # fmt: skip


@case(
    "TC-BELL-BELL-09",
    ko="하루 한 번 이상 자가 시험을 하고 결과를 self_test로 알리며, 자가 시험은 bell.pressed를 내지 않는다",
    en="It tests itself at least once a day and reports the outcome; a self-test makes no bell.pressed",
    verifies=["BELL-BELL-008", "BELL-BELL-009"],
    steps=[
        ("자가 시험을 일으킨다", "its self-test is brought about"), ("상태 보고를 기다린다", "wait for a device.status"),
        PRESS,
    ],
    criteria=[("self_test가 결과를 말하고, IXIT의 device.self_test_every_s가 하루를 넘지 않으며, bell.pressed는 누른 것 하나뿐이다", "self_test tells the outcome, device.self_test_every_s of the IXIT is a day at most, and the only bell.pressed is that of the press")],
    slow_s=30,
)  # fmt: skip
def self_test(t: EquipmentBench) -> None:
    every = float(t.value("device.self_test_every_s"))
    t.check(
        "BELL-BELL-008",
        every <= 86400.0,
        "a self-test at least once a day, as declared",
        f"every {every:g} s",
    )
    done = t.do("self_test", takes_s=60.0)
    outcome = done.seen.get("outcome")
    beat = status(t, since=done.asked_t)
    while beat.data.get("self_test") not in ("passed", "failed") and beat.t < done.done_t:
        beat = status(t)  # sent before the test was over
    told = beat.data.get("self_test")
    t.check(
        "BELL-BELL-008",
        told in ("passed", "failed") if outcome is None else told == outcome,
        f"self_test {outcome or 'passed or failed'}",
        told,
        seen=beat,
    )
    t.wait(1.0)
    during = _presses(t, done.asked_t)
    after = _pressed(t, press(t))
    t.check("BELL-BELL-009", not during, "no bell.pressed of the self-test", during or "none", seen=after)


@case(
    "TC-BELL-BELL-10",
    ko="함이 열리면 곧바로 tamper true를 알린다",
    en="tamper true is told at once when the case is opened",
    verifies=["BELL-BELL-010"],
    steps=[("함을 연다", "the case is opened")],
    slow_s=3,
)
def tamper(t: EquipmentBench) -> None:
    done = t.do("open_case", open=True)
    t.expect_up("BELL-BELL-010", "device.status", since=done.asked_t, until=done.t + t.at_once, where=lambda d: d.get("tamper") is True,
                what="device.status with tamper true at once")  # fmt: skip


@case(
    "TC-BELL-BELL-11",
    ko="상용 전원을 잃으면 곧바로 mains false를 알리고, 눌리면 그래도 알린다",
    en="mains false is told at once when mains power is lost, and a press still is",
    verifies=["BELL-BELL-011", "BELL-BELL-001"],
    steps=[("상용 전원을 끊는다", "mains power is cut"), PRESS],
    slow_s=5,
)
def mains_lost(t: EquipmentBench) -> None:
    done = t.do("mains", up=False)
    t.expect_up("BELL-BELL-011", "device.status", since=done.asked_t, until=done.t + t.at_once, where=lambda d: d.get("mains") is False,
                what="device.status with mains false at once")  # fmt: skip
    pressed = press(t)
    t.expect_up("BELL-BELL-001", "bell.pressed", since=pressed.asked_t, until=pressed.t + t.at_once)

"""Emergency bell: anonymous, counts its presses, has a lamp and a siren of its own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from safezone_sim.devices.agents import Equipment
from safezone_sim.world.model import Device

SELF_TEST_AFTER_S = (60.0, 900.0)  # after the start of the day
SELF_TEST_EVERY_S = 86400.0
SELF_TEST_TAKES_S = 0.5
BOUNCE_S = 0.08  # contacts bounce for less; who lets go and presses again takes longer
STUCK_AFTER_S = 10.0


@dataclass
class Front:
    """What people touch, see and hear: button, lamp, siren. It has no program, and outlives a restart of the bell's.

    ``latched``: when the button was pressed while no program was there to count it.
    """

    pressed: bool = False
    latched: list[float] = field(default_factory=list)
    lamp: bool = False
    sounded_at: float | None = None  # the siren, last
    moved_at: float = -1e9  # the contact, last

    def latch(self, closed: bool, t: float) -> None:
        """The contact closes or opens, and there is power, but no program."""
        if closed and t - self.moved_at > BOUNCE_S:
            self.latched.append(t)
        self.pressed, self.moved_at = closed, t

    def sound(self, t: float) -> None:
        """The siren sounds, for all who are near."""
        self.sounded_at = t


class Bell(Equipment):
    """One bell on its pole."""

    def __init__(
        self,
        *args: Any,
        device: Device,
        counted: int = 0,
        front: Front | None = None,
        test_every_s: float = SELF_TEST_EVERY_S,
        stuck_after_s: float = STUCK_AFTER_S,
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self.device = device
        self.front = Front() if front is None else front
        self.memory.setdefault("presses", counted)
        self.self_test = self.memory.get("self_test", "not_run")
        self.stuck = False
        self._test_every_s = test_every_s
        self._stuck_after_s = stuck_after_s
        self._hold = 0  # counts presses and releases: only the last one's timer counts
        self.env.process(self._test_daily())
        self._catch_up()

    def health(self) -> dict[str, Any]:
        return {**super().health(), "stuck_button": self.stuck}

    def press(self, note: Callable[[float], None] | None = None, at: float | None = None) -> None:
        """Somebody presses, now or ``at`` a moment a little while ago."""
        at = self.env.now if at is None else at
        self.front.lamp = False
        self.front.sound(self.env.now)
        self.outbox.send(
            "bell.pressed",
            {"press": self.number("presses"), "pressed_at": self.outbox.device_time(at)},
            note,
            self.light_lamp,
        )

    def light_lamp(self) -> None:
        """The hub has a press: who pressed may know."""
        self.front.lamp = True

    def contact(self, closed: bool) -> None:
        """The button's contact closes or opens now, bouncing as contacts do."""
        self.front.pressed, self.front.moved_at = closed, self.env.now
        self._hold += 1
        hold = self._hold
        if not closed:
            self._after(BOUNCE_S, lambda: self._let_go(hold))
            return
        if not self.memory.get("down"):
            self.memory["down"] = True
            self.press()
        self._after(self._stuck_after_s, lambda: self._still_down(hold))

    def test_itself(self) -> Any:
        """Lamp, siren and line to the hub, without a sound. A process; its value is the outcome."""
        yield self.env.timeout(SELF_TEST_TAKES_S)
        self.self_test = self.memory["self_test"] = "passed"
        self.memory["tested_at"] = self.env.now
        self.report_status()
        return self.self_test

    def _test_daily(self) -> Any:
        # Before the first children set out.
        last = self.memory.get("tested_at")
        after = min(self.chance.uniform(*SELF_TEST_AFTER_S), self._test_every_s)
        if last is not None:
            after = max(0.0, last + self._test_every_s - self.env.now)
        while True:
            yield self.env.timeout(max(0.0, after - SELF_TEST_TAKES_S))
            yield from self.test_itself()
            after = self._test_every_s

    def _catch_up(self) -> None:
        """After a start: what the button did meanwhile."""
        for at in self.front.latched:
            self.memory["down"] = True
            self.press(at=at)
        self.front.latched.clear()
        if self.front.pressed:
            self.contact(True)
        else:
            self.memory["down"] = False

    def _let_go(self, hold: int) -> None:
        if hold != self._hold:
            return  # it bounced
        self.memory["down"] = False
        if self.stuck:
            self.stuck = False
            self.report_status()

    def _still_down(self, hold: int) -> None:
        if hold == self._hold and not self.stuck:
            self.stuck = True
            self.report_status()

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        event = self.env.timeout(seconds)
        event.callbacks.append(lambda _event: act())

"""A bell in the jig: its button, its lamp, its siren."""

from collections.abc import Mapping
from typing import Any

from safezone_sim.devices.bell import Bell, Front
from safezone_sim.lab.jig import Doing, Jig
from safezone_sim.lab.part import Part, Setting
from safezone_sim.world.model import Device


class BellJig(Jig):
    """One bell."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.front = Front()
        self._pressed_at: float | None = None

    def make(self, part: Part) -> Bell:
        args, more = self.common(part)
        s = self.setting
        device = Device(s.device, "bell", 0.0, 0.0)
        return Bell(
            *args,
            device=device,
            front=self.front,
            test_every_s=s.test_every_s,
            stuck_after_s=s.stuck_s,
            **more,
        )

    def switch_off(self) -> None:
        super().switch_off()
        self.front.lamp = False
        self.front.latched.clear()

    def shut_down(self) -> None:
        super().shut_down()
        self.front.lamp = False

    def _contact(self, closed: bool) -> None:
        if self.part is not None:
            assert isinstance(self.part.equipment, Bell)
            self.part.equipment.contact(closed)
        elif self.powered:
            self.front.latch(closed, self.outside.now)
        else:
            self.front.pressed = closed

    def _press(self, hold_s: float, bounces: int) -> Doing:
        began = self._pressed_at = self.outside.now
        yield from self.bouncing(self._contact, True, bounces)
        yield self.sleep(began + hold_s - self.outside.now)
        yield from self.bouncing(self._contact, False, bounces)
        return None

    def press_in_between(self, hold_s: float) -> Doing:
        yield from self._press(hold_s, 0)
        return None

    def do_begin(self, case: str) -> Doing:
        if self.front.pressed:
            self._contact(False)
        yield from super().do_begin(case)
        return None

    def do_press(self, times: int, every_s: float, hold_s: float, bounces: int) -> Doing:
        began = self.outside.now
        for n in range(times):
            yield self.sleep(began + n * every_s - self.outside.now)
            yield from self._press(hold_s, bounces)
        return None

    def do_hold_button(self, held: bool) -> None:
        if held:
            self._pressed_at = self.outside.now
        self._contact(held)

    def do_self_test(self) -> Doing:
        part = self.running()
        assert isinstance(part.equipment, Bell)
        test = part.env.process(part.equipment.test_itself())
        while not test.processed and self.part is part:
            yield self.sleep(0.05)
        return {"outcome": test.value} if test.processed else None

    def look_at_lamp(self) -> Mapping[str, Any]:
        return {"lamp": self.front.lamp}

    def look_at_siren(self) -> Mapping[str, Any]:
        sounded, pressed = self.front.sounded_at, self._pressed_at
        heard = sounded is not None and pressed is not None and sounded >= pressed
        return {"siren_after_s": round(sounded - pressed, 3) if heard else None}  # type: ignore[operator]

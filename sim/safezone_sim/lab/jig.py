"""The jig that holds one device: gives and takes its power, clock, network and case, and lets time pass over all of it.

Two clocks run together: ``outside``, the world around the device, which nothing stops, and that of its powered part.
"""

import json
import queue
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import UTC, datetime
from typing import IO, Any

import simpy

from safezone_sim.devices.agents import Equipment, Housing
from safezone_sim.lab.part import Part, Setting, catch_up

BOOT_S = 0.2  # from power to a running program
RESTART_S = 1.0  # an orderly one
LOOK_S = 1.0  # longest sleep of the loop
BOUNCING_S = 0.05

Doing = Generator[simpy.Event, Any, Mapping[str, Any] | None]
Verb = Callable[..., Doing | Mapping[str, Any] | None]


class Refused(Exception):
    """It cannot be done; the message says why."""


def utc(t: float) -> str:
    """Seconds since 1970 as text, to 1 ms."""
    return datetime.fromtimestamp(t, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Jig:
    """Holds a device of one role; subclasses know what can be done to it. Verbs are ``do_*``, looks ``look_at_*``."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self._zero = time.time() - time.monotonic()
        self.outside = simpy.Environment(initial_time=self.now())
        self.housing = Housing(mains=True, battery_pct=100.0)
        self.part: Part | None = None
        self.powered = False
        self._clock_error_s = 0.0
        self._linked = True
        self._starts = 0  # counts switchings on: only the last one boots
        self._todo: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._replies: list[dict[str, Any]] = []

    def make(self, part: Part) -> Equipment:
        """The equipment, when the device starts."""
        raise NotImplementedError

    def common(self, part: Part) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """What every device is made with."""
        s = self.setting
        more = {"memory": part.store, "housing": self.housing, "prompt": True}
        return (part.model, s.device, part.outbox, part.chance, s.heartbeat_s), more

    # Time

    def now(self) -> float:
        """Seconds since 1970, never stepping back."""
        return self._zero + time.monotonic()

    def _advance(self, now: float) -> None:
        """World and device live up to now, in order."""
        while self.outside.peek() <= now:
            if self.part is not None:
                self.part.live(self.outside.peek())
            self.outside.step()
        catch_up(self.outside, now)
        if self.part is not None:
            self.part.live(now)
            self.part.settle()

    def _pause(self) -> float:
        due = min(self.outside.peek(), self.part.env.peek() if self.part is not None else float("inf"))
        return float(min(LOOK_S, max(0.0, due - self.now())))

    def serve(self, requests: IO[str], replies: IO[str]) -> None:
        """Obeys until ``requests`` ends."""
        threading.Thread(target=self._listen, args=(requests,), daemon=True, name="requests").start()
        while True:
            self._advance(self.now())
            for reply in self._replies:
                replies.write(json.dumps(reply, ensure_ascii=False) + "\n")
                replies.flush()
            self._replies.clear()
            try:
                act = self._todo.get(timeout=self._pause())
            except queue.Empty:
                continue
            if act is None:
                break
            self._advance(self.now())
            act()
        if self.part is not None:
            self.part.stop()

    def _listen(self, requests: IO[str]) -> None:
        for line in requests:
            try:
                request = json.loads(line)
                number, verb, args = int(request["n"]), str(request["do"]), dict(request["args"])
            except (ValueError, KeyError, TypeError):
                print(f"not a request: {line.rstrip()}", file=sys.stderr)
                continue
            self._todo.put(lambda n=number, v=verb, a=args: self._obey(n, v, a))  # type: ignore[misc]
        self._todo.put(None)

    def _obey(self, number: int, verb: str, args: Mapping[str, Any]) -> None:
        self.outside.process(self._perform(number, verb, args))

    def _perform(self, number: int, verb: str, args: Mapping[str, Any]) -> Iterator[simpy.Event]:
        act: Verb | None = getattr(self, f"do_{verb}", None)
        at = utc(self.outside.now)
        if act is None:
            self._reply(number, why="unsupported")
            return
        try:
            done = act(**args)
            seen = (yield from done) if isinstance(done, Generator) else done
        except Refused as refused:
            self._reply(number, why=str(refused))
        except TypeError as error:
            self._reply(number, why=f"arguments: {error}")
        else:
            self._reply(number, seen={"at": at, **(seen or {})})

    def _reply(self, number: int, *, seen: Mapping[str, Any] | None = None, why: str = "") -> None:
        self._replies.append(
            {"n": number, "ok": False, "why": why}
            if seen is None
            else {"n": number, "ok": True, "seen": seen}
        )

    def sleep(self, seconds: float) -> simpy.Event:
        """Time in the world outside."""
        return self.outside.timeout(max(0.0, seconds))

    # Power

    def switch_on(self, after_s: float = BOOT_S) -> None:
        """Power is there; the program runs a moment later."""
        self.powered = True
        self._starts += 1
        start = self._starts
        event = self.outside.timeout(after_s)
        event.callbacks.append(lambda _event: self._boot(start))

    def _boot(self, start: int) -> None:
        if start == self._starts and self.powered:
            self.part = Part(
                self.setting, self.outside.now, self._clock_error_s, self._linked, self._todo.put, self.make
            )

    def switch_off(self) -> None:
        """All power is gone, from one moment to the next."""
        self.powered = False
        self._starts += 1
        if self.part is not None:
            self.part.cut()
            self.part = None

    def shut_down(self) -> None:
        """The program ends in an orderly way; the power stays."""
        if self.part is not None:
            self.part.stop()
            self.part = None

    def running(self) -> Part:
        if self.part is None:
            raise Refused("the device is not running")
        return self.part

    # Verbs for every device

    def do_hello(self, protocol: int, **_about: Any) -> Mapping[str, Any]:
        if protocol != 1:
            raise Refused(f"protocol {protocol}: this program speaks 1")
        if not self.powered:
            self.switch_on(0.0)
        return {"verbs": sorted(n.removeprefix("do_") for n in dir(self) if n.startswith("do_"))}

    def do_begin(self, case: str) -> Doing:
        """Everything as it should be."""
        if not self.powered:
            self.switch_on(0.0)
        if self.part is None:
            yield self.sleep(BOOT_S)
        if self.housing.mains is False:
            self.do_mains(True)
        if self.housing.case_open:
            self.do_open_case(False)
        self.do_low_battery(100.0)
        self.do_set_clock(0.0)
        self.do_exercise(None)
        if not self._linked:
            self.do_network(True, "hub")
        return None

    def do_power_cut(self, off_s: float) -> Doing:
        self.switch_off()
        yield self.sleep(off_s)
        self.switch_on()
        return None

    def do_reboot(self, press_after_s: float | None, hold_s: float) -> Doing:
        self.shut_down()
        self.switch_on(RESTART_S)
        if press_after_s is not None:
            yield self.sleep(press_after_s)
            yield from self.press_in_between(hold_s)
        yield self.sleep(RESTART_S)
        return None

    def press_in_between(self, hold_s: float) -> Doing:
        """The button is pressed while the device restarts."""
        raise Refused("it has no button")

    def do_network(self, up: bool, link: str) -> None:
        if link != "hub":
            raise Refused("unsupported")
        if up == self._linked:
            return
        self._linked = up
        if self.part is not None:
            self.part.link() if up else self.part.unlink()

    def do_set_clock(self, offset_s: float) -> None:
        self._clock_error_s = offset_s
        if self.part is not None:
            self.part.outbox.clock_error_s = offset_s

    def do_mains(self, up: bool) -> None:
        if self.part is not None:
            self.part.equipment.switch_mains(up)
        self.housing.mains = up

    def do_low_battery(self, pct: float) -> Mapping[str, Any] | None:
        self.housing.battery_pct = pct
        return {"pct": pct}

    def do_open_case(self, open: bool) -> None:
        if self.part is not None:
            self.part.equipment.move_case(open)
        self.housing.case_open = open

    def do_exercise(self, drill: str | None) -> None:
        part = self.running()
        part.store["drill"] = drill
        part.outbox.take_part(drill)

    def do_reset_store(self) -> Doing:
        part = self.running()
        self.switch_off()
        part.store.erase()
        yield self.sleep(BOOT_S)
        self.switch_on(0.0)
        yield self.sleep(BOOT_S)
        return None

    def do_observe(self, what: str) -> Doing | Mapping[str, Any] | None:
        look: Verb | None = getattr(self, f"look_at_{what}", None)
        if look is None:
            raise Refused("unsupported")
        return look()

    def bouncing(self, contact: Callable[[bool], None], closed: bool, bounces: int) -> Doing:
        """A contact closes or opens, bouncing so often within 50 ms."""
        contact(closed)
        for _ in range(bounces):
            for way in (not closed, closed):
                yield self.sleep(BOUNCING_S / (2 * bounces + 1))
                contact(way)
        return None

"""A stretch of a child's day: observations come, time passes, and what the hub tells, or does not tell, is held.

A hub may take the whole limit of a service, so that something is not told is known only once the limit has passed. By
the exercise clock that costs nothing; without one it is really waited for.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from safezone_model.loader import SERVICES

from safezone_conformance.hub_bench import SETUP_S, Down, HubBench, Message
from safezone_conformance.town import TIMEZONE
from safezone_conformance.wire import unix

Point = tuple[float, float]
Condition = Callable[[Mapping[str, Any]], bool]
PASS_S = 3.0  # between the two stays of a pass
AFTER_S = 3.0  # once the clock has passed the limit, what was told has been published


def moment(t: HubBench, days: int, hhmm: str) -> float:
    """A time of day so many days ahead, seconds since 1970. By the calendar of every town tomorrow has no school, and the
    five days after it have."""
    day = datetime.fromtimestamp(t.make.now, ZoneInfo(TIMEZONE)) + timedelta(days=days)
    hour, minute = map(int, hhmm.split(":"))
    return day.replace(hour=hour, minute=minute, second=0, microsecond=0).timestamp()


def anew(where: Condition | None = None) -> Condition:
    """That a notice or alert tells of a happening, and is not given again for want of an answer."""
    return lambda data: (
        not {"reminder", "escalated"} & set(data.get("flags", [])) and (where is None or where(data))
    )


def clear_s(service: str) -> float:
    return float(SERVICES[service].limit_s)


class Day:
    """Begins at ``at`` (seconds since 1970), by default tomorrow at 14:00, no school day; without exercise clock now.

    Times ``at`` of what happens are absolute and by default now; ``start`` is when the day began.
    """

    def __init__(self, t: HubBench, at: float | None = None) -> None:
        self.t = t
        self._flow = t.flow(moment(t, 1, "14:00") if at is None else at)
        self.clocked = self._flow.exercise is not None
        self.start = self.now
        self._heard_at = self.now

    @property
    def now(self) -> float:
        """Seconds since 1970 of the zone's time."""
        return self._flow.now

    @property
    def how(self) -> dict[str, Any]:
        """How everything is sent: as part of the exercise, where its clock makes the time."""
        return {"exercise": self._flow.exercise} if self.clocked else {}

    def _heard(self, *messages: Message) -> None:
        self._heard_at = self.now

    # What happens

    def sighted(
        self,
        reader: str,
        antenna: str,
        tag: str,
        at: float | None = None,
        until: float | None = None,
        **more: Any,
    ) -> Message:
        message = self.t.sighted(
            reader, antenna, tag, self.now if at is None else at, until, **more, **self.how
        )
        self._heard(message)
        return message

    def passes(
        self, gate: str, tag: str, inward: bool, at: float | None = None, gap_s: float = PASS_S, **more: Any
    ) -> Message:
        """A pass whose second stay begins at ``at``; the message of that stay."""
        second = self.now if at is None else at
        _, message = self.t.pass_gate(gate, tag, inward, second - gap_s, gap_s, **more, **self.how)
        self._heard(message)
        return message

    def walks(
        self,
        phone: str,
        points: Sequence[Point],
        last_at: float | None = None,
        every_s: float = 30.0,
        **more: Any,
    ) -> list[Message]:
        """Fixes at these points, the last of them at ``last_at``."""
        last = self.now if last_at is None else last_at
        times = [last - every_s * n for n in reversed(range(len(points)))]
        sent = [
            self.t.located(phone, x, y, at, **more, **self.how)
            for (x, y), at in zip(points, times, strict=True)
        ]
        self._heard(*sent)
        return sent

    def sends(self, principal: str, type_: str, data: Mapping[str, Any], **more: Any) -> Message:
        message = self.t.send(principal, type_, data, **more, **self.how)
        self._heard(message)
        return message

    def beats(self, *devices: str, **more: Any) -> None:
        """These devices report that they are well (or what ``more`` says)."""
        self.t.accepted(*(self.t.status(d, clock=self.now, **more, **self.how) for d in devices))

    def waits(self, seconds: float) -> None:
        """Let time pass."""
        self._flow.by(seconds)

    def until(self, at: float) -> None:
        """Let time pass until a moment of the zone's time, if it is still to come."""
        if at > self.now:
            self._flow.by(at - self.now)

    # What is told

    def told(
        self, requirement: str, guardian: str, service: str, child: str, *, since: Message, where: Condition | None = None
    ) -> Down:  # fmt: skip
        """Fails unless this guardian gets a notice of that service within its limit after all that was heard."""
        return self.t.expect_notice(
            requirement,
            guardian,
            service,
            child=child,
            since=since,
            where=anew(where),
            within=self._within(service, since),
        )

    def alerted(
        self, requirement: str, service: str, child: str | None, *, since: Message, desk: str = "d112", where: Condition | None = None
    ) -> Down:  # fmt: skip
        """Fails unless the desk gets an alert within the limit."""
        return self.t.expect_alert(
            requirement,
            service,
            child=child,
            desk=desk,
            since=since,
            where=anew(where),
            within=self._within(service, since),
        )

    def settled(self, guardian: str, service: str, child: str, *, since: Message) -> Down:
        """As ``told``, for a precondition."""
        within = self._within(service, since) + SETUP_S
        found = self.t.await_one(
            lambda s: (
                self.t.is_down(s, f"guardian/{guardian}", "notice", self.t.about(service, child, anew()))
                and s.t >= since.t
            ),
            since.t + within,
        )
        self.t.given(isinstance(found, Down), f"{service} of {child} is told to {guardian}")
        assert isinstance(found, Down)
        return found

    def _within(self, service: str, since: Message) -> float:
        if not self.clocked:
            return self.t.limit(service)
        self.until(self._heard_at + clear_s(service))
        return self.t.line.stamp() - since.t + self.t.allowed(AFTER_S)

    def not_told(
        self, requirement: str, expected: str, *services: str, since: Message, child: str | None = None, to: str | None = None,
        where: Condition | None = None,
    ) -> None:  # fmt: skip
        """Fails if one of these services (any, if none is given) was told of the child since then and not claimed by an
        earlier step, once the longest of their limits has passed."""
        t = self.t
        limit_s = max(clear_s(s) for s in services or SERVICES)

        def forbidden(data: Mapping[str, Any]) -> bool:
            fits = (not services or data.get("service") in services) and anew(where)(data)
            return fits and (child is None or data.get("child") == t.id(child))

        limit = t.allowed(limit_s)
        if self.clocked:
            self.until(self._heard_at + limit_s + 1.0)
            limit = t.line.stamp() - since.t + t.settings.absence_s
        t.expect_none(
            requirement,
            to=to,
            after=since,
            where=lambda d: "service" in d and forbidden(d),
            limit=limit,
            expected=expected,
            fence=False,
        )

    # Ways to begin

    def in_school(self, child: str = "c1", at: float | None = None) -> Message:
        """The child is seen inside the school; its guardian was told."""
        number = child[1:]
        seen = self.sighted("is", "a", f"t{number}", at)
        self.settled(f"g{number}", "school_arrival", child, since=seen)
        return seen

    def on_the_way(self, child: str = "c1", at: float | None = None) -> Message:
        """The child leaves home through its gate; its guardian was told."""
        number = child[1:]
        left = self.passes(f"gh{number}", f"t{number}", False, at)
        self.settled(f"g{number}", "home_exit", child, since=left)
        return left


def happened_at(down: Down) -> float:
    """event_at of a notice or an alert, seconds since 1970."""
    return unix(str(down.data["event_at"]))


def in_window(down: Down, truth: float, end: float | None = None) -> bool:
    """Whether event_at lies within the window of the service around the true event, from ``truth`` (until ``end``)."""
    service = SERVICES[str(down.data["service"])]
    return truth - service.before_s <= happened_at(down) <= (truth if end is None else end) + service.after_s

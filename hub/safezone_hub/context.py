"""What a rule holds in its hands during one step."""

import hashlib
from collections.abc import Sequence

from safezone_model import SERVICES

from safezone_hub.clock import local_date
from safezone_hub.observation import Effect, Observation, Tell, Where
from safezone_hub.registry import Child as ChildItem
from safezone_hub.registry import ZoneView
from safezone_hub.settings import RuleSettings
from safezone_hub.state import Child, Cite, ZoneState

_SILENCES = ("tag_silent", "not_arrived")  # told when something failed to happen: never «late»


class Context:
    """View, state, settings, the zone's time, and the effects so far."""

    __slots__ = ("child_id", "delay_s", "effects", "now", "settings", "state", "view")

    def __init__(self, view: ZoneView, state: ZoneState, settings: RuleSettings, now: float) -> None:
        self.view, self.state, self.settings, self.now = view, state, settings, now
        self.effects: list[Effect] = []
        self.child_id: str | None = None  # whose observation this is, when it is a bound thing's
        self.delay_s = 0.0  # how long after it happened that observation came

    def child(self) -> tuple[Child, ChildItem] | None:
        """State and registry entry of the child the observation is about."""
        if self.child_id is None:
            return None
        return self.state.child(self.child_id), self.view.children[self.child_id]

    def today(self) -> str:
        return local_date(self.now, self.view.timezone).isoformat()

    def tell(
        self,
        service: str,
        child: str | None,
        event_at: float,
        evidence: list[Cite] | tuple[Cite, ...],
        *,
        exercise: str | None,
        drill_unknown: bool = False,
        guardians: bool = True,
        desk: bool = False,
        posts: tuple[str, ...] = ("desk",),
        place: str | None = None,
        position: Where | None = None,
        device: str | None = None,
        incident: str | None = None,
        linked: tuple[str, ...] = (),
        cameras: tuple[str, ...] = (),
        near: bool = False,
        flags: tuple[str, ...] = (),
        reporter: str | None = None,
    ) -> None:
        """Tell a service's recipients, flags ``late`` and ``drill_unknown`` added where due."""
        marks = set(flags)
        if (
            (self.came_late(service) or self.now - event_at > self.settings.late_s)
            and service not in _SILENCES
            and "reminder" not in marks
            and "escalated" not in marks
        ):
            marks.add("late")
        if drill_unknown:
            marks.add("drill_unknown")
        self.effects.append(
            Tell(
                service,
                child,
                event_at,
                tuple(dict.fromkeys(evidence)),
                exercise,
                guardians,
                posts if desk else (),
                place,
                position,
                device,
                incident,
                linked,
                cameras,
                near,
                tuple(sorted(marks)),
                self.now,
                reporter,
            )
        )

    def came_late(self, service: str) -> bool:
        """Whether the observation at hand came later after it happened than the limit of a service allows."""
        return self.delay_s > SERVICES[service].limit_s

    def exercise_of(self, child: Child, evidence: Sequence[Cite]) -> str | None:
        """Drill of what is concluded from some observations of a child: real if any is real, or of another drill.

        Not that of the latest message: a drill's gate pass stays a drill's, whatever is heard before it is told.
        """
        if not child.heard_at:
            return self.state.zone.clock_drill
        if not child.exercise_since or not evidence:
            return child.exercise
        since = dict(child.exercise_since)
        drills = {since.get(id_, child.exercise_before or "") for _, id_ in evidence}
        return drills.pop() or None if len(drills) == 1 else None


MIXED_KEPT = 64  # messages after a change between drill and real whose own mark is remembered


def note_heard(ctx: Context, obs: Observation, at: float) -> None:
    """A sign of life of the child, and the drill it belongs to."""
    found = ctx.child()
    if found is None:
        return
    child, _ = found
    first = not child.heard_at
    if at > child.heard_at:
        child.heard_at = at
        child.silent_told = False
    if child.exercise_since or (not first and obs.exercise != child.exercise):
        if not child.exercise_since:
            child.exercise_before = child.exercise
        child.exercise_since = [*child.exercise_since, (obs.cite[1], obs.exercise or "")][-MIXED_KEPT:]
        if len(child.exercise_since) == MIXED_KEPT and len({e for _, e in child.exercise_since}) == 1:
            child.exercise_since = []
    child.exercise, child.drill_unknown = obs.exercise, obs.drill_unknown


def stable_id(at: float, *parts: object) -> str:
    """A UUIDv7 of a moment and a content: the same input gives the same id, another one another."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    milliseconds = max(0, round(at * 1000)) & 0xFFFFFFFFFFFF
    body = bytearray(milliseconds.to_bytes(6, "big") + digest[:10])
    body[6] = 0x70 | body[6] & 0x0F
    body[8] = 0x80 | body[8] & 0x3F
    text = body.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

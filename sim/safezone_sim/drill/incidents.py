"""What trainees did, as the hub tells it: its incidents, the stimuli that they came of, and each step that somebody took.

What the twin knows of the trainees it knows from here, and from nowhere else.
"""

from collections.abc import Callable, Mapping
from typing import Any

from safezone_sim.devices.envelope import WireTime
from safezone_sim.drill.masterlist import Case, Line, MasterList
from safezone_sim.drill.patrols import Incident, Patrols
from safezone_sim.drill.scene import Scene
from safezone_sim.drill.words import service_words

AHEAD_S = 60.0  # so far the hub may be ahead of the scene
# Kind of event and words, by the action of the hub's history.
STEPS = {
    "acknowledge": ("acknowledge", "확인", "acknowledged"), "dispatch": ("dispatch", "출동 지시", "unit sent"),
    "on_scene": ("on_scene", "현장 도착", "on scene"), "note": ("note", "메모", "note"), "mark": ("note", "표시", "marked"),
    "resolve": ("close", "종결", "resolved"), "false_alarm": ("close", "오경보로 종결", "closed as false alarm"),
    "call_119": ("note", "119에 알림", "119 called"), "take": ("note", "맡음", "taken"),
}  # fmt: skip
CLOSE = ("resolve", "false_alarm")
SAYS_WORDS = ("note", *CLOSE)


class Incidents:
    """All incidents of a drill's zone. Call from the scene's thread.

    ``known``: the latest state of each, by id; ``slow_down``: has the clock run in real time, and says whether it ran faster.
    """

    def __init__(
        self,
        scene: Scene,
        master: MasterList,
        wire_time: WireTime,
        known: dict[str, Incident],
        patrols: Patrols,
        slow_down: Callable[[], bool],
    ) -> None:
        self._scene, self._env, self._master, self._wire_time = scene, scene.env, master, wire_time
        self.known, self._patrols, self._slow_down = known, patrols, slow_down
        self._seen_steps: dict[str, int] = {}
        self._slowed: dict[
            str, float
        ] = {}  # when the clock went back to real time, by the incident that did it
        self._orphans: list[str] = []  # incidents whose stimulus has not been seen yet

    def hear(self, incident: Incident) -> None:
        """A state of an incident, perhaps an old one."""
        id_ = str(incident["id"])
        known = self.known.get(id_)
        if known is not None and incident["version"] <= known["version"]:
            return
        self.known[id_] = incident
        ours = incident.get("exercise") == self._scene.stage.exercise
        if known is None:
            self._new_incident(id_, incident, ours)
        seen = self._seen_steps.get(id_, 0)
        steps = incident["history"]
        self._seen_steps[id_] = len(steps)
        for step in steps[seen:]:
            if ours and step["action"] in STEPS:
                self._took_step(id_, incident, step)

    def adopt(self) -> None:
        """The hub may be a moment ahead of the scene, as at a deadline: its incident finds its stimulus now."""
        for id_ in list(self._orphans):
            incident = self.known[id_]
            if self._env.now - self._told(incident) > AHEAD_S:
                self._orphans.remove(id_)
                continue
            found = self._take(id_, incident)
            if found is not None:
                self._orphans.remove(id_)
                line, case = found
                self._alerted(id_, case, incident)
                for step in incident["history"]:
                    line.acted(case, str(step["action"]), self._wire_time.seconds(step["at"]))

    def _new_incident(self, id_: str, incident: Incident, ours: bool) -> None:
        service, where = str(incident["service"]), incident.get("position") or {}
        place = {k: where[k] for k in ("lon", "lat") if k in where}
        if not ours:
            self._scene.timeline.add(
                self._env.now, "real", ("실제 호출! 훈련이 아닙니다", "A REAL CALL, not part of the drill"),
                incident=incident["id"], data={"service": service}, exercise=False, **place,
            )  # fmt: skip
            return
        found = self._take(id_, incident)
        if self._slow_down():
            self._slowed[id_] = round(self._env.now, 3)
        ko, en = service_words(service)
        if found is not None:
            self._alerted(id_, found[1], incident)
        else:
            self._orphans.append(id_)
            # By the standard, what meets the rules of several services is told by each; the hub links them.
            one = next(
                (x for x in map(self._master.case_of, incident.get("linked") or ()) if x is not None), None
            )
            if one is not None:
                title = one[0].plan.title
                ko, en = f"{ko} (같은 일: {title.ko})", f"{en} (one happening with: {title.en})"
        self._scene.timeline.add(
            found[1].alert_t or 0.0 if found is not None else min(self._env.now, self._told(incident)), "alert", (f"경보: {ko}", f"alert: {en}"), incident=incident["id"],
            inject=found[0].plan.id if found else None, data={"service": service, "told_t": round(self._told(incident), 2)}, **place,
        )  # fmt: skip

    def _took_step(self, id_: str, incident: Incident, step: Mapping[str, Any]) -> None:
        action, units = str(step["action"]), self._scene.units
        t = min(self._env.now, max(self._wire_time.seconds(step["at"]), 0.0))
        found = self._master.case_of(id_)
        kind, ko, en = STEPS[action]
        note = str(step.get("note") or "")
        unit = next((word for word in note.split() if word in units), None)
        labels = ("", "") if unit is None else tuple(f": {name}" for name in units[unit].words)
        said = " ".join(word for word in note.split() if word not in units)
        if said and action in SAYS_WORDS:
            labels = tuple(f"{label}: {said}" for label in labels)
        self._scene.timeline.add(
            t, kind, (ko + labels[0], en + labels[1]), incident=incident["id"], unit=unit,
            inject=found[0].plan.id if found else None, data={"by": str(step["by"]), "step_t": round(t, 2), "note": note},
        )  # fmt: skip
        if found is not None:
            line, case = found
            line.acted(case, action, t)
        if action == "dispatch":
            self._patrols.send(incident, unit)
        elif action in CLOSE:
            self._patrols.release(id_)

    def _take(self, id_: str, incident: Incident) -> tuple[Line, Case] | None:
        return self._master.take(id_, str(incident["service"]), incident.get("child"), incident.get("device"))

    def _alerted(self, id_: str, case: Case, incident: Incident) -> None:
        case.alert_t = max(self._told(incident), case.t)
        case.heard_t = self._slowed.get(id_)

    def _told(self, incident: Incident) -> float:
        """When the hub told of it, seconds after midnight."""
        return self._wire_time.seconds(incident.get("told_at") or incident["opened_at"])

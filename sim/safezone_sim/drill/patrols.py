"""Patrols and ambulances as the desk sends them: they set off, hear where the child is, look for it, and go back.

How they drive is in ``units``; who sends them, and why, is the desk's business.
"""

from collections.abc import Callable, Generator, Mapping
from functools import partial
from math import hypot
from typing import Any

import simpy

from safezone_sim.drill.hubline import HubLine
from safezone_sim.drill.masterlist import MasterList
from safezone_sim.drill.scene import Scene
from safezone_sim.drill.units import Unit, drive

SEEN_WITHIN_M = 120.0  # a unit sees a child so near
LOOK_S = 15.0  # until it is with the child
SEARCH_S = 90.0
SEARCHES = 20
GUIDE_S = 15.0  # so often a unit hears where the child is now
GUIDE_M = 40.0  # it turns when the child is so far from where it was
DRIVES_WITHIN_S = 5.0

Incident = Mapping[str, Any]
Process = Generator[Any, Any, None]


class Patrols:
    """The units of one scene. ``incidents``: what is known of each, by id; ``line``: their radio. Call from the scene's thread."""

    def __init__(
        self, scene: Scene, line: HubLine, master: MasterList, incidents: Mapping[str, Incident]
    ) -> None:
        self._scene, self._env, self._lead = scene, scene.env, scene.lead
        self._line, self._master, self._incidents = line, master, incidents

    def send(self, incident: Incident, unit_id: str | None) -> None:
        """A unit goes there; without its name the nearest of the right kind that is free."""
        x, y = self._place_of(incident)
        free = [u for u in self._scene.units.values() if u.incident is None]
        # Who is hurt needs an ambulance first, whoever is not a patrol.
        wanted = "ambulance" if incident.get("medical") else "patrol"
        free = [u for u in free if u.kind == wanted] or [u for u in free if u.kind == "patrol"]
        if unit_id is not None:
            unit = self._scene.units[unit_id]
        elif free:
            unit = min(free, key=lambda u: self._metres_from(u, x, y))
        else:
            self._scene.tell(
                "unit", ("보낼 수 있는 순찰차가 없음", "no patrol is free"), incident=incident["id"]
            )
            return
        unit.incident = str(incident["id"])
        self._scene.tell(
            "unit",
            (f"{unit.words[0]} 출발", f"{unit.words[1]} sets off"),
            incident=incident["id"],
            unit=unit.id,
        )
        self._drive(unit, (x, y), self._arrived, under_way=False)
        self._env.process(self._guide(unit, unit.process))

    def release(self, incident: str) -> None:
        """Its units are free, and drive back to where they stand by."""
        for unit in self._scene.units.values():
            if unit.incident == incident:
                unit.incident = None
                base = (unit.track.x[0], unit.track.y[0])
                self._drive(unit, base, lambda u: None, under_way=False)

    def report(self) -> None:
        """Units that drive tell the hub where they are."""
        now = self._env.now
        for unit in self._scene.units.values():
            if unit.incident is not None and unit.track.moved_within(now - DRIVES_WITHIN_S, now):
                lon, lat = self._scene.lonlat(*unit.position(now))
                self._line.order(
                    "PUT", f"/v1/units/{unit.id}/status", {"available": False, "lat": lat, "lon": lon}
                )

    def _metres_from(self, unit: Unit, x: float, y: float) -> float:
        ux, uy = unit.position(self._env.now)
        return hypot(ux - x, uy - y)

    def _drive(
        self, unit: Unit, to: tuple[float, float], arrived: Callable[[Unit], None], *, under_way: bool
    ) -> None:
        drive(self._env, self._scene.router, unit, to, arrived, under_way=under_way)

    def _guide(self, unit: Unit, order: Any) -> Process:
        """Until it is there, a unit hears over the radio where the child is now, and drives to that."""
        while True:
            yield self._env.timeout(GUIDE_S)
            incident = self._incidents.get(unit.incident or "")
            if incident is None or unit.process is not order or not order.is_alive:
                return
            x, y = self._place_of(incident)
            if hypot(x - unit.goal[0], y - unit.goal[1]) > GUIDE_M:
                self._drive(unit, (x, y), self._arrived, under_way=True)
                order = unit.process

    def _place_of(self, incident: Incident) -> tuple[float, float]:
        """Where the incident's child is as far as anybody knows now, metres: by its phone, or where it last was."""
        where, world = incident.get("position"), self._scene.world
        f = world.map.frame
        if incident.get("child") == self._lead.id and self._told_by_phone():
            return self._scene.position(self._lead)
        if where:
            return (where["lon"] - f.lon0) * f.m_per_deg_lon, (where["lat"] - f.lat0) * f.m_per_deg_lat
        # Nobody knows where the child is: its home is asked first.
        child = next((p for p in world.subscribers if p.id == incident.get("child")), self._lead)
        home = world.places[child.home]
        return home.x, home.y

    def _told_by_phone(self) -> bool:
        """Whether the lead's phone tells the desk where it is."""
        return self._lead.phone is not None and self._lead.index not in self._scene.silent

    def _arrived(self, unit: Unit) -> None:
        incident = unit.incident
        if incident is None:
            return
        lon, lat = self._scene.lonlat(*unit.position(self._env.now))
        self._line.act(incident, "on_scene", unit=unit.id, key=f"{unit.id}-there")
        self._scene.tell(
            "arrived", (f"{unit.words[0]} 도착", f"{unit.words[1]} is there"), incident=incident, unit=unit.id, lon=lon, lat=lat,
        )  # fmt: skip
        self._env.process(self._look(unit, incident))

    def _look(self, unit: Unit, incident: str) -> Process:
        """On the spot: is the child here? If not, the unit searches until it is seen."""
        lead, scene = self._lead, self._scene
        found = self._master.case_of(incident)
        if found is None or lead.index not in scene.trouble or found[0].plan.kind == "dial":
            return
        for n in range(SEARCHES):
            if lead.index in scene.safe or unit.incident != incident:
                return
            if self._metres_from(unit, *scene.position(lead)) <= SEEN_WITHIN_M:
                break
            if n == 0:
                scene.tell("unit", (f"{unit.words[0]}: 이곳에 없음, 주변을 수색", f"{unit.words[1]}: not here, searching"),
                           incident=incident, unit=unit.id)  # fmt: skip
            yield self._env.timeout(GUIDE_S if self._told_by_phone() else SEARCH_S)
            reached = self._env.event()
            self._drive(unit, scene.position(lead), partial(_succeed, reached), under_way=True)
            yield reached
        yield self._env.timeout(LOOK_S)
        if lead.index in scene.safe:
            return
        self._master.found(found[1], lead.id, self._env.now)
        scene.find(lead, unit)
        if scene.evacuated:
            scene.join_assembly(lead)


def _succeed(event: simpy.Event, unit: Unit) -> None:
    if not event.triggered:
        event.succeed(unit)

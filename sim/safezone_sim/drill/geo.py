"""The places of a drill as GeoJSON: school, gates, equipment, danger areas, routes; streets where the map is schematic."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from safezone_sim.devices.camera import Camera
from safezone_sim.drill.cameras import bearing_of, short_name
from safezone_sim.drill.scene import Scene
from safezone_sim.map.model import FloatArray, StreetMap

ROUTES = 40


class _Collector:
    def __init__(self, frame: Any) -> None:
        self.frame = frame
        self.features: list[dict[str, Any]] = []

    def _degrees(self, xy: FloatArray) -> list[list[float]]:
        found: list[list[float]] = np.round(self.frame.to_lonlat(np.asarray(xy, float)), 6).tolist()
        return found

    def point(self, kind: str, id_: str, x: float, y: float, name: str = "", **more: Any) -> None:
        self._add("Point", self._degrees(np.array([[x, y]]))[0], kind, id_, name, more)

    def line(self, kind: str, id_: str, xy: FloatArray, name: str = "", **more: Any) -> None:
        self._add("LineString", self._degrees(xy), kind, id_, name, more)

    def area(self, kind: str, id_: str, shape: Any, name: str = "", **more: Any) -> None:
        rings = [self._degrees(shapely.get_coordinates(shape.exterior))]
        rings += [self._degrees(shapely.get_coordinates(r)) for r in shape.interiors]
        self._add("Polygon", rings, kind, id_, name, more)

    def _add(
        self, type_: str, coordinates: Any, kind: str, id_: str, name: str, more: dict[str, Any]
    ) -> None:
        self.features.append({
            "type": "Feature", "geometry": {"type": type_, "coordinates": coordinates},
            "properties": {"kind": kind, "id": id_, "name": name, **more},
        })  # fmt: skip


def places_of(scene: Scene, cameras: Sequence[Camera], schematic: bool) -> dict[str, Any]:
    """A FeatureCollection; ``schematic``: with streets, buildings and water."""
    world = scene.world
    c = _Collector(world.map.frame)
    if schematic:
        _ground(c, world.map)
    for place in world.places.values():
        if place.role == "danger" and place.shape is not None:
            c.area("danger", place.id, place.shape, place.name, danger=place.danger)
        elif place.role == "school" and place.shape is not None:
            c.area("school", place.id, place.shape, place.name)
        if place.role in ("home", "academy", "playground", "school"):
            c.point(
                place.role if place.role != "school" else "school_point",
                place.id,
                place.x,
                place.y,
                place.name,
            )
    school = world.places[world.school_place]
    for gate in school.gates:
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(gate.line, axis=0).T))])
        x = float(np.interp(gate.gate_at_m, along, gate.line[:, 0]))
        y = float(np.interp(gate.gate_at_m, along, gate.line[:, 1]))
        c.point("gate", gate.id, x, y, "교문", name_en="gate")
    c.point("assembly", f"{school.id}-assembly", *scene.assembly.point, "집합 장소", name_en="assembly point")
    if scene.stage.plan.rollcall:
        for (grade, number), (x, y) in scene.assembly.signs.items():
            ours = (grade, number) == scene.assembly.own
            c.point(
                "assembly_class",
                f"{school.id}-assembly-{grade}-{number}",
                x,
                y,
                f"{grade}-{number}",
                own=ours,
            )
    for camera in cameras:
        d = camera.device
        bearing = bearing_of(camera)
        c.point("camera", d.id, d.x, d.y, short_name(d.id), bearing_deg=bearing, fov_deg=d.fov_deg,
                view_m=d.view_m, preset=camera.preset)  # fmt: skip
        c.area("camera_sector", d.id, sector(d.x, d.y, bearing, d.fov_deg, d.view_m), short_name(d.id))
    for d in world.devices:
        if d.type in ("bell", "reader"):
            c.point(d.type, d.id, d.x, d.y, short_name(d.id), position=d.position)
    for unit in scene.units.values():
        c.point("patrol_base", unit.id, unit.track.x[0], unit.track.y[0], unit.name, unit=unit.kind)
    seen: set[bytes] = set()
    for route in world.routes:
        key = route.line.tobytes()
        if key not in seen and len(seen) < ROUTES and route.to_place == world.school_place:
            seen.add(key)
            c.line("route", route.id, route.line)
    return {"type": "FeatureCollection", "features": c.features}


def _ground(c: _Collector, street_map: StreetMap) -> None:
    for n, feature in enumerate(street_map.features):
        if feature.kind == "water":
            c.area("water", f"water-{n}", feature.shape, feature.name)
    for n, building in enumerate(street_map.buildings):
        c.area("building", f"building-{n}", building)
    for e in range(len(street_map.streets.edge_from)):
        c.line("street", f"street-{e}", street_map.streets.edge_line(e), street_map.streets.edge_name[e],
               cls=street_map.streets.edge_class[e])  # fmt: skip


def sector(x: float, y: float, bearing_deg: float, fov_deg: float, view_m: float) -> shapely.Polygon:
    """What a camera may see: a circular sector; bearing clockwise from north."""
    steps = np.radians(bearing_deg + np.linspace(-fov_deg / 2, fov_deg / 2, 13))
    ring = [(x, y), *((x + view_m * math.sin(a), y + view_m * math.cos(a)) for a in steps.tolist()), (x, y)]
    return shapely.Polygon(ring)

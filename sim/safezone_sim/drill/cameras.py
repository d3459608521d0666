"""A drill's cameras: how each stands, what it sees now, and when it turns. What it looks like is drawn in ``camera_view``."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from safezone_sim.devices.camera import Camera
from safezone_sim.drill.camera_view import Figure, View, can_see, render
from safezone_sim.drill.scene import TROUBLE, Scene

ABOUT_M = ((0.0, 0.0), (10.0, 0.0), (-10.0, 0.0), (0.0, 10.0), (0.0, -10.0))  # a fix is that far off
AROUND_M = 120.0  # whoever is farther off is not drawn


def short_name(id_: str) -> str:
    """Of a device's id, what people call it by."""
    return id_.rpartition("-")[2]


def bearing_of(camera: Camera) -> float:
    """Where it looks now, degrees clockwise from north."""
    return dict(camera.device.presets).get(camera.preset, 0.0)


def camera_rows(
    scene: Scene, cameras: Sequence[Camera], spot: tuple[float, float] | None
) -> list[dict[str, Any]]:
    """Each camera as the control API shows it; with a spot (lon, lat) also whether it can see that."""
    world_map = scene.world.map
    x, y = world_map.frame.to_xy(*map(np.array, spot or (0.0, 0.0))).tolist()
    rows = []
    for camera in cameras:
        d = camera.device
        lon, lat = scene.lonlat(d.x, d.y)
        rows.append({
            "id": d.id, "name": short_name(d.id), "lon": lon, "lat": lat, "preset": camera.preset,
            "bearing_deg": bearing_of(camera), "held_for": camera.held_for,
            "presets": [{"id": i, "bearing_deg": b} for i, b in d.presets], "fov_deg": d.fov_deg, "view_m": d.view_m,
            **({"sees": any(can_see(world_map.buildings, d, x + dx, y + dy) for dx, dy in ABOUT_M)} if spot else {}),
        })  # fmt: skip
    return rows


def camera_svg(scene: Scene, camera: Camera, t: float, width: int) -> str:
    """What a camera sees at ``t``."""
    d, people = camera.device, scene.world.people
    near = []
    for n, track in enumerate(scene.tracks()):
        x, y = track.position(t)
        if abs(x - d.x) < AROUND_M and abs(y - d.y) < AROUND_M and not track.inside(t):
            if n < len(people):
                kind = "child" if people[n].subscriber else "pupil"
            else:
                kind = scene.extras[n - len(people)].kind
            near.append(Figure(x, y, kind, bool(scene.flags(n, track, t) & TROUBLE)))
    clock = scene.stage.scenario.at(t).strftime("%Y-%m-%d %H:%M:%S")
    view = View(d.x, d.y, bearing_of(camera), d.fov_deg, d.view_m, short_name(d.id), clock)
    return render(scene.world.map, view, near, width)


class Turns:
    """Tells of each turn of a camera, once."""

    def __init__(self, scene: Scene, cameras: Sequence[Camera]) -> None:
        self._scene, self._cameras = scene, cameras
        self._told: dict[str, int] = {}

    def notice(self) -> None:
        for camera in self._cameras:
            for turn in camera.turns[self._told.get(camera.name, 0) :]:
                lon, lat = self._scene.lonlat(camera.device.x, camera.device.y)
                bearing = dict(camera.device.presets)[turn["preset"]]
                short = short_name(camera.name)
                self._scene.tell(
                    "camera", (f"카메라 {short} 회전", f"camera {short} turns"), camera=camera.name, preset=turn["preset"],
                    incident=turn["incident"], lon=lon, lat=lat, data={"bearing_deg": bearing},
                )  # fmt: skip
            self._told[camera.name] = len(camera.turns)

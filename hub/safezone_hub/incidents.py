"""Opening an incident: its id, its links, its cameras. Working it to an end is not part of this version."""

from math import hypot

from safezone_hub.context import Context, stable_id
from safezone_hub.geometry import angle_between_deg, bearing_deg
from safezone_hub.observation import Count, OpenIncident, TurnCamera, Where
from safezone_hub.registry import Camera
from safezone_hub.rules.health import in_order
from safezone_hub.state import Cite, Incident

INCIDENTS_KEPT = 64


def open_incident(
    ctx: Context,
    service: str,
    at: float,
    *,
    child: str | None,
    device: str | None,
    position: Where | None,
    key: Cite | str,
    exercise: str | None,
) -> tuple[Incident, tuple[str, ...]]:
    """Open an incident, link it to related ones, and turn the nearest cameras that can see the place."""
    zone = ctx.state.zone
    x, y = (position.x, position.y) if position is not None else (None, None)
    id_ = stable_id(at, zone.id, service, child, device, key, len(zone.incidents))
    incident = Incident(id_, service, at, child, device, [], x, y)
    incident.linked = [other.id for other in zone.incidents if _related(ctx, incident, other)]
    zone.incidents = [*zone.incidents, incident][-INCIDENTS_KEPT:]
    ctx.effects.append(OpenIncident(id_, exercise))
    ctx.effects.append(Count(f"incident.{service}"))
    cameras = pick_cameras(ctx, x, y) if x is not None and y is not None else []
    for camera, preset in cameras:
        if preset is not None:
            hold = ctx.settings.camera_hold_s
            ctx.effects.append(TurnCamera(camera.id, preset, id_, hold, exercise, ctx.now))
    return incident, tuple(camera.id for camera, _ in cameras)


def pick_cameras(ctx: Context, x: float, y: float) -> list[tuple[Camera, str | None]]:
    """The nearest cameras that can see a point, each with the preset that does.

    Those out of order come last: in an emergency a doubtful camera is still asked when no other sees.
    """
    ranked = sorted(
        ctx.view.cameras.values(),
        key=lambda c: (not in_order(ctx, c.id), hypot(c.x - x, c.y - y), c.id),
    )
    chosen: list[tuple[Camera, str | None]] = []
    for camera in ranked:
        device = ctx.state.devices.get(camera.id)
        if hypot(camera.x - x, camera.y - y) > camera.view_m or (device is not None and not device.online):
            continue
        sees, preset = _best_preset(camera, x, y)
        if sees:
            chosen.append((camera, preset))
        if len(chosen) == ctx.settings.cameras_max:
            break
    return chosen


def _best_preset(camera: Camera, x: float, y: float) -> tuple[bool, str | None]:
    """Whether the camera can see the point, and by which preset."""
    if not camera.presets:
        return camera.fov_deg >= 360.0, None
    towards = bearing_deg(camera.x, camera.y, x, y)
    preset, bearing = min(camera.presets, key=lambda p: (angle_between_deg(p[1], towards), p[0]))
    close = hypot(camera.x - x, camera.y - y) < 3.0
    return close or angle_between_deg(bearing, towards) <= camera.fov_deg / 2, preset


def _related(ctx: Context, one: Incident, other: Incident) -> bool:
    if one.opened_at - other.opened_at > ctx.settings.link_s:
        return False
    if one.child is not None and one.child == other.child:
        return True
    if one.device is not None and one.device == other.device:
        return True
    if one.x is None or other.x is None or one.y is None or other.y is None:
        return False
    return hypot(one.x - other.x, one.y - other.y) <= ctx.settings.link_m

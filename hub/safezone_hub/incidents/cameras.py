"""Which cameras look at an incident, for how long, and when they are let go."""

from safezone_hub.context import Context
from safezone_hub.observation import ReleaseCamera, TurnCamera
from safezone_hub.places import rank_cameras
from safezone_hub.registry import Camera
from safezone_hub.rules.health import in_order
from safezone_hub.state import Incident, View

DISC_MAX_M = 60.0  # of a place known no better than this, the middle is what is looked at


def turn_to(ctx: Context, incident: Incident) -> tuple[str, ...]:
    """Send the best cameras to the incident's place; their ids, best first."""
    if incident.x is None or incident.y is None:
        return ()
    chosen = pick_cameras(ctx, incident.x, incident.y, incident.accuracy_m or 0.0, incident.id)
    incident.cameras = [View(camera.id, preset) for camera, preset in chosen]
    _send(ctx, incident)
    return tuple(camera.id for camera, _ in chosen)


def renew(ctx: Context, incident: Incident) -> None:
    """Hold the cameras for as long as the incident is being worked."""
    _send(ctx, incident)


def release(ctx: Context, incident: Incident) -> None:
    """Let go of the cameras; one that another open incident wants goes there instead."""
    for view in incident.cameras:
        heir = _wanted_by(ctx, view.camera, incident)
        if heir is None:
            if view.preset is not None:
                ctx.effects.append(ReleaseCamera(view.camera, incident.id, incident.exercise, ctx.now))
        elif heir[1] is not None and heir[1] != view.preset:
            ctx.effects.append(
                TurnCamera(
                    view.camera, heir[1], heir[0].id, ctx.settings.camera_hold_s, heir[0].exercise, ctx.now
                )
            )


def pick_cameras(
    ctx: Context, x: float, y: float, accuracy_m: float = 0.0, incident: str = ""
) -> list[tuple[Camera, str | None]]:
    """The best cameras for a place, each with the preset that shows it (``places.sight``).

    Those that look at another incident being worked come after the free ones; in an emergency a doubtful
    camera is still asked when no other sees. One that is down is not.
    """
    taken = {
        v.camera for i in ctx.state.incidents.values() if i.id != incident and worked(i) for v in i.cameras
    }
    down = {id_ for id_, device in ctx.state.devices.items() if not device.online}
    ranked = rank_cameras(
        ctx.view.cameras.values(), x, y, min(accuracy_m, DISC_MAX_M), taken, down,
        lambda id_: in_order(ctx, id_), ctx.settings.cameras_max,
    )  # fmt: skip
    return [(camera, preset) for camera, preset, _ in ranked]


def worked(incident: Incident) -> bool:
    """Whether somebody has taken it up and not yet closed it."""
    return incident.is_open and incident.state != "open"


def _send(ctx: Context, incident: Incident) -> None:
    hold = ctx.settings.camera_hold_s
    for view in incident.cameras:
        if view.preset is not None:
            ctx.effects.append(
                TurnCamera(view.camera, view.preset, incident.id, hold, incident.exercise, ctx.now)
            )


def _wanted_by(ctx: Context, camera: str, done: Incident) -> tuple[Incident, str | None] | None:
    for other in ctx.state.incidents.values():
        if other.id != done.id and worked(other):
            for view in other.cameras:
                if view.camera == camera:
                    return other, view.preset
    return None

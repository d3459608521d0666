"""Device health: heartbeats, clock offsets, known faults."""

from safezone_hub.clock import parse_time
from safezone_hub.context import Context
from safezone_hub.messages import CameraState, DeviceStatus
from safezone_hub.observation import Observation, Settle
from safezone_hub.rules import Rule
from safezone_hub.state import Device

OFFSET_SAMPLES = 9


def hear_status(ctx: Context, obs: Observation) -> None:
    """Note a heartbeat; with an empty queue it also shows the device's clock against ours."""
    assert isinstance(obs.data, DeviceStatus)
    data, device = obs.data, ctx.state.device(obs.device)
    device.heartbeat_at = obs.received_at
    device.interval_s = data.interval_s
    device.online = data.online
    device.battery_pct = data.battery_pct if isinstance(data.battery_pct, int | float) else None
    device.firmware = data.firmware or None
    device.faults = [
        name
        for name, present in (
            ("offline", not data.online),
            ("tamper", data.tamper is True),
            ("self_test", data.self_test == "failed"),
            ("stuck_button", data.stuck_button is True),
            ("mains", data.mains is False),
        )
        if present
    ]
    if data.queue_depth == 0:
        device.offsets = [*device.offsets, parse_time(data.clock) - obs.received_at][-OFFSET_SAMPLES:]
    # A phone's heartbeat is no sign of the child: silence is judged by fixes and sightings.


def hear_camera(ctx: Context, obs: Observation) -> None:
    """Note where a camera looks; the command it answers is settled."""
    assert isinstance(obs.data, CameraState)
    device = ctx.state.device(obs.device)
    device.preset, device.busy = obs.data.preset, obs.data.busy is True
    if isinstance(obs.data.command, str):
        ctx.effects.append(Settle(obs.data.command, f"dev/{obs.device}"))


def faults(device: Device | None, now: float, running_since: float, heartbeat_fault_s: float) -> list[str]:
    """Known faults of a device at a moment; a missing heartbeat is one."""
    known = list(device.faults) if device is not None else []
    last = running_since if device is None or device.heartbeat_at is None else device.heartbeat_at
    if now - last >= heartbeat_fault_s:
        known.append("heartbeat_missing")
    return known


def in_order(ctx: Context, device: str) -> bool:
    """Whether nothing speaks against a device's reports right now."""
    found = faults(
        ctx.state.devices.get(device), ctx.now, ctx.state.zone.started_at, ctx.settings.heartbeat_fault_s
    )
    return not {"offline", "heartbeat_missing", "self_test"} & set(found)


RULE = Rule("health", hears={"device.status": hear_status, "camera.state": hear_camera})

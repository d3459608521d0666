"""What makes a device of any class say something, for the cases that hold for every class. No cases of its own."""

from collections.abc import Callable, Mapping
from typing import Any

from safezone_conformance.equipment_bench import Done, EquipmentBench, Up
from safezone_conformance.town import LAT, LON
from safezone_conformance.wire import unix

EVENT_TIME: Mapping[str, str] = {
    "tag.sighted": "first_at",
    "tag.called": "pressed_at",
    "bell.pressed": "pressed_at",
    "phone.called": "dialled_at",
    "phone.located": "fixed_at",
}
EMERGENCY: Mapping[str, str] = {"reader": "tag.called", "bell": "bell.pressed", "phone": "phone.called"}
WITH_EMERGENCY = ("READER", "BELL", "PHONE")
BRIEFLY_S = 0.5
POINT = (LAT, LON)


def outer(t: EquipmentBench) -> str:
    return t.device.antenna("outer", "single")


def the_tag(t: EquipmentBench) -> str:
    t.given(bool(t.device.tags), "device.tags of the IXIT names a tag")
    return t.device.tags[0]


def fresh_tag(t: EquipmentBench, antenna: str | None = None) -> str:
    """A tag that is not in the field now, so that its next read begins a stay."""
    the_tag(t)
    return t.clear_field(antenna or outer(t), t.device.tags)


def present(
    t: EquipmentBench, tag: str, antenna: str, seconds: float = BRIEFLY_S, distance_m: float | None = None
) -> Done:
    return t.do(
        "present_tag", takes_s=seconds, tag=tag, antenna=antenna, seconds=seconds, distance_m=distance_m
    )


def press_tag(t: EquipmentBench, tag: str, *, bounces: int = 0, distance_m: float | None = None) -> Done:
    t.rested(tag)
    return t.do("press_tag", tag=tag, hold_s=0.3, bounces=bounces, distance_m=distance_m)


def press(t: EquipmentBench, *, times: int = 1, every_s: float = 1.0, bounces: int = 0) -> Done:
    return t.do("press", takes_s=times * every_s, times=times, every_s=every_s, hold_s=0.15, bounces=bounces)


def move(t: EquipmentBench, points: list[list[float]], step_s: float = 1.0) -> Done:
    return t.do("move", takes_s=len(points) * step_s, points=points, step_s=step_s)


def dial(t: EquipmentBench, app: str = "running") -> Done:
    return t.do("dial_112", app=app)


def north(metres: float) -> list[float]:
    """A point so many metres north of the town's middle."""
    return [round(POINT[0] + metres / 111195.0, 7), POINT[1]]


def turn(t: EquipmentBench, preset: str, incident: str, **data: Any) -> Any:
    """camera.turn; the incident is released at the end of the case if the case does not."""
    if incident not in t.held:
        t.held.append(incident)
    return t.tell("camera.turn", {"preset": preset, "incident": incident, **data})


def answers(told_id: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda data: data.get("command") == told_id


def routine_act(t: EquipmentBench) -> tuple[float, float, str, Callable[[Mapping[str, Any]], bool]]:
    """Do what makes the device say something of class routine: since when, until when, of which type, and which one."""
    match t.device.role:
        case "reader" | "tag":
            tag = fresh_tag(t)
            done = present(t, tag, outer(t))
            return done.asked_t, done.t, "tag.sighted", lambda d: d["tag"] == tag and d["phase"] == "start"
        case "bell":
            if ("open_case", {"open": False}) in t.undo:
                t.do("open_case", open=False)
            done = t.do("open_case", open=True)
            return done.asked_t, done.t, "device.status", lambda d: d.get("tamper") is True
        case "camera":
            presets = list(t.device.presets)
            t.given(len(presets) >= 2, "device.presets of the IXIT names two presets")
            told = turn(t, presets[t.next_number() % 2], t.identity.id("inc"))
            return told.t, told.t, "camera.state", answers(told.id)
        case _:
            done = move(t, [north(5.0 * t.next_number())])
            return done.asked_t, done.done_t, "phone.located", lambda d: True


def routine(t: EquipmentBench) -> Up:
    """One new message of class routine; a precondition."""
    since, at, type_, where = routine_act(t)
    return t.given_up(type_, since=since, until=max(at, t.line.stamp()) + t.at_once, where=where)


def emergency_act(t: EquipmentBench) -> Done:
    """Do what makes an emergency of this class."""
    match t.device.role:
        case "reader" | "tag":
            return press_tag(t, the_tag(t))
        case "bell":
            return press(t)
        case _:
            return dial(t)


def emergency(t: EquipmentBench) -> Up:
    """One new emergency; a precondition."""
    done = emergency_act(t)
    return t.given_up(EMERGENCY[t.device.role], since=done.asked_t, until=done.done_t + t.at_once)


def clock_ahead_s(t: EquipmentBench, up: Up) -> float:
    """The device's clock minus true time, by a message just sent."""
    return up.sent_at - t.unix(up.t)


def event_at(up: Up) -> float:
    return unix(str(up.data[EVENT_TIME[up.type]]))


def status(
    t: EquipmentBench, *, since: float | None = None, where: Callable[[Mapping[str, Any]], bool] | None = None
) -> Up:
    """The next device.status, within the longest wait of the IXIT; a precondition."""
    begin = t.line.stamp() if since is None else since
    longest = float(t.value("phases.heartbeat_s"))
    return t.given_up(
        "device.status", since=begin, until=begin + t.allowed(longest), where=where, what="a device.status"
    )


def repeated(t: EquipmentBench, up: Up, after: float, until: float) -> bool:
    """Whether a repeat of a message comes after a moment, and before another."""
    message = up.msg
    while not any(x > after for x in message.times):
        if t.take(until) is None:
            break
    return any(after < x <= until for x in message.times)


def next_repeat_by(t: EquipmentBench, up: Up) -> float:
    """When the next repeat of a message is due at the latest, by the intervals of 5.2."""
    count, last = len(up.msg.times), up.msg.times[-1]
    cap = 5.0 if up.msg.emergency else 60.0
    return last + t.allowed(1.25 * min(2.0 * 2.0 ** (count - 1), cap))

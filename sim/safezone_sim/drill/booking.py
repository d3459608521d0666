"""What drill is wanted: asked for by a call, or prepared by an earlier run and wanted again."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from safezone_sim.drill import catalogue
from safezone_sim.drill.guard import bad_day, invalid
from safezone_sim.drill.hours import BadStart, start_of
from safezone_sim.drill.openapi import NEW_SESSION
from safezone_sim.drill.session import TURBO
from safezone_sim.drill.stage import ClassRoom
from safezone_sim.scenario import Scenario

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
OWNER_MAX = 200


@dataclass(frozen=True)
class Booking:
    """``zone``, ``created_at``: of a drill that was prepared before; it keeps its name, and has a new zone."""

    session: str
    scenario: Scenario
    school: str
    day: date
    start: str | None
    seed: int
    rehearsal: bool
    room: ClassRoom | None
    speed: float
    owner: str | None
    created_at: str | None = None
    zone: str | None = None


def new_session_id(school: str) -> str:
    """The school's code and four letters."""
    return f"{school}-{''.join(secrets.choice(ALPHABET) for _ in range(4))}"


def booking_of(body: Mapping[str, Any], lab: bool) -> Booking:
    """Of the body of a call. ``lab``: full speed may be asked for. Problem."""
    known = set(NEW_SESSION["properties"])
    for name in set(body) - known:
        raise invalid(f"모르는 항목입니다. {sorted(known)} · unknown member", name, body[name])
    scenario = catalogue.drills().get(str(body.get("drill")))
    if scenario is None:
        ids = ", ".join(catalogue.drills())
        raise invalid(f"{ids} 가운데 하나입니다 · use one of them", "drill", body.get("drill"))
    try:
        day = date.fromisoformat(str(body["date"])) if body.get("date") else _today(scenario)
    except ValueError:
        raise bad_day(body["date"]) from None
    try:
        start = start_of(scenario, body.get("start"))
    except BadStart as e:
        raise invalid(str(e), "start", body["start"]) from None
    school, seed, speed = str(body.get("school", "")), body.get("seed", 1), body.get("speed", 1)
    if not isinstance(seed, int) or seed < 0:
        raise invalid("0 이상의 정수입니다 · an integer from 0", "seed", seed)
    owner = body.get("owner")
    if owner is not None and (not isinstance(owner, str) or not 1 <= len(owner) <= OWNER_MAX):
        raise invalid(f"{OWNER_MAX}자까지의 글입니다 · text of up to {OWNER_MAX} characters", "owner", owner)
    if not isinstance(speed, int | float) or not (1 <= speed <= 60 or (lab and speed == TURBO)):
        raise invalid("1에서 60까지입니다 · from 1 to 60", "speed", speed)
    return Booking(
        session=new_session_id(school), scenario=scenario, school=school, day=day, start=start, seed=seed,
        rehearsal=body.get("rehearsal") is True, room=class_room(body.get("class")), speed=float(speed), owner=owner,
    )  # fmt: skip


def _today(scenario: Scenario) -> date:
    """The day in the drill's zone, whatever clock the machine keeps."""
    return datetime.now(ZoneInfo(scenario.timezone)).date()


def booked_before(record: Mapping[str, Any]) -> Booking:
    """Of the record of a drill that nobody began: its name, its day and hour, its class and whose it is."""
    school, room = record["school"]["code"], record["class"]
    return Booking(
        session=record["session"], scenario=catalogue.drills()[record["drill"]["id"]], school=school, day=date.fromisoformat(record["date"]),
        start=record.get("starts"), seed=record["seed"], rehearsal=record["rehearsal"],
        room=ClassRoom(room["grade"], room["class"], len(room["seats"]), room.get("lead")), speed=record["speed"], owner=record["owner"],
        created_at=record["created_at"], zone=new_session_id(school),
    )  # fmt: skip


def class_room(given: Any) -> ClassRoom | None:
    """Whose class drills: grade 1 to 6, class 1 to 30, size 5 to 40, and the lead's seat, 1 to size. Problem for anything else."""
    if given is None:
        return None
    limits = {"grade": (1, 6), "class": (1, 30), "size": (5, 40)}
    if not isinstance(given, dict) or set(given) - {"lead"} != set(limits):
        raise invalid(
            "grade, class, size가 모두 있어야 하고, lead는 있어도 됩니다 · give grade, class and size; lead is optional",
            "class", given,
        )  # fmt: skip
    for name, (low, high) in limits.items():
        _whole(given[name], low, high, name)
    lead = given.get("lead")
    if lead is not None:
        _whole(lead, 1, given["size"], "lead")
    return ClassRoom(given["grade"], given["class"], given["size"], lead)


def _whole(value: Any, low: int, high: int, name: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise invalid(
            f"{low}에서 {high}까지의 정수입니다 · an integer from {low} to {high}", f"class.{name}", value
        )

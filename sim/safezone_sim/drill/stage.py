"""A drill's stage: the world of one session, its class, its lead and its registry. Everything stands still.

One session is one zone of its own, named after the school and the session, so that several meet nowhere on a hub.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import simpy

from safezone_sim.drill.casting import NoPart, Part, cast_part, near_the_edge
from safezone_sim.drill.hours import day_of, start_of
from safezone_sim.drill.names import with_childrens_names
from safezone_sim.drill.plan import LEAD_SEAT, DrillPlan, Inject, with_seat
from safezone_sim.drill.units import BOX_CAR
from safezone_sim.life.lines import lengths_along
from safezone_sim.life.model import Life
from safezone_sim.life.ports import NoSenses
from safezone_sim.map import load_map
from safezone_sim.scenario import Scenario
from safezone_sim.schools import find_school
from safezone_sim.world import build_world
from safezone_sim.world.keys import simulation_keys
from safezone_sim.world.model import Antenna, Device, Person, SchoolWorld

GRADE = 4
KNOWN_SHORT_OF_M, KNOWN_CORRIDOR_M = 55.0, 60.0
BEFORE_POST_S = 20.0
BEFORE_HOME_S = 12.75 * 3600  # all have come, and lessons of grade 1 end at 13:00
KINDS_OF_BOX = ("파출소", "지구대", "치안센터", "경찰서")
CARS_OF_BOXES = 4  # beside the two patrol cars that every zone has
EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
OPERATORS = (("op1", "112 근무자 1 (모의)", "operator"), ("op2", "112 근무자 2 (모의)", "operator"),
             ("sv", "112 팀장 (모의)", "supervisor"), ("field", "현장 무전 (모의)", "operator"))  # fmt: skip


@dataclass(frozen=True)
class ClassRoom:
    """The class that drills: what it is called, how many sit in it, and at which seat the lead sits, if that was chosen."""

    grade: int
    number: int
    size: int
    lead: int | None = None


@dataclass(frozen=True)
class Stage:
    """``start``: when the drill begins, HH:MM, and ``start_s``: START, seconds after midnight; ``warm_s``: from when the hub
    sees the day; ``part``: the lead's.
    """

    session: str
    scenario: Scenario
    plan: DrillPlan
    world: SchoolWorld
    part: Part
    seats: tuple[int, ...]  # person index by seat, from seat 1
    start: str
    start_s: float
    warm_s: float
    minutes: float
    rehearsal: bool
    registry: tuple[Mapping[str, Any], ...]

    @property
    def lead(self) -> Person:
        return self.world.people[self.part.person]

    @property
    def zone(self) -> str:
        return self.world.zone

    @property
    def exercise(self) -> str:
        return self.scenario.drill_id(self.zone)

    @property
    def schematic(self) -> bool:
        """Whether the map is made up, and not the school's."""
        return self.world.map.source.kind == "schematic"

    def at(self, t: float) -> str:
        """Seconds after midnight as RFC 3339."""
        return self.scenario.at(t).isoformat(timespec="milliseconds")

    @property
    def lead_words(self) -> tuple[str, str]:
        """What the lead is called: number and invented name."""
        return f"{self.lead.number}번 {self.lead.name}", f"seat {self.lead.number}, {self.lead.name}"

    def due_s(self, inject: Inject) -> float:
        """When an inject is due, seconds after midnight. In a rehearsal on the full minute that the list shows, one after the other."""
        if not self.rehearsal:
            return self._squeezed(inject)
        due, before = 0.0, 0.0
        for other in sorted(self.plan.injects, key=lambda i: i.at_min):
            if other.auto or other is inject:
                due = max(60.0 * round(self._squeezed(other) / 60.0), before + 60.0, self.start_s + 30.0)
            if other is inject:
                break
            before = due
        return due

    def _squeezed(self, inject: Inject) -> float:
        return self.start_s + inject.at_min * 60.0 * self.minutes / self.plan.minutes

    def principal(self, name: str) -> str:
        """The id of an operator or of the school's own post."""
        return f"{self.zone}-{name}"


def set_stage(
    scenario: Scenario,
    session: str,
    school_code: str,
    day: date,
    *,
    seed: int,
    rehearsal: bool,
    map_dir: Path | None,
    map_source: str | None,
    start: str | None = None,
    room: ClassRoom | None = None,
    zone: str | None = None,
    lab: bool = False,
) -> Stage:
    """Builds the stage; takes one or two seconds. SchoolError, MapError, WorldError, BadStart or NoPart say what is wrong.

    ``start``: HH:MM, in place of the scenario's.
    ``zone``: where the session is prepared a second time, since its first zone has lived that morning already.
    """
    plan = scenario.drill
    assert plan is not None
    minutes = plan.rehearsal_minutes if rehearsal else plan.minutes
    begins = start_of(scenario, start)
    whole_day, start_s = day_of(scenario, begins, minutes)
    lived = _lived(whole_day, school_code, day, seed)
    found = find_school(school_code, map_dir)
    street_map = load_map(found.lon, found.lat, lived.map.radius_m, map_dir=map_dir, source=map_source)
    school = replace(found, code=zone or session)
    world = with_childrens_names(build_world(lived, school, street_map, map_dir=map_dir), seed)
    life = lived_until(lived, world, start_s - 60.0 * plan.warm_up_min)
    at_home = [p for p in world.subscribers if life.agents[p.index].whereabouts == "home"
               and not life.day.draft.ill[p.index] and not life.agents[p.index].legs]  # fmt: skip
    life.env.run(until=start_s)
    inside = [p for p in world.subscribers if life.inside(p, start_s) == world.school_place]
    part = cast_part(plan.story, life, inside, at_home)
    if rehearsal:
        part = near_the_edge(part)
    warm_s = start_s - 60.0 * plan.warm_up_min
    if plan.story != "stays_away":
        warm_s = min(warm_s, start_s - _seconds(part, world) - BEFORE_POST_S - 60.0)
    size = room.size if room is not None else plan.class_size
    lead = LEAD_SEAT if room is None or room.lead is None else room.lead
    seats = _seats(world, size, lead, part.person, at_home if plan.story == "stays_away" else inside)
    if room is not None and room.lead is not None and room.lead > len(seats):
        raise NoPart(
            f"class.lead {room.lead}: only {len(seats)} pupils of {world.school.name} can sit in this class. "
            f"Choose 1 to {len(seats)}."
        )
    plan = with_seat(plan, 1 + seats.index(part.person))
    lived = msgspec.structs.replace(lived, drill=plan)
    world = _with_patrol_cars(_with_known_way(_with_class(world, seats, room), part))
    return Stage(
        session, lived, plan, world, part, seats, begins, start_s, warm_s, minutes, rehearsal,
        _registry(world, plan, seed, rehearsal, lab),
    )  # fmt: skip


class Passed(NoSenses):
    """What gates would have read: (person, reader, antenna, from, to), seconds after midnight."""

    def __init__(self) -> None:
        self.stays: list[tuple[Person, Device, Antenna, float, float]] = []

    def tag_stay(self, person: Person, reader: Device, antenna: Antenna, t_in: float, t_out: float) -> None:
        if reader.position == "gate":
            self.stays.append((person, reader, antenna, t_in, t_out))


def lived_until(
    scenario: Scenario,
    world: SchoolWorld,
    t: float,
    stay: Sequence[int] = (),
    senses: NoSenses | None = None,
) -> Life:
    """The school's life, up to ``t``, seen by nobody but ``senses``. ``stay``: pupils who remain in school when lessons end."""
    env = simpy.Environment(initial_time=scenario.start_s)
    life = Life(env, scenario, world, senses)
    t = max(t, scenario.start_s + 1.0)
    if stay and t > BEFORE_HOME_S:
        env.run(until=BEFORE_HOME_S)
        for index in stay:
            life.agents[index].leave_plan()
    env.run(until=t)
    return life


def _lived(scenario: Scenario, school: str, day: date, seed: int) -> Scenario:
    """The day around the drill, without scripted incidents."""
    return msgspec.structs.replace(
        scenario, schools=(school,), date=day, seed=seed, exercise="drill", incidents=(), closed_roads=(), location_queries=0,
    )  # fmt: skip


def _seconds(part: Part, world: SchoolWorld) -> float:
    """How long the lead walks to its post."""
    if part.prelude is None:
        return 0.0
    return float(lengths_along(part.prelude.xy)[-1]) / world.people[part.person].speed_mps


def _seats(
    world: SchoolWorld, size: int, seat: int, lead: int, candidates: Sequence[Person]
) -> tuple[int, ...]:
    """The class that drills: who has a phone first; the lead sits at ``seat``, or last. A small school may have fewer than ``size``."""
    others = sorted((p for p in candidates if p.index != lead), key=lambda p: (p.phone is None, p.index))
    chosen = [p.index for p in others[: size - 1]]
    chosen.insert(min(seat - 1, len(chosen)), lead)
    return tuple(chosen)


def _with_class(world: SchoolWorld, seats: tuple[int, ...], room: ClassRoom | None) -> SchoolWorld:
    """Puts the class together: one class of its own, with seat numbers, in world and registry.

    Whoever was in a class of that name before is in another now.
    """
    free = max(p.class_no for p in world.people) + 1
    grade, class_no = (GRADE, free) if room is None else (room.grade, room.number)
    free = max(free, class_no + 1)
    people = list(world.people)
    moved: dict[str, dict[str, int]] = {}
    for index, person in enumerate(people):
        if person.grade == grade and person.class_no == class_no:
            people[index] = replace(person, class_no=free)
            moved[person.id] = {"class": free}
    for seat, index in enumerate(seats, 1):
        people[index] = replace(people[index], grade=grade, class_no=class_no, number=seat)
        moved[people[index].id] = {"grade": grade, "class": class_no, "number": seat}
    registry = tuple(
        {**item, **moved[item["id"]]} if item["kind"] == "child" and item["id"] in moved else item
        for item in world.registry
    )
    return replace(world, people=tuple(people), registry=registry)


def _with_known_way(world: SchoolWorld, part: Part) -> SchoolWorld:
    """Registers the lead's way to a danger area, short of it: who walks there is no deviation, who goes in is."""
    if part.area is None or part.prelude is None:
        return world
    along = lengths_along(part.prelude.xy)
    short = part.prelude.xy[along <= along[-1] - KNOWN_SHORT_OF_M]
    if len(short) < 2:
        return world
    lead = world.people[part.person]
    line = np.round(world.map.frame.to_lonlat(short), 7).tolist()
    route = {"id": f"{lead.id}-drill", "from": world.school_place, "to": lead.home, "line": line,
             "corridor_m": KNOWN_CORRIDOR_M, "minutes": 30}  # fmt: skip
    registry = tuple(
        {**item, "routes": [*item["routes"], route]}
        if item["kind"] == "child" and item["id"] == lead.id
        else item
        for item in world.registry
    )
    return replace(world, registry=registry)


def _with_patrol_cars(world: SchoolWorld) -> SchoolWorld:
    """Who can be sent in a drill drives: of the nearest police boxes with a name of their own, the car that stands there.

    A house goes nowhere, and an officer on foot meets no child that walks. The map has moved stations twice, and calls other
    things police too.
    """
    places = world.map.frame.to_xy
    away = {
        i["id"]: float(np.hypot(*places(np.array([i["lon"]]), np.array([i["lat"]]))[0]))
        for i in world.registry
        if i["kind"] == "unit" and i["type"] == "police_box"
    }
    cars: dict[str, str] = {}  # id by name
    for id_, name in sorted(((i["id"], i["name"]) for i in world.registry if i["id"] in away), key=lambda u: away[u[0]]):  # fmt: skip
        if name.endswith(KINDS_OF_BOX) and name not in KINDS_OF_BOX and len(cars) < CARS_OF_BOXES:
            cars.setdefault(name, id_)
    registry: list[Mapping[str, Any]] = []
    for item in world.registry:
        if item["id"] not in away:
            registry.append(item)
        elif cars.get(item["name"]) == item["id"]:
            registry.append({**item, "type": "patrol", "name": f"{item['name']}{BOX_CAR}"})
    return replace(world, registry=tuple(registry))


def _registry(
    world: SchoolWorld, plan: DrillPlan, seed: int, rehearsal: bool, with_lab: bool
) -> tuple[Mapping[str, Any], ...]:
    """The world's registry with what a drill needs on top: people at the desk and in school, a policy, every day a school day."""
    zone = world.zone
    items: list[Mapping[str, Any]] = []
    for item in world.registry:
        if item["kind"] != "zone":
            items.append(item)
            continue
        waits = (15, 30) if rehearsal else (45, 90)
        policy = (
            {}
            if plan.deadline_min is None
            else {"not_arrived": {"school_after_s": waits[0], "desk_after_s": waits[1]}}
        )
        items.append({
            **item, "school": {**item["school"], "code": zone.rpartition("-")[0]},
            "calendar": {**item["calendar"], "weekdays": EVERY_DAY}, "policy": policy,
        })  # fmt: skip
    base: dict[str, Any] = {"zone": zone, "nature": "simulated"}
    for name, title, rank in OPERATORS:
        items.append({**base, "kind": "operator", "id": f"{zone}-{name}", "name": title, "desk": f"{zone}-desk", "rank": rank})  # fmt: skip
    items.append({**base, "kind": "staff", "id": f"{zone}-staff", "name": "담당 교사 (모의)"})
    if not with_lab:
        return tuple(items)
    lab = f"{zone}-lab-bell"
    keyid, secret = simulation_keys(zone, seed, [lab])[lab]
    yard = next(i for i in world.registry if i["kind"] == "zone")["school"]
    items.append({
        **base, "kind": "device", "id": lab, "type": "bell", "key": {"keyid": keyid, "secret": secret},
        "placement": {"lat": yard["lat"], "lon": yard["lon"]},
    })  # fmt: skip
    return tuple(items)


def drill_item(stage: Stage, opens: str, closes: str, clock: Mapping[str, Any]) -> dict[str, Any]:
    """The registry item that opens the drill; no real recipient is allow-listed."""
    return {
        "kind": "drill", "id": stage.exercise, "zone": stage.zone, "opens_at": opens, "closes_at": closes, "clock": dict(clock),
    }  # fmt: skip

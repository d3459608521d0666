"""The pupils of one school and the subscribers' guardians.

Every draw comes from the stream of (seed, zone, child, purpose), so that a device, another school or one
more subscriber moves no child. All names are made by Faker (ko_KR); nobody here exists.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from faker import Faker

from safezone_sim.scenario import Behaviour, People
from safezone_sim.streams import school_of, stream
from safezone_sim.world.home_places import Home
from safezone_sim.world.model import Guardian, Person, Place

PUPILS_IF_UNKNOWN = 500
CLASS_SIZE = 25
GRADES = 6
HOME_DECAY_M = 450.0  # assumption: so much farther, 1/e as likely
ACADEMY_DECAY_M = 600.0
SECOND_ACADEMY = 0.3  # of those with one
SIBLING = 0.10  # share of subscribers who are a brother or sister of an earlier one
HOME_TO_OUTING_M = 125.0
HOME_BY_S = 19.5 * 3600


@dataclass(frozen=True)
class Population:
    people: tuple[Person, ...]
    guardians: tuple[Guardian, ...]


def walking_speed_mps(grade: int, deviate: float) -> float:
    """Free walking speed on the level, m/s, of a child in this grade; ``deviate`` is a standard normal draw.

    Assumption: a mean of 1.05 in grade 1 (age 6–7) rising evenly to 1.30 in grade 6, σ 0.07, within
    1.00–1.35. It ends just under the mean of all ages, 1.34 (Weidmann, Transporttechnik der Fussgänger, 1993).
    """
    return round(min(1.35, max(1.0, 1.05 + 0.05 * (grade - 1) + 0.07 * deviate)), 3)


def build_people(
    zone: str,
    seed: int,
    pupils: int | None,
    settings: People,
    behaviour: Behaviour,
    homes: Sequence[Home],
    academies: Sequence[Place],
    playgrounds: Sequence[Place],
    named: bool = True,
) -> Population:
    """All pupils, subscribers first (the first ``settings.subscribers`` of a fixed random order).

    Not ``named``: all names are "", which saves half the time; nothing else differs.
    """
    total = max(pupils or PUPILS_IF_UNKNOWN, settings.subscribers)
    count = total if settings.others else settings.subscribers
    seats = _seats(zone, seed, total)
    draw_home = _HomeDraw(homes)
    outings = _Outings(academies, playgrounds, behaviour.academy)
    faker = Faker("ko_KR") if named else None
    people: list[Person] = []
    families: list[_Family] = []
    for index in range(count):
        subscriber = index < settings.subscribers
        child = (
            f"{zone}-c{index + 1:03d}" if subscriber else f"{zone}-o{index + 1 - settings.subscribers:04d}"
        )
        draws = stream(seed, school_of(zone), f"pupil-{index}", "person")
        deviate, at = float(draws.standard_normal()), float(draws.random())
        grade, class_no, number = seats[index]
        home = draw_home(at)
        name = ""
        if subscriber:
            family = _family(
                zone, seed, index, families, home, settings.second_guardian, faker, people, grade
            )
            families.append(family)
            home = family.home
            name = "" if faker is None else family.child_name(seed, zone, index, faker)
        chosen = outings(stream(seed, school_of(zone), f"pupil-{index}", "outings"), home.place)
        people.append(
            Person(
                id=child,
                index=index,
                subscriber=subscriber,
                name=name,
                grade=grade,
                class_no=class_no,
                number=number,
                speed_mps=walking_speed_mps(grade, deviate),
                home=home.place.id,
                home_gate=0,
                academies=chosen[0],
                playground=chosen[1],
                tag=f"{zone}-t{index + 1:03d}" if subscriber else None,
                phone=None,
                guardians=(),
            )
        )
    return _with_phones_and_guardians(zone, seed, settings, people, families)


def with_home_by(people: Sequence[Person], read_homes: frozenset[str]) -> tuple[Person, ...]:
    """Sets 19:30 as ``home_by_s`` for those with a tag alone whose home complex has a gate reader."""
    return tuple(
        replace(p, home_by_s=HOME_BY_S) if p.tag and p.phone is None and p.home in read_homes else p
        for p in people
    )


def _seats(zone: str, seed: int, total: int) -> list[tuple[int, int, int]]:
    """(grade, class, number) of every pupil in random order; about ``CLASS_SIZE`` a class."""
    seats = []
    for grade in range(1, GRADES + 1):
        size = total // GRADES + (grade <= total % GRADES)
        classes = max(1, math.ceil(size / CLASS_SIZE))
        seats += [(grade, i % classes + 1, i // classes + 1) for i in range(size)]
    order = stream(seed, school_of(zone), "pupils", "seats").permutation(total)
    return [seats[i] for i in order.tolist()]


class _HomeDraw:
    """Draws a home by capacity and distance from one uniform number."""

    def __init__(self, homes: Sequence[Home]) -> None:
        self.homes = homes
        weight = np.array([home.capacity * math.exp(-home.walk_m / HOME_DECAY_M) for home in homes])
        self._edges = np.cumsum(weight) / weight.sum()

    def __call__(self, uniform: float) -> Home:
        return self.homes[min(int(np.searchsorted(self._edges, uniform, side="right")), len(self.homes) - 1)]


class _Outings:
    """Draws academies (0–2, near home) and names the nearest playground."""

    def __init__(self, academies: Sequence[Place], playgrounds: Sequence[Place], share: float) -> None:
        self.share = share
        self.academies, self.playgrounds = academies, playgrounds
        self._cache: dict[
            str, tuple[list[Place], np.ndarray[tuple[int], np.dtype[np.float64]], str | None]
        ] = {}

    def __call__(self, draws: np.random.Generator, home: Place) -> tuple[tuple[str, ...], str | None]:
        goes, second, first_at, second_at = draws.random(4).tolist()
        places, weight, playground = self._near(home)
        chosen: list[str] = []
        wanted = (goes < self.share) + (goes < self.share and second < SECOND_ACADEMY)
        weight = weight.copy()
        for at in (first_at, second_at)[: min(int(wanted), len(places))]:
            pick = min(
                int(np.searchsorted(np.cumsum(weight), at * weight.sum(), side="right")), len(places) - 1
            )
            chosen.append(places[pick].id)
            weight[pick] = 0.0
        return tuple(chosen), playground

    def _near(
        self, home: Place
    ) -> tuple[list[Place], np.ndarray[tuple[int], np.dtype[np.float64]], str | None]:
        if home.id not in self._cache:
            apart = HOME_TO_OUTING_M
            places = [p for p in self.academies if _away(p, home) >= apart]
            weight = np.array([math.exp(-_away(p, home) / ACADEMY_DECAY_M) for p in places], float)
            parks = sorted((_away(p, home), p.id) for p in self.playgrounds if _away(p, home) >= apart)
            self._cache[home.id] = places, weight, parks[0][1] if parks else None
        return self._cache[home.id]


def _away(a: Place, b: Place) -> float:
    return math.hypot(a.x - b.x, a.y - b.y)


@dataclass(frozen=True)
class _Family:
    home: Home
    surname: str
    adults: tuple[str, ...]
    elder: int | None  # index of the earlier subscriber whose sibling this child is

    def child_name(self, seed: int, zone: str, index: int, faker: Faker) -> str:
        faker.seed_instance(_faker_seed(seed, zone, index, "given-name"))
        return self.surname + str(faker.first_name())


def _family(
    zone: str,
    seed: int,
    index: int,
    families: Sequence[_Family],
    home: Home,
    second_guardian: float,
    faker: Faker | None,
    people: Sequence[Person],
    grade: int,
) -> _Family:
    """A family of its own, or, for ``SIBLING`` of the subscribers, that of an earlier one of another grade."""
    is_sibling, which, second = stream(seed, school_of(zone), f"pupil-{index}", "family").random(3).tolist()
    if is_sibling < SIBLING and families:
        elder = int(which * len(families))
        if families[elder].elder is None and people[elder].grade != grade:
            return replace(families[elder], elder=elder)
    if faker is None:
        return _Family(home, "", ("",) * (1 + (second < second_guardian)), None)
    faker.seed_instance(_faker_seed(seed, zone, index, "family-name"))
    surname = str(faker.last_name())
    # Korean spouses keep their names: the child shares the surname of one parent, here the first.
    adults = [surname + str(faker.first_name())]
    if second < second_guardian:
        adults.append(str(faker.last_name()) + str(faker.first_name()))
    return _Family(home, surname, tuple(adults), None)


def _faker_seed(seed: int, zone: str, index: int, purpose: str) -> int:
    return int(stream(seed, school_of(zone), f"pupil-{index}", purpose).integers(2**63))


def _with_phones_and_guardians(
    zone: str, seed: int, settings: People, people: list[Person], families: Sequence[_Family]
) -> Population:
    """Phones for exactly the rounded share, sooner for higher grades; guardians numbered in order of children."""
    n = settings.subscribers
    # Exponential keys divided by grade: a sixth-grader has a phone six times as readily as a first-grader.
    keys = [
        float(stream(seed, school_of(zone), f"pupil-{i}", "phone").standard_exponential()) / people[i].grade
        for i in range(n)
    ]
    owners = sorted(sorted(range(n), key=lambda i: (keys[i], i))[: round(settings.phones * n)])
    phones = {i: f"{zone}-ph{k:03d}" for k, i in enumerate(owners, 1)}
    names: list[tuple[str, int]] = []  # (name, index of the first child)
    ids: dict[int, tuple[str, ...]] = {}
    for i, family in enumerate(families):
        if family.elder is None:
            ids[i] = tuple(f"{zone}-g{len(names) + k:03d}" for k in range(1, len(family.adults) + 1))
            names += [(adult, i) for adult in family.adults]
        else:
            ids[i] = ids[family.elder]
    children: dict[str, list[str]] = {}
    for i, guardians in ids.items():
        for guardian in guardians:
            children.setdefault(guardian, []).append(people[i].id)
    for i in range(n):
        people[i] = replace(people[i], phone=phones.get(i), guardians=ids[i])
    return Population(
        tuple(people),
        tuple(
            Guardian(f"{zone}-g{k:03d}", name, tuple(children[f"{zone}-g{k:03d}"]))
            for k, (name, _) in enumerate(names, 1)
        ),
    )

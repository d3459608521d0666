"""Which schools a city scenario plays, by a stated rule: all, one in each gu, or those that reach vulnerable places."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import hypot
from pathlib import Path

from safezone_sim.city.places import RADIUS_M, PlaceDataError, VulnerablePlace, vulnerable_places
from safezone_sim.map.model import Frame
from safezone_sim.map.tiles import TILE_ZOOM, tile_position
from safezone_sim.scenario import Scenario
from safezone_sim.schools import SCHOOL_FILE, School, all_schools, find_school

RULES = {
    "listed": ("시나리오나 명령이 이름을 든 학교", "the schools that the scenario or the command names"),
    "all": ("학교 목록의 모든 초등학교", "every elementary school of the list"),
    "one-per-gu": (
        "구마다 한 곳: 학생 수가 그 구의 중앙값에 가장 가까운 학교(같으면 코드가 작은 쪽)",
        "one in each gu: the school whose number of pupils is nearest to the gu's median (then the lower code)",
    ),
    "places": (
        "취약 지점(반경 500 m) 자체: 그 안에 서 있는 장비, 집이나 등록 경로가 그 안을 지나는 아동과 그 휴대전화, 그 안에서 일어난 일. "
        "통학권이 닿는 모든 학교의 하루를 통째로 모의한 뒤 지점의 몫만 셉니다.",
        "the vulnerable places themselves (500 m around): equipment that stands there, children whose home or registered routes "
        "come there, with their phones, and what happens there. The day of every school within reach is played in whole; only the "
        "places' share is counted.",
    ),
}


class CityError(ValueError):
    """A city that cannot be played: names what is missing and the remedy."""


@dataclass(frozen=True)
class Chosen:
    """The schools in order of code, the rule in Korean and English, and the places that chose them, if any."""

    schools: tuple[School, ...]
    rule: tuple[str, str]
    places: tuple[VulnerablePlace, ...] = ()


def choose_schools(scenario: Scenario, map_dir: Path | None) -> Chosen:
    """The schools of a city scenario. Raises CityError where a rule needs a list that ``map_dir`` has not."""
    city = scenario.city
    if city is None:
        raise CityError(f'{scenario.name}: has no [city] table. Add one, e.g. select = "all".')
    if scenario.schools:
        chosen = Chosen(tuple(find_school(code, map_dir) for code in scenario.schools), RULES["listed"])
    else:
        if map_dir is None or not (map_dir / SCHOOL_FILE).is_file():
            raise CityError(
                f'city.select = "{city.select}" needs {SCHOOL_FILE}: set SAFEZONE_MAP_DIR to a directory that '
                "holds it, or name schools in the scenario."
            )
        known = all_schools(map_dir)
        if city.select == "places":
            try:
                places = vulnerable_places(map_dir, city.places)
            except PlaceDataError as error:
                raise CityError(str(error)) from error
            reach = max(scenario.map.home_max_walk_m, scenario.map.academy_max_walk_m)
            chosen = Chosen(_within_reach(known, places, reach), RULES["places"], places)
        elif city.select == "one-per-gu":
            chosen = Chosen(_one_per_gu(known), RULES["one-per-gu"])
        else:
            chosen = Chosen(known, RULES["all"])
    ordered = tuple(sorted(chosen.schools, key=lambda s: s.code))
    return replace(chosen, schools=tuple(s for school in ordered for s in _repeated(school, city.times)))


def in_order_of_place(schools: Sequence[School]) -> tuple[School, ...]:
    """Strip by strip from north to south, to and fro: schools that follow each other share map tiles."""

    def at(school: School) -> tuple[int, float, str]:
        x, y = tile_position(school.lon, school.lat, TILE_ZOOM)
        strip = int(y)
        return strip, -x if strip % 2 else x, school.code

    return tuple(sorted(schools, key=at))


def _repeated(school: School, times: int) -> tuple[School, ...]:
    """The school itself, then twins on the same streets whose people are others: their code is their own."""
    twins = (
        replace(school, code=f"{school.code}{n:02d}", name=f"{school.name} ({n})")
        for n in range(2, times + 1)
    )
    return (school, *twins)


def _one_per_gu(schools: tuple[School, ...]) -> tuple[School, ...]:
    by_gu: dict[str, list[School]] = {}
    for school in schools:
        by_gu.setdefault(school.gu, []).append(school)
    picked = []
    for group in by_gu.values():
        counts = sorted(s.pupils or 0 for s in group)
        middle = (counts[(len(counts) - 1) // 2] + counts[len(counts) // 2]) / 2
        picked.append(min(group, key=lambda s: (abs((s.pupils or 0) - middle), s.code)))
    return tuple(picked)


def _within_reach(
    schools: tuple[School, ...], places: tuple[VulnerablePlace, ...], reach_m: float
) -> tuple[School, ...]:
    """Schools from which a child's walk of ``reach_m`` can come to one of the places."""
    picked: list[School] = []
    for place in places:
        frame = Frame.at(place.lon, place.lat)
        for school in schools:
            away = hypot(
                (school.lon - frame.lon0) * frame.m_per_deg_lon,
                (school.lat - frame.lat0) * frame.m_per_deg_lat,
            )
            if away <= RADIUS_M + reach_m and school not in picked:
                picked.append(school)
    if not picked:
        raise CityError(
            f'city.select = "places": no school of {SCHOOL_FILE} is within {RADIUS_M + reach_m:.0f} m of '
            + ", ".join(p.name for p in places)
            + ". Are the lists of one city?"
        )
    return tuple(picked)

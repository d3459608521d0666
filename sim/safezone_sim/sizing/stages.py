"""The stages of the rollout and which simulated schools stand for each: 2, 5 areas, 25, 578, 597, the nation.

A stage with a run of its own uses it; else it is a sum over the city's schools by the rule stated with it, or the
city scaled by schools (equipment) and pupils (everything a child makes).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from safezone_sim.sizing.inputs import CityRun, Load, SchoolDay
from safezone_sim.staffing.plan import Wording

PILOT = ("7041138", "7051141")
LARGE = 100  # a run of so many schools can stand for the city


@dataclass(frozen=True)
class Stage:
    """One stage: a load for each seed, all scaled by the same two factors."""

    key: str
    name: Wording
    source: Wording  # which schools, by which rule
    loads: tuple[Load, ...]
    codes: tuple[str, ...]  # schools simulated
    schools_ratio: tuple[float, float] = (1.0, 1.0)  # equipment: so many for so many
    pupils_ratio: tuple[float, float] = (1.0, 1.0)  # people and what they make
    desks: float = 1.0  # how many control rooms of the simulated size

    @property
    def by_schools(self) -> float:
        """Factor on equipment."""
        return self.schools_ratio[0] / self.schools_ratio[1]

    @property
    def by_pupils(self) -> float:
        """Factor on people and what they make."""
        return self.pupils_ratio[0] / self.pupils_ratio[1]

    @property
    def mean(self) -> Load:
        """The mean over seeds."""
        return Load.mean(self.loads)


def build_stages(runs: Sequence[CityRun], nation_schools: float, nation_pupils: float) -> list[Stage]:
    """All stages that these runs, of one take-up, can stand for, smallest first."""
    named: dict[str, list[CityRun]] = {}
    for run in runs:
        named.setdefault(_kind(run), []).append(run)
    city = named.get("city", [])
    stages: list[Stage] = []
    _add(
        stages,
        "pilot",
        _W("시범 2개교", "pilot, 2 schools"),
        named.get("pilot"),
        city,
        _only(PILOT),
        _W("도시 모의 가운데 신도림·신학초", "Sindorim and Sinhak out of the city's run"),
    )
    if "areas" in named:
        _add(stages, "areas", _W("취약 5곳", "5 vulnerable areas"), named["areas"], [], list, _W("", ""))
    elif city or "rollout" in named:
        base = named.get("rollout") or city
        n = len(base[0].schools)
        loads = tuple(Load.of(r.schools) for r in base)
        stages.append(
            Stage(
                "areas",
                _W("취약 5곳", "5 vulnerable areas"),
                _W(f"따로 모의하지 않음: {n}개교 평균 × 5", f"not simulated: the mean of {n} schools × 5"),
                loads,
                tuple(s.code for s in base[0].schools)[:5],
                (5, n),
                (5, n),
            )
        )
    _add(
        stages,
        "rollout",
        _W("확대 25개교", "rollout, 25 schools"),
        named.get("rollout"),
        city,
        one_per_gu,
        _W("구마다 학생 수가 중앙값인 학교 하나", "in each gu the school of median size"),
    )
    if city:
        loads = tuple(Load.of(r.schools) for r in city)
        codes = tuple(s.code for s in city[0].schools)
        schools, pupils = loads[0].schools, Load.mean(loads).pupils
        stages.append(
            Stage(
                "plan578",
                _W("2009년 계획 578개교", "planned in 2009, 578 schools"),
                _W(
                    f"25 + 553; 오늘의 {schools:g}개교를 578/{schools:g}로",
                    f"25 + 553; today's {schools:g} schools × 578/{schools:g}",
                ),
                loads,
                codes,
                (578, schools),
                (578, schools),
            )
        )
        stages.append(
            Stage(
                "city",
                _W(f"서울 {schools:g}개교", f"Seoul, {schools:g} schools"),
                _W("모든 학교를 모의", "every school simulated"),
                loads,
                codes,
            )
        )
        base, base_loads, what = city, loads, _W("서울", "Seoul")
        if "nation" in named:
            base = named["nation"]
            base_loads = tuple(Load.of(r.schools) for r in base)
            what = _W(f"{len(base[0].schools)}개교 모의", f"{len(base[0].schools)} schools simulated")
            schools, pupils = base_loads[0].schools, Load.mean(base_loads).pupils
        by_schools, by_pupils = nation_schools / schools, nation_pupils / pupils
        stages.append(
            Stage(
                "nation",
                _W(f"전국 약 {nation_schools:,.0f}개교", f"nation, about {nation_schools:,.0f} schools"),
                _W(
                    f"{what.ko}을 학교 수 ×{by_schools:.2f}, 학생 수 ×{by_pupils:.2f}로 (직선 증가; 상황실도 그만큼 여럿)",
                    f"{what.en} × {by_schools:.2f} by schools, × {by_pupils:.2f} by pupils (linear growth; as many more control rooms)",
                ),
                base_loads,
                tuple(s.code for s in base[0].schools),
                (nation_schools, schools),
                (nation_pupils, pupils),
                by_pupils,
            )
        )
    for run in named.get("other", []):
        n = len(run.schools)
        if not any(s.key == run.scenario for s in stages):
            same = [r for r in named["other"] if r.scenario == run.scenario]
            stages.append(
                Stage(
                    run.scenario,
                    _W(f"{run.scenario} ({n}개교)", f"{run.scenario} ({n} schools)"),
                    _W("따로 모의", "a run of its own"),
                    tuple(Load.of(r.schools) for r in same),
                    tuple(s.code for s in run.schools),
                )
            )
    return stages


def _W(ko: str, en: str) -> Wording:
    return Wording(ko, en)


def _kind(run: CityRun) -> str:
    n, name = len(run.schools), run.scenario
    if name.startswith("nation"):
        return "nation"
    if name.startswith("vulnerable"):
        return "areas"
    if name.startswith("rollout"):
        return "rollout"
    if n >= LARGE:
        return "city"
    if sorted(s.code for s in run.schools) == sorted(PILOT):
        return "pilot"
    return "other"


def _only(codes: Sequence[str]) -> Callable[[Sequence[SchoolDay]], list[SchoolDay]]:
    return lambda schools: [s for s in schools if s.code in codes]


def one_per_gu(schools: Sequence[SchoolDay]) -> list[SchoolDay]:
    """In each gu the school whose pupils are nearest to the gu's median, then the lower code."""
    by_gu: dict[str, list[SchoolDay]] = {}
    for school in schools:
        by_gu.setdefault(school.gu, []).append(school)
    picked = []
    for group in by_gu.values():
        counts = sorted(s.pupils for s in group)
        middle = (counts[(len(counts) - 1) // 2] + counts[len(counts) // 2]) / 2
        picked.append(min(group, key=lambda s: (abs(s.pupils - middle), s.code)))
    return picked


def _add(
    stages: list[Stage],
    key: str,
    name: Wording,
    own: list[CityRun] | None,
    city: list[CityRun],
    pick: Callable[[Sequence[SchoolDay]], list[SchoolDay]],
    rule: Wording,
) -> None:
    if own:
        source = own[0].rule or {}
        told = _W(str(source.get("ko", "따로 모의")), str(source.get("en", "a run of its own")))
        chosen = [list(r.schools) for r in own]
    elif city:
        told, chosen = rule, [pick(r.schools) for r in city]
    else:
        return
    if chosen[0]:
        loads = tuple(Load.of(schools) for schools in chosen)
        stages.append(Stage(key, name, told, loads, tuple(s.code for s in chosen[0])))

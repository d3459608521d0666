"""Which input moves the answer most: each alone set to its low and its high, all others as they are."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import msgspec

from safezone_sim.sizing.inputs import Load
from safezone_sim.sizing.model import Change, Inputs, People, changed, hub_need, rows_of
from safezone_sim.sizing.people import Place, closed_form, with_travel
from safezone_sim.sizing.settings import LOAD_MODEL, names_of
from safezone_sim.sizing.stages import Stage
from safezone_sim.staffing.plan import Wording, assumed_values, with_value
from safezone_sim.staffing.travel import AreaTravel

MOST_BARS = 12
OUTPUTS: dict[str, Wording] = {
    "cost_total": Wording("전체 비용", "whole cost"),
    "hub_need": Wording("필요한 허브(예비 빼고, 올림 전)", "hubs needed (no spare, before rounding up)"),
    "operators": Wording("바쁜 교대의 근무자", "operators of the busiest shift"),
}


@dataclass(frozen=True)
class Bar:
    """One input: its low and high, and what the answer becomes; ``base`` is the answer as it is."""

    key: str
    name: Wording
    low_input: float
    high_input: float
    at_low: float
    at_high: float
    base: float

    @property
    def width(self) -> float:
        """How far the answer moves."""
        return abs(self.at_high - self.at_low)


@dataclass(frozen=True)
class _Case:
    stage: Stage
    load: Load
    place: Place
    people: People
    inputs: Inputs


def tornado(stage: Stage, place: Place, people: People, inputs: Inputs) -> dict[str, tuple[Bar, ...]]:
    """For each of OUTPUTS the widest bars, widest first. People are sized by the closed form, with what the

    simulation added at the base kept."""
    base = _Case(stage, stage.mean, place, people, inputs)
    start = _answers(base)
    found: dict[str, list[Bar]] = {key: [] for key in OUTPUTS}
    for key, name, low, high, moved in _moves(base):
        at_low, at_high = _answers(moved(low)), _answers(moved(high))
        for output, bars in found.items():
            bar = Bar(key, name, low, high, at_low[output], at_high[output], start[output])
            if bar.width > 1e-9 * max(1.0, abs(bar.base)):
                bars.append(bar)
    return {k: tuple(sorted(v, key=lambda b: -b.width)[:MOST_BARS]) for k, v in found.items()}


def _moves(base: _Case) -> Iterator[tuple[str, Wording, float, float, Callable[[float], _Case]]]:
    inputs = base.inputs
    for name in names_of(inputs.assumptions):
        a = getattr(inputs.assumptions, name)
        if name.startswith("nation_") or (name == "hub_knee_per_s" and inputs.knee_measured):
            continue
        if name == "hub_kb_per_child" and inputs.kb_measured:
            continue
        if name in LOAD_MODEL:
            yield name, a.name, a.low, a.high, _load_move(base, name, a.value)
        else:
            yield name, a.name, a.low, a.high, _assumption_move(base, name)
    if inputs.knee_measured:
        name_ = Wording("허브 하나의 측정 한계 msg/s", "measured knee of one hub, msg/s")
        knee = inputs.knee_per_s
        yield "knee", name_, knee * 0.7, knee * 1.3, _knee_move(base)
    for item in inputs.prices.item:
        label = Wording(f"단가: {item.name.ko} ×", f"price: {item.name.en} ×")
        yield f"price.{item.key}", label, item.low, item.high, _price_move(base, item.key)
    for key, value in assumed_values(inputs.plan).items():
        yield key, staffing_name(base.inputs, key), value.low, value.high, _staffing_move(base, key)


def staffing_name(inputs: Inputs, key: str) -> Wording:
    """The words for one assumed number of the staffing plan."""
    if key.startswith("calls."):
        _, source, kind = key.split(".")
        rate = next(r for r in inputs.plan.calls if r.key == source)
        ko, en = ("진짜", "true") if kind == "true" else ("거짓", "false")
        return Wording(f"{ko} {rate.name.ko} /1000·일", f"{en} {rate.name.en} /1,000·day")
    return _PLAN_NAMES.get(key, Wording(key, key))


_PLAN_NAMES = {
    "desk.talk_true_s": Wording("진짜 호출 통화 s", "talk on a true call, s"),
    "desk.talk_false_s": Wording("거짓 호출 통화 s", "talk on a false call, s"),
    "patrols.turnout_s": Wording("출동 준비 s", "turnout, s"),
    "patrols.speed_kmh": Wording("순찰차 속도 km/h", "patrol speed, km/h"),
    "patrols.on_scene_true_s": Wording("진짜 현장 s", "on scene, true, s"),
    "patrols.on_scene_false_s": Wording("거짓 현장 s", "on scene, false, s"),
    "patrols.circuity": Wording("길/직선 비", "street over straight line"),
}


def _answers(case: _Case) -> dict[str, float]:
    people = case.people
    loads, posts, _ = closed_form(case.stage, case.load, case.place, case.inputs.plan)
    people = replace(people, loads=loads, covering=posts)
    rows = {r.key: r.cell.value for r in rows_of(case.stage, case.load, case.inputs, people)}
    operators = max(v for k, v in rows.items() if k.startswith("operators_"))
    return {
        "cost_total": rows["cost_total"],
        "hub_need": hub_need(case.stage, case.load, case.inputs),
        "operators": operators,
    }


def _load_move(base: _Case, name: str, now: float) -> Callable[[float], _Case]:
    def moved(value: float) -> _Case:
        change = {
            "take_up": Change(children=value / now),
            "phones": Change(phones=value / now),
            "fix_moving_s": Change(fixes=now / value),
            "heartbeat_s": Change(beats=now / value),
        }[name]
        return replace(base, load=changed(base.load, change))

    return moved


def _assumption_move(base: _Case, name: str) -> Callable[[float], _Case]:
    def moved(value: float) -> _Case:
        was = base.inputs.assumptions
        set_to = msgspec.structs.replace(getattr(was, name), value=value)
        inputs = replace(base.inputs, assumptions=msgspec.structs.replace(was, **{name: set_to}))
        if name == "hub_knee_per_s":
            inputs = replace(inputs, knee_per_s=value)
        if name == "hub_kb_per_child":
            inputs = replace(inputs, kb_per_child=value)
        return replace(base, inputs=inputs)

    return moved


def _knee_move(base: _Case) -> Callable[[float], _Case]:
    return lambda value: replace(base, inputs=replace(base.inputs, knee_per_s=value))


def _price_move(base: _Case, key: str) -> Callable[[float], _Case]:
    return lambda value: replace(base, inputs=replace(base.inputs, price_factor={key: value}))


def _staffing_move(base: _Case, key: str) -> Callable[[float], _Case]:
    def moved(value: float) -> _Case:
        plan = with_value(base.inputs.plan, key, value)
        place = base.place
        if isinstance(place.travel, AreaTravel):
            place = with_travel(place, AreaTravel(place.area_km2, plan.patrols.circuity.value))
        return replace(base, place=place, inputs=replace(base.inputs, plan=plan))

    return moved

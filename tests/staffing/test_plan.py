"""The staffing plan: the shipped file, and faults that name field, value and remedy."""

from pathlib import Path

import pytest
from safezone_sim.catalogue import scenarios_dir
from safezone_sim.staffing.plan import StaffingError, assumed_values, load_staffing, with_day, with_value

SHIPPED = scenarios_dir() / "staffing-example.toml"


def _changed(tmp_path: Path, old: str, new: str) -> Path:
    text = SHIPPED.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "plan.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_the_shipped_plan_is_marked_as_an_example() -> None:
    assert load_staffing(SHIPPED).example


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("channels = 1", "channels = 0", "channels"),
        ("channels = 1", "chanels = 1", "chanels"),
        ('end = "14:00"', 'end = "13:00"', "do not cover"),
        ('key = "phone"', 'key = "tag"', "used twice"),
        ("turnout_s = { value = 45, low = 20", "turnout_s = { value = 45, low = 60", "patrols.turnout_s"),
    ],
)
def test_a_fault_names_the_field(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(StaffingError, match=said):
        load_staffing(_changed(tmp_path, old, new))


def test_each_assumed_number_can_be_set_and_nothing_else_moves() -> None:
    plan = load_staffing(SHIPPED)
    for name, was in assumed_values(plan).items():
        changed = assumed_values(with_value(plan, name, was.high))
        assert changed[name].value == was.high
        assert {k: v for k, v in changed.items() if k != name} == {
            k: v for k, v in assumed_values(plan).items() if k != name
        }


def test_a_simulated_day_tells_how_many_calls_and_the_plan_how_many_are_true() -> None:
    plan = load_staffing(SHIPPED)
    counts = {"children": 10_000.0, "phones": 4_000.0, "bells": 200.0}
    told = with_day(plan, {"tag_call": 20.0}, counts)
    tag, before = told.calls[0], plan.calls[0]
    assert tag.true.value + tag.false.value == pytest.approx(2.0)
    assert tag.true.value / tag.false.value == pytest.approx(before.true.value / before.false.value)
    assert tag.false.high / tag.false.value == pytest.approx(before.false.high / before.false.value)
    assert told.calls[1:] == plan.calls[1:]

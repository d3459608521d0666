"""The staffing plan: the shipped file, and faults that name field, value and remedy."""

from pathlib import Path

import pytest
from safezone_sim.catalogue import scenarios_dir
from safezone_sim.staffing.plan import StaffingError, assumed_values, load_staffing, with_value

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

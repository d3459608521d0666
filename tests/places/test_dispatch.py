"""Who is nearest: by the streets, never a busy one, an ambulance besides when it is medical."""

import pytest
from safezone_hub.places.dispatch import DispatchSettings, UnitAt, rank_units

from .nets import cross, net_of, street

PLACE = (0.0, 0.0)


def unit(id_: str, x: float, y: float, type_: str = "patrol", available: bool = True) -> UnitAt:
    return UnitAt(id_, f"unit {id_}", type_, x, y, available)


def ids(net: object, units: list[UnitAt], **how: object) -> list[str]:
    return [r.id for r in rank_units(net, units, PLACE, **how)]  # type: ignore[arg-type]


def test_nearest_is_by_the_streets_not_by_the_crow() -> None:
    # A railway between: 60 m away as the crow flies, 1,060 m round by the crossing.
    net = net_of(
        street((-500, 0), (0, 0), (0, 1)), street((-500, 0), (-500, 60), (0, 60)), street((0, 0), (600, 0))
    )
    over_there, down_the_road = unit("over", 0, 60), unit("down", 600, 0)
    first, second = rank_units(net, [over_there, down_the_road], PLACE)
    assert (first.id, second.id) == ("down", "over")
    assert (first.distance_m, second.distance_m) == (pytest.approx(600, abs=1), pytest.approx(1060, abs=1))
    assert not first.estimated


def test_expected_times_are_turnout_and_way() -> None:
    units = [unit("car", 1000, 0), unit("box", -900, 0, "police_box"), unit("amb", 0, 700, "ambulance")]
    times = {r.id: r.expected_s for r in rank_units(cross(), units, PLACE, medical=True)}
    assert times["car"] == pytest.approx(60 + 1000 / (30 / 3.6), abs=0.1)
    assert times["box"] == pytest.approx(60 + 900 / 1.8, abs=0.1)
    assert times["amb"] == pytest.approx(60 + 700 / (35 / 3.6), abs=0.1)


def test_officers_of_a_box_walk_where_no_car_goes() -> None:
    net = net_of(street((0, 0), (300, 0), car=False), street((0, 0), (0, 500), (300, 500), (300, 0)))
    units = [unit("box", 300, 0, "police_box"), unit("car", 300, 0)]
    metres = {r.id: r.distance_m for r in rank_units(net, units, PLACE)}
    assert metres == {"box": pytest.approx(300, abs=0.5), "car": pytest.approx(1300, abs=0.5)}


def test_a_busy_unit_is_never_named() -> None:
    units = [unit("busy", 10, 0, available=False), unit("free", 900, 0)]
    assert ids(cross(), units) == ["free"]
    assert ids(None, [unit("busy", 1, 0, available=False)]) == []


def test_at_most_so_many() -> None:
    units = [unit(str(n), 100.0 * n, 0) for n in range(1, 8)]
    assert ids(cross(), units) == ["1", "2", "3"]
    assert ids(cross(), units, limit=1) == ["1"]
    assert ids(cross(), units, limit=0) == []


def test_the_quickest_is_among_them_even_if_others_are_nearer() -> None:
    boxes = [unit(f"box{n}", 400.0 + n, 0, "police_box") for n in range(4)]
    chosen = ids(cross(), [*boxes, unit("car", -800, 0)])
    assert chosen == ["box0", "box1", "car"]
    by_time = DispatchSettings(order="time")
    assert ids(cross(), [*boxes, unit("car", -800, 0)], settings=by_time) == ["car", "box0", "box1"]


def test_an_ambulance_comes_only_to_a_medical_call_and_then_first() -> None:
    units = [unit("amb1", 900, 0, "ambulance"), unit("amb2", 950, 0, "ambulance"), unit("car", 100, 0)]
    assert ids(cross(), units) == ["car"]
    assert ids(cross(), units, medical=True) == ["amb1", "car", "amb2"]
    crowd = [*units, unit("car2", 200, 0), unit("car3", 300, 0)]
    assert ids(cross(), crowd, medical=True) == ["amb1", "car", "car2"]


def test_a_medical_call_without_a_free_ambulance_still_gets_police() -> None:
    units = [unit("amb", 10, 0, "ambulance", available=False), unit("car", 500, 0)]
    assert ids(cross(), units, medical=True) == ["car"]


def test_without_streets_the_line_and_a_detour_and_flagged() -> None:
    (only,) = rank_units(None, [unit("car", 300, 400)], PLACE)
    assert only.estimated
    assert only.distance_m == pytest.approx(700.0)
    # The net knows nothing of where this one stands.
    near, far = rank_units(cross(), [unit("far", 3000, 0), unit("near", 500, 0)], PLACE)
    assert (near.estimated, far.estimated) == (False, True)
    assert far.distance_m == pytest.approx(4200.0)


def test_the_body_is_the_standards() -> None:
    (only,) = rank_units(cross(), [unit("car", 500, 0)], PLACE)
    assert only.body() == {
        "id": "car",
        "name": "unit car",
        "type": "patrol",
        "distance_m": 500.0,
        "expected_s": 120.0,
    }

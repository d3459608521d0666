"""The search area: it widens along the streets with time, names what stands in it, and admits where it ends."""

from dataclasses import dataclass

import numpy as np
import pytest
import shapely
from safezone_hub.places.search import DISC_MAX_M, FOOT_MAX_M, LastEvidence, SearchArea, search_area
from safezone_hub.places.streets import StreetNet

from .nets import PLANE, cross, metres, net_of, street


@dataclass(frozen=True)
class Thing:
    id: str
    type: str
    x: float | None
    y: float | None


THINGS = [
    Thing("k1", "camera", 100.0, 5.0),
    Thing("k2", "camera", 5.0, -300.0),
    Thing("k3", "camera", 200.0, 200.0),  # within the radius as the crow flies, in no street
    Thing("r1", "reader", -140.0, 0.0),
    Thing("b1", "bell", 20.0, 3.0),
    Thing("b2", "bell", 0.0, 90.0),
    Thing("p1", "phone", None, None),
]
SEEN = LastEvidence(0.0, 0.0, 10.0, 1000.0, "phone")


def _search(
    after_s: float, net: StreetNet | None = None, seen: LastEvidence = SEEN, **how: float
) -> SearchArea:
    return search_area(net, PLANE, seen, seen.at + after_s, THINGS, **how)  # type: ignore[arg-type]


def _area(found: SearchArea) -> float:
    return float(sum(shapely.Polygon(metres(ring)).area for ring in found.outline))


def test_it_widens_with_time_and_takes_in_more_equipment() -> None:
    net = cross()
    soon, later = _search(100.0, net), _search(300.0, net)
    assert (soon.shape, soon.cut) == ("streets", False)
    assert soon.radius_m == pytest.approx(140.0)
    assert (soon.cameras, soon.readers, soon.bells) == (("k1",), ("r1",), ("b1", "b2"))
    assert later.cameras == ("k1", "k2")
    assert _area(later) > 2 * _area(soon)


def test_nothing_has_moved_yet_at_the_moment_of_the_evidence() -> None:
    net = cross()
    for after in (0.0, -50.0):
        found = _search(after, net)
        assert (found.radius_m, found.elapsed_s) == (0.0, 0.0)
        assert found.bells == ("b1",)


def test_the_nearest_equipment_comes_first() -> None:
    found = _search(600.0, cross())
    assert found.cameras == ("k1", "k2")
    assert found.bells == ("b1", "b2")


def test_speed_is_capped() -> None:
    net = cross(3000.0)
    assert _search(100.0, net, speed_mps=50.0).radius_m == pytest.approx(300.0)
    assert _search(100.0, net, speed_mps=1.0).radius_m == pytest.approx(100.0)


def test_in_a_vehicle_it_goes_faster_and_only_where_cars_go() -> None:
    net = net_of(street((-2000, 0), (2000, 0)), street((0, 0), (0, 2000), car=False))
    on_foot, by_car = _search(60.0, net), _search(60.0, net, in_vehicle=True)
    assert by_car.radius_m == pytest.approx(500.0)
    assert "b2" in on_foot.bells
    assert "b2" not in by_car.bells


def test_where_the_streets_end_it_says_so() -> None:
    net = cross(400.0)
    assert not _search(200.0, net).cut
    assert _search(400.0, net).cut


def test_nobody_is_looked_for_on_foot_beyond_an_hour() -> None:
    net = cross(9000.0)
    found = _search(6 * 3600.0, net)
    assert (found.radius_m, found.cut) == (FOOT_MAX_M, True)
    assert not _search(3500.0, net).cut
    assert _search(6 * 3600.0, net, in_vehicle=True).radius_m > FOOT_MAX_M


def test_without_streets_it_is_a_disc() -> None:
    found = _search(100.0)
    assert (found.shape, found.cut, found.lines) == ("disc", False, ())
    wide = 1.62 * 10 + 140
    assert found.cameras == ("k1",)
    (ring,) = found.outline
    away = np.hypot(*np.array(metres(ring)).T)
    assert ring[0] == ring[-1]
    assert away.min() >= wide - 0.2
    assert away.max() <= 1.01 * wide


def test_a_disc_stops_growing_and_says_so() -> None:
    found = _search(6 * 3600.0)
    assert found.cut
    assert _area(found) == pytest.approx(np.pi * DISC_MAX_M**2, rel=0.01)


def test_a_child_last_seen_far_from_all_known_streets_gets_a_disc() -> None:
    away = LastEvidence(3000.0, 0.0, 20.0, 1000.0, "phone")
    assert _search(60.0, cross(), away).shape == "disc"
    # … but not one whose uncertainty reaches the streets.
    assert _search(60.0, cross(), LastEvidence(1300.0, 0.0, 250.0, 1000.0, "reader")).shape == "streets"


def test_doubt_about_the_beginning_is_part_of_the_area() -> None:
    rough = LastEvidence(0.0, 0.0, 200.0, 1000.0, "reader")
    assert "k3" in _search(0.0, cross(), rough).cameras
    assert "k3" not in _search(0.0, cross()).cameras


def test_lines_and_outline_are_in_degrees() -> None:
    found = _search(100.0, cross())
    assert (found.lat, found.lon) == (37.5, 127.0)
    for line in (*found.lines, *found.outline):
        assert all(126.9 < lon < 127.1 and 37.4 < lat < 37.6 for lon, lat in line)

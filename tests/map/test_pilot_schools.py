"""The real maps of the two pilot schools."""

from collections.abc import Callable

import numpy as np
import pytest
from safezone_sim.map import StreetMap, junction_nodes, reachable_share
from safezone_sim.map.openmaptiles import WALKABLE
from shapely.geometry import Point

pytestmark = pytest.mark.realmap

RealMap = Callable[[str, float], StreetMap]


@pytest.mark.parametrize(("code", "junctions"), [("7041138", 780), ("7051141", 670)])
def test_junctions_within_1_km_are_as_counted_before(code: str, junctions: int, real_map: RealMap) -> None:
    streets = real_map(code, 1000).streets
    assert len(junction_nodes(streets)) == pytest.approx(junctions, rel=0.03)
    assert reachable_share(streets) >= 0.97


def test_lengths_are_those_of_the_lines_and_classes_are_walkable(real_map: RealMap) -> None:
    streets = real_map("7041138", 1000).streets
    for edge in range(0, len(streets.edge_from), 7):
        line = streets.edge_line(edge)
        assert streets.length_m[edge] == pytest.approx(np.hypot(*np.diff(line, axis=0).T).sum())
        assert line[0] == pytest.approx(streets.xy[streets.edge_from[edge]])
        assert line[-1] == pytest.approx(streets.xy[streets.edge_to[edge]])
    assert set(streets.edge_class) <= set(WALKABLE)
    assert "경인로" in streets.edge_name


def test_the_school_stands_in_a_school_area_beside_rail_and_stream(real_map: RealMap) -> None:
    street_map = real_map("7041138", 1000)
    schools = [f.shape for f in street_map.features if f.cls == "school"]
    assert any(shape.contains(Point(0, 0)) for shape in schools)
    assert any(line.kind == "rail" for line in street_map.lines)
    assert any(f.kind == "water" and f.shape.area > 10_000 for f in street_map.features)
    assert any(poi.name == "서울신도림초등학교" for poi in street_map.pois)
    assert all(shape.is_valid for shape in street_map.buildings)
    assert len(street_map.buildings) > 400


def test_crossings_are_surveyed_at_the_pilot_schools_and_say_whose_data_they_are(real_map: RealMap) -> None:
    street_map = real_map("7041138", 1000)
    assert not street_map.crossings_synthetic
    assert len(street_map.crossings_xy) > 50
    assert np.abs(street_map.crossings_xy).max() <= 1000
    assert "OpenStreetMap" in street_map.source.attribution
    assert "서울특별시" in street_map.source.attribution


def test_elsewhere_junctions_stand_in_for_crossings(real_map: RealMap) -> None:
    street_map = real_map("7021079", 500)
    assert street_map.crossings_synthetic
    assert len(street_map.crossings_xy) > 10


def test_the_source_is_the_file_with_its_hash(real_map: RealMap) -> None:
    source = real_map("7041138", 1000).source
    assert source.kind == "real"
    assert source.source.endswith(".pmtiles")
    assert len(source.sha256) == 64

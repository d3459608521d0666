"""The generated map: deterministic, honest, and good enough to run on."""

import numpy as np
import pytest
from safezone_sim.map import StreetMap, junction_nodes, load_map, reachable_share
from shapely.geometry import LineString, Point


def generate(lon: float, lat: float, radius_m: float) -> StreetMap:
    return load_map(lon, lat, radius_m, map_dir=None, source="schematic")


def test_the_same_place_gives_the_same_map_and_another_place_another() -> None:
    first, again = generate(126.88, 37.51, 400), generate(126.88, 37.51, 400)
    assert first.source.sha256 == again.source.sha256
    assert [shape.wkb for shape in first.buildings] == [shape.wkb for shape in again.buildings]
    assert generate(126.89, 37.51, 400).source.sha256 != first.source.sha256


@pytest.mark.parametrize("radius_m", [150, 600, 1500])
def test_the_map_is_walkable_at_any_radius(radius_m: float) -> None:
    street_map = generate(127.0257213, 37.66122045, radius_m)
    assert street_map.source.kind == "schematic"
    assert reachable_share(street_map.streets) > 0.9
    assert len(junction_nodes(street_map.streets)) >= 5
    assert len(street_map.crossings_xy) >= 5
    assert street_map.crossings_synthetic


def test_it_has_school_rail_stream_and_danger_areas_of_60_m(schematic: StreetMap) -> None:
    school = next(f.shape for f in schematic.features if f.cls == "school")
    assert school.contains(Point(0, 0))
    assert {line.kind for line in schematic.lines} == {"rail", "waterway"}
    for cls in ("construction", "pond", "industrial"):
        west, south, east, north = next(f.shape.bounds for f in schematic.features if f.cls == cls)
        assert min(east - west, north - south) >= 60
    assert {"secondary", "tertiary", "minor", "service"} <= set(schematic.streets.edge_class)


def test_no_small_street_runs_through_closed_areas_or_water(schematic: StreetMap) -> None:
    closed = [f.shape for f in schematic.features if f.cls in ("school", "construction", "pond", "river")]
    streets = schematic.streets
    for edge, cls in enumerate(streets.edge_class):
        line = LineString(streets.edge_line(edge))
        if cls in ("minor", "service"):
            assert not any(shape.intersects(line) for shape in closed)


def test_buildings_keep_off_the_streets(schematic: StreetMap) -> None:
    streets = schematic.streets
    lines = [LineString(streets.edge_line(edge)) for edge in range(len(streets.edge_from))]
    assert len(schematic.buildings) > 100
    for shape in schematic.buildings[::10]:
        assert min(shape.distance(line) for line in lines) > 1


def test_lengths_fit_the_frame(schematic: StreetMap) -> None:
    lonlat = schematic.frame.to_lonlat(schematic.streets.xy)
    assert np.allclose(schematic.frame.to_xy(lonlat[:, 0], lonlat[:, 1]), schematic.streets.xy, atol=1e-6)

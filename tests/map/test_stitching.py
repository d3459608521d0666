"""What a tile border cuts must come out whole, once."""

from collections import defaultdict
from collections.abc import Callable

import numpy as np
import pytest
import shapely
from safezone_sim.map import Frame, StreetMap, node_degrees
from safezone_sim.map.openmaptiles import UNITS, MapParts, build_map_parts
from safezone_sim.map.tiles import TileSet, tile_position

from .conftest import encode_tile

LEFT, RIGHT = (13965, 6346), (13966, 6346)
MINOR = {"class": "minor"}


def unit_m() -> float:
    """Metres of one tile unit at the test tiles, on the Mercator sphere: 0.3 % off the ellipsoid."""
    return 40075016.686 / 2**14 / UNITS * np.cos(np.radians(lonlat_of(0, 2048)[1]))


def lonlat_of(x: float, y: float) -> tuple[float, float]:
    """Degrees of a point in units of the right tile."""
    size = UNITS * 2**14
    lon = (RIGHT[0] * UNITS + x) / size * 360 - 180
    lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * (RIGHT[1] * UNITS + y) / size))))
    return float(lon), float(lat)


def assemble(left: bytes, right: bytes) -> MapParts:
    tiles = TileSet(14, {LEFT: left, RIGHT: right}, "test", "0")
    return build_map_parts(tiles, Frame.at(*lonlat_of(0, 2048)), 900)


def test_tile_numbers_of_the_test_agree_with_the_projection() -> None:
    assert tile_position(*lonlat_of(0, 0), 14) == pytest.approx(RIGHT)


def test_a_street_across_a_border_is_one_edge_of_full_length() -> None:
    left = encode_tile(transportation=[("LINESTRING (3000 2000, 5000 2200)", MINOR)])
    right = encode_tile(transportation=[("LINESTRING (-1096 2000, 904 2200)", MINOR)])
    streets = assemble(left, right).streets
    assert len(streets.edge_from) == 1
    assert streets.length_m[0] == pytest.approx(np.hypot(2000, 200) * unit_m(), rel=5e-3)


def test_a_street_cut_differently_by_two_buffers_still_joins() -> None:
    """Each tile knows the line only up to its buffer, rounded: the cuts at the border differ by half a metre."""
    left = encode_tile(transportation=[("LINESTRING (3000 2000, 4160 2116)", MINOR)])
    right = encode_tile(transportation=[("LINESTRING (-64 2104, 904 2200)", MINOR)])
    streets = assemble(left, right).streets
    assert len(streets.edge_from) == 1
    assert len(streets.xy) == 2


def test_two_streets_that_end_apart_at_a_border_do_not_join() -> None:
    left = encode_tile(transportation=[("LINESTRING (3000 2000, 4096 2000)", MINOR)])
    right = encode_tile(transportation=[("LINESTRING (0 2010, 900 2010)", MINOR)])
    assert len(assemble(left, right).streets.edge_from) == 2


def test_a_street_along_the_border_comes_once() -> None:
    left = encode_tile(transportation=[("LINESTRING (4096 1000, 4096 1500)", MINOR)])
    right = encode_tile(transportation=[("LINESTRING (0 1000, 0 1500)", MINOR)])
    streets = assemble(left, right).streets
    assert streets.length_m.tolist() == pytest.approx([500 * unit_m()], rel=5e-3)


def test_a_name_is_matched_by_geometry_and_trunk_roads_are_not_walkable() -> None:
    left = encode_tile(
        transportation=[
            ("LINESTRING (3000 2000, 3500 2000)", MINOR),
            ("LINESTRING (3500 2000, 3500 3000)", {"class": "trunk"}),
            ("LINESTRING (3600 2000, 3600 3000)", {"class": "rail"}),
            ("LINESTRING (3700 2000, 3700 3000)", {"class": "rail", "brunnel": "tunnel"}),
        ],
        transportation_name=[
            ("LINESTRING (3000 2000, 3500 2000)", {"class": "minor", "name": "신도림로"}),
            ("LINESTRING (3600 2000, 3600 3000)", {"class": "rail", "name:latin": "경인선"}),
        ],
    )
    parts = assemble(left, encode_tile(poi=[]))
    assert parts.streets.edge_name == ("신도림로",)
    assert parts.streets.edge_class == ("minor",)
    assert [(line.cls, line.name) for line in parts.lines] == [("rail", "경인선")]
    assert [road.cls for road in parts.roads] == ["trunk"]


def test_a_building_on_the_border_is_one_and_its_neighbour_another() -> None:
    house = "POLYGON (({0} 2000, {1} 2000, {1} 2100, {0} 2100, {0} 2000))"
    left = encode_tile(building=[(house.format(4050, 4150), {}), (house.format(4150, 4200), {})])
    right = encode_tile(building=[(house.format(-46, 54), {}), (house.format(54, 104), {})])
    areas = sorted(shape.area for shape in assemble(left, right).buildings)
    assert areas == pytest.approx([5000 * unit_m() ** 2, 10000 * unit_m() ** 2], rel=1e-2)


def test_an_area_cut_exactly_at_the_border_is_joined_and_another_class_is_not() -> None:
    block = "POLYGON (({0} 2000, {1} 2000, {1} 2400, {0} 2400, {0} 2000))"
    left = encode_tile(landuse=[(block.format(3700, 4096), {"class": "school"})])
    right = encode_tile(
        landuse=[(block.format(0, 300), {"class": "school"}), (block.format(0, 200), {"class": "hospital"})]
    )
    areas = {feature.cls: feature.shape.area / unit_m() ** 2 for feature in assemble(left, right).features}
    assert areas == pytest.approx({"school": 696 * 400, "hospital": 200 * 400}, rel=1e-2)


def test_points_in_the_buffer_belong_to_the_other_tile() -> None:
    def poi(x: int, name: str) -> tuple[str, dict[str, object]]:
        return f"POINT ({x} 2000)", {"class": "school", "name": name}

    left = encode_tile(poi=[poi(4092, "신도림초"), poi(4100, "신학초")])
    right = encode_tile(poi=[poi(-4, "신도림초"), poi(4, "신학초")])
    assert [found.name for found in assemble(left, right).pois] == ["신도림초", "신학초"]


@pytest.mark.realmap
@pytest.mark.parametrize("code", ["7041138", "7051141"])
def test_no_street_of_a_real_map_ends_at_an_inner_tile_border(
    code: str, real_map: Callable[[str, float], StreetMap]
) -> None:
    street_map = real_map(code, 1500)
    ends = street_map.streets.xy[node_degrees(street_map.streets) == 1]
    inside = ends[np.abs(ends).max(axis=1) < 1500]
    assert len(inside) > 50
    at = np.array([tile_position(lon, lat, 14) for lon, lat in street_map.frame.to_lonlat(inside)])
    from_border = np.abs(at - np.rint(at)).min(axis=1) * UNITS
    # A footpath at Sindorim really ends there; about a hundred streets a school cross a border.
    assert (from_border <= 0.5).sum() <= 1


@pytest.mark.realmap
@pytest.mark.parametrize("code", ["7041138", "7051141"])
def test_no_street_of_a_real_map_comes_twice(code: str, real_map: Callable[[str, float], StreetMap]) -> None:
    streets = real_map(code, 1500).streets
    parallel = defaultdict(list)
    for edge, pair in enumerate(
        np.sort(np.stack([streets.edge_from, streets.edge_to], axis=1), axis=1).tolist()
    ):
        parallel[tuple(pair)].append(shapely.LineString(streets.edge_line(edge)))
    doubled = [
        line
        for lines in parallel.values()
        for i, line in enumerate(lines)
        if any(line.hausdorff_distance(other) <= 0.5 for other in lines[i + 1 :])
    ]
    assert len(doubled) <= 1  # one path near Sindorim is drawn to and fro in the source itself


@pytest.mark.realmap
def test_a_real_map_that_spans_borders_holds_what_one_tile_holds(
    real_map: Callable[[str, float], StreetMap],
) -> None:
    """The same streets, loaded with few and with many tiles around, agree where both see them."""
    small, large = real_map("7041138", 600), real_map("7041138", 1500)
    near = shapely.box(-600, -600, 600, 600)

    def length_near(street_map: StreetMap) -> float:
        streets = street_map.streets
        lines = [shapely.LineString(streets.edge_line(edge)) for edge in range(len(streets.edge_from))]
        return float(shapely.length(shapely.intersection(near, lines)).sum())

    assert length_near(small) == pytest.approx(length_near(large), abs=1.0)

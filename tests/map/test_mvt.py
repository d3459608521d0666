"""The lean tile decoder against the library that it replaces."""

from pathlib import Path

import mapbox_vector_tile
import pytest
from pmtiles.reader import MmapSource, Reader
from safezone_sim.map.errors import MapError
from safezone_sim.map.mvt import LINE, POINT, POLYGON, TileLayer, decode_tile
from safezone_sim.map.openmaptiles import LAYERS
from safezone_sim.map.tiles import tile_position

from .conftest import encode_tile


def parts_of(layer: TileLayer, feature: int) -> list[list[tuple[int, int]]]:
    return [
        [tuple(point) for point in layer.xy[layer.part_at[p] : layer.part_at[p + 1]].tolist()]
        for p in range(len(layer.part_feature))
        if layer.part_feature[p] == feature
    ]


def test_points_lines_polygons_and_all_value_types_are_decoded() -> None:
    data = encode_tile(
        poi=[("POINT (5 6)", {"name": "약국", "rank": 3, "depth": -7, "height": 1.5, "open": True})],
        transportation=[
            ("LINESTRING (0 0, 10 0, 10 -900)", {"class": "minor"}),
            ("MULTILINESTRING ((1 1, 2 2), (5000 5000, 4000 4000))", {"class": "path"}),
        ],
        building=[("POLYGON ((0 0, 0 100, 100 100, 100 0, 0 0), (10 10, 20 10, 20 20, 10 20, 10 10))", {})],
    )
    layers = decode_tile(data, LAYERS)
    assert list(layers["poi"].properties) == [
        {"name": "약국", "rank": 3, "depth": -7, "height": 1.5, "open": True}
    ]
    assert parts_of(layers["poi"], 0) == [[(5, 6)]]
    assert parts_of(layers["transportation"], 0) == [[(0, 0), (10, 0), (10, -900)]]
    assert parts_of(layers["transportation"], 1) == [[(1, 1), (2, 2)], [(5000, 5000), (4000, 4000)]]
    assert [len(ring) for ring in parts_of(layers["building"], 0)] == [4, 4]
    assert [layers[name].geometry[0] for name in ("poi", "transportation", "building")] == [
        POINT,
        LINE,
        POLYGON,
    ]


def test_only_the_layers_asked_for_are_decoded() -> None:
    data = encode_tile(poi=[("POINT (5 6)", {})], housenumber=[("POINT (5 6)", {})])
    assert set(decode_tile(data, {"poi"})) == {"poi"}


@pytest.mark.parametrize(
    "data", [b"<!doctype html>", b"\x1f\x8bnot gzip", encode_tile(poi=[("POINT (5 6)", {})])[:-3]]
)
def test_bytes_that_are_no_tile_raise_a_map_error(data: bytes) -> None:
    with pytest.raises(MapError, match="not a vector tile"):
        decode_tile(data, LAYERS)


@pytest.mark.realmap
def test_a_real_tile_decodes_as_with_mapbox_vector_tile(map_dir: Path) -> None:
    x, y = (int(v) for v in tile_position(126.8832546, 37.51198439, 14))
    with next(map_dir.glob("*.pmtiles")).open("rb") as file:
        data = Reader(MmapSource(file)).get(14, x, y)
    ours = decode_tile(data, LAYERS)
    import gzip

    theirs = mapbox_vector_tile.decode(gzip.decompress(data), default_options={"y_coord_down": True})
    assert set(ours) == set(theirs) & LAYERS
    for name, layer in ours.items():
        features = theirs[name]["features"]
        assert list(layer.properties) == [feature["properties"] for feature in features]
        for i, feature in enumerate(features):
            kind, coordinates = feature["geometry"]["type"], feature["geometry"]["coordinates"]
            flat = {
                "Point": lambda c: [[c]],
                "LineString": lambda c: [c],
                "MultiLineString": lambda c: c,
                "Polygon": lambda c: [ring[:-1] for ring in c],
                "MultiPolygon": lambda c: [ring[:-1] for polygon in c for ring in polygon],
            }[kind](coordinates)
            assert parts_of(layer, i) == [[tuple(point) for point in part] for part in flat]

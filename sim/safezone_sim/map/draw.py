"""A finished picture of a map: SVG text, or a PNG file."""

from collections.abc import Collection, Sequence
from pathlib import Path

from .canvas import LAYERS, MapCanvas
from .errors import MapError
from .model import StreetMap


def draw_map(
    street_map: StreetMap,
    *,
    layers: Collection[str] = LAYERS,
    width_px: int = 1200,
    extent_m: float | None = None,
    title: str = "",
    overlays: Sequence[str] = (),
) -> str:
    """The map as an SVG document. ``overlays`` are SVG pieces in the points of a ``MapCanvas`` of equal size.

    A schematic map carries its banner whatever the layers.
    """
    return MapCanvas(street_map, width_px, extent_m).document(*overlays, layers=layers, title=title)


def save_picture(svg: str, path: Path) -> None:
    """Write ``svg`` to a .svg or .png file. Korean names in a PNG need a Korean font on this machine."""
    kind = path.suffix.lower()
    if kind == ".svg":
        data = svg.encode()
    elif kind == ".png":
        data = _rasterise(svg)
    else:
        raise MapError(f"picture {path}: ending {kind or 'missing'}; name a .svg or .png file")
    try:
        path.write_bytes(data)
    except OSError as error:
        raise MapError(f"picture {path}: {error.strerror}; name a writable file") from error


def _rasterise(svg: str) -> bytes:
    try:
        import resvg_py
    except ImportError as error:
        raise MapError(
            "picture .png: needs resvg-py; install it with `pip install resvg-py`, or name a .svg file"
        ) from error
    return bytes(resvg_py.svg_to_bytes(svg_string=svg))

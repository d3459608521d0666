"""Seoul as an SVG: the gu coloured by the load of their busiest minute, every school a dot by its children."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from math import sqrt
from pathlib import Path
from typing import Any

from safezone_sim.map.errors import MapError
from safezone_sim.map.model import Frame
from safezone_sim.report.charts import svg
from safezone_sim.report.palette import INK, MUTED, PAPER

BOUNDARY_FILE = "gu-boundaries-seoul.geojson"
SHADES = ("#e8f0f5", "#c6dbe8", "#98bfd6", "#6499bd", "#37719d", "#1c4d77")
DOT, PLACE = "#d9892b", "#b3261e"

Ring = list[tuple[float, float]]


def gu_rings(map_dir: Path | None) -> dict[str, list[Ring]]:
    """Outer rings (lon, lat) of each gu; empty without the file."""
    path = map_dir / BOUNDARY_FILE if map_dir else None
    if path is None or not path.is_file():
        return {}
    try:
        rings: dict[str, list[Ring]] = {}
        for feature in json.loads(path.read_text(encoding="utf-8"))["features"]:
            geometry = feature["geometry"]
            parts = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
            found = [[(float(p[0]), float(p[1])) for p in part[0]] for part in parts]
            rings.setdefault(feature["properties"]["SIG_KOR_NM"], []).extend(found)
        return rings
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise MapError(
            f"{path}: cannot read gu boundaries ({error}); needs GeoJSON polygons with SIG_KOR_NM"
        ) from error


def busiest_by_gu(schools: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Messages a second of each gu in its own busiest minute."""
    by_gu: dict[str, list[int]] = {}
    for school in schools:
        minutes = by_gu.setdefault(school["gu"], [0] * 1440)
        for counts in school["per_minute"].values():
            for i, n in enumerate(counts):
                minutes[i] += n
    return {gu: max(minutes) / 60.0 for gu, minutes in by_gu.items()}


def shade_steps(values: Sequence[float]) -> list[float]:
    """Upper bounds of the shades but the last: even steps up to the largest."""
    top = max(values, default=1.0) or 1.0
    return [top * k / len(SHADES) for k in range(1, len(SHADES))]


def city_map(
    schools: Sequence[Mapping[str, Any]],
    rings: Mapping[str, Sequence[Ring]],
    places: Sequence[Mapping[str, Any]],
    title: str,
    width: float = 980.0,
) -> str:
    """The picture. Without boundaries only the dots are drawn."""
    points = [p for parts in rings.values() for ring in parts for p in ring]
    points += [(s["lon"], s["lat"]) for s in schools]
    west, east = min(p[0] for p in points), max(p[0] for p in points)
    south, north = min(p[1] for p in points), max(p[1] for p in points)
    frame = Frame.at((west + east) / 2, (south + north) / 2)
    pad = 14.0
    span = max((east - west) * frame.m_per_deg_lon, 4000.0)
    scale = (width - 2 * pad) / span
    height = max((north - south) * frame.m_per_deg_lat, 2000.0) * scale + 2 * pad

    def at(lon: float, lat: float) -> tuple[float, float]:
        x = width / 2 + (lon - frame.lon0) * frame.m_per_deg_lon * scale
        return x, height / 2 - (lat - frame.lat0) * frame.m_per_deg_lat * scale

    load = busiest_by_gu(schools)
    steps = shade_steps(list(load.values()))
    parts = [f'<rect width="{width:g}" height="{height:.0f}" fill="{PAPER}"/>']
    labels = []
    for gu, outlines in rings.items():
        rate = load.get(gu)
        fill = "#f2f3f5" if rate is None else SHADES[sum(rate > step for step in steps)]
        path = "".join(
            "M" + "L".join("{:.1f} {:.1f}".format(*at(*p)) for p in ring[:: max(1, len(ring) // 160)]) + "z"
            for ring in outlines
        )
        about = f"{gu}: {rate:,.0f} msg/s" if rate is not None else f"{gu}: –"
        parts.append(
            f'<path d="{path}" fill="{fill}" stroke="#fff" stroke-width="1.6"><title>{escape(about)}</title></path>'
        )
        biggest = max(outlines, key=len)
        x, y = at(sum(p[0] for p in biggest) / len(biggest), sum(p[1] for p in biggest) / len(biggest))
        dark = rate is not None and fill in SHADES[4:]
        labels.append(
            f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="middle" font-size="13" font-weight="600" paint-order="stroke" '
            f'stroke="{fill if dark else "#fff"}" stroke-width="3" '
            f'fill="{"#fff" if dark else INK}">{escape(gu)}</text>'
        )
    for school in schools:
        x, y = at(school["lon"], school["lat"])
        r = max(1.6, sqrt(school["children"]) / 8.0) * (1.0 if len(schools) > 60 else 1.8)
        sent = sum(school["messages"].values())
        about = f"{school['name']} ({school['code']}): {school['children']:,} 명 children, {sent:,} 메시지 messages"
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" fill="{DOT}" fill-opacity=".85" stroke="#fff" '
            f'stroke-width=".6"><title>{escape(about)}</title></circle>'
        )
    for n, place in enumerate(places, 1):
        x, y = at(place["lon"], place["lat"])
        r = max(9.0, 500 * scale)
        labels.append(  # over everything: dots and names of gu crowd here
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" fill="none" stroke="{PLACE}" stroke-width="2.5"/>'
            f'<text x="{x + r + 3:.1f}" y="{y - r:.1f}" font-size="18" font-weight="700" paint-order="stroke" stroke="#fff" '
            f'stroke-width="4" fill="{PLACE}">{n}</text>'
        )
    bar = 5000.0 if span > 20_000 else 1000.0
    parts += labels
    parts.append(
        f'<path d="M{pad} {height - 12:.0f}h{bar * scale:.1f}" stroke="{INK}" stroke-width="2"/>'
        f'<text x="{pad}" y="{height - 18:.0f}" fill="{MUTED}">{bar / 1000:g} km</text>'
    )
    return svg(width, height, parts, title)

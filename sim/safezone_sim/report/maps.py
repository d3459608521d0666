"""The map of one school: streets below; routes, places, equipment and incidents on top."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from safezone_sim.map.canvas import LAYERS, MapCanvas
from safezone_sim.map.model import FloatArray, Frame, MapSource, StreetGraph, StreetMap
from safezone_sim.report.incidents import IncidentView
from safezone_sim.report.palette import FONT

if TYPE_CHECKING:
    from safezone_sim.world.model import SchoolWorld

WIDTH_PX = 1000
ROUTE, GATE, POLE, INTERIOR, BELL, CAMERA, DANGER, INCIDENT = (
    "#2f6fb0", "#0f6b57", "#0f6b57", "#5aa893", "#e07b00", "#6b4fa0", "#c62f2f", "#a31d2d",
)  # fmt: skip
PLACE_COLOUR = {"school": "#b07a00", "home": "#52606d", "academy": "#7a5ea8", "playground": "#3f8f3f"}


class ZoneMap(NamedTuple):
    """One finished map with the names around it."""

    zone: str
    name: str
    svg: str
    schematic: bool
    attribution: str
    counts: Mapping[str, int]


def zone_maps(
    registry: Mapping[str, Sequence[Mapping[str, Any]]],
    worlds: Sequence["SchoolWorld"],
    found: Sequence[IncidentView],
    map_kind: Literal["real", "schematic"],
    *,
    budget_bytes: int = 2_600_000,
) -> list[ZoneMap]:
    """A map per zone. Where the street layers together would exceed the budget, buildings go first, then all."""
    by_zone = {w.zone: w for w in worlds}
    canvases = {z: _canvas(z, items, by_zone.get(z), map_kind) for z, items in registry.items()}
    bases: dict[str, str] = {}
    for layers in (LAYERS, tuple(x for x in LAYERS if x != "buildings"), ("water", "school")):
        bases = {z: c.base_svg(layers) for z, c in canvases.items()}
        if sum(len(b.encode()) for b in bases.values()) <= budget_bytes:
            break
    return [
        _zone_map(zone, items, canvases[zone], bases[zone], [i for i in found if i.zone == zone])
        for zone, items in registry.items()
    ]


def _canvas(
    zone: str,
    items: Sequence[Mapping[str, Any]],
    world: "SchoolWorld | None",
    map_kind: Literal["real", "schematic"],
) -> MapCanvas:
    if world is not None:
        street_map = world.map
    else:
        at = next(i for i in items if i["kind"] == "zone")["school"]
        street_map = _blank_map(Frame.at(at["lon"], at["lat"]), map_kind)
    reach = _reach(items, street_map.frame)
    return MapCanvas(street_map, WIDTH_PX, min(max(reach + 60.0, 250.0), 5000.0))


def _blank_map(frame: Frame, map_kind: Literal["real", "schematic"]) -> StreetMap:
    """A map without streets, for a record judged again without its world."""
    none, ends = np.empty((0, 2)), np.empty(0, dtype=np.int32)
    graph = StreetGraph(none, ends, ends, np.empty(0), np.zeros(1, dtype=np.int32), none, (), ())
    source = MapSource(map_kind, "none", "", "배경 지도 없음 no background map")
    return StreetMap(source, frame, 1000.0, graph, (), (), (), (), none)


def _reach(items: Sequence[Mapping[str, Any]], frame: Frame) -> float:
    points = [
        *((i["placement"]["lon"], i["placement"]["lat"]) for i in items if "placement" in i),
        *((i["center"]["lon"], i["center"]["lat"]) for i in items if i["kind"] == "area"),
    ]
    return float(np.abs(_metres(frame, points)).max()) if points else 300.0


def _metres(frame: Frame, points: Iterable[Sequence[float]]) -> FloatArray:
    degrees = np.array([list(p)[:2] for p in points], dtype=np.float64).reshape(-1, 2)
    return frame.to_xy(degrees[:, 0], degrees[:, 1])


def _zone_map(
    zone: str,
    items: Sequence[Mapping[str, Any]],
    canvas: MapCanvas,
    base: str,
    found: Sequence[IncidentView],
) -> ZoneMap:
    frame, source = canvas.map.frame, canvas.map.source
    areas = [i for i in items if i["kind"] == "area"]
    devices = [i for i in items if i["kind"] == "device" and "placement" in i]
    routes = [r for i in items if i["kind"] == "child" for r in i.get("routes", ())]
    parts = [
        base,
        _routes(canvas, frame, routes),
        *(_area(canvas, frame, a) for a in areas),
        *(_device(canvas, frame, d) for kind in ("camera", "reader", "bell") for d in devices if d["type"] == kind),
        *_incident_pins(canvas, frame, found),
        canvas.furniture_svg(),
    ]  # fmt: skip
    title = f"{zone}: 경로, 장비, 사건 routes, equipment, incidents"
    # Clip ids must differ between the maps of one page.
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH_PX} {WIDTH_PX}" font-family="{FONT}" '
        f'role="img"><title>{escape(title)}</title><clipPath id="clip-{escape(zone)}">'
        f'<rect width="{WIDTH_PX}" height="{WIDTH_PX}" rx="6"/></clipPath>'
        f'<g clip-path="url(#clip-{escape(zone)})">{"".join(parts)}</g></svg>'
    )
    name = next((i["name"] for i in items if i["kind"] == "zone"), zone)
    counts = {
        "readers": sum(d["type"] == "reader" for d in devices),
        "bells": sum(d["type"] == "bell" for d in devices),
        "cameras": sum(d["type"] == "camera" for d in devices),
        "routes": len(routes),
        "dangers": sum(a["role"] == "danger" for a in areas),
    }
    return ZoneMap(zone, name, svg, source.kind != "real", source.attribution, counts)


def _routes(canvas: MapCanvas, frame: Frame, routes: Sequence[Mapping[str, Any]]) -> str:
    """All registered routes, faint, so that shared stretches stand out."""
    lines = {canvas.path(_metres(frame, r["line"])) for r in routes}
    opacity = min(0.55, max(0.07, 6.0 / max(1, len(lines))))
    return (
        f'<g fill="none" stroke="{ROUTE}" stroke-width="2.6" stroke-opacity="{opacity:.2f}" '
        f'stroke-linejoin="round">{"".join(f"<path d={chr(34)}{d}{chr(34)}/>" for d in sorted(lines))}</g>'
    )


def _area(canvas: MapCanvas, frame: Frame, area: Mapping[str, Any]) -> str:
    center = area["center"]
    x, y = canvas.point(*_metres(frame, [(center["lon"], center["lat"])])[0].tolist())
    title = f"<title>{escape(area['name'])}</title>"
    radius = area["radius_m"] * canvas.px_per_m
    if area["role"] == "danger":
        shape = (
            f'<path d="{canvas.path(_metres(frame, area["ring"]), closed=True)}"'
            if area.get("ring")
            else f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"'
        )
        return (
            f'{shape} fill="{DANGER}" fill-opacity=".20" stroke="{DANGER}" stroke-width="1.6" '
            f'stroke-dasharray="6 4">{title}</{"path" if area.get("ring") else "circle"}>'
        )
    colour = PLACE_COLOUR.get(area["role"], "#52606d")
    if area["role"] == "home":
        return (
            f'<rect x="{x - 2.4:.1f}" y="{y - 2.4:.1f}" width="4.8" height="4.8" fill="{colour}" '
            f'stroke="#fff" stroke-width=".8">{title}</rect>'
        )
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{colour}" fill-opacity=".16" '
        f'stroke="{colour}" stroke-width="1.4">{title}</circle>'
    )


def _device(canvas: MapCanvas, frame: Frame, device: Mapping[str, Any]) -> str:
    placed = device["placement"]
    x, y = canvas.point(*_metres(frame, [(placed["lon"], placed["lat"])])[0].tolist())
    title = f"<title>{escape(device['id'])}</title>"
    if device["type"] == "bell":
        return (
            f'<path d="M{x:.1f} {y - 6:.1f}l6 10.5h-12z" fill="{BELL}" stroke="#fff" stroke-width="1.2">'
            f"{title}</path>"
        )
    if device["type"] == "camera":
        return _camera(canvas, device, x, y, title)
    position = placed.get("position")
    if position == "gate":
        return (
            f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" fill="{GATE}" stroke="#fff" '
            f'stroke-width="1.3">{title}</rect>'
        )
    colour, r = (INTERIOR, 3.6) if position == "interior" else (POLE, 4.0)
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r}" fill="{colour}" stroke="#fff" stroke-width="1.3">'
        f"{title}</circle>"
    )


def _camera(canvas: MapCanvas, device: Mapping[str, Any], x: float, y: float, title: str) -> str:
    """A camera with the view of its first preset."""
    parts = []
    presets = device.get("presets") or [{"bearing_deg": 0.0}]
    reach = device.get("view_m", 0.0) * canvas.px_per_m
    half = np.radians(device.get("fov_deg", 0.0) / 2)
    bearing = np.radians(presets[0]["bearing_deg"])
    if reach and half:
        (x0, y0), (x1, y1) = (
            (x + reach * np.sin(a), y - reach * np.cos(a)) for a in (bearing - half, bearing + half)
        )
        parts.append(
            f'<path d="M{x:.1f} {y:.1f}L{x0:.1f} {y0:.1f}A{reach:.1f} {reach:.1f} 0 0 1 {x1:.1f} {y1:.1f}z" '
            f'fill="{CAMERA}" fill-opacity=".14"/>'
        )
    parts.append(
        f'<path d="M{x - 6:.1f} {y - 4:.1f}h8v8h-8z M{x + 2:.1f} {y:.1f}l5-4v8z" fill="{CAMERA}" stroke="#fff" '
        f'stroke-width="1">{title}</path>'
    )
    return "".join(parts)


def _incident_pins(canvas: MapCanvas, frame: Frame, found: Sequence[IncidentView]) -> Iterable[str]:
    """Numbered pins; those that would cover each other are fanned out a little."""
    taken: list[tuple[float, float]] = []
    for incident in found:
        x, y = canvas.point(*_metres(frame, [(incident.lon, incident.lat)])[0].tolist())
        at_x, at_y = x, y
        while any(abs(at_x - a) < 17 and abs(at_y - b) < 17 for a, b in taken):
            at_x += 18
        taken.append((at_x, at_y))
        what = " · ".join(s.title[0] for s in incident.steps)
        yield (
            f"<g><title>{incident.number} {escape(incident.id)}: {escape(what)}</title>"
            f'<path d="M{x:.1f} {y:.1f}L{at_x:.1f} {at_y - 12:.1f}" stroke="{INCIDENT}" stroke-width="1.5"/>'
            f'<circle cx="{at_x:.1f}" cy="{at_y - 16:.1f}" r="9.5" fill="{INCIDENT}" stroke="#fff" stroke-width="1.6"/>'
            f'<text x="{at_x:.1f}" y="{at_y - 12:.1f}" text-anchor="middle" font-size="11" font-weight="700" '
            f'fill="#fff">{incident.number}</text></g>'
        )

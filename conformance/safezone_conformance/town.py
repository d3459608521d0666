"""The little zone a case plays in: whom and what it registers, as items of the standard's registry.

Metres about one point: the home of child 1 at (0, 0), the school at (1000, 0), an academy at (500, 400), a railway south
of the way to school. Names are the case's own (``c1``, ``gs``); ``Identity`` makes them unique. Each case has a point of
its own, kilometres from any other's: what happens in one zone may rightly concern children who are near, whatever theirs.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from safezone_conformance.identity import Identity
from safezone_conformance.wire import iso

Item = dict[str, Any]
LAT, LON = 37.5086, 126.8913
PLOTS_IN_A_ROW, PLOT_LAT, PLOT_LON = (
    20,
    0.12,
    0.13,
)  # degrees: over 11 km; what a case has 20 or 50 km away lies between plots
METRES_PER_DEGREE = 6371008.8 * math.pi / 180
TIMEZONE = "Asia/Seoul"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SCHOOL, ACADEMY, RAIL = (1000.0, 0.0), (500.0, 400.0), (500.0, -225.0)
NAMES = ("가온", "나래", "다솜", "라온", "마루", "바다", "새봄", "아라", "자람", "차오름")


_home: ContextVar[tuple[float, float]] = ContextVar("home of child 1", default=(LAT, LON))


@contextmanager
def on_plot(number: int) -> Iterator[None]:
    """In the block metres count from plot ``number``, from 0 up; they go east and then south of Seoul."""
    row, column = divmod(number, PLOTS_IN_A_ROW)
    before = _home.set((LAT - row * PLOT_LAT, LON + column * PLOT_LON))
    try:
        yield
    finally:
        _home.reset(before)


def lat_lon(x: float, y: float) -> dict[str, float]:
    """Metres east and north of child 1's home, in degrees."""
    lat, lon = _home.get()
    return {
        "lat": lat + y / METRES_PER_DEGREE,
        "lon": lon + x / (METRES_PER_DEGREE * math.cos(math.radians(lat))),
    }


def lon_lat(x: float, y: float) -> list[float]:
    point = lat_lon(x, y)
    return [point["lon"], point["lat"]]


def metres(lat: float, lon: float) -> tuple[float, float]:
    """The inverse of ``lat_lon``."""
    home_lat, home_lon = _home.get()
    east = (lon - home_lon) * METRES_PER_DEGREE * math.cos(math.radians(home_lat))
    return east, (lat - home_lat) * METRES_PER_DEGREE


def home_of(child: int) -> tuple[float, float]:
    """Where child number ``child`` (from 1) lives: each 300 m north of the one before."""
    return 0.0, 300.0 * (child - 1)


class Maker:
    """Makes items under a case's own ids. ``now``: seconds since 1970 when the case begins."""

    def __init__(self, identity: Identity, now: float) -> None:
        self.identity, self.now = identity, now
        self.zone_id = identity.zone

    def _item(self, kind: str, name: str, more: Mapping[str, Any]) -> Item:
        return {"kind": kind, "id": self.identity.id(name), "zone": self.zone_id, **more}

    def calendar(self, **more: Any) -> Item:
        """Such that neither today nor tomorrow is a school day: nothing is due by itself. ``more`` replaces members."""
        today = datetime.fromtimestamp(self.now, ZoneInfo(TIMEZONE)).weekday()
        days = [d for n, d in enumerate(WEEKDAYS) if n not in (today, (today + 1) % 7)]
        return {
            "weekdays": days,
            "arrive_by": "09:00",
            "not_arrived_after": "09:10",
            "closes_at": "16:00",
            **more,
        }

    def local(self, offset_s: float = 0.0) -> str:
        """HH:MM of the zone's time zone, so many seconds from now. Minutes only: see ``next_minute``."""
        return (datetime.fromtimestamp(self.now, ZoneInfo(TIMEZONE)) + timedelta(seconds=offset_s)).strftime(
            "%H:%M"
        )

    def month(self) -> str:
        """YYYY-MM of the zone's time zone."""
        return datetime.fromtimestamp(self.now, ZoneInfo(TIMEZONE)).strftime("%Y-%m")

    def zone(self, *, calendar: Mapping[str, Any] | None = None, **more: Any) -> Item:
        body = {"name": "적합성 시험 구역", "timezone": TIMEZONE,
                "school": {"code": self.identity.id("s"), **lat_lon(*SCHOOL)},
                "calendar": self.calendar(**(calendar or {}))}  # fmt: skip
        return {"kind": "zone", "id": self.zone_id, "zone": self.zone_id, **body, **more}

    def area(self, name: str, role: str, at: tuple[float, float], radius_m: float, **more: Any) -> Item:
        return self._item(
            "area", name, {"role": role, "name": name, "center": lat_lon(*at), "radius_m": radius_m, **more}
        )

    def device(self, name: str, type_: str, **more: Any) -> Item:
        keyed = {} if type_ == "tag" else {"key": self.identity.key(name)}
        return self._item("device", name, {"type": type_, "nature": "simulated", **keyed, **more})

    def gate(self, name: str, place: str, at: tuple[float, float], **more: Any) -> Item:
        """A gate reader with the antennas ``out`` (5 m east) and ``in`` (5 m west)."""
        antennas = [
            {"id": "out", "side": "outer", **lat_lon(at[0] + 5, at[1]), "range_m": 4},
            {"id": "in", "side": "inner", **lat_lon(at[0] - 5, at[1]), "range_m": 4},
        ]
        placement = {**lat_lon(*at), "position": "gate", "area": self.identity.id(place)}
        return self.device(name, "reader", placement=placement, antennas=antennas, **more)

    def reader(
        self, name: str, position: str, at: tuple[float, float], place: str | None = None, **more: Any
    ) -> Item:
        """A reader with the one antenna ``a``; ``position``: interior or pole."""
        inside = {"area": self.identity.id(place)} if place else {}
        antennas = [{"id": "a", "side": "single", **lat_lon(*at), "range_m": 10}]
        placement = {**lat_lon(*at), "position": position, **inside}
        return self.device(name, "reader", placement=placement, antennas=antennas, **more)

    def camera(self, name: str, at: tuple[float, float], bearings: Mapping[str, float], **more: Any) -> Item:
        presets = [{"id": p, "bearing_deg": b} for p, b in bearings.items()]
        body = {"placement": lat_lon(*at), "presets": presets, "fov_deg": 60, "view_m": 60}
        return self.device(name, "camera", **(body | more))

    def route(
        self, name: str, line: Sequence[tuple[float, float]], from_: str, to: str, corridor_m: float = 30
    ) -> Item:
        return {"id": name, "from": self.identity.id(from_), "to": self.identity.id(to),
                "line": [lon_lat(*p) for p in line], "corridor_m": corridor_m, "minutes": 15}  # fmt: skip

    def child(self, number: int, /, **more: Any) -> Item:
        """Child ``cN`` of home ``homeN``, with the route ``r1`` along x to school."""
        home = home_of(number)
        body = {"name": f"{NAMES[(number - 1) % len(NAMES)]}{number}", "grade": 3, "class": 1, "number": number,
                "home": self.identity.id(f"home{number}"), "places": [self.identity.id("academy")],
                "routes": [self.route("r1", [home, SCHOOL], f"home{number}", "school")]}  # fmt: skip
        return self._item("child", f"c{number}", body | more)

    def guardian(self, name: str, /, children: Sequence[str], **more: Any) -> Item:
        body = {"name": f"보호자 {name}", "children": [self.identity.id(c) for c in children], "nature": "simulated",
                "key": self.identity.key(name)}  # fmt: skip
        return self._item("guardian", name, body | more)

    def consent(self, child: str, guardian: str, status: str = "given", **allowed: bool) -> Item:
        """To everything, save what ``allowed`` says otherwise (collect, notify_guardians, provide_112)."""
        body = {"child": self.identity.id(child), "guardian": self.identity.id(guardian),
                "items": {"collect": True, "notify_guardians": True, "provide_112": True} | allowed,
                "status": status, "at": iso(self.now - 86400)}  # fmt: skip
        return self._item("consent", f"k-{child}", body)

    def binding(self, child: str, thing: str, **more: Any) -> Item:
        body = {"child": self.identity.id(child), "thing": self.identity.id(thing), **more}
        return self._item("binding", f"b-{thing}", body)

    def desk(self, name: str, post: str | None = None, **more: Any) -> Item:
        body = {"name": name, "nature": "simulated", "key": self.identity.key(name)} | (
            {"post": post} if post else {}
        )
        return self._item("desk", name, body | more)

    def drill(self, name: str, *, clock: str | None = None, allow: Sequence[str] = (), **more: Any) -> Item:
        """Open from a day ago to a day ahead unless ``more`` says otherwise."""
        body: Item = {"opens_at": iso(self.now - 86400), "closes_at": iso(self.now + 86400)}
        if clock is not None:
            body["clock"] = {"id": self.identity.id(clock), "key": self.identity.key(clock)}
        if allow:
            body["allow"] = [self.identity.id(a) for a in allow]
        return self._item("drill", name, body | more)

    def other(self, kind: str, name: str, /, **more: Any) -> Item:
        """An item of any kind: operator, staff, agency, unit, absence, peer, streets."""
        return self._item(kind, name, more)


Extra = Callable[[Maker], Sequence[Item]]


@dataclass(frozen=True)
class Town:
    """What a case wants registered before it begins.

    ``children``: c1 … cN, each with a home ``homeN`` and its gate ``ghN``, tag ``tN``, phone ``pN``, guardian ``gN`` and
    consent ``k-cN``. ``calendar`` and ``zone`` go into the zone item, ``child`` into every child. ``parts``: of school,
    academy, danger, pole, bell, camera, desk; a case names those it needs and runs the faster. ``extra`` adds items and
    replaces those of the same kind and name. ``empty`` registers nothing at all.
    """

    children: int = 1
    parts: tuple[str, ...] = ("school", "academy", "danger", "pole", "bell", "camera", "desk")
    calendar: Mapping[str, Any] = field(default_factory=dict)
    zone: Mapping[str, Any] = field(default_factory=dict)
    child: Mapping[str, Any] = field(default_factory=dict)
    extra: Extra | None = None
    empty: bool = False

    def items(self, make: Maker) -> list[Item]:
        """In an order in which every item follows what it names."""
        if self.empty:
            return []
        found = [make.zone(calendar=self.calendar, **self.zone)]
        if "desk" in self.parts:
            found.append(make.desk("d112"))
        if "school" in self.parts:
            found += [
                make.area("school", "school", SCHOOL, 100),
                make.gate("gs", "school", (900, 0)),
                make.reader("is", "interior", SCHOOL, "school"),
            ]
        if "academy" in self.parts:
            found += [make.area("academy", "academy", ACADEMY, 30), make.gate("ga", "academy", (530, 400))]
        if "danger" in self.parts:
            corners = [(400, -300), (600, -300), (600, -150), (400, -150), (400, -300)]
            ring = [lon_lat(*c) for c in corners]
            found += [
                make.area("rail", "danger", RAIL, 125, danger="railway", ring=ring),
                make.reader("ir", "interior", RAIL, "rail"),
            ]
        if "pole" in self.parts:
            found.append(make.reader("pole", "pole", (500, 0)))
        if "bell" in self.parts:
            found.append(make.device("bell", "bell", placement=lat_lon(510, 0)))
        if "camera" in self.parts:
            found.append(make.camera("cam", (520, 0), {"w": 270, "e": 90}))
        for n in range(1, self.children + 1):
            home = home_of(n)
            found += [
                make.area(f"home{n}", "home", home, 50),
                make.gate(f"gh{n}", f"home{n}", (home[0] + 50, home[1])),
                make.child(n, **self.child),
                make.device(f"t{n}", "tag", press_counter=True),
                make.device(f"p{n}", "phone"),
                make.binding(f"c{n}", f"t{n}"),
                make.binding(f"c{n}", f"p{n}"),
                make.guardian(f"g{n}", [f"c{n}"]),
                make.consent(f"c{n}", f"g{n}"),
            ]
        if self.extra is not None:
            added = {(i["kind"], i["id"]): i for i in self.extra(make)}
            found = [added.pop((i["kind"], i["id"]), i) for i in found] + list(added.values())
        return found

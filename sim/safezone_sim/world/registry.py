"""The world as items of the standard's registry, ready for ``POST /v1/registry:import``.

Everything that the twin registers is ``simulated``. The drill item is the twin's, not the world's. Cameras have
no ``snapshot_url`` or ``live_url``: the twin serves no pictures, and names no address where there are none.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import shapely
from shapely.geometry import LineString

from safezone_sim.map.model import FloatArray, Frame, StreetMap
from safezone_sim.scenario import Scenario
from safezone_sim.schools import School
from safezone_sim.world.model import Device, Guardian, Person, Place, RegisteredRoute
from safezone_sim.world.streets import streets_item
from safezone_sim.world.units import Unit

Item = dict[str, Any]
Keys = Mapping[str, tuple[str, str]]

LINE_TOLERANCE_M = 0.3  # of registered lines: below the map's own grid
ENROLLED_DAYS_AGO = 60


def registry_items(
    scenario: Scenario,
    school: School,
    street_map: StreetMap,
    places: Mapping[str, Place],
    people: Sequence[Person],
    guardians: Sequence[Guardian],
    devices: Sequence[Device],
    units: Sequence[Unit],
    routes: Sequence[RegisteredRoute],
    keys: Keys,
) -> tuple[Mapping[str, Any], ...]:
    """All items of one zone: zone, streets, areas, devices, units, children, guardians, desk, bindings, consents."""
    zone = school.code
    make = _Maker(zone, street_map.frame, keys)
    since = (scenario.midnight - timedelta(days=ENROLLED_DAYS_AGO)).isoformat()
    subscribers = [p for p in people if p.subscriber]
    by_child: dict[str, list[RegisteredRoute]] = {}
    for route in routes:
        by_child.setdefault(route.child, []).append(route)
    items: list[Mapping[str, Any]] = [make.zone_item(scenario, school), streets_item(zone, street_map)]
    items += [make.area(place) for place in places.values()]
    items += [make.device(device) for device in devices]
    items += [make.unit(unit) for unit in units]
    items += [make.phone(p.phone) for p in subscribers if p.phone]
    items += [make.tag(p.tag) for p in subscribers if p.tag]
    items += [make.child(p, by_child.get(p.id, [])) for p in subscribers]
    items += [make.guardian(g) for g in guardians]
    items.append(make.desk(school))
    for person in subscribers:
        items += make.bindings(person, since)
        items += make.consents(person, since)
    return tuple(items)


class _Maker:
    """Items of one zone."""

    def __init__(self, zone: str, frame: Frame, keys: Keys) -> None:
        self.zone, self.frame, self.keys = zone, frame, keys
        self._route_lines: dict[bytes, list[list[float]]] = {}

    def _item(self, kind: str, item_id: str) -> Item:
        return {"kind": kind, "id": item_id, "zone": self.zone}

    def _key(self, principal: str) -> Item:
        keyid, secret = self.keys[principal]
        return {"keyid": keyid, "secret": secret}

    def _at(self, x: float, y: float) -> Item:
        (lon, lat) = self.frame.to_lonlat(np.array([[x, y]]))[0].tolist()
        return {"lat": round(lat, 7), "lon": round(lon, 7)}

    def _line(self, xy: FloatArray) -> list[list[float]]:
        line: list[list[float]] = np.round(self.frame.to_lonlat(xy), 7).tolist()
        return line

    def _route_line(self, xy: FloatArray) -> list[list[float]]:
        """Children of one home share their lines: each is simplified once."""
        key = xy.tobytes()
        if key not in self._route_lines:
            simple = LineString(xy).simplify(LINE_TOLERANCE_M)
            self._route_lines[key] = self._line(shapely.get_coordinates(simple))
        return self._route_lines[key]

    def zone_item(self, scenario: Scenario, school: School) -> Item:
        return self._item("zone", self.zone) | {
            "name": f"{school.name} 안전존",
            "school": {"code": school.code, "lat": round(school.lat, 7), "lon": round(school.lon, 7)},
            "timezone": scenario.timezone,
            "calendar": {
                "weekdays": ["mon", "tue", "wed", "thu", "fri"],
                "holidays": [],
                "arrive_by": scenario.arrive_by[:5],
                "not_arrived_after": scenario.not_arrived_after[:5],
                "closes_at": scenario.closes_at[:5],
            },
        }

    def area(self, place: Place) -> Item:
        item = self._item("area", place.id) | {
            "role": place.role,
            "name": place.name,
            "center": self._at(place.x, place.y),
            "radius_m": place.radius_m,
        }
        if place.danger:
            item["danger"] = place.danger
        if place.shape is not None:
            item["ring"] = self._line(shapely.get_coordinates(place.shape.exterior))
        return item

    def device(self, device: Device) -> Item:
        item = self._item("device", device.id) | {
            "type": device.type,
            "nature": "simulated",
            "key": self._key(device.id),
            "placement": self._at(device.x, device.y),
        }
        if device.position:
            item["placement"]["position"] = device.position
        if device.place:
            item["placement"]["area"] = device.place
        if device.antennas:
            item["antennas"] = [
                {"id": a.id, "side": a.side, **self._at(a.x, a.y), "range_m": a.range_m}
                for a in device.antennas
            ]
        if device.type == "camera":
            item["presets"] = [{"id": i, "bearing_deg": b} for i, b in device.presets]
            item |= {
                "fov_deg": device.fov_deg,
                "view_m": device.view_m,
                "camera_points": device.camera_points,
            }
        return item

    def unit(self, unit: Unit) -> Item:
        return self._item("unit", unit.id) | {
            "name": unit.name,
            "type": unit.type,
            **self._at(unit.x, unit.y),
            "nature": "simulated",
        }

    def phone(self, phone: str) -> Item:
        return self._item("device", phone) | {"type": "phone", "nature": "simulated", "key": self._key(phone)}

    def tag(self, tag: str) -> Item:
        return self._item("device", tag) | {"type": "tag", "nature": "simulated", "press_counter": True}

    def child(self, person: Person, routes: Sequence[RegisteredRoute]) -> Item:
        item = self._item("child", person.id) | {
            "name": person.name,
            "grade": person.grade,
            "class": person.class_no,
            "number": person.number,
            "home": person.home,
            "places": [*person.academies, *([person.playground] if person.playground else [])],
            "routes": [
                {
                    "id": r.id,
                    "from": r.from_place,
                    "to": r.to_place,
                    "line": self._route_line(r.line),
                    "corridor_m": r.corridor_m,
                    "minutes": r.minutes,
                }
                for r in routes
            ],
        }
        if person.home_by_s is not None:
            minutes = int(person.home_by_s) // 60
            item["home_by"] = f"{minutes // 60:02d}:{minutes % 60:02d}"
        return item

    def guardian(self, guardian: Guardian) -> Item:
        return self._item("guardian", guardian.id) | {
            "name": guardian.name,
            "children": list(guardian.children),
            "nature": "simulated",
            "language": "ko",
            "key": self._key(guardian.id),
        }

    def desk(self, school: School) -> Item:
        desk = f"{self.zone}-desk"
        return self._item("desk", desk) | {
            "name": f"{school.name} 112 상황실 (모의)",
            "nature": "simulated",
            "key": self._key(desk),
        }

    def bindings(self, person: Person, since: str) -> Iterator[Item]:
        for what, thing in (("tag", person.tag), ("phone", person.phone)):
            if thing:
                yield self._item("binding", f"{person.id}-{what}") | {
                    "child": person.id,
                    "thing": thing,
                    "from": since,
                }

    def consents(self, person: Person, since: str) -> Iterator[Item]:
        yield self._item("consent", f"{person.id}-consent") | {
            "child": person.id,
            "guardian": person.guardians[0],
            "items": {"collect": True, "notify_guardians": True, "provide_112": True},
            "status": "given",
            "at": since,
        }

"""A hand-made run of one small school: few children, geometry in round metres, hand-computable verdicts.

    school   centre (0, 0), radius 80; gate reader "gate" with antennas gate-o (outer), gate-i (inner);
             interior reader "class" (antenna class-s)
    home-1   centre (600, 0), radius 40; gate reader "h1" (h1-o, h1-i); of child c1
    home-2   centre (0, 700), radius 40; no reader; of child c2
    academy  centre (0, -500), radius 30; interior reader "acad" (acad-s)
    pole     street reader "pole" (pole-s) at (300, 0); bell "bell" at (310, 10), 14 m off
    rail     danger area, square from (-500, -500) to (-400, -400)

c1 has a tag, a phone and guardians g1, g2; c2 a tag, and guardian g3. The desk is "112".
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

from safezone_sim.map.model import Frame
from safezone_sim.records import (
    Fault,
    Fix,
    PathAnswer,
    Press,
    Query,
    Reception,
    RunRecord,
    Samples,
    Stay,
    TruthEvent,
    Whereabouts,
)

ZONE = "7041138"
LAT, LON = 37.5, 126.88
FRAME = Frame.at(LON, LAT)
MIDNIGHT = datetime(2026, 5, 19, tzinfo=timezone(timedelta(hours=9)))
GUARDIANS = {"c1": ("guardian:g1", "guardian:g2"), "c2": ("guardian:g3",)}
DESK = "desk:112"
READER_OF = {"gate-o": "gate", "gate-i": "gate", "class-s": "class", "h1-o": "h1", "h1-i": "h1",
             "acad-s": "acad", "pole-s": "pole", "rail-s": "rail-reader"}  # fmt: skip
URGENT = {"danger_entry", "route_deviation", "tag_silent", "tag_call", "bell_call", "phone_call_112"}


def degrees(x: float, y: float) -> tuple[float, float]:
    """Metres to (lat, lon)."""
    return y / FRAME.m_per_deg_lat + LAT, x / FRAME.m_per_deg_lon + LON


def at(clock: str) -> float:
    """ "HH:MM:SS" to seconds after midnight."""
    h, m, s = ([*clock.split(":"), "0"])[:3]
    return int(h) * 3600 + int(m) * 60 + float(s)


def wire(t: float) -> str:
    return (MIDNIGHT + timedelta(seconds=t)).isoformat()


def _area(id_: str, role: str, x: float, y: float, radius: float, **more: Any) -> dict[str, Any]:
    lat, lon = degrees(x, y)
    center = {"lat": lat, "lon": lon}
    return {"kind": "area", "id": id_, "zone": ZONE, "role": role, "name": id_.title(),
            "center": center, "radius_m": radius, **more}  # fmt: skip


def _reader(
    id_: str, position: str, area: str | None, antennas: Mapping[str, tuple[str, float, float]]
) -> Any:
    x, y = next(iter(antennas.values()))[1:]
    lat, lon = degrees(x, y)
    placed = {"lat": lat, "lon": lon, "position": position} | ({"area": area} if area else {})
    return {
        "kind": "device", "id": id_, "zone": ZONE, "type": "reader", "nature": "simulated", "placement": placed,
        "antennas": [
            {"id": a, "side": side, "lat": degrees(ax, ay)[0], "lon": degrees(ax, ay)[1], "range_m": 2.5}
            for a, (side, ax, ay) in antennas.items()
        ],
    }  # fmt: skip


def _line(*points: tuple[float, float]) -> list[list[float]]:
    return [[degrees(*p)[1], degrees(*p)[0]] for p in points]


def registry(home_by: str | None = None, absent: Sequence[str] = ()) -> list[Mapping[str, Any]]:
    """The zone's items, without keys."""
    lat, lon = degrees(310, 10)
    square = _line((-500, -500), (-400, -500), (-400, -400), (-500, -400), (-500, -500))
    items: list[Mapping[str, Any]] = [
        {"kind": "zone", "id": ZONE, "zone": ZONE, "name": "시험초등학교",
         "school": {"code": ZONE, "lat": LAT, "lon": LON}, "timezone": "Asia/Seoul",
         "calendar": {"weekdays": ["mon", "tue", "wed", "thu", "fri"], "arrive_by": "09:00",
                      "not_arrived_after": "09:20", "closes_at": "18:00"}},
        _area("school", "school", 0, 0, 80),
        _area("home-1", "home", 600, 0, 40),
        _area("home-2", "home", 0, 700, 40),
        _area("academy", "academy", 0, -500, 30),
        _area("rail", "danger", -450, -450, 71, danger="railway", ring=square),
        _reader("gate", "gate", "school", {"gate-o": ("outer", 84, 0), "gate-i": ("inner", 76, 0)}),
        _reader("class", "interior", "school", {"class-s": ("single", 10, 10)}),
        _reader("h1", "gate", "home-1", {"h1-o": ("outer", 556, 0), "h1-i": ("inner", 564, 0)}),
        _reader("acad", "interior", "academy", {"acad-s": ("single", 0, -500)}),
        _reader("pole", "pole", None, {"pole-s": ("single", 300, 0)}),
        _reader("rail-reader", "interior", "rail", {"rail-s": ("single", -450, -450)}),
        {"kind": "device", "id": "bell", "zone": ZONE, "type": "bell", "nature": "simulated",
         "placement": {"lat": lat, "lon": lon}},
        {"kind": "device", "id": "cam", "zone": ZONE, "type": "camera", "nature": "simulated",
         "placement": {"lat": lat, "lon": lon}, "presets": [{"id": "p1", "bearing_deg": 90}],
         "fov_deg": 60, "view_m": 80},
        {"kind": "desk", "id": "112", "zone": ZONE, "name": "112", "nature": "simulated"},
    ]  # fmt: skip
    for n, (child, home, line) in enumerate(
        [("c1", "home-1", _line((600, 0), (0, 0))), ("c2", "home-2", _line((0, 700), (0, 0)))], 1
    ):
        item = {"kind": "child", "id": child, "zone": ZONE, "name": f"어린이{n}", "grade": 3, "class": 1,
                "number": n, "home": home, "places": ["academy"],
                "routes": [{"id": f"r{n}", "from": home, "to": "school", "line": line,
                            "corridor_m": 40, "minutes": 10}]}  # fmt: skip
        items.append(item | ({"home_by": home_by} if home_by else {}))
        items.append(
            {"kind": "binding", "id": f"b{n}", "zone": ZONE, "child": child, "thing": f"tag-{child}"}
        )
        items += [{"kind": "guardian", "id": g.partition(":")[2], "zone": ZONE, "name": g, "children": [child],
                   "nature": "simulated"} for g in GUARDIANS[child]]  # fmt: skip
    items += [
        {"kind": "absence", "id": f"abs-{c}", "zone": ZONE, "child": c, "date": "2026-05-19"} for c in absent
    ]
    return items


class Run:
    """Collects what happened, what was sampled and who was told; ``record()`` makes the RunRecord."""

    def __init__(self, **registry_options: Any) -> None:
        self._registry = registry(**registry_options)
        self.truth: list[TruthEvent] = []
        self.tracks: list[Whereabouts] = []
        self.ideal = Samples([], [], [])
        self.realised = Samples([], [], [])
        self.faults: list[Fault] = []
        self.receptions: list[Reception] = []
        self.queries: list[Query] = []
        self.paths: list[PathAnswer] = []

    def happens(self, t: float, service: str, child: str | None = "c1", **more: Any) -> TruthEvent:
        """A true event; recipients default to the child's guardians, and the desk for what is urgent."""
        recipients = GUARDIANS.get(child or "", ()) + ((DESK,) if service in URGENT else ())
        fields: dict[str, Any] = {
            "id": f"e{len(self.truth) + 1}", "zone": ZONE, "device": None, "place": None,
            "lat": LAT, "lon": LON, "recipients": recipients,
        } | more  # fmt: skip
        event = TruthEvent(t=t, service=service, child=child, **fields)
        self.truth.append(event)
        return event

    def stay(self, t: float, antenna: str, child: str = "c1", *, last: float = 3.0, known: float = 0.0,
             end_known: float | None = None, ideal: bool = True, real: bool = True) -> None:  # fmt: skip
        """A stay of ``last`` seconds; realised it is known ``known`` seconds after it began."""
        end = t + last if end_known is None else end_known
        ends = (t, t + last)
        if ideal:
            self.ideal.stays.append(Stay(ZONE, child, READER_OF[antenna], antenna, *ends, t, t + last))
        if real:
            self.realised.stays.append(
                Stay(ZONE, child, READER_OF[antenna], antenna, *ends, t + known, max(end, t + known))
            )

    def pass_in(self, t: float, gate: str = "gate", child: str = "c1", **more: Any) -> None:
        """Outer antenna 4 s before ``t``, inner at ``t``."""
        self.stay(t - 4, f"{gate}-o", child, **more)
        self.stay(t, f"{gate}-i", child, **more)

    def pass_out(self, t: float, gate: str = "gate", child: str = "c1", **more: Any) -> None:
        """Inner antenna 4 s before ``t``, outer at ``t``."""
        self.stay(t - 4, f"{gate}-i", child, **more)
        self.stay(t, f"{gate}-o", child, **more)

    def fix(self, t: float, x: float, y: float, child: str = "c1", *, accuracy: float = 15.0, moving: bool = True,
            battery: float = 80.0, known: float = 0.0, ideal: bool = True, real: bool = True) -> None:  # fmt: skip
        """A phone fix at metres (x, y)."""
        lat, lon = degrees(x, y)
        if ideal:
            self.ideal.fixes.append(Fix(ZONE, child, t, lat, lon, accuracy, "gps", moving, battery, t))
        if real:
            self.realised.fixes.append(
                Fix(ZONE, child, t, lat, lon, accuracy, "gps", moving, battery, t + known)
            )

    def press(self, t: float, service: str, child: str | None = "c1", device: str = "pole", *,
              known: float = 0.0, ideal: bool = True, real: bool = True) -> None:  # fmt: skip
        if ideal:
            self.ideal.presses.append(Press(ZONE, service, child, device, t, t))
        if real:
            self.realised.presses.append(Press(ZONE, service, child, device, t, t + known))

    def told(self, t: float, service: str, recipient: str, child: str | None = "c1", *, event_at: float | None = None,
             repeat: bool = False, id_: int | None = None, **data: Any) -> Reception:  # fmt: skip
        """A notice (or alert, at the desk) received at ``t`` about ``event_at`` (default: the same)."""
        body: dict[str, Any] = {
            "service": service, "event_at": wire(t if event_at is None else event_at), "evidence": [],
            "text": {"ko": "알림", "en": "notice"}, **data,
        }  # fmt: skip
        if child is not None:
            body["child"] = child
        number = len(self.receptions) + 1 if id_ is None else id_
        message = {
            "id": str(UUID(int=number)), "source": f"{ZONE}/hub/h", "time": wire(t), "exercise": "test",
            "type": "alert" if recipient.startswith("desk:") else "notice", "data": body,
        }  # fmt: skip
        reception = Reception(ZONE, recipient, t, repeat, None, message)
        self.receptions.append(reception)
        return reception

    def tell_all(self, t: float, event: TruthEvent, **more: Any) -> None:
        """Everyone entitled hears of the event at ``t``, truthfully dated."""
        for recipient in event.recipients:
            about = {"device": event.device} if event.device else {}
            self.told(t, event.service, recipient, event.child, event_at=event.t, **about, **more)

    def track(self, child: str, *points: tuple[float, float, float, str]) -> None:
        """The true track through (t, x, y, place from then on)."""
        where = [degrees(x, y) for _, x, y, _ in points]
        self.tracks.append(
            Whereabouts(child, ZONE, [p[0] for p in points], [w[0] for w in where], [w[1] for w in where],
                        [p[3] for p in points])
        )  # fmt: skip

    def record(self) -> RunRecord:
        scenario = {"name": "test", "date": "2026-05-19", "timezone": "Asia/Seoul", "seed": 7, "exercise": "test",
                    "start": "06:30", "end": "20:30", "title": {"ko": "시험", "en": "test"}}  # fmt: skip
        return RunRecord(
            scenario, {ZONE: self._registry}, self.truth, self.tracks, self.ideal, self.realised, self.faults,
            self.receptions, self.queries, self.paths,
        )  # fmt: skip

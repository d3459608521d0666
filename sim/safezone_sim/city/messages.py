"""The device messages of one school's day as one table of columns; README.md tells what each column means.

A row may stand for several messages at regular intervals (``count``, ``every_s``): heartbeats, and a phone's
fixes while it lies still. ``expanded`` gives one row a message. ``data_of`` gives a message's ``data`` as the
standard wants it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import safezone_model

from safezone_sim.city.calls import Caller
from safezone_sim.city.fixes import Fixes, fixes
from safezone_sim.city.motion import Motion
from safezone_sim.city.sightings import sightings
from safezone_sim.city.sizes import TIME, data_bytes, decimals, digits, envelope_bytes
from safezone_sim.devices.agents import ANNOUNCED
from safezone_sim.devices.envelope import WireTime
from safezone_sim.devices.phone import FLOOR_M, IDLE_DRAIN_PCT_H
from safezone_sim.life.crossings import IndexArray
from safezone_sim.life.day import Day
from safezone_sim.life.trips import Stays
from safezone_sim.map.model import FloatArray
from safezone_sim.streams import stream

TYPES = ("tag.sighted", "phone.located", "device.status", "tag.called", "bell.pressed", "phone.called")
CLASSES = ("routine", "emergency")
CLASS_OF = tuple(CLASSES.index(safezone_model.MESSAGES[t].cls) for t in TYPES)
SOURCES = ("gps", "wifi")
PHASES = ("start", "end")
ON_CHARGER_UNTIL_S = 6.5 * 3600.0  # phones lie on their chargers over night
CALL_RSSI_DBM = -70.0

SCHEMA = pa.schema(
    [
        ("t_s", pa.float64()),
        ("every_s", pa.float32()),
        ("count", pa.uint16()),
        ("zone", pa.dictionary(pa.int32(), pa.string())),
        ("device", pa.dictionary(pa.int32(), pa.string())),
        ("type", pa.dictionary(pa.int8(), pa.string())),
        ("class", pa.dictionary(pa.int8(), pa.string())),
        ("bytes", pa.uint16()),
        ("tag", pa.dictionary(pa.int32(), pa.string())),
        ("antenna", pa.dictionary(pa.int16(), pa.string())),
        ("stay", pa.int32()),
        ("phase", pa.dictionary(pa.int8(), pa.string())),
        ("first_s", pa.float64()),
        ("last_s", pa.float64()),
        ("reads", pa.int32()),
        ("rssi", pa.float32()),
        ("lat", pa.float64()),
        ("lon", pa.float64()),
        ("accuracy_m", pa.float32()),
        ("fix_source", pa.dictionary(pa.int8(), pa.string())),
        ("moving", pa.bool_()),
        ("battery_pct", pa.float32()),
        ("press", pa.int32()),
    ]
)

Column = npt.NDArray[Any]


@dataclass(frozen=True)
class Names:
    """Devices of one zone in the order of their numbers in ``device`` columns: equipment, then phones."""

    zone: str
    exercise: str
    devices: tuple[str, ...]
    phones_from: int  # number of the first phone
    phone_of: IndexArray  # (subscribers,) number of each one's phone, -1 for none
    tags: tuple[str, ...]

    def envelopes(self, kind: str) -> IndexArray:
        """Bytes of the envelope around a message of this type, by device."""
        sizes = [envelope_bytes(kind, self.zone, "dev", d, self.exercise) for d in self.devices]
        return np.array(sizes, np.int64)


def names_of(day: Day) -> Names:
    """The names of one school's day."""
    equipment = [d.id for d in day.world.devices]
    people = day.world.subscribers
    phones = [p.phone for p in people if p.phone is not None]
    of = np.full(len(people), -1, np.int64)
    of[[k for k, p in enumerate(people) if p.phone is not None]] = len(equipment) + np.arange(len(phones))
    zone = day.world.zone
    tags = tuple(p.tag or "" for p in people)
    return Names(zone, day.scenario.drill_id(zone), (*equipment, *phones), len(equipment), of, tags)


def school_messages(day: Day, motion: Motion, calls: Sequence[Caller], own_stays: Stays) -> pa.Table:
    """All messages of all devices, in order of their first moment. ``own_stays``: those of subscribers' tags."""
    names = names_of(day)
    antennas = [a.id for a in day.antennas.antennas]
    located = fixes(day, motion)
    charge = _charge(day, names)
    blocks = [
        _sighted(day, names, own_stays, antennas),
        _located(day, names, located, charge),
        _beats(day, names, charge),
        *_called(day, names, motion, calls, located),
    ]
    table = pa.concat_tables([_table(day, names, antennas, b) for b in blocks])
    return table.take(pc.sort_indices(table["t_s"]))


def battery_pct(charge: FloatArray, t: FloatArray) -> FloatArray:
    """A phone's battery at moments, from its charge in the morning; on the charger until 06:30."""
    hours = np.maximum(t - ON_CHARGER_UNTIL_S, 0.0) / 3600.0
    out: FloatArray = np.round(charge - IDLE_DRAIN_PCT_H * hours, 1)
    return out


# --- kinds of message ------------------------------------------------------------------------------------


def _sighted(day: Day, names: Names, own_stays: Stays, antennas: Sequence[str]) -> dict[str, Column]:
    s = sightings(day, own_stays)
    n, end = len(s.first), day.scenario.end_s
    tag_len = np.array([len(t) for t in names.tags] or [0])[s.child]
    antenna_len = np.array([len(a) for a in antennas] or [0])[s.antenna]
    reader_len = np.array([len(d) for d in names.devices] or [0])[s.reader]
    blank = data_bytes(
        {
            "tag": "",
            "antenna": "",
            "stay": "-",
            "phase": "",
            "first_at": TIME,
            "last_at": TIME,
            "reads": 1,
            "rssi_peak_dbm": 0.5,
        }
    )
    common = (
        names.envelopes("tag.sighted")[s.reader]
        + (blank - 4)
        + tag_len
        + antenna_len
        + reader_len
        + digits(s.number)
        + decimals(s.rssi, 1)
    )
    both = {
        "t_s": np.concatenate([s.first, s.told_over]),
        "type": np.zeros(2 * n, np.int64),
        "device": np.tile(s.reader, 2),
        "bytes": np.concatenate([common + len("start") + 1, common + len("end") + digits(s.reads)]),
        "tag": np.tile(s.child, 2),
        "antenna": np.tile(s.antenna, 2),
        "stay": np.tile(s.number, 2),
        "phase": np.repeat([0, 1], n),
        "first_s": np.tile(s.first, 2),
        "last_s": np.concatenate([s.first, s.last]),
        "reads": np.concatenate([np.ones(n, np.int64), s.reads]),
        "rssi": np.tile(s.rssi, 2),
    }
    kept = both["t_s"] <= end
    return {k: v[kept] for k, v in both.items()}


def _located(day: Day, names: Names, f: Fixes, charge: FloatArray) -> dict[str, Column]:
    phone = names.phone_of[f.person]
    lonlat = np.round(day.world.map.frame.to_lonlat(np.stack([f.x, f.y], axis=1)), 7)
    battery = battery_pct(charge[f.person], f.t)
    blank = data_bytes(
        {
            "lat": 0.5,
            "lon": 0.5,
            "accuracy_m": FLOOR_M,
            "fix_source": "",
            "fixed_at": TIME,
            "moving": True,
            "battery_pct": 0.5,
        }
    )
    size = (
        names.envelopes("phone.located")[phone]
        + (blank - 9)
        + decimals(lonlat[:, 1], 7)
        + decimals(lonlat[:, 0], 7)
        + np.where(f.indoors == 1, len(SOURCES[1]), len(SOURCES[0]))
        + (f.moving == 0)  # «false» is longer than «true»
        + decimals(battery, 1)
    )
    return {
        "t_s": f.t,
        "every_s": f.every_s,
        "count": f.count,
        "type": np.full(len(f.t), TYPES.index("phone.located")),
        "device": phone,
        "bytes": size,
        "lat": lonlat[:, 1],
        "lon": lonlat[:, 0],
        "accuracy_m": np.full(len(f.t), FLOOR_M),
        "fix_source": f.indoors,
        "moving": f.moving,
        "battery_pct": battery,
    }


def _charge(day: Day, names: Names) -> FloatArray:
    """Per subscriber the phone's battery in the morning, per cent."""
    u = stream(day.scenario.seed, names.zone, "city", "battery").random(len(names.tags))
    return np.round(65.0 + 34.9 * u, 1)


def _beats(day: Day, names: Names, charge: FloatArray) -> dict[str, Column]:
    """One row a device: its heartbeats from the first to the run's end."""
    every, start, end = day.scenario.equipment.heartbeat_s, day.scenario.start_s, day.scenario.end_s
    n = len(names.devices) if every > 0 else 0
    first = start + every * stream(day.scenario.seed, names.zone, "city", "heartbeats").random(n)
    count = np.floor((end - first) / max(every, 1e-9)).astype(np.int64) + 1
    is_phone = np.arange(n) >= names.phones_from
    battery = np.full(n, np.nan)
    owners = names.phone_of >= 0
    if n:
        battery[names.phone_of[owners]] = battery_pct(charge[owners], first[names.phone_of[owners]])
    sizes = [data_bytes(status_data(phone, 50.5, TIME, every)) for phone in (False, True)]
    return {
        "t_s": first,
        "every_s": np.full(n, every),
        "count": count,
        "type": np.full(n, TYPES.index("device.status")),
        "device": np.arange(n),
        "bytes": names.envelopes("device.status")[:n] + np.where(is_phone, sizes[1], sizes[0]),
        "battery_pct": battery,
    }


def _called(
    day: Day, names: Names, motion: Motion, calls: Sequence[Caller], located: Fixes
) -> Iterator[dict[str, Column]]:
    number = {d: k for k, d in enumerate(names.devices)}
    frame = day.world.map.frame
    for call in calls:
        cue = call.cue
        kind = {"tag": "tag.called", "bell": "bell.pressed", "phone": "phone.called"}[cue.kind]
        row: dict[str, Any] = {"t_s": [cue.t], "type": [TYPES.index(kind)], "press": [1]}
        if cue.bell is not None:
            device = cue.bell.id
            data: dict[str, Any] = {"press": 1, "pressed_at": TIME}
        elif cue.kind == "phone":
            assert cue.person is not None and cue.person.phone is not None
            device = cue.person.phone
            data = {"dialled_at": TIME, "call": f"{device}-call-1"}
            own = np.flatnonzero((located.person == cue.person.index) & (located.t <= cue.t))
            if len(own):
                k = own[np.argmax(located.t[own])]
                lon, lat = np.round(frame.to_lonlat(np.array([located.x[k], located.y[k]])), 7).tolist()
                row |= {"lat": [lat], "lon": [lon], "accuracy_m": [FLOOR_M]}
                data["position"] = {"lat": lat, "lon": lon, "accuracy_m": FLOOR_M}
        else:
            assert cue.person is not None and cue.person.tag is not None
            (x, y) = motion.on_trip(np.array([call.trip]), np.array([cue.t]))[0].tolist()
            yield from _relayed(day, names, cue.person.index, cue.t, x, y)
            continue
        row["device"] = [number[device]]
        row["bytes"] = [envelope_bytes(kind, names.zone, "dev", device, names.exercise) + data_bytes(data)]
        yield {k: np.array(v) for k, v in row.items()}


def _relayed(day: Day, names: Names, child: int, t: float, x: float, y: float) -> Iterator[dict[str, Column]]:
    """A tag's call, by every reader that hears it."""
    antennas = [a.id for a in day.antennas.antennas]
    for k, device in enumerate(day.world.devices):
        reach = day.scenario.equipment.call_range_m
        if device.type != "reader" or np.hypot(device.x - x, device.y - y) > reach:
            continue
        antenna = device.antennas[0].id
        data = {
            "tag": names.tags[child],
            "press": 1,
            "pressed_at": TIME,
            "antenna": antenna,
            "rssi_dbm": CALL_RSSI_DBM,
        }
        size = envelope_bytes("tag.called", names.zone, "dev", device.id, names.exercise) + data_bytes(data)
        row = {
            "t_s": t,
            "type": TYPES.index("tag.called"),
            "device": k,
            "bytes": size,
            "tag": child,
            "antenna": antennas.index(antenna),
            "rssi": CALL_RSSI_DBM,
            "press": 1,
        }
        yield {name: np.array([value]) for name, value in row.items()}


def status_data(phone: bool, battery: float, clock: str, heartbeat_s: float) -> dict[str, Any]:
    """``data`` of a heartbeat, as ``devices.agents.Equipment`` and ``devices.phone.Phone`` send it."""
    health: dict[str, Any] = (
        {"battery_pct": battery, "firmware": "sim-app-1"}
        if phone
        else {"mains": True, "tamper": False, "self_test": "passed", "firmware": "sim-1"}
    )
    return {
        "online": True,
        **health,
        "queue_depth": 0,
        "clock": clock,
        "interval_s": round(heartbeat_s * ANNOUNCED, 3),
    }


# --- as a table, and back --------------------------------------------------------------------------------


def _table(day: Day, names: Names, antennas: Sequence[str], block: Mapping[str, Column]) -> pa.Table:
    n = len(block["t_s"])
    words: dict[str, Sequence[str]] = {
        "zone": (names.zone,),
        "device": names.devices,
        "type": TYPES,
        "class": CLASSES,
        "tag": names.tags,
        "antenna": antennas,
        "phase": PHASES,
        "fix_source": SOURCES,
    }
    given = {"count": np.ones(n, np.int64), "zone": np.zeros(n, np.int64), **block}
    given["class"] = np.array(CLASS_OF)[given["type"]]
    columns = []
    for field in SCHEMA:
        values = given.get(field.name)
        if values is None:
            columns.append(_nulls(n, field.type, words.get(field.name)))
        elif field.name in words:
            indices = pa.array(values, field.type.index_type)
            columns.append(
                pa.DictionaryArray.from_arrays(indices, pa.array(list(words[field.name]), pa.string()))
            )
        elif pa.types.is_boolean(field.type):
            columns.append(pa.array(values.astype(bool)))
        elif pa.types.is_floating(field.type):
            columns.append(
                pa.array(np.asarray(values, field.type.to_pandas_dtype()), field.type, from_pandas=True)
            )
        else:
            columns.append(pa.array(np.asarray(values, field.type.to_pandas_dtype()), field.type))
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def _nulls(n: int, kind: pa.DataType, words: Sequence[str] | None) -> pa.Array:
    if words is None:
        return pa.nulls(n, kind)
    return pa.DictionaryArray.from_arrays(pa.nulls(n, kind.index_type), pa.array(list(words), pa.string()))


def expanded(table: pa.Table, from_s: float = 0.0, to_s: float = 86400.0) -> pa.Table:
    """One row a message, of those with ``from_s`` <= t < ``to_s``, in order of time; ``every_s`` and ``count`` go.

    A phone's battery falls from row to row as ``battery_pct`` says.
    """
    t = table["t_s"].to_numpy()
    every = np.nan_to_num(table["every_s"].to_numpy(zero_copy_only=False).astype(float))
    count = table["count"].to_numpy().astype(np.int64)
    safe = np.where(every > 0, every, 1.0)
    low = np.where(every > 0, np.ceil((from_s - t) / safe), np.where(t >= from_s, 0, 1))
    high = np.where(every > 0, np.ceil((to_s - t) / safe), np.where(t < to_s, 1, 0))
    low = np.clip(low, 0, count).astype(np.int64)
    high = np.clip(high, low, count).astype(np.int64)
    row = np.repeat(np.arange(len(t)), high - low)
    k = np.arange(len(row)) - np.repeat(np.cumsum(high - low) - (high - low), high - low) + low[row]
    at = t[row] + k * every[row]
    battery = table["battery_pct"].to_numpy(zero_copy_only=False).astype(float)[row]
    spent = (np.maximum(at, ON_CHARGER_UNTIL_S) - np.maximum(t[row], ON_CHARGER_UNTIL_S)) / 3600.0
    battery = np.round(battery - IDLE_DRAIN_PCT_H * spent, 1)
    order = np.argsort(at, kind="stable")
    out = table.drop_columns(["every_s", "count"]).take(pa.array(row[order]))
    out = out.set_column(out.schema.get_field_index("t_s"), "t_s", pa.array(at[order]))
    charge = pa.array(battery[order].astype(np.float32), pa.float32(), from_pandas=True)
    return out.set_column(out.schema.get_field_index("battery_pct"), "battery_pct", charge)


def message_columns(run: Path, zone: str, from_s: float = 0.0, to_s: float = 86400.0) -> pa.Table:
    """The messages of one school in a window of a finished run, one row each; see ``expanded``."""
    return expanded(pq.read_table(run / "messages" / f"school={zone}" / "messages.parquet"), from_s, to_s)


def data_of(row: Mapping[str, Any], wire_time: WireTime, heartbeat_s: float = 60.0) -> dict[str, Any]:
    """``data`` of one message from a row of ``expanded`` (as ``to_pylist`` gives it), as the standard wants it."""
    kind, t = row["type"], wire_time.text(row["t_s"])
    if kind == "tag.sighted":
        return {
            "tag": row["tag"],
            "antenna": row["antenna"],
            "stay": f"{row['device']}-{row['stay']}",
            "phase": row["phase"],
            "first_at": wire_time.text(row["first_s"]),
            "last_at": wire_time.text(row["last_s"]),
            "reads": row["reads"],
            "rssi_peak_dbm": round(row["rssi"], 1),
        }
    if kind == "phone.located":
        return {
            "lat": row["lat"],
            "lon": row["lon"],
            "accuracy_m": row["accuracy_m"],
            "fix_source": row["fix_source"],
            "fixed_at": t,
            "moving": row["moving"],
            "battery_pct": round(row["battery_pct"], 1),
        }
    if kind == "device.status":
        battery = row["battery_pct"]
        return status_data(battery is not None, 0.0 if battery is None else round(battery, 1), t, heartbeat_s)
    if kind == "tag.called":
        return {
            "tag": row["tag"],
            "press": row["press"],
            "pressed_at": t,
            "antenna": row["antenna"],
            "rssi_dbm": row["rssi"],
        }
    if kind == "bell.pressed":
        return {"press": row["press"], "pressed_at": t}
    data: dict[str, Any] = {"dialled_at": t, "call": f"{row['device']}-call-{row['press']}"}
    if row["lat"] is not None:
        data["position"] = {"lat": row["lat"], "lon": row["lon"], "accuracy_m": row["accuracy_m"]}
    return data


__all__ = ["SCHEMA", "TYPES", "data_of", "expanded", "message_columns", "school_messages"]

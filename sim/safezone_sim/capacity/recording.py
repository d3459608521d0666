"""A recorded day as load: for each zone what was registered, and which device said what when.

Read from a run (``safezone run … --hub none`` or with a hub), or from a city run, where each school has messages of its
own. What people answered (acknowledgements, the clock) is left out: in a capacity run they answer live.
"""

import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from safezone_model import MESSAGES

Item = Mapping[str, Any]

SENDERS = frozenset({"reader", "bell", "camera", "phone"})
TYPES = frozenset(
    name for name, kind in MESSAGES.items() if kind.direction == "up" and SENDERS & set(kind.roles)
) - {"camera.state"}  # the answer to a command; whoever watches a camera answers live
UNUSED_KINDS = frozenset({"drill", "absence", "streets", "unit"})


class RecordingError(ValueError):
    """What was given is no recorded day, or holds nothing in the time asked for. The text says what to do."""


@dataclass(frozen=True, slots=True)
class Said:
    """One message. ``t``: seconds after local midnight when it left; ``lag``: its own time less that, seconds."""

    t: float
    device: str
    type: str
    lag: float
    data: Mapping[str, Any]


@dataclass(frozen=True)
class RecordedZone:
    """One school: its registry without keys, and its messages of the profile in order."""

    zone: str
    items: tuple[Item, ...]
    said: tuple[Said, ...]
    midnight: float  # of the recorded day, seconds since 1970

    @property
    def children(self) -> int:
        return sum(item["kind"] == "child" for item in self.items)


@dataclass(frozen=True)
class Recording:
    """All schools of a run within ``[start_s, end_s)`` of its day."""

    name: str
    zones: tuple[RecordedZone, ...]
    start_s: float
    end_s: float

    @property
    def children(self) -> int:
        return sum(zone.children for zone in self.zones)

    @property
    def messages(self) -> int:
        return sum(len(zone.said) for zone in self.zones)

    def busiest(self, seconds: float) -> float:
        """Where the busiest stretch of so many seconds begins, to one second; the profile's start when it is shorter."""
        span = int(self.end_s - self.start_s)
        width = int(seconds)
        if width >= span:
            return self.start_s
        counts = [0] * (span + 1)
        for zone in self.zones:
            for each in zone.said:
                counts[min(span, int(each.t - self.start_s))] += 1
        inside = sum(counts[:width])
        best, at = inside, 0
        for n in range(1, span - width + 1):
            inside += counts[n + width - 1] - counts[n - 1]
            if inside > best:
                best, at = inside, n
        return self.start_s + at


class _Payload(msgspec.Struct):
    type: str
    time: str
    data: dict[str, Any]


class _Line(msgspec.Struct):
    t: float
    dir: str
    topic: str
    payload: msgspec.Raw


def read_recording(
    folder: Path, start_s: float, end_s: float, *, map_dir: Path | None = None, children_max: int = 20_000
) -> Recording:
    """The day in a results folder, within ``[start_s, end_s)``. RecordingError says what is missing."""
    if (folder / "messages").is_dir():
        from safezone_sim.capacity.cityfiles import read_city  # only there Parquet is needed

        zones = read_city(folder, start_s, end_s, map_dir=map_dir, children_max=children_max)
    elif (folder / "transcript.jsonl.gz").is_file():
        zones = _read_run(folder, start_s, end_s)
    else:
        raise RecordingError(
            f"--messages {folder}: 기록된 하루가 없습니다. No recorded day: there is neither messages/ nor "
            "transcript.jsonl.gz. Make one with `safezone run pilot --hub none --out DIR`."
        )
    recording = Recording(folder.name, tuple(z for z in zones if z.said), start_s, end_s)
    if not recording.zones:
        raise RecordingError(
            f"--messages {folder}: {clock(start_s)}–{clock(end_s)}에 메시지가 없습니다. No device said anything in "
            "that time: give another --profile."
        )
    return recording


def clock(seconds: float) -> str:
    return f"{int(seconds) // 3600:02d}:{int(seconds) // 60 % 60:02d}"


def _read_run(folder: Path, start_s: float, end_s: float) -> list[RecordedZone]:
    registry = _registry(folder)
    scenario = msgspec.json.decode((folder / "scenario.json").read_bytes())
    midnight = datetime.fromisoformat(scenario["wire_midnight"]).timestamp()
    said: dict[str, list[Said]] = {zone: [] for zone in registry}
    for line in _lines(folder / "transcript.jsonl.gz"):
        if line.dir != "up" or not start_s <= line.t < end_s:
            continue
        zone, role, device = line.topic.split("/")[2:5]
        if role != "dev" or zone not in said:
            continue
        payload = msgspec.json.decode(line.payload, type=_Payload)
        if payload.type in TYPES:
            said[zone].append(
                Said(line.t, device, payload.type, _lag(payload.time, midnight + line.t), payload.data)
            )
    return [RecordedZone(zone, tuple(items), tuple(said[zone]), midnight) for zone, items in registry.items()]


def _lag(text: str, at: float) -> float:
    return datetime.fromisoformat(text).timestamp() - at


def _lines(path: Path) -> Iterator[_Line]:
    decode = msgspec.json.Decoder(_Line).decode
    with gzip.open(path, "rb") as file:
        for line in file:
            yield decode(line)


def _registry(folder: Path) -> dict[str, Sequence[Item]]:
    with gzip.open(folder / "registry.json.gz", "rb") as file:
        found = msgspec.json.decode(file.read())
    return {
        zone: [item for item in items if item["kind"] not in UNUSED_KINDS] for zone, items in found.items()
    }

"""Reads become stays: begin at the first read, over once 6 s have passed without one. Pure; times are the device's, seconds."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

GAP_S = 6.0


@dataclass
class Stay:
    """One tag at one antenna without a break."""

    name: str
    tag: str
    antenna: str
    first_at: float
    last_at: float
    reads: int
    rssi_peak_dbm: float


class Stays:
    """The stays that are open. ``open_stays``: those kept from before a restart."""

    def __init__(self, open_stays: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self._open = {key: Stay(**row) for key, row in (open_stays or {}).items()}

    def read(
        self, tag: str, antenna: str, at: float, rssi_dbm: float, name: str
    ) -> tuple[Stay | None, Stay | None]:
        """Take in a read. The stay it ends, and the one it begins under ``name``."""
        key = f"{antenna} {tag}"
        stay, ended = self._open.get(key), None
        if stay is not None and at - stay.last_at >= GAP_S:
            ended = self._open.pop(key)
            stay = None
        if stay is not None:
            stay.first_at, stay.last_at = min(stay.first_at, at), max(stay.last_at, at)
            stay.reads += 1
            stay.rssi_peak_dbm = max(stay.rssi_peak_dbm, rssi_dbm)
            return None, None
        begun = self._open[key] = Stay(name, tag, antenna, at, at, 1, rssi_dbm)
        return ended, begun

    def over(self, now: float) -> Iterator[Stay]:
        """Take away those whose tag has not been read for the gap."""
        for key in [k for k, s in self._open.items() if now - s.last_at >= GAP_S]:
            yield self._open.pop(key)

    def kept(self) -> dict[str, dict[str, Any]]:
        """To be kept over a restart."""
        return {key: asdict(stay) for key, stay in self._open.items()}

"""Gets a school's real streets while the drill desk looks on: tiles over the network, kept on this machine for every later drill.

One fetch a school at a time, in a thread; what is asked for is how far it has come.
"""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from safezone_sim.map.errors import MapError
from safezone_sim.map.loading import load_map, map_catalogue
from safezone_sim.schools import School

RADIUS_M = 1300.0  # what a drill needs round its school, and a little more


@dataclass
class Fetch:
    """How far one school's map has come. ``error`` is for people: what failed and what to do."""

    state: Literal["none", "fetching", "ready", "failed"] = "none"
    what: str = ""
    done: int = 0
    total: int = 0
    error: dict[str, str] | None = None

    def row(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "what": self.what,
            "done": self.done,
            "total": self.total,
            "error": self.error,
        }


@dataclass
class Streets:
    """Fetches by school code."""

    cache_dir: Path | None = None
    _fetches: dict[str, Fetch] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, code: str) -> Fetch:
        return self._fetches.get(code, Fetch())

    def fetch(self, school: School, map_dir: Path | None) -> Fetch:
        """Begins, or goes on with what has begun."""
        with self._lock:
            held = self._fetches.get(school.code)
            if held is not None and held.state in ("fetching", "ready"):
                return held
            begun = self._fetches[school.code] = Fetch("fetching")
        threading.Thread(
            target=self._run, args=(begun, school, map_dir), name=f"map-{school.code}", daemon=True
        ).start()
        return begun

    def _run(self, fetch: Fetch, school: School, map_dir: Path | None) -> None:
        def told(what: str, done: int, total: int) -> None:
            fetch.what, fetch.done, fetch.total = what, done, total

        url = map_catalogue()["tiles"]["url"]
        try:
            load_map(
                school.lon, school.lat, RADIUS_M, map_dir=map_dir, source=url, cache_dir=self.cache_dir, progress=told
            )  # fmt: skip
        except MapError as e:
            fetch.error = {
                "ko": f"지도를 받지 못했습니다. 인터넷 연결을 확인하고 다시 눌러 주세요. ({e})",
                "en": f"The map could not be fetched. Check the internet connection and try again. ({e})",
            }
            fetch.state = "failed"
        except Exception as e:
            fetch.error = {
                "ko": f"지도를 받다가 멈췄습니다: {e}",
                "en": f"Fetching the map stopped: {e}",
            }
            fetch.state = "failed"
            raise
        else:
            fetch.state = "ready"

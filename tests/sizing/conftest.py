"""Simulated days and a measured hub as files, small enough to follow by hand."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

SHAPES = {
    "7041138": ("구로구", 600),
    "7051141": ("도봉구", 300),
    "7000003": ("구로구", 500),
    "7000004": ("구로구", 200),
}


def school(code: str, gu: str, children: int, seed: int) -> dict[str, Any]:
    """A school whose children all move at 08:30 and whose equipment beats every minute."""
    things, phones = 72 + 12 + 20, children * 4 // 10
    routine = [things + phones] * 1440
    for minute in range(500, 520):
        routine[minute] += children // 2 + seed
    emergency = [0] * 1440
    emergency[930] = 1
    moving = 20 * (children // 2 + seed)
    return {
        "code": code, "name": f"학교 {code}", "gu": gu, "pupils": children, "children": children, "phones": phones,
        "guardians": children, "readers": 72, "bells": 12, "cameras": 20, "truth_rows": 6 * children,
        "messages": {"device.status": 1440 * (things + phones), "phone.located": moving // 2,
                     "tag.sighted": moving - moving // 2, "tag.called": 1},
        "bytes_up": 480 * (1440 * (things + phones) + moving + 1),
        "bytes_down": 440 * (1440 * (things + phones) + moving + 1),
        "notices": {"school_arrival": children, "school_departure": children}, "incidents": {"tag_call": 1},
        "per_minute": {"routine": routine, "emergency": emergency},
    }  # fmt: skip


def city(
    scenario: str, codes: Mapping[str, tuple[str, int]], seed: int = 1, take_up: float = 1.0
) -> dict[str, Any]:
    """A city.json of these schools."""
    return {
        "city_version": 1, "scenario": scenario, "seed": seed, "date": "2026-05-19", "take_up": take_up,
        "load_model": {"take_up": take_up, "phones": 0.4, "fix_moving_s": 30.0, "fix_still_s": 300.0, "heartbeat_s": 60.0},
        "map": {"kind": "real", "attribution": []}, "truth_sha256": f"{seed:064d}", "wall_seconds": 1.0,
        "peak_memory_mb": 1, "schools": [school(c, gu, n, seed) for c, (gu, n) in codes.items()], "totals": {},
    }  # fmt: skip


def many(count: int = 120) -> dict[str, tuple[str, int]]:
    """Enough schools to stand for the city, the pilot's among them."""
    gus = ("구로구", "도봉구", "중구")
    more = {f"71{n:05d}": (gus[n % 3], 200 + 7 * n) for n in range(count - len(SHAPES))}
    return SHAPES | more


@pytest.fixture
def put(tmp_path: Path) -> Callable[[str, Any], Path]:
    """Writes a document as <name>/city.json (or the name itself if it ends in .json)."""

    return partial(put_into, tmp_path)


def put_into(folder: Path, name: str, document: Any) -> Path:
    """Writes a document as <name>/city.json, or as the name itself if it ends in .json."""
    path = folder / name if name.endswith(".json") else folder / name / "city.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def measured(knee: float | None = 1000.0) -> dict[str, Any]:
    """A capacity.json: two steps that held, one that did not."""

    def step(rate: float, p99: float, verdict: str, lost: int = 0) -> dict[str, Any]:
        latency = {"p50": p99 / 4, "p99": p99, "p999": p99 * 2}
        return {
            "rate_per_s": rate, "offered": int(rate * 10), "sent": int(rate * 10), "receipts": int(rate * 10) - lost,
            "lost_emergencies": 0, "lost_routine": lost, "routine_ms": latency, "emergency_ms": latency, "desk_ms": latency,
            "sender_lag_ms": latency, "cpu": {"hub": rate / 1500, "broker": 0.1}, "rss_mb": {"hub": 200.0, "broker": 30.0},
            "verdict": verdict,
        }  # fmt: skip

    return {
        "capacity_version": 1, "hub": {"name": "example hub"}, "machine": {"cores": 2}, "profile": {"from": "08:20"},
        "limits_ms": {"routine": 2000.0, "emergency": 5000.0},
        "steps": [step(500, 20, "holds"), step(1000, 90, "holds"), step(1500, 9000, "fails", 40)],
        "knee_per_s": knee, "beyond": [{**step(3000, 30000, "fails", 900), "factor": 3.0}], "recovery_s": 12.5,
    }  # fmt: skip

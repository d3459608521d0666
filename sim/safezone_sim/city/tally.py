"""``city.json``: what each school and the whole city make of messages, truth, notices. Sums are exact."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from safezone_sim.life.truth import truth_sha256
from safezone_sim.scenario import Scenario

CITY_VERSION = 1
ASIDE = (
    "map",
    "attribution",
    "world_kept",
    "worker",
    "bytes_written",
    "cpu_s",
)  # of a task's row: about the run, not about the school
SUMMED = (
    "pupils",
    "children",
    "phones",
    "guardians",
    "readers",
    "antennas",
    "bells",
    "cameras",
    "camera_points",
    "truth_rows",
    "walks",
    "messages",
    "bytes_up",
    "bytes_down",
    "bytes_down_of",
    "notices",
    "incidents",
)


def load_model(scenario: Scenario) -> dict[str, Any]:
    """The fixed load model, as it stands on the report's first page."""
    city, e = scenario.city, scenario.equipment
    assert city is not None
    return {
        "take_up": city.take_up,
        "phones": scenario.people.phones,
        "fix_moving_s": e.fix_moving_s,
        "fix_still_s": e.fix_still_s,
        "still_after_s": e.still_after_s,
        "stays_reported": 1.0,
        "heartbeat_s": e.heartbeat_s,
        "readers_at_most": e.readers,
        "bells_at_most": e.bells,
        "cameras_at_most": e.cameras,
        "cctv": e.cctv,
        "calls_per_1000": {
            "tag": city.calls.tag_per_1000,
            "phone": city.calls.phone_per_1000,
            "bell": city.calls.bell_per_1000,
        },
        "window": [scenario.start, scenario.end],
    }


def city_tally(scenario: Scenario, rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The content of ``city.json`` but for what the clock and the memory say."""
    schools = sorted(rows, key=lambda r: str(r["code"]))
    maps = [r["map"] for r in schools]
    kinds = sorted({m["kind"] for m in maps})
    return {
        "city_version": CITY_VERSION,
        "scenario": scenario.name,
        "seed": scenario.seed,
        "date": scenario.date.isoformat(),
        "take_up": scenario.city.take_up if scenario.city else 1.0,
        "load_model": load_model(scenario),
        "map": {
            "kind": "schematic" if "schematic" in kinds else "real",
            "sha256": sorted({m["sha256"] for m in maps if m["kind"] == "real"}),
            "schematic_schools": sum(m["kind"] == "schematic" for m in maps),
            "attribution": sorted({r["attribution"] for r in schools if r["attribution"]}),
        },
        "truth_sha256": truth_sha256({r["code"]: r["truth_sha256"] for r in schools}),
        "schools": [{k: v for k, v in r.items() if k not in ASIDE} for r in schools],
        "totals": {"schools": len(schools), **_sums(schools), "per_minute": _minutes(schools)},
    }


def _sums(schools: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    totals: dict[str, Any] = {}
    for key in SUMMED:
        values = [r[key] for r in schools]
        if values and isinstance(values[0], dict):
            names = sorted({name for v in values for name in v})
            totals[key] = {name: sum(v.get(name, 0) for v in values) for name in names}
        else:
            totals[key] = sum(values)
    return totals


def _minutes(schools: Sequence[Mapping[str, Any]]) -> dict[str, list[int]]:
    names = list(schools[0]["per_minute"]) if schools else []
    columns = {n: zip(*(r["per_minute"][n] for r in schools), strict=True) for n in names}
    return {n: [sum(minute) for minute in columns[n]] for n in names}

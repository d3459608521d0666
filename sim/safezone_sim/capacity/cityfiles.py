"""A city run's Parquet as load: messages school by school, registry built again for the schools that are needed."""

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from safezone_sim.capacity.recording import TYPES, UNUSED_KINDS, RecordedZone, RecordingError, Said
from safezone_sim.devices.envelope import WireTime
from safezone_sim.scenario import Scenario


def read_city(
    folder: Path, start_s: float, end_s: float, *, map_dir: Path | None, children_max: int
) -> list[RecordedZone]:
    """The run's schools, in the order of their codes, until they have ``children_max`` children.

    A school's registry takes about a second: its world is built again. RecordingError when the run lacks its manifest.
    """
    from safezone_sim.city import choose_schools, message_columns, school_registry
    from safezone_sim.city.messages import data_of

    path = folder / "manifest.json"
    if not path.is_file():
        raise RecordingError(f"--messages {folder}: manifest.json is missing; give a finished city run")
    manifest: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    scenario = msgspec.convert(manifest["scenario"], Scenario)
    schools = {school.code: school for school in choose_schools(scenario, map_dir).schools}
    wire_time = WireTime(scenario.midnight)
    midnight = datetime.fromisoformat(scenario.midnight.isoformat()).timestamp()
    zones: list[RecordedZone] = []
    children = 0
    for part in sorted((folder / "messages").glob("school=*")):
        code = part.name.partition("=")[2]
        if code not in schools:
            continue
        items = school_registry(scenario, schools[code], map_dir=map_dir)
        rows = message_columns(folder, code, start_s, end_s).to_pylist()
        said = tuple(
            Said(
                row["t_s"],
                row["device"],
                row["type"],
                0.0,
                data_of(row, wire_time, scenario.equipment.heartbeat_s),
            )
            for row in rows
            if row["type"] in TYPES
        )
        zones.append(
            RecordedZone(code, tuple(i for i in items if i["kind"] not in UNUSED_KINDS), said, midnight)
        )
        children += zones[-1].children
        if children >= children_max:
            break
    return zones

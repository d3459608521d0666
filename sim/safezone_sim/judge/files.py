"""A run record on disk, so that a run can be judged again: JSON lines, the large ones gzipped.

Key secrets in the registry are left out: the judge needs none. Times are seconds after local midnight.
"""

import gzip
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

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

T = TypeVar("T")
TRUTH, TRACKS = "truth.jsonl", "tracks.jsonl.gz"
IDEAL, REALISED = "samples-ideal.jsonl.gz", "samples-realised.jsonl.gz"
RECEPTIONS, QUERIES, PATHS = "receptions.jsonl.gz", "queries.jsonl.gz", "paths.jsonl.gz"
FAULTS, SCENARIO, REGISTRY = "faults.jsonl", "scenario.json", "registry.json.gz"


class _Sample(Struct, frozen=True, omit_defaults=True):
    """One line of a samples file: exactly one of the three."""

    stay: Stay | None = None
    fix: Fix | None = None
    press: Press | None = None


def write_record(directory: Path, record: RunRecord) -> None:
    """Writes a record into a directory, made if need be. Same input, same bytes."""
    directory.mkdir(parents=True, exist_ok=True)
    _write(directory / SCENARIO, [record.scenario])
    _write(directory / REGISTRY, [{z: [_public(i) for i in items] for z, items in record.registry.items()}])
    _write(directory / TRUTH, record.truth)
    _write(directory / TRACKS, record.tracks)
    _write(directory / IDEAL, _lines(record.ideal))
    _write(directory / REALISED, _lines(record.realised))
    _write(directory / FAULTS, record.faults)
    _write(directory / RECEPTIONS, record.receptions)
    _write(directory / QUERIES, record.queries)
    _write(directory / PATHS, record.paths)


def read_record(directory: Path) -> RunRecord:
    """Reads what ``write_record`` wrote. FileNotFoundError names the file that is not there."""
    return RunRecord(
        scenario=_read(directory / SCENARIO, dict[str, Any])[0],
        registry=_read(directory / REGISTRY, dict[str, list[Mapping[str, Any]]])[0],
        truth=_read(directory / TRUTH, TruthEvent),
        tracks=_read(directory / TRACKS, Whereabouts),
        ideal=_samples(_read(directory / IDEAL, _Sample)),
        realised=_samples(_read(directory / REALISED, _Sample)),
        faults=_read(directory / FAULTS, Fault),
        receptions=_read(directory / RECEPTIONS, Reception),
        queries=_read(directory / QUERIES, Query),
        paths=_read(directory / PATHS, PathAnswer),
    )


def _public(item: Any) -> Any:
    """A registry item without key secrets."""
    if isinstance(item, dict):
        return {k: _public(v) for k, v in item.items() if k != "secret"}
    return [_public(v) for v in item] if isinstance(item, list | tuple) else item


def _lines(samples: Samples) -> Iterable[_Sample]:
    yield from (_Sample(stay=s) for s in samples.stays)
    yield from (_Sample(fix=f) for f in samples.fixes)
    yield from (_Sample(press=p) for p in samples.presses)


def _samples(lines: Iterable[_Sample]) -> Samples:
    samples = Samples([], [], [])
    for line in lines:
        if line.stay is not None:
            samples.stays.append(line.stay)
        elif line.fix is not None:
            samples.fixes.append(line.fix)
        elif line.press is not None:
            samples.presses.append(line.press)
    return samples


def _write(path: Path, rows: Iterable[Any]) -> None:
    data = msgspec.json.Encoder().encode_lines(list(rows))
    # mtime 0: the same record gives the same bytes.
    path.write_bytes(gzip.compress(data, compresslevel=6, mtime=0) if path.suffix == ".gz" else data)


def _read(path: Path, kind: type[T]) -> list[T]:
    data = path.read_bytes()
    rows: list[T] = msgspec.json.Decoder(kind).decode_lines(
        gzip.decompress(data) if path.suffix == ".gz" else data
    )
    return rows

"""How well positions and paths on request agreed with the truth."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from msgspec import Struct

from safezone_sim.judge.day import Day
from safezone_sim.judge.geometry import distance_to_line
from safezone_sim.judge.register import Register
from safezone_sim.records import PathAnswer, Query, Whereabouts

GAP_S = 300.0
_AROUND_S = 60.0


class LocationScore(Struct, frozen=True):
    """Errors at the query instant, metres; ages of the answers, seconds. None where nothing was answered."""

    queries: int
    unanswered: int
    median_error_m: float | None
    p95_error_m: float | None
    age_p50_s: float | None
    age_p95_s: float | None
    within_accuracy: float | None  # share of answers whose error is within the claimed 68 % accuracy


class LocationScores(Struct, frozen=True):
    """All queries; children with a phone and with a tag only; and those asked about on the way.

    Inside a place truth and answer are often the same point, the place's own: errors there flatter.
    """

    all: LocationScore
    phone: LocationScore
    tag_only: LocationScore
    on_the_way: LocationScore
    errors_phone_m: list[float]
    errors_tag_only_m: list[float]


class PathScores(Struct, frozen=True):
    """Path answers: distance of their points from the true track, and gaps longer than 5 minutes.

    ``gaps_on_the_way`` are those during which the child was, at some moment, outside every place.
    """

    paths: int
    points: int
    median_deviation_m: float | None
    p95_deviation_m: float | None
    gaps: int
    gaps_on_the_way: int


def score_queries(
    queries: Sequence[Query], register: Register, tracks: Sequence[Whereabouts]
) -> LocationScores:
    """Scores every location query: median and p95 error, unanswered, age, share within accuracy."""
    rows: list[tuple[bool, float | None, float | None, float | None]] = []
    by_child = {t.child: t for t in tracks}
    walking = [q.child in by_child and place_at(by_child[q.child], q.t) == "" for q in queries]
    for q in queries:
        answer = q.answer
        zone = register.zones.get(q.zone)
        if answer is None or answer.get("lat") is None or zone is None:
            rows.append((q.has_phone, None, None, None))
            continue
        lon, lat = np.array([q.lon, float(answer["lon"])]), np.array([q.lat, float(answer["lat"])])
        xy = zone.frame.to_xy(lon, lat)
        error = float(np.hypot(*(xy[1] - xy[0])))
        rows.append((q.has_phone, error, answer.get("age_s"), answer.get("accuracy_m")))
    with_phone = [r for r in rows if r[0]]
    tag_only = [r for r in rows if not r[0]]
    return LocationScores(
        _score(rows),
        _score(with_phone),
        _score(tag_only),
        _score([row for row, on_the_way in zip(rows, walking, strict=True) if on_the_way]),
        [r[1] for r in with_phone if r[1] is not None],
        [r[1] for r in tag_only if r[1] is not None],
    )


def _score(rows: Sequence[tuple[bool, float | None, float | None, float | None]]) -> LocationScore:
    errors = [e for _, e, _, _ in rows if e is not None]
    ages = [float(a) for _, e, a, _ in rows if e is not None and a is not None]
    claims = [e <= a for _, e, _, a in rows if e is not None and a is not None]
    return LocationScore(
        len(rows),
        len(rows) - len(errors),
        quantile(errors, 0.5),
        quantile(errors, 0.95),
        quantile(ages, 0.5),
        quantile(ages, 0.95),
        sum(claims) / len(claims) if claims else None,
    )


def quantile(values: Sequence[float], share: float) -> float | None:
    """Linear-interpolated quantile, rounded to 1 ms / 1 mm; None of nothing."""
    return round(float(np.quantile(np.asarray(values), share)), 3) if len(values) else None


def score_paths(
    paths: Sequence[PathAnswer], tracks: Sequence[Whereabouts], register: Register, day: Day
) -> PathScores:
    """Scores path answers against the stretch of true track within a minute of each point."""
    by_child = {t.child: t for t in tracks}
    deviations: list[float] = []
    points = gaps = on_the_way = 0
    for path in paths:
        track, zone = by_child.get(path.child), register.zones.get(path.zone)
        if track is None or zone is None or not track.t:
            continue
        line = zone.frame.to_xy(np.array(track.lon), np.array(track.lat))
        times = np.array(track.t)
        at = sorted(day.seconds(str(p["at"])) for p in path.points)
        for p in path.points:
            xy = zone.frame.to_xy(np.array([float(p["lon"])]), np.array([float(p["lat"])]))
            stretch = _stretch(times, line, day.seconds(str(p["at"])))
            deviations.append(float(distance_to_line(xy[:, 0], xy[:, 1], stretch)[0]))
        points += len(at)
        for t0, t1 in pairwise(at):
            if t1 - t0 > GAP_S:
                gaps += 1
                on_the_way += _was_on_the_way(track, t0, t1)
    return PathScores(
        len(paths), points, quantile(deviations, 0.5), quantile(deviations, 0.95), gaps, on_the_way
    )


def position_at(track: Whereabouts, t: float) -> tuple[float, float]:
    """True (lat, lon) at a moment, straight between the track's points, still before and after it."""
    return float(np.interp(t, track.t, track.lat)), float(np.interp(t, track.t, track.lon))


def place_at(track: Whereabouts, t: float) -> str:
    """Id of the place the child is truly in, "" on the way."""
    i = bisect_right(track.t, t) - 1
    return track.place[max(0, min(i, len(track.place) - 1))] if track.place else ""


def _stretch(
    times: "np.typing.NDArray[np.float64]", line: "np.typing.NDArray[np.float64]", t: float
) -> "np.typing.NDArray[np.float64]":
    cuts = np.array([t - _AROUND_S, t + _AROUND_S])
    ends = np.stack([np.interp(cuts, times, line[:, 0]), np.interp(cuts, times, line[:, 1])], axis=-1)
    a, b = np.searchsorted(times, cuts[0], side="right"), np.searchsorted(times, cuts[1])
    return np.concatenate([ends[:1], line[a:b], ends[1:]])


def _was_on_the_way(track: Whereabouts, t0: float, t1: float) -> bool:
    a, b = bisect_right(track.t, t0) - 1, bisect_left(track.t, t1)
    return any(p == "" for p in track.place[max(a, 0) : max(b, 0)])

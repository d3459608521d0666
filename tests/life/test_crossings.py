"""Analytic crossings against stepping, and bits that do not depend on the batch."""

import numpy as np
import pytest
from safezone_sim.life.crossings import Circles, circle_hits, polygon_stays
from safezone_sim.life.lines import LineSpec, build_lines
from safezone_sim.life.trips import line_hits, new_trips, stays_of, walk
from shapely import contains_xy
from shapely.geometry import Point, Polygon, box

STEP_S = 0.01


def random_lines(seed: int, count: int) -> list[LineSpec]:
    rng = np.random.default_rng(seed)
    specs = []
    for _ in range(count):
        xy = np.cumsum(rng.normal(0.0, 25.0, (int(rng.integers(4, 12)), 2)), axis=0)
        specs.append(LineSpec(xy=xy, from_place="a", to_place="b"))
    return specs


def some_circles(seed: int) -> Circles:
    rng = np.random.default_rng(seed)
    return Circles(rng.uniform(-80, 80, 40), rng.uniform(-80, 80, 40), rng.uniform(2.0, 15.0, 40))


def paused_trips(lines, seed: int):
    rng = np.random.default_rng(seed)
    n = len(lines)
    trips = new_trips(np.arange(n), np.arange(n), np.full(n, 100.0), rng.uniform(0.9, 1.5, n))
    v, s = trips.pause_v.copy(), trips.pause_s.copy()
    v[:, 1] = [int(rng.integers(1, size - 1)) for size in np.diff(lines.at)]
    s[:, 1] = np.round(rng.uniform(1.0, 20.0, n))
    return trips.with_columns(pause_v=v, pause_s=s)


def stepped(inside: np.ndarray, t: np.ndarray) -> list[tuple[float, float]]:
    edge = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(int)))
    return [(t[a], t[b - 1]) for a, b in zip(edge[::2], edge[1::2], strict=True)]


@pytest.mark.parametrize("seed", range(4))
def test_circle_stays_agree_with_ten_millisecond_steps(seed: int) -> None:
    lines = build_lines(random_lines(seed, 8), np.zeros((0, 2)))
    circles, trips = some_circles(seed + 100), paused_trips(lines, seed)
    stays = stays_of(trips, line_hits(lines, circles))
    walked = walk(trips, lines)
    compared = 0
    for trip in range(len(trips)):
        part = slice(walked.at[trip], walked.at[trip + 1])
        t = np.arange(walked.t[part][0], walked.t[part][-1], STEP_S)
        x, y = (np.interp(t, walked.t[part], c[part]) for c in (walked.x, walked.y))
        for c in range(len(circles.x)):
            want = stepped(np.hypot(x - circles.x[c], y - circles.y[c]) <= circles.r[c], t)
            rows = np.flatnonzero((stays.trip == trip) & (stays.circle == c))
            got = [(stays.t_in[r], stays.t_out[r]) for r in rows]
            want = [w for w in want if w[1] - w[0] > 0.1]  # grazed for less: either answer is right
            got = [g for g in got if g[1] - g[0] > 0.1]
            assert len(got) == len(want), (trip, c, got, want)
            for g, w in zip(got, want, strict=True):
                assert g == pytest.approx(w, abs=3 * STEP_S), (trip, c)
            compared += len(got)
    assert compared > 20


def test_a_line_gives_the_same_bits_alone_and_among_others() -> None:
    specs = random_lines(9, 30)
    circles = some_circles(9)
    together = build_lines(specs, np.zeros((0, 2)))
    all_trips = paused_trips(together, 1)
    among = stays_of(all_trips, line_hits(together, circles))
    everyone = walk(all_trips, together)
    for i, spec in enumerate(specs):
        alone = build_lines([spec], np.zeros((0, 2)))
        trip = all_trips.take(np.array([i])).with_columns(line=np.array([0]))
        stays = stays_of(trip, line_hits(alone, circles))
        rows = among.trip == i
        assert stays.t_in.tolist() == among.t_in[rows].tolist()
        assert stays.t_out.tolist() == among.t_out[rows].tolist()
        assert walk(trip, alone).t.tolist() == everyone.t[everyone.at[i] : everyone.at[i + 1]].tolist()


def test_a_stay_over_several_segments_is_one() -> None:
    x = np.array([-10.0, -1.0, 0.0, 1.0, 10.0])
    hits = circle_hits(np.array([0, 5]), x, np.zeros(5), Circles(np.zeros(1), np.zeros(1), np.full(1, 5.0)))
    assert len(hits.line) == 1
    assert (hits.seg_in[0], hits.seg_out[0]) == (0, 3)
    assert hits.u_in[0] == pytest.approx(5 / 9)
    assert hits.u_out[0] == pytest.approx(4 / 9)


@pytest.mark.parametrize(
    "polygon",
    [
        box(-20, -20, 30, 15),
        Point(5, 5).buffer(30).difference(Point(5, 5).buffer(12)),
        Polygon([(0, 0), (60, 5), (5, 60)]),
    ],
)
@pytest.mark.parametrize("inside", [True, False])
def test_polygon_stays_agree_with_steps(polygon: Polygon, inside: bool) -> None:
    rng = np.random.default_rng(2)
    t = np.concatenate([[0.0], np.cumsum(rng.uniform(5.0, 40.0, 25))])
    xy = np.cumsum(rng.normal(0.0, 18.0, (26, 2)), axis=0)
    xy[10] = xy[9]  # stands still for a while
    fine = np.arange(t[0], t[-1], 0.02)
    held = contains_xy(polygon, np.interp(fine, t, xy[:, 0]), np.interp(fine, t, xy[:, 1])) == inside
    want = [w for w in stepped(held, fine) if w[1] - w[0] > 0.2]
    got = [g for g in polygon_stays(t, xy[:, 0], xy[:, 1], polygon, inside) if g[1] - g[0] > 0.2]
    assert len(got) == len(want)
    assert got
    for g, w in zip(got, want, strict=True):
        assert g == pytest.approx(w, abs=0.05)

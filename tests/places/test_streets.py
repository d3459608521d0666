"""The street graph on hand-made nets with known distances, and on random ones against a plain Dijkstra."""

import heapq
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safezone_hub.items import read_item
from safezone_hub.places.reach import Reach
from safezone_hub.places.streets import StreetNet, streets_from_item

from .nets import PLANE, XY, cross, metres, net_of, street

M = pytest.approx  # metres; degrees to metres and back cost nothing worth naming


def test_a_walk_follows_the_streets_round_the_corner() -> None:
    net = net_of(street((0, 0), (300, 0)), street((300, 0), (300, 400)))
    assert net.walk_distance((0, 0), (300, 400)) == M(700.0, abs=0.1)
    assert net.walk_distance((100, 0), (300, 50)) == M(250.0, abs=0.1)


def test_the_way_to_and_from_the_street_counts() -> None:
    net = net_of(street((0, 0), (300, 0)))
    assert net.walk_distance((50, 20), (250, -30)) == M(20 + 200 + 30, abs=0.1)
    assert net.walk_distance((50, 20), (50, 20)) == 0.0


def test_two_points_on_one_piece_need_not_go_to_its_end() -> None:
    net = net_of(street((0, 0), (1000, 0)))
    assert net.walk_distance((400, 0), (450, 0)) == M(50.0, abs=0.1)


def test_of_two_ways_the_shorter_is_taken() -> None:
    net = net_of(
        street((0, 0), (100, 0), (200, 0)),
        street((0, 0), (0, 300), (200, 300), (200, 0)),
        street((0, 0), (100, 50), (200, 0)),
    )
    assert net.walk_distance((0, 0), (200, 0)) == M(200.0, abs=0.1)
    assert net.walk_distance((0, 300), (200, 300)) == M(200.0, abs=0.1)


def test_streets_meet_at_a_point_in_the_middle_of_a_line() -> None:
    net = net_of(street((0, 0), (100, 0), (200, 0)), street((100, 0), (100, 100)))
    assert net.walk_distance((0, 0), (100, 100)) == M(200.0, abs=0.1)


def test_a_bridge_does_not_meet_the_road_below() -> None:
    net = net_of(street((-100, 0), (100, 0)), street((0, -100), (0, 100)))
    assert net.walk_distance((-100, 0), (0, 100)) == math.inf


@pytest.mark.parametrize(("gap_m", "joined"), [(0.3, True), (0.8, False)])
def test_vertices_within_half_a_metre_are_one(gap_m: float, joined: bool) -> None:
    net = net_of(street((0, 0), (100, 0)), street((100 + gap_m, 0), (200, 0)))
    assert math.isfinite(net.walk_distance((0, 0), (200, 0))) is joined


def test_a_finely_drawn_bend_does_not_shrink_to_a_point() -> None:
    steps = [(0.4 * i, 10 * math.sin(0.04 * i)) for i in range(101)]
    net = net_of(street(*steps))
    drawn = sum(math.dist(a, b) for a, b in pairwise(steps))
    assert net.walk_distance(steps[0], steps[-1]) == M(drawn, abs=1.0)


def test_nobody_drives_on_a_path_or_walks_on_a_motorway() -> None:
    net = net_of(
        street((0, 0), (100, 0)),
        street((100, 0), (200, 0), car=False),
        street((100, 0), (100, 50), (200, 50), (200, 0), foot=False),
        street((200, 0), (300, 0)),
    )
    assert net.walk_distance((0, 0), (300, 0)) == M(300.0, abs=0.1)
    assert net.drive_distances([(0, 0)], (300, 0)) == [M(400.0, abs=0.1)]


def test_many_drives_to_one_place_in_their_order() -> None:
    net = cross()
    far = (5000.0, 0.0)
    assert net.drive_distances([(1000, 0), (0, -300), far], (0, 200)) == [
        M(1200.0, abs=0.1),
        M(500.0, abs=0.1),
        math.inf,
    ]
    assert net.drive_distances([], (0, 0)) == []


def test_where_the_place_itself_is_off_all_streets_there_is_no_distance() -> None:
    net = cross(100.0)
    assert net.drive_distances([(0, 0)], (400, 400)) == [math.inf]
    assert not net.covers(400, 400)
    assert net.covers(0, 250)


def test_an_island_of_the_map_swallows_nobody() -> None:
    # A courtyard path that the map joins to nothing, nearer than the street it truly opens to.
    net = net_of(street((-500, 0), (500, 0)), street((0, 20), (10, 20)))
    assert net.walk_distance((0, 19), (500, 0)) == M(519.0, abs=0.1)


def test_two_halves_with_no_bridge_stay_apart() -> None:
    net = net_of(street((0, 0), (500, 0)), street((0, 40), (500, 40)))
    assert net.walk_distance((0, 0), (0, 40)) == math.inf


def test_road_names() -> None:
    net = net_of(
        street((-100, 0), (100, 0), name="새말로"), street((-100, 30), (100, 30)), street((500, 0), (600, 0))
    )
    assert net.road_at(0, 10) == ("새말로", M(10.0, abs=0.1))
    assert net.road_at(0, 31) == ("새말로", M(31.0, abs=0.1))  # on an alley without a name, behind it
    assert net.road_at(550, 0) == (None, M(0.0, abs=0.1))


def test_a_net_without_streets_says_so() -> None:
    net = StreetNet.build([], PLANE)
    assert net.road_at(0, 0) == (None, math.inf)
    assert net.walk_distance((0, 0), (1, 1)) == math.inf
    assert net.drive_distances([(0, 0)], (1, 1)) == [math.inf]
    assert net.reach(0, 0, 100.0).length_m == 0.0


def test_the_registered_item_is_compiled() -> None:
    item = read_item(
        {
            "kind": "streets",
            "id": "z-streets",
            "zone": "z",
            "lines": [
                {
                    "name": "새말로",
                    "line": [list(p) for p in street((0, 0), (80, 0)).line],
                    "foot": True,
                    "car": True,
                }
            ],
        }
    )
    net = streets_from_item(item, PLANE)  # type: ignore[arg-type]
    assert (len(net), net.road_at(40, 3)[0]) == (1, "새말로")


# --- what can be reached --------------------------------------------------------------------------------


def _ends(reach: Reach) -> set[XY]:
    return {(round(x), round(y)) for line in reach.lines for x, y in metres([line[0], line[-1]])}


def test_reach_goes_equally_far_along_every_street() -> None:
    reach = cross().reach(0, 0, 250.0)
    assert reach.length_m == M(1000.0, abs=0.5)
    assert reach.farthest_m == M(250.0, abs=0.2)
    assert _ends(reach) >= {(250, 0), (-250, 0), (0, 250), (0, -250)}
    assert not reach.cut


def test_reach_from_the_middle_of_a_piece() -> None:
    reach = cross().reach(400, 0, 100.0)
    assert _ends(reach) == {(300, 0), (500, 0)}
    assert reach.length_m == M(200.0, abs=0.2)


def test_reach_spends_first_on_the_way_to_the_street() -> None:
    net = net_of(street((-500, 0), (500, 0)))
    assert net.reach(0, 60, 100.0).length_m == M(80.0, abs=0.2)
    assert net.reach(0, 60, 50.0).length_m == 0.0


def test_a_ring_is_reached_from_both_sides() -> None:
    net = net_of(street((0, 0), (100, 0), (100, 100), (0, 100), (0, 0)))
    assert net.reach(0, 0, 150.0).length_m == M(300.0, abs=0.2)
    assert net.reach(0, 0, 250.0).length_m == M(400.0, abs=0.2)


def test_from_an_uncertain_place_every_street_within_the_doubt_is_a_beginning() -> None:
    # Two streets along both banks of a stream; the child is known to 50 m only.
    net = net_of(street((-500, 0), (500, 0)), street((-500, 30), (500, 30)))
    sure, unsure = net.reach(0, 0, 100.0), net.reach(0, 0, 100.0, within_m=50.0)
    assert sure.length_m == M(200.0, abs=0.5)
    assert unsure.length_m == M(2 * (50 + 100) + 2 * (40 + 100), abs=1.0)
    assert {round(y) for _, y in _ends(unsure)} == {0, 30}


def test_where_the_net_ends_within_reach_it_says_so() -> None:
    net = cross(300.0)
    assert not net.reach(0, 0, 200.0).cut
    assert net.reach(0, 0, 301.0).cut
    assert net_of(street((0, 0), (100, 0), (200, 0))).reach(100, 0, 101.0).cut
    assert not net_of(street((0, 0), (100, 0), (200, 0))).reach(100, 0, 60.0).cut


def test_the_outline_is_closed_and_holds_what_is_reached_and_little_more() -> None:
    reach = cross().reach(0, 0, 250.0)
    (ring,) = reach.outline
    assert ring[0] == ring[-1]
    inside = reach.contains(np.array([(0.0, 0.0), (249.0, 0.0), (0.0, -249.0), (310.0, 0.0), (150.0, 150.0)]))
    assert inside.tolist() == [True, True, True, False, False]


def test_a_place_off_the_streets_and_the_street_have_rings_of_their_own() -> None:
    reach = net_of(street((-500, 0), (500, 0))).reach(0, 150, 250.0)
    street_ring, place_ring = reach.outline
    assert all(y < 50 for _, y in metres(street_ring))
    assert all(100 < y < 200 for _, y in metres(place_ring))


# --- properties -----------------------------------------------------------------------------------------

STEP, SIDE = 70.0, 5


@st.composite
def edges(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Some edges of a small lattice, diagonals too; at least one."""
    nodes = SIDE * SIDE
    pairs = [
        (a, b) for a in range(nodes) for b in range(a + 1, nodes) if math.dist(_at(a), _at(b)) < 1.5 * STEP
    ]
    return draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=40, unique=True))


def _at(node: int) -> XY:
    # Not quite a lattice, so that no two ways are equally long.
    return (node % SIDE) * STEP + 7 * math.sin(node), (node // SIDE) * STEP + 7 * math.cos(3 * node)


def _net(pairs: list[tuple[int, int]]) -> StreetNet:
    return net_of(*(street(_at(a), _at(b)) for a, b in pairs))


def _plain(pairs: list[tuple[int, int]], start: int) -> dict[int, float]:
    """Dijkstra as in a textbook."""
    best, queue = {start: 0.0}, [(0.0, start)]
    while queue:
        so_far, node = heapq.heappop(queue)
        if so_far > best[node]:
            continue
        for a, b in pairs:
            if node in (a, b):
                other = a + b - node
                length = so_far + math.dist(_at(a), _at(b))
                if length < best.get(other, math.inf):
                    best[other] = length
                    heapq.heappush(queue, (length, other))
    return best


places = st.tuples(st.floats(-50, SIDE * STEP), st.floats(-50, SIDE * STEP))
bounded = settings(max_examples=60, deadline=None)


@bounded
@given(edges(), places, places, places)
def test_distances_are_a_metric(pairs: list[tuple[int, int]], a: XY, b: XY, c: XY) -> None:
    net = _net(pairs)
    ab, bc, ac = net.walk_distance(a, b), net.walk_distance(b, c), net.walk_distance(a, c)
    assert ac <= ab + bc + 1e-5
    assert ab == net.walk_distance(b, a) or ab == M(net.walk_distance(b, a), abs=1e-5)
    assert ab >= math.dist(a, b) - 1e-6


@bounded
@given(edges())
def test_distances_between_junctions_are_those_of_a_plain_dijkstra(pairs: list[tuple[int, int]]) -> None:
    net = _net(pairs)
    start = pairs[0][0]
    plain = _plain(pairs, start)
    length = sum(math.dist(_at(a), _at(b)) for a, b in pairs)
    apart = length - sum(math.dist(_at(a), _at(b)) for a, b in pairs if a in plain)
    if apart:  # islands are another test's
        return
    for node, metres_ in plain.items():
        assert net.walk_distance(_at(start), _at(node)) == M(metres_, abs=0.05)


@bounded
@given(edges(), places, st.floats(0, 400), st.floats(0, 200), st.floats(0, 120))
def test_reach_grows_and_holds_just_what_can_be_walked(
    pairs: list[tuple[int, int]], at: XY, less: float, more: float, within: float
) -> None:
    net = _net(pairs)
    small, large = net.reach(*at, less), net.reach(*at, less + more)
    assert large.length_m >= small.length_m - 1e-6
    assert large.farthest_m >= small.farthest_m - 1e-6
    assert large.cut or not small.cut
    for end in small.pieces.reshape(-1, 2).tolist():
        assert net.walk_distance(at, tuple(end)) <= less + 1e-3
    nodes = [_at(n) for n in {n for pair in pairs for n in pair}]
    on_street = [node for node in nodes if net.reach(*node, 0.5).length_m > 0]  # and no island
    near = [node for node in on_street if net.walk_distance(at, node) <= less - 1e-3]
    if near:
        assert small.contains(np.array(near)).all()
        assert large.contains(np.array(near)).all()
    assert net.reach(*at, less, within_m=within).length_m >= small.length_m - 1e-6

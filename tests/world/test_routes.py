"""Routes on a street graph: lengths, geometry, parallel and closed edges."""

import time

import numpy as np
import pytest
from safezone_sim.map import StreetGraph
from safezone_sim.routes import NoPath, Router
from safezone_sim.world.ground import line_length

from .conftest import grid_streets


def small_graph() -> StreetGraph:
    """0 -(10)- 1 -(10)- 2 by straight streets, 0 -(50)- 2 by a detour, 0 = 1 doubled by a bent one, 3 - 4 apart."""
    lines = [
        [(0, 0), (10, 0)],
        [(0, 0), (5, 5), (10, 0)],
        [(20, 0), (10, 0)],
        [(0, 0), (10, -22.9128784747792), (20, 0)],
        [(100, 0), (110, 0)],
        [(20, 0), (25, 5), (20, 5), (20, 0)],
    ]
    points = [np.array(line, float) for line in lines]
    return StreetGraph(
        xy=np.array([(0, 0), (10, 0), (20, 0), (100, 0), (110, 0)], float),
        edge_from=np.array([0, 0, 2, 0, 3, 2], np.int32),
        edge_to=np.array([1, 1, 1, 2, 4, 2], np.int32),
        length_m=np.array([line_length(line) for line in points]),
        geom_at=np.concatenate([[0], np.cumsum([len(p) for p in points])]).astype(np.int32),
        geom_xy=np.concatenate(points),
        edge_class=("minor",) * 6,
        edge_name=("",) * 6,
    )


def test_path_follows_the_geometry_of_the_shortest_parallel_edge() -> None:
    path = Router(small_graph()).path_xy(0, 2)
    assert path.tolist() == [[0, 0], [10, 0], [20, 0]]


def test_path_backwards_is_the_same_line() -> None:
    router = Router(small_graph())
    assert router.path_xy(2, 0).tolist() == router.path_xy(0, 2)[::-1].tolist()


def test_closed_edges_are_walked_around() -> None:
    graph = small_graph()
    closed = np.array([True, False, False, False, False, False])
    assert Router(graph, closed).path_xy(0, 1).tolist() == [[0, 0], [5, 5], [10, 0]]
    closed[2] = True
    assert len(Router(graph, closed).path_xy(0, 2)) == 3
    assert Router(graph, closed).distance_m(0, 2) == pytest.approx(50.0)


def test_an_unconnected_node_is_told_by_name() -> None:
    router = Router(small_graph())
    assert router.distance_m(0, 3) == np.inf
    with pytest.raises(NoPath, match="node 0"):
        router.path_xy(0, 3)


def test_nearest_node_lies_in_the_largest_component() -> None:
    assert Router(small_graph()).nearest_node(104.0, 1.0) == 2


def test_a_tree_serves_the_nearest_of_several_targets() -> None:
    streets = grid_streets(5, 100.0)
    router = Router(streets)
    corners = [0, len(streets.xy) - 1]
    tree = router.tree(corners)
    for node in range(len(streets.xy)):
        expected = min(np.abs(streets.xy[node] - streets.xy[corner]).sum() for corner in corners)
        assert tree.distance_m[node] == pytest.approx(expected)
        path = tree.path_xy(node)
        assert line_length(path) == pytest.approx(expected)
        assert path[0].tolist() == streets.xy[node].tolist()
        assert any(path[-1].tolist() == streets.xy[corner].tolist() for corner in corners)


def test_a_path_of_a_target_is_one_point() -> None:
    assert Router(small_graph()).path_xy(1, 1).tolist() == [[10, 0]]


def test_a_thousand_paths_are_quick() -> None:
    router = Router(grid_streets(20, 80.0))  # 1681 nodes, as around a school
    start = time.perf_counter()
    tree = router.tree([840])
    for node in range(0, 1681, 2):
        tree.path_xy(node)
    elapsed = time.perf_counter() - start
    assert elapsed < 1.0, f"a tree and 840 paths took {elapsed:.2f} s; expected far below 1 s"

"""Segments to a graph, by hand-made cases."""

from itertools import pairwise

import numpy as np
import pytest
from safezone_sim.map import components, edges_within, junction_nodes, keep_edges, reachable_share
from safezone_sim.map.model import StreetGraph
from safezone_sim.map.network import Segments, build_graph


def graph_of(*lines: tuple[str, list[tuple[float, float]]]) -> StreetGraph:
    """Lines as (class, points); equal points are one vertex."""
    vertices: dict[tuple[float, float], int] = {}
    labels: dict[tuple[str, str], int] = {}
    pieces = []
    for cls, points in lines:
        ids = [vertices.setdefault(point, len(vertices)) for point in points]
        label = labels.setdefault((cls, ""), len(labels))
        pieces += [(a, b, label) for a, b in pairwise(ids)]
    a, b, label = np.array(pieces, np.int64).T
    return build_graph(Segments(np.array(list(vertices), float), a, b, label, list(labels)))


def test_a_bend_is_no_node_and_a_junction_is_one() -> None:
    graph = graph_of(
        ("minor", [(0, 0), (10, 0), (10, 10)]),
        ("minor", [(10, 10), (20, 10)]),
        ("minor", [(10, 10), (10, 30)]),
    )
    assert len(graph.edge_from) == 3
    assert sorted(graph.length_m.tolist()) == [10.0, 20.0, 20.0]
    assert graph.xy[junction_nodes(graph)].tolist() == [[10.0, 10.0]]
    for edge in range(3):
        line = graph.edge_line(edge)
        assert line[0].tolist() == graph.xy[graph.edge_from[edge]].tolist()
        assert line[-1].tolist() == graph.xy[graph.edge_to[edge]].tolist()


def test_lines_that_cross_without_a_common_vertex_stay_apart() -> None:
    graph = graph_of(("minor", [(-10, 0), (10, 0)]), ("minor", [(0, -10), (0, 10)]))
    assert components(graph).max() == 1
    assert len(junction_nodes(graph)) == 0


def test_a_change_of_class_ends_an_edge_but_is_no_junction() -> None:
    graph = graph_of(("minor", [(0, 0), (10, 0)]), ("path", [(10, 0), (20, 0)]))
    assert sorted(graph.edge_class) == ["minor", "path"]
    assert len(junction_nodes(graph)) == 0


def test_a_ring_without_junction_becomes_one_loop() -> None:
    graph = graph_of(("minor", [(0, 0), (10, 0), (10, 10), (0, 10), (0, 0)]))
    assert graph.length_m.tolist() == [40.0]
    assert graph.edge_from[0] == graph.edge_to[0]


def test_component_0_is_the_largest_and_its_share_is_reachable() -> None:
    graph = graph_of(("minor", [(50, 0), (60, 0)]), *(("minor", [(0, 0), (10, y)]) for y in (1, 2, 3)))
    assert np.bincount(components(graph)).tolist() == [4, 2]
    assert reachable_share(graph) == 4 / 6


def test_edges_that_only_pass_through_the_square_are_kept_whole() -> None:
    graph = graph_of(("minor", [(-500, 20), (500, 20)]), ("minor", [(-500, 200), (500, 200)]))
    mask = edges_within(graph, 100)
    kept = keep_edges(graph, mask)
    assert kept.length_m.tolist() == [1000.0]
    assert kept.edge_line(0)[:, 1].tolist() == [20.0, 20.0]
    assert len(kept.xy) == 2


@pytest.mark.parametrize("seed", range(4))
def test_every_piece_lies_on_one_edge_and_edges_end_where_they_must(seed: int) -> None:
    draws = np.random.default_rng(seed)
    pieces = np.unique(np.sort(draws.integers(0, 60, (70, 2)), axis=1), axis=0)
    pieces = pieces[pieces[:, 0] != pieces[:, 1]]
    xy = draws.random((60, 2)) * 100.0
    label = draws.integers(0, 2, len(pieces))
    graph = build_graph(Segments(xy, pieces[:, 0], pieces[:, 1], label, [("minor", ""), ("path", "")]))
    vertex = {tuple(point): i for i, point in enumerate(xy.tolist())}
    classes: dict[int, list[int]] = {}
    for (a, b), at in zip(pieces.tolist(), label.tolist(), strict=True):
        classes.setdefault(a, []).append(at)
        classes.setdefault(b, []).append(at)
    found = []
    for edge, cls in enumerate(graph.edge_class):
        chain = [vertex[tuple(point)] for point in graph.edge_line(edge).tolist()]
        found += [(min(p), max(p), ("minor", "path").index(cls)) for p in pairwise(chain)]
        assert all(len(classes[v]) == 2 and len(set(classes[v])) == 1 for v in chain[1:-1])
        ring = chain[0] == chain[-1]
        assert all(ring or len(classes[v]) != 2 or len(set(classes[v])) == 2 for v in (chain[0], chain[-1]))
    assert sorted(found) == sorted(
        (a, b, at) for (a, b), at in zip(pieces.tolist(), label.tolist(), strict=True)
    )

"""Loose line segments to one street graph, and questions about such a graph.

Streets are neither merged nor simplified. Where two lines share a vertex they meet; where they only cross
(a bridge over a road) they do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from .model import FloatArray, IntArray, StreetGraph

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Segments:
    """Straight pieces between neighbouring vertices, already deduplicated.

    ``a`` and ``b`` index ``xy`` (vertices, 2); ``label`` indexes ``labels``, the (class, name) pairs.
    """

    xy: FloatArray
    a: npt.NDArray[np.int64]
    b: npt.NDArray[np.int64]
    label: npt.NDArray[np.int64]
    labels: Sequence[tuple[str, str]]


def build_graph(segments: Segments) -> StreetGraph:
    """Join segments to edges: an edge ends at a dead end, a junction, or where class or name changes.

    A closed ring without any junction becomes one edge from a vertex to itself.
    """
    a, b, label = segments.a, segments.b, segments.label
    count, vertices = len(a), len(segments.xy)
    ends = np.concatenate([a, b])
    order = np.argsort(ends, kind="stable")
    at_vertex = (order % count if count else order).astype(np.int64)
    degree = np.bincount(ends, minlength=vertices)
    first = np.concatenate([[0], np.cumsum(degree)])
    passes = degree == 2
    where = first[:-1][passes]
    passes[passes] = label[at_vertex[where]] == label[at_vertex[where + 1]]

    chains, chain_label = _trace_chains(
        a.tolist(),
        b.tolist(),
        passes.tolist(),
        at_vertex.tolist(),
        first.tolist(),
        np.flatnonzero(~passes).tolist(),
    )
    sizes = np.fromiter(map(len, chains), np.int64, len(chains))
    points = np.fromiter((v for chain in chains for v in chain), np.int64, int(sizes.sum()))
    geom_at = np.concatenate([[0], np.cumsum(sizes)])
    start, end = points[geom_at[:-1]], points[geom_at[1:] - 1]
    nodes, ids = np.unique(np.concatenate([start, end]), return_inverse=True)
    edge_labels = [segments.labels[label[s]] for s in chain_label]
    return _with_lengths(
        segments.xy[nodes],
        ids[: len(start)],
        ids[len(start) :],
        geom_at,
        segments.xy[points],
        tuple(cls for cls, _ in edge_labels),
        tuple(name for _, name in edge_labels),
    )


def _trace_chains(
    a: list[int], b: list[int], passes: list[bool], at_vertex: list[int], first: list[int], starts: list[int]
) -> tuple[list[list[int]], list[int]]:
    """Walk from every end vertex through the pass-through ones; then the rings that are left."""
    used = bytearray(len(a))
    chains: list[list[int]] = []
    labels: list[int] = []

    def walk(vertex: int, segment: int) -> None:
        chain = [vertex]
        labels.append(segment)
        start = vertex
        while True:
            used[segment] = 1
            vertex = b[segment] if a[segment] == vertex else a[segment]
            chain.append(vertex)
            if not passes[vertex] or vertex == start:
                chains.append(chain)
                return
            here = first[vertex]
            segment = at_vertex[here + 1] if at_vertex[here] == segment else at_vertex[here]

    for vertex in starts:
        for slot in range(first[vertex], first[vertex + 1]):
            if not used[at_vertex[slot]]:
                walk(vertex, at_vertex[slot])
    for segment in range(len(a)):
        if not used[segment]:
            walk(a[segment], segment)
    return chains, labels


def _with_lengths(
    xy: FloatArray,
    edge_from: npt.NDArray[np.integer],
    edge_to: npt.NDArray[np.integer],
    geom_at: npt.NDArray[np.integer],
    geom_xy: FloatArray,
    edge_class: tuple[str, ...],
    edge_name: tuple[str, ...],
) -> StreetGraph:
    along = (
        np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(geom_xy, axis=0).T))])
        if len(geom_xy)
        else np.zeros(0)
    )
    length = along[geom_at[1:] - 1] - along[geom_at[:-1]]
    return StreetGraph(
        xy=xy,
        edge_from=edge_from.astype(np.int32),
        edge_to=edge_to.astype(np.int32),
        length_m=length,
        geom_at=geom_at.astype(np.int32),
        geom_xy=geom_xy,
        edge_class=edge_class,
        edge_name=edge_name,
    )


def keep_edges(graph: StreetGraph, keep: BoolArray) -> StreetGraph:
    """The graph of the edges where ``keep`` (edges,) is true; unused nodes are dropped, order is kept."""
    edges = np.flatnonzero(keep)
    sizes = np.diff(graph.geom_at)
    nodes, ids = np.unique(
        np.concatenate([graph.edge_from[edges], graph.edge_to[edges]]), return_inverse=True
    )
    return _with_lengths(
        graph.xy[nodes],
        ids[: len(edges)],
        ids[len(edges) :],
        np.concatenate([[0], np.cumsum(sizes[edges])]),
        graph.geom_xy[np.repeat(keep, sizes)],
        tuple(graph.edge_class[e] for e in edges),
        tuple(graph.edge_name[e] for e in edges),
    )


def edges_within(graph: StreetGraph, radius_m: float) -> BoolArray:
    """Mask (edges,): edges with any point in the square of half side ``radius_m`` around the origin."""
    sizes = np.diff(graph.geom_at)
    lines = shapely.linestrings(graph.geom_xy, indices=np.repeat(np.arange(len(sizes)), sizes))
    square = shapely.box(-radius_m, -radius_m, radius_m, radius_m)
    shapely.prepare(square)
    inside: BoolArray = np.asarray(shapely.intersects(square, lines), dtype=bool)
    return inside


def node_degrees(graph: StreetGraph) -> IntArray:
    """Edge ends at every node, (nodes,). A loop counts twice."""
    ends = np.concatenate([graph.edge_from, graph.edge_to])
    return np.bincount(ends, minlength=len(graph.xy)).astype(np.int32)


def junction_nodes(graph: StreetGraph) -> IntArray:
    """Ids of nodes where three or more edge ends meet."""
    return np.flatnonzero(node_degrees(graph) >= 3).astype(np.int32)


def components(graph: StreetGraph) -> IntArray:
    """Component number of every node, (nodes,); 0 is the one with the most nodes, then by size."""
    n = len(graph.xy)
    if not n:
        return np.zeros(0, np.int32)
    links = coo_matrix(
        (np.ones(len(graph.edge_from), np.int8), (graph.edge_from, graph.edge_to)), shape=(n, n)
    )
    _, label = connected_components(links, directed=False)
    sizes = np.bincount(label)
    rank = np.empty(len(sizes), np.int32)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    component: IntArray = rank[label]
    return component


def largest_component(graph: StreetGraph) -> BoolArray:
    """Mask (nodes,) of the largest connected component."""
    largest: BoolArray = components(graph) == 0
    return largest


def reachable_share(graph: StreetGraph) -> float:
    """Share of nodes in the largest component, 0 to 1; 0 for an empty graph."""
    return float(largest_component(graph).mean()) if len(graph.xy) else 0.0

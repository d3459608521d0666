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

    points, geom_at, chain_segment = _trace_chains(a, b, passes, at_vertex, first)
    start, end = points[geom_at[:-1]], points[geom_at[1:] - 1]
    nodes, ids = np.unique(np.concatenate([start, end]), return_inverse=True)
    edge_labels = [segments.labels[label[s]] for s in chain_segment.tolist()]
    return _with_lengths(
        segments.xy[nodes],
        ids[: len(start)],
        ids[len(start) :],
        geom_at,
        segments.xy[points],
        tuple(cls for cls, _ in edge_labels),
        tuple(name for _, name in edge_labels),
    )


IntArray64 = npt.NDArray[np.int64]


def _trace_chains(
    a: IntArray64, b: IntArray64, passes: BoolArray, at_vertex: IntArray64, first: IntArray64
) -> tuple[IntArray64, IntArray64, IntArray64]:
    """Chains from every end vertex through the pass-through ones, in order of vertex and slot; then rings.

    Gives the vertices of all chains one after the other, where each chain begins among them (chains + 1), and each
    chain's first segment. Segments are walked both ways: walk 2 s goes from a[s] to b[s], walk 2 s + 1 comes back.
    What follows a walk is doubled until all have reached their end, so the number of rounds is the logarithm of the
    longest chain.
    """
    count = len(a)
    walks = np.arange(2 * count)
    goes_from, goes_to = np.stack([a, b], axis=1).reshape(-1), np.stack([b, a], axis=1).reshape(-1)
    here = first[goes_to]
    one = at_vertex[np.minimum(here, 2 * count - 1)] if count else here
    other = np.where(one == walks >> 1, at_vertex[np.minimum(here + 1, 2 * count - 1)], one) if count else one
    onward = np.where(passes[goes_to], 2 * other + (a[other] != goes_to), walks)
    last, steps = onward, (onward != walks).astype(np.int64)
    for _ in range(int(2 * count).bit_length()):
        farther = last[last]
        if (farther == last).all():
            break
        steps = steps + np.where(last == farther, 0, steps[last])
        last = farther
    ended = ~passes[goes_to[last]]
    # Each chain is met from both of its ends; the walk that comes first in order of vertex and slot keeps it.
    slot = np.full(2 * count, 2 * count)
    entry = np.arange(2 * count)
    slot[2 * at_vertex + (a[at_vertex] != np.repeat(np.arange(len(first) - 1), np.diff(first)))] = entry
    begins = np.flatnonzero(~passes[goes_from])
    kept = begins[slot[begins] < slot[last[begins] ^ 1]]
    kept = kept[np.argsort(slot[kept])]
    number = np.full(2 * count, -1)
    number[last[kept]] = np.arange(len(kept))
    members = np.flatnonzero(ended & (number[last] >= 0))
    members = members[np.lexsort((-steps[members], number[last[members]]))]
    return _with_rings(members, number[last[members]], kept, goes_from, goes_to, onward)


def _with_rings(
    members: IntArray64,
    chain: IntArray64,
    kept: IntArray64,
    goes_from: IntArray64,
    goes_to: IntArray64,
    onward: IntArray64,
) -> tuple[IntArray64, IntArray64, IntArray64]:
    """The chains' walks (in order, with the number of their chain), and after them the rings of what is left."""
    left = np.ones(len(goes_from) // 2, bool)
    left[members >> 1] = False
    walks, numbers, starts = [members], [chain], kept.tolist()
    for segment in np.flatnonzero(left).tolist():
        if left[segment]:
            ring, onto = [], 2 * segment
            while left[onto >> 1]:
                left[onto >> 1] = False
                ring.append(onto)
                onto = int(onward[onto])
            walks.append(np.array(ring))
            numbers.append(np.full(len(ring), len(starts)))
            starts.append(2 * segment)
    walk, number = np.concatenate(walks), np.concatenate(numbers)
    sizes = np.bincount(number, minlength=len(starts)) + 1
    geom_at = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    points = np.empty(int(geom_at[-1]), np.int64)
    at = np.arange(len(walk)) + number
    points[at] = goes_from[walk]
    points[geom_at[1:] - 1] = goes_to[walk[geom_at[1:] - 2 - np.arange(len(starts))]]
    return points, geom_at, np.array(starts, np.int64) >> 1


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

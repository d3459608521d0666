"""Walking routes on a street graph: one reverse shortest-path tree a target, many paths out of it.

Lengths are metres along the streets' real geometry (Dijkstra, scipy.sparse.csgraph); nothing here knows
about places, people or time.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from safezone_sim.map.model import FloatArray, IntArray, StreetGraph

BoolArray = npt.NDArray[np.bool_]

_SHORTEST_M = 1e-6  # scipy takes a zero for «no edge»
_TREES_KEPT = 512


class NoPath(ValueError):
    """Two nodes that no open street connects."""


class Tree:
    """Shortest ways from every node to the nearest of ``targets``. Made by ``Router.tree``."""

    def __init__(
        self, router: "Router", targets: tuple[int, ...], distance_m: FloatArray, next_hop: IntArray
    ) -> None:
        self.router = router
        self.targets = targets
        self.distance_m = distance_m  # (nodes,) metres to the nearest target; inf where there is no way
        self.next_hop = (
            next_hop  # (nodes,) next node on the way; negative at a target and where there is none
        )

    @cached_property
    def _hops(self) -> list[int]:
        hops: list[int] = self.next_hop.tolist()
        return hops

    def nodes(self, node: int) -> list[int]:
        """The nodes passed from ``node`` to the nearest target, both included."""
        self._check(node)
        path, hops = [node], self._hops
        while hops[node] >= 0:
            node = hops[node]
            path.append(node)
        return path

    def path_xy(self, node: int) -> FloatArray:
        """Polyline (k, 2), metres, from ``node`` to the nearest target; (1, 2) if ``node`` is a target."""
        pieces = self.router.pieces
        steps = self.router.directed_edges(np.array(self.nodes(node)))
        return np.concatenate([self.router.streets.xy[node : node + 1], *map(pieces, steps.tolist())])

    def _check(self, node: int) -> None:
        if not np.isfinite(self.distance_m[node]):
            raise NoPath(f"node {node}: no open street leads to any of {list(self.targets)[:5]}")


class Router:
    """Routes on the open streets.

    ``closed`` masks edges (edges,) that nobody may walk. Of parallel edges between the same two nodes the
    shortest open one counts; loops never do. Ties are broken by scipy's order, which is deterministic.
    """

    def __init__(self, streets: StreetGraph, closed: BoolArray | None = None) -> None:
        self.streets = streets
        n = len(streets.xy)
        self.closed: BoolArray = (
            np.zeros(len(streets.edge_from), bool) if closed is None else closed.astype(bool)
        )
        edges = np.flatnonzero(~self.closed & (streets.edge_from != streets.edge_to))
        a, b = streets.edge_from[edges].astype(np.int64), streets.edge_to[edges].astype(np.int64)
        key = np.minimum(a, b) * n + np.maximum(a, b)
        order = np.lexsort((edges, streets.length_m[edges], key))
        first = np.ones(len(order), bool)
        first[1:] = np.diff(key[order]) != 0
        kept = order[first]
        self._edges, self._keys = edges[kept], key[kept]
        a, b = a[kept], b[kept]
        length = np.maximum(streets.length_m[self._edges], _SHORTEST_M)
        # Both directions: scipy would else turn the whole graph round for each tree.
        ends = (np.concatenate([a, b]), np.concatenate([b, a]))
        self._graph: csr_matrix = coo_matrix((np.tile(length, 2), ends), shape=(n, n)).tocsr()
        self._trees: dict[tuple[int, ...], Tree] = {}
        self._pieces: dict[int, FloatArray] = {}

    # --- the connected part -------------------------------------------------------------------------------

    @cached_property
    def main(self) -> BoolArray:
        """Mask (nodes,) of the largest connected component of the open streets."""
        if not len(self.streets.xy):
            return np.zeros(0, bool)
        _, label = connected_components(self._graph, directed=False)
        mask: BoolArray = label == np.bincount(label).argmax()
        return mask

    @cached_property
    def usable_edges(self) -> IntArray:
        """Edges that are open and lie in the largest component, parallel ones and loops included."""
        inside = self.main[self.streets.edge_from] & self.main[self.streets.edge_to]
        return np.flatnonzero(inside & ~self.closed).astype(np.int32)

    @cached_property
    def _node_tree(self) -> tuple[IntArray, cKDTree]:
        nodes = np.flatnonzero(self.main).astype(np.int32)
        return nodes, cKDTree(self.streets.xy[nodes])

    def nearest_node(self, x: float, y: float) -> int:
        """The node of the largest component nearest to (x, y), metres as the crow flies."""
        nodes, tree = self._node_tree
        return int(nodes[tree.query((x, y))[1]])

    def nearest_nodes(self, xy: FloatArray) -> tuple[IntArray, FloatArray]:
        """As ``nearest_node`` for points (n, 2): nodes (n,) and distances (n,) in metres."""
        nodes, tree = self._node_tree
        distance, at = tree.query(xy)
        return nodes[at], np.asarray(distance, float)

    # --- ways ---------------------------------------------------------------------------------------------

    def tree(self, targets: Sequence[int]) -> Tree:
        """The shortest ways from everywhere to the nearest of ``targets`` (node ids). Kept for later calls."""
        key = (int(targets[0]),) if len(targets) == 1 else tuple(sorted({int(t) for t in targets}))
        if not key:
            raise ValueError("a tree needs at least one target node")
        found = self._trees.get(key)
        if found is None:
            distance, hops, _ = dijkstra(
                self._graph, directed=True, indices=list(key), return_predecessors=True, min_only=True
            )
            found = Tree(self, key, np.asarray(distance, float), np.asarray(hops, np.int32))
            if len(self._trees) >= _TREES_KEPT:
                self._trees.pop(next(iter(self._trees)))
            self._trees[key] = found
        return found

    def distance_m(self, a: int, b: int) -> float:
        """Metres from node ``a`` to node ``b`` along open streets; inf if there is no way."""
        return float(self.tree([b]).distance_m[a])

    def path_xy(self, a: int, b: int) -> FloatArray:
        """Polyline (k, 2), metres, from node ``a`` to node ``b``. NoPath if no open street connects them."""
        return self.tree([b]).path_xy(a)

    # --- geometry -----------------------------------------------------------------------------------------

    def directed_edges(self, nodes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The edges (n - 1,) between nodes (n,) that follow each other: 2 × edge, plus 1 if walked backwards."""
        a, b = nodes[:-1], nodes[1:]
        key = np.minimum(a, b) * len(self.streets.xy) + np.maximum(a, b)
        edge = self._edges[np.searchsorted(self._keys, key)].astype(np.int64)
        steps: npt.NDArray[np.int64] = 2 * edge + (self.streets.edge_from[edge] != a)
        return steps

    def pieces(self, step: int) -> FloatArray:
        """Points (k, 2) of one directed edge without its first point; see ``directed_edges``."""
        piece = self._pieces.get(step)
        if piece is None:
            line = self.streets.edge_line(step >> 1)
            piece = self._pieces[step] = line[::-1][1:] if step & 1 else line[1:]
        return piece

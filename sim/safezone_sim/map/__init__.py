"""Maps: one street graph with geometry around a place, and what stands around it."""

from .errors import MapError, MapUnavailable
from .loading import load_map
from .model import Feature, Frame, Line, MapSource, Poi, StreetGraph, StreetMap
from .network import (
    components,
    edges_within,
    junction_nodes,
    keep_edges,
    largest_component,
    node_degrees,
    reachable_share,
)

__all__ = [
    "Feature",
    "Frame",
    "Line",
    "MapError",
    "MapSource",
    "MapUnavailable",
    "Poi",
    "StreetGraph",
    "StreetMap",
    "components",
    "edges_within",
    "junction_nodes",
    "keep_edges",
    "largest_component",
    "load_map",
    "node_degrees",
    "reachable_share",
]

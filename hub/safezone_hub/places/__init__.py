"""Where things are: streets, the area to search, words for a place, who is near, which camera sees it.

Pure functions on values, in the metres of the zone's plane. Nothing here reads a clock, a file or the registry:
what is registered comes in by its shape, so that the registry may hold a zone's ``StreetNet``.
"""

from safezone_hub.places.dispatch import DispatchSettings, Ranked, UnitAt, rank_units
from safezone_hub.places.naming import Address, Landmark, describe, landmarks
from safezone_hub.places.reach import Reach
from safezone_hub.places.search import LastEvidence, SearchArea, search_area
from safezone_hub.places.sight import rank_cameras
from safezone_hub.places.streets import StreetNet, streets_from_item

__all__ = [
    "Address",
    "DispatchSettings",
    "Landmark",
    "LastEvidence",
    "Ranked",
    "Reach",
    "SearchArea",
    "StreetNet",
    "UnitAt",
    "describe",
    "landmarks",
    "rank_cameras",
    "rank_units",
    "search_area",
    "streets_from_item",
]

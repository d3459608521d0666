"""What can go wrong with a map; every message names the field, the value and the remedy."""


class MapError(Exception):
    """The map asked for cannot be had, or what was given as one is none."""


class MapUnavailable(MapError):
    """This source has nothing for the place; the next source in the order may have."""

"""The device side of the wire: what equipment senses, and how its messages reach a hub."""

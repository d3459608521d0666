"""The world of one school that stands still: places, people, equipment, registered routes, registry."""

from safezone_sim.world.build import build_world
from safezone_sim.world.check import WorldError, check_world
from safezone_sim.world.walks import Walks, walking_router

__all__ = ["Walks", "WorldError", "build_world", "check_world", "walking_router"]

"""A day of many schools in columns: truth and device messages as Parquet, one school a task.

The model is the pilot's (``safezone_sim.world``, ``safezone_sim.life``); what is new here is only that nothing is
an object or a process, and that equipment has no faults: every stay is reported, every message arrives.
What the columns mean stands in this folder's README.md.
"""

from safezone_sim.city.choice import Chosen, CityError, choose_schools
from safezone_sim.city.messages import expanded, message_columns
from safezone_sim.city.registry import school_registry
from safezone_sim.city.run import CityOptions, CityResult, run_city, run_days
from safezone_sim.city.worlds import default_worlds_dir

__all__ = [
    "Chosen",
    "CityError",
    "CityOptions",
    "CityResult",
    "choose_schools",
    "default_worlds_dir",
    "expanded",
    "message_columns",
    "run_city",
    "run_days",
    "school_registry",
]

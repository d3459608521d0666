"""A desk on its own: the shipped plan, calls all day long, units anywhere."""

import numpy as np
import pytest
from safezone_sim.catalogue import scenarios_dir
from safezone_sim.staffing.calls import MINUTES, Demand
from safezone_sim.staffing.plan import Staffing, load_staffing


@pytest.fixture(scope="session")
def plan() -> Staffing:
    """The shipped example."""
    return load_staffing(scenarios_dir() / "staffing-example.toml")


@pytest.fixture(scope="session")
def demand() -> Demand:
    """A district of 60,000 children, its calls spread evenly over the day."""
    counts = {"children": 60_000.0, "phones": 24_000.0, "bells": 1_200.0}
    return Demand(counts, np.full(MINUTES, 1 / MINUTES), np.ones(1))

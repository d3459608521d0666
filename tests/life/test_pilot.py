"""The real pilot schools, where there is a map."""

import time
from collections import Counter

import msgspec
import pytest
from safezone_sim.life.columns import school_day

from .conftest import lived

pytestmark = pytest.mark.realmap


@pytest.mark.parametrize("seed", [1, 7])
def test_every_scripted_incident_comes_true(pilot, seed: int) -> None:
    scenario, world_of = pilot
    scenario = msgspec.structs.replace(scenario, seed=seed)
    services: Counter[str] = Counter()
    told = set()
    for code in scenario.schools:
        day = school_day(scenario, world_of(code, seed))
        services += Counter(e.service for e in day.truth)
        told |= {e.incident for e in day.truth if e.incident}
        off_plan = {e.incident for e in day.truth if e.service in ("danger_entry", "route_deviation")}
        assert None not in off_plan
    # A tag left behind has no service of its own: what counts is that nothing false is told.
    assert told == {i.id for i in scenario.incidents} - {"left-tag"}
    assert services["tag_call"] == 3
    assert services["bell_call"] == 3
    assert services["phone_call_112"] == 1
    assert services["danger_entry"] >= 3
    assert services["tag_silent"] == 1
    assert services["school_arrival"] > 380


def test_agents_and_columns_agree_on_the_real_streets_in_time(pilot) -> None:
    scenario, world_of = pilot
    worlds = [world_of(code, scenario.seed) for code in scenario.schools]
    started = time.process_time()
    lives = [lived(scenario, world) for world in worlds]
    assert time.process_time() - started < 5.0
    for life, world in zip(lives, worlds, strict=True):
        assert life.digest() == school_day(scenario, world).digest()

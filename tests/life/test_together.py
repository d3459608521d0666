"""Friends wait for each other, and school gates pass one child at a time."""

import numpy as np
import simpy
from safezone_sim.life.agents import Meeting
from safezone_sim.life.columns import SchoolDay
from safezone_sim.life.gates import HEADWAY_S, Gaps, queue
from safezone_sim.life.groups import PATIENCE_S, leave_together

ALONE, FRIENDS, OTHERS = -1, 0, 1


def test_the_earlier_friend_waits_and_the_faster_slows_down() -> None:
    ready, pace = np.array([100.0, 160.0, 90.0]), np.array([1.3, 1.1, 1.2])
    out, speed = leave_together(ready, pace, np.array([FRIENDS, FRIENDS, ALONE]))
    assert out.tolist() == [160.0, 160.0, 90.0]
    assert speed.tolist() == [1.1, 1.1, 1.2]


def test_nobody_waits_beyond_patience() -> None:
    ready, pace = np.array([100.0, 130.0, 100.0 + PATIENCE_S + 300.0]), np.array([1.3, 1.2, 1.0])
    out, speed = leave_together(ready, pace, np.full(3, FRIENDS))
    assert out.tolist() == [100.0 + PATIENCE_S, 100.0 + PATIENCE_S, ready[2]]
    assert speed.tolist() == [1.2, 1.2, 1.0]


def test_a_friend_who_stays_away_is_waited_for_in_vain() -> None:
    out, _ = leave_together(
        np.array([100.0, 50.0]), np.array([1.0, 1.0]), np.array([FRIENDS, OTHERS]), missing=[FRIENDS]
    )
    assert out.tolist() == [100.0 + PATIENCE_S, 50.0]


def test_living_friends_meet_as_the_formula_says() -> None:
    for ready in ([10.0, 40.0, 25.0], [10.0, 20.0, 10.0 + PATIENCE_S + 1.0], [10.0, 10.0 + PATIENCE_S, 30.0]):
        pace = [1.3, 1.1, 1.2]
        env = simpy.Environment()
        meeting, left = Meeting(env, 3), {}

        def friend(i: int, at: float, env=env, meeting=meeting, left=left, pace=pace):
            yield env.timeout(at)
            start = meeting.join(pace[i])
            speed = pace[i] if start is None else (yield start)
            left[i] = (env.now, speed)

        for i, at in enumerate(ready):
            env.process(friend(i, at))
        env.run()
        out, speed = leave_together(np.array(ready), np.array(pace), np.full(3, FRIENDS))
        assert [left[i] for i in range(3)] == list(zip(out.tolist(), speed.tolist(), strict=True))


def test_friends_walk_together_in_the_plans(plain_day: SchoolDay) -> None:
    trips = plain_day.day.settled.trips
    groups = [np.flatnonzero(trips.group == g) for g in set(trips.group[trips.group >= 0].tolist())]
    assert groups
    together = [g for g in groups if len(set(trips.set_out[g].tolist())) == 1]
    assert len(together) > 0.7 * len(groups)
    assert any(trips.set_out[g].max() > trips.ready[g].min() for g in together)
    assert all(len(set(trips.foot_mps[g].tolist())) == 1 for g in together)


def test_a_gate_passes_in_order_with_headway() -> None:
    t = np.array([10.0, 10.0, 10.25, 30.0, 10.0])
    passes = queue(np.array([0, 0, 0, 0, 1]), t, np.array([7, 3, 1, 9, 2]))
    assert passes.tolist() == [10.0 + HEADWAY_S, 10.0, 10.0 + 2 * HEADWAY_S, 30.0, 10.0]


def test_the_crowd_passes_every_gate_with_headway(plain_day: SchoolDay) -> None:
    crowd = plain_day.day.settled.crowd
    assert crowd.wait_s.max() > 0
    for door in range(len(crowd.doors)):
        passes = np.sort(crowd.passes[crowd.door == door])
        assert (np.diff(passes) >= HEADWAY_S).all()


def test_a_latecomer_slips_into_the_first_gap() -> None:
    gaps = Gaps([10.0, 10.75, 11.5, 20.0])
    assert gaps.slip_in(15.0) == 15.0
    assert gaps.slip_in(10.5) == 12.25
    assert gaps.slip_in(10.5) == 13.0

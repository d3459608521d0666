"""The best estimate: near the truth, and honest about how near."""

import random
from math import hypot

from safezone_hub.position import best_estimate

from tests.hub.hub_bench import Bench
from tests.hub.hub_world import at


def estimate(bench: Bench, when: float):  # type: ignore[no-untyped-def]
    bench.to(when)
    return best_estimate(bench.view, bench.state, bench.child(), when)


def test_walker_is_found_within_the_claimed_radius_two_times_in_three() -> None:
    errors, within = [], 0
    for seed in range(200):
        rng, bench = random.Random(seed), Bench()
        bench.stay("pole", "a", "14:50")
        t = at("15:00")
        for step in range(8):
            bench.fix(rng.gauss(200 + 36 * step, 15), rng.gauss(0, 15), t + 30 * step)
        age = rng.uniform(0, 30)
        guess = estimate(bench, t + 210 + age)
        error = hypot(guess.x - (200 + 1.2 * (210 + age)), guess.y)
        errors.append(error)
        within += error <= guess.accuracy_m
    assert sorted(errors)[100] < 20
    assert 0.6 <= within / 200 <= 0.9


def test_outlier_does_not_move_the_child() -> None:
    bench = Bench()
    bench.stay("pole", "a", "14:50")
    for step in range(5):
        bench.fix(300, 0, at("15:00") + 30 * step)
    bench.fix(700, 300, at("15:02:30"))
    guess = estimate(bench, at("15:02:31"))
    assert hypot(guess.x - 300, guess.y) < 10


def test_tag_only_child_is_at_its_place_or_where_it_was_seen_last() -> None:
    bench = Bench()
    assert estimate(bench, at("07:00")).basis == "place"
    bench.stay("pole", "a", "08:00")
    guess = estimate(bench, at("08:05"))
    assert (guess.basis, guess.device, round(guess.x)) == ("reader", "pole", 500)
    assert 200 < guess.accuracy_m < 400
    bench.walk("gs", "08:10", inward=True)
    guess = estimate(bench, at("09:00"))
    assert (guess.basis, guess.place) == ("place", "school")


def test_fixes_of_one_moment_are_averaged() -> None:
    bench = Bench()
    bench.stay("pole", "a", "14:50")
    for x in (290, 300, 310):
        bench.fix(x, 0, "15:00")
    assert round(estimate(bench, at("15:00:01")).x) == 300

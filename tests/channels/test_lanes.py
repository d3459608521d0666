"""Who is next: pure rules, on a clock of the test's own."""

from hypothesis import given, settings
from hypothesis import strategies as st
from safezone_hub.channels.jobs import delivered, failed, retry
from safezone_hub.channels.lanes import Gate, Limits, Schedule, Ticket, Verdict
from safezone_hub.channels.patience import Patience

from tests.channels.post import job

URGENT = Patience(first_s=1.0, factor=2.0, max_s=4.0, give_up_after_s=1000.0)
ROUTINE = Patience(first_s=10.0, factor=2.0, max_s=80.0, give_up_after_s=500.0)
FULL = 1.0 - 1e-9  # no jitter: waits are whole


def schedule(slots: int = 8, host_slots: int = 8, lane_slots: int = 4, slow: bool = False) -> Schedule:
    return Schedule(Limits(slots, host_slots, lane_slots, slow), URGENT, ROUTINE, lambda: FULL)


def add(plan: Schedule, address: str, now: float = 0.0, host: str = "h", **more: object) -> str:
    new = job("webhook", address, **more)
    plan.add(new, host, address, now)
    return new.id


def take_all(plan: Schedule, now: float) -> list[Ticket]:
    taken = []
    while ticket := plan.take(now):
        taken.append(ticket)
    return taken


def test_urgent_overtakes_what_waited_longer() -> None:
    plan = schedule()
    routine = [add(plan, f"a{n}") for n in range(3)]
    urgent = add(plan, "a9", urgent=True)
    assert [ticket.job.id for ticket in take_all(plan, 0.0)] == [urgent, *routine]


def test_routine_leaves_room_for_the_urgent() -> None:
    plan = schedule(slots=8)
    for n in range(20):
        add(plan, f"a{n}")
    assert len(take_all(plan, 0.0)) == 6
    urgent = add(plan, "b", urgent=True)
    ticket = plan.take(0.0)
    assert ticket and ticket.job.id == urgent


def test_urgent_passes_a_routine_job_of_its_own_address() -> None:
    plan = schedule(lane_slots=1)
    add(plan, "a")
    assert plan.take(0.0)
    urgent = add(plan, "a", urgent=True)
    ticket = plan.take(0.0)
    assert ticket and ticket.job.id == urgent


def test_address_that_never_answered_is_tried_one_by_one_then_in_parallel() -> None:
    plan = schedule(lane_slots=4)
    for _ in range(6):
        add(plan, "a")
    (first,) = take_all(plan, 0.0)
    plan.finish(first, delivered("ok"), 0.1)
    assert len(take_all(plan, 0.1)) == 4


def test_addresses_of_one_host_and_hosts_take_turns() -> None:
    plan = schedule(slots=100, host_slots=100, lane_slots=1)
    for _ in range(3):
        add(plan, "a", host="h1")
    add(plan, "b", host="h1")
    add(plan, "c", host="h2")
    order = []
    for _ in range(5):
        ticket = plan.take(0.0)
        assert ticket
        order.append(ticket.job.address)
        plan.finish(ticket, delivered("ok"), 0.0)
    assert order == ["a", "c", "b", "a", "a"]


def test_suspects_never_take_more_than_half() -> None:
    plan = schedule(slots=8, host_slots=8)
    for n in range(8):
        add(plan, f"dead{n}", urgent=True)
    for ticket in take_all(plan, 0.0):
        plan.finish(ticket, retry("timeout"), 1.0)
    assert len(take_all(plan, 10.0)) == 4
    add(plan, "alive", 10.0)
    add(plan, "alive-too", 10.0, urgent=True)
    assert {ticket.job.address for ticket in take_all(plan, 10.0)} == {"alive", "alive-too"}


def test_slow_tries_give_their_slots_back_while_there_is_room() -> None:
    plan = schedule(slots=4, host_slots=4, slow=True)
    for n in range(20):
        add(plan, f"a{n}", urgent=True)
    slow = take_all(plan, 0.0)
    assert len(slow) == 4 and take_all(plan, 0.9) == [] and plan.next_wake(0.9) == 1.0
    more = take_all(plan, 1.0)
    assert len(more) == 4
    assert take_all(plan, 2.5) == [], "no room is left among the slow"
    plan.finish(slow[0], delivered("ok"), 3.0)
    plan.finish(more[0], delivered("ok"), 3.0)
    assert len(take_all(plan, 3.0)) == 1


def test_routine_jobs_of_a_failing_address_wait_together_an_urgent_one_does_not() -> None:
    plan = schedule()
    for _ in range(3):
        add(plan, "a")
    (ticket,) = take_all(plan, 0.0)
    verdict = plan.finish(ticket, retry("http 500"), 0.0)
    assert verdict.state == "retrying" and verdict.next_at is not None
    assert round(verdict.next_at) == 10
    assert take_all(plan, 9.0) == []
    add(plan, "a", 9.0, urgent=True)
    (urgent,) = take_all(plan, 9.0)
    plan.finish(urgent, delivered("ok"), 9.1)
    assert len(take_all(plan, 9.2)) == 2, "it answers: those that were not tried go now"


def test_waits_grow_to_their_limit_and_urgent_ones_are_shorter() -> None:
    for urgent, waits in ((True, [1, 2, 4, 4]), (False, [10, 20, 40, 80])):
        plan, now, seen = schedule(), 0.0, []
        add(plan, "a", urgent=urgent)
        for _ in range(4):
            (ticket,) = take_all(plan, now)
            next_at = plan.finish(ticket, retry("http 500"), now).next_at
            assert next_at is not None
            seen.append(round(next_at - now))
            assert plan.next_wake(now) is not None
            now = next_at
        assert seen == waits


def test_asked_wait_is_honoured_up_to_the_longest() -> None:
    for urgent, asked, wait in ((False, 30.0, 30), (False, 3600.0, 80), (True, 3.0, 3), (True, 3600.0, 4)):
        plan = schedule()
        add(plan, "a", urgent=urgent)
        (ticket,) = take_all(plan, 0.0)
        next_at = plan.finish(ticket, retry("http 429", after_s=asked), 0.0).next_at
        assert next_at is not None and round(next_at) == wait


def test_given_up_after_its_time_but_not_without_a_try() -> None:
    plan = schedule()
    add(plan, "a")
    old = job("webhook", "b")
    plan.add(old, "h", "b", 0.0, age_s=1e6)
    assert plan.expire(1000.0) == [], "neither was tried, and nothing is known against them"
    tickets = take_all(plan, 1000.0)
    assert [plan.finish(ticket, retry("timeout"), 1001.0) for ticket in tickets] == [
        Verdict("failed", None, "given up: timeout")
    ] * 2
    assert plan.waiting == 0


def test_jobs_behind_a_dead_address_are_given_up_with_it() -> None:
    plan = schedule()
    for _ in range(5):
        add(plan, "a")
    (ticket,) = take_all(plan, 0.0)
    plan.finish(ticket, retry("timeout"), 1.0)
    assert len(plan.expire(600.0)) == 5
    assert plan.take(601.0) is None and plan.waiting == 0


def test_while_the_link_is_down_one_probes_and_all_follow() -> None:
    plan = schedule()
    for n in range(5):
        add(plan, f"a{n}")
    first, *others = take_all(plan, 0.0)
    plan.finish(first, retry("refused", "link"), 0.1)
    for ticket in others:
        plan.finish(ticket, retry("refused", "link"), 0.1)
    assert take_all(plan, 5.0) == []
    wake = plan.next_wake(5.0)
    assert wake is not None
    (probe,) = take_all(plan, 20.0)
    plan.finish(probe, delivered("ok"), 20.1)
    assert len(take_all(plan, 20.1)) == 4


def test_held_jobs_wait_for_release_and_urgent_ones_are_named_once() -> None:
    plan = schedule()
    plan.hold()
    routine, urgent = add(plan, "a"), add(plan, "b", urgent=True)
    assert take_all(plan, 1e6 - 1) == []
    assert [(t.job.id, at) for t, at in plan.pop_untold()] == [(urgent, None)]
    assert plan.pop_untold() == []
    plan.release()
    assert [t.job.id for t in take_all(plan, 10.0)] == [urgent, routine]


def test_answer_of_refusal_is_an_answer() -> None:
    plan = schedule()
    add(plan, "a")
    (ticket,) = take_all(plan, 0.0)
    assert plan.finish(ticket, failed("http 410"), 1.0) == Verdict("failed", None, "http 410")
    assert plan.failing_lanes() == [] and plan.answered_at == 1.0


def test_empty_lanes_and_timers_are_forgotten() -> None:
    plan = schedule(slots=100, host_slots=100)
    for n in range(50):
        add(plan, f"a{n}", host=f"h{n}")
    for n, ticket in enumerate(take_all(plan, 0.0)):
        plan.finish(ticket, delivered("ok") if n % 2 else retry("http 500"), 0.0)
    plan.expire(10_000.0)
    plan.expire(20_000.0)
    assert plan.take(20_000.0) is None
    assert (plan._lanes, plan._hosts, plan._tickets, plan._timers) == ({}, {}, {}, [])


RANKS = [(True, False), (True, True), (False, False), (False, True)]


@given(st.integers(2, 40), st.lists(st.sampled_from(RANKS), max_size=80))
def test_gate_keeps_its_promises(slots: int, comers: list[tuple[bool, bool]]) -> None:
    gate = Gate(slots)
    inside = [rank for rank in comers if gate.admits(rank) and (gate.enter(rank), True)[1]]
    assert len(inside) <= slots
    assert sum(not urgent for urgent, _ in inside) < slots
    assert sum(suspect for _, suspect in inside) <= max(1, slots // 2)
    if sum(urgent for urgent, _ in inside) == 0:
        assert gate.admits((True, False)), "there is always room for a first emergency"


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "take", "answer", "fail", "link", "hold", "release", "expire"]),
        st.integers(0, 5),
        st.booleans(),
    ),
    max_size=120,
)


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_nothing_is_ever_lost_or_run_twice(steps: list[tuple[str, int, bool]]) -> None:
    """Whatever happened before: once all is well again, every job that was not given up gets through."""
    plan, now, running, here = schedule(4, 3, 2, slow=True), 0.0, [], set()
    for what, number, urgent in steps:
        now += number
        if what == "add":
            here.add(add(plan, f"a{number}", now, f"h{number % 2}", urgent=urgent))
        elif what == "take" and (ticket := plan.take(now)):
            assert ticket not in running and ticket.job.id in here
            running.append(ticket)
            assert len(running) <= 8
        elif what in ("answer", "fail", "link") and running:
            ticket = running.pop(number % len(running))
            outcome = {"answer": delivered("ok"), "fail": retry("x"), "link": retry("x", "link")}[what]
            if plan.finish(ticket, outcome, now).state != "retrying":
                here.discard(ticket.job.id)
        elif what == "hold":
            plan.hold()
        elif what == "release":
            plan.release()
        elif what == "expire":
            here -= {ticket.job.id for ticket in plan.expire(now)}
    plan.release()
    for _ in range(400):
        for ticket in running:
            plan.finish(ticket, delivered("ok"), now)
            here.discard(ticket.job.id)
        running = take_all(plan, now)
        if not running:
            wake = plan.next_wake(now)
            if wake is None:
                break
            now = max(wake, now + 0.001)
    assert here == set()
    assert plan.waiting == plan.running == 0

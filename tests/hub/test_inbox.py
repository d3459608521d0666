"""What waits for the engine: emergencies first, questions after what they must see, people before both."""

from safezone_hub.inbox import REPEATS_MAX, ROUTINE_MAX, Inbox, is_urgent

CALL, FIX = b'{"type":"tag.called"}', b'{"type":"phone.located"}'


def always(topic: str) -> bool:
    return True


def test_emergencies_overtake_routine_and_keep_their_own_order() -> None:
    inbox: Inbox[str] = Inbox()
    inbox.put_messages([(f"f{i}", FIX) for i in range(500)], always)
    inbox.put_messages([("c1", CALL), ("f500", FIX), ("c2", CALL)], always)
    messages, _ = inbox.take(10, 0.0)
    assert [topic for topic, _ in messages] == ["c1", "c2", *(f"f{i}" for i in range(8))]


def test_nothing_overtakes_where_order_is_time() -> None:
    inbox: Inbox[str] = Inbox()
    inbox.put_messages([("f", FIX), ("c", CALL)], lambda topic: False)
    assert [topic for topic, _ in inbox.take(10, 0.0)[0]] == ["f", "c"]


def full() -> Inbox[str]:
    inbox: Inbox[str] = Inbox()
    inbox.put_messages([("f", b"%d" % n) for n in range(ROUTINE_MAX)], always)
    return inbox


def test_a_full_hub_takes_every_emergency_and_no_routine() -> None:
    inbox = full()
    inbox.put_messages([("more", FIX), ("c1", CALL), ("more", FIX), ("c2", CALL)], always)
    assert (len(inbox), inbox.shed) == (ROUTINE_MAX + 2, 2)
    assert [topic for topic, _ in inbox.take(3, 0.0)[0]] == ["c1", "c2", "f"]


def test_a_full_hub_takes_everything_where_order_is_time() -> None:
    inbox = full()
    inbox.put_messages([("drill", FIX), ("drill", CALL)], lambda topic: False)
    assert (len(inbox), inbox.shed) == (ROUTINE_MAX + 2, 0)


def test_a_hub_that_has_caught_up_takes_routine_again() -> None:
    inbox = full()
    inbox.take(1, 0.0)
    inbox.put_messages([("again", FIX), ("more", FIX)], always)
    assert (len(inbox), inbox.shed) == (ROUTINE_MAX, 1)


def test_a_hub_behind_puts_nothing_twice_that_waits_already() -> None:
    inbox: Inbox[str] = Inbox()
    inbox.put_messages([("f", FIX)] * 2, always)
    assert len(inbox) == 2, "while little waits each gets its own receipt"
    inbox.put_messages([("f", b"%d" % n) for n in range(REPEATS_MAX)], always)
    inbox.put_messages([("f", FIX), ("f", b"7"), ("f", b"new"), ("c", CALL), ("c", CALL)], always)
    assert (len(inbox), inbox.shed) == (REPEATS_MAX + 5, 2)
    inbox.put_messages([("f", b"7")], lambda topic: False)
    assert len(inbox) == REPEATS_MAX + 6, "where order is time nothing is left out"
    inbox.put_messages([("other", b"7")], always)
    assert len(inbox) == REPEATS_MAX + 7, "the same bytes from elsewhere are no repeat"
    inbox.take(REPEATS_MAX + 7, 0.0)
    inbox.put_messages([("f", b"%d" % n) for n in range(REPEATS_MAX)], always)
    assert (len(inbox), inbox.shed) == (REPEATS_MAX, 2), "what was taken waits no more"


def test_a_question_sees_all_that_arrived_before_it_and_a_persons_waits_for_nothing() -> None:
    inbox: Inbox[str] = Inbox()
    inbox.put_messages([(f"f{i}", FIX) for i in range(25)], always)
    inbox.put_question("after 25")
    inbox.put_question("now", ahead=True)
    inbox.put_messages([("late", FIX)] * 10, always)
    taken, answered = 0, []
    for _ in range(4):
        messages, questions = inbox.take(10, 0.0)
        taken += len(messages)
        answered += [(q, taken) for q in questions]
    assert answered == [("now", 10), ("after 25", 30)]
    assert len(inbox) == 0


def test_a_waiting_engine_is_woken() -> None:
    inbox: Inbox[str] = Inbox()
    inbox.wake()
    assert inbox.take(10, 60.0) == ([], [])


def test_urgent_is_known_by_the_type_alone() -> None:
    assert is_urgent(CALL) and is_urgent(b'{"type": "bell.pressed"') and not is_urgent(FIX)

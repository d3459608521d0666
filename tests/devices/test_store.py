"""What a device remembers, and what it may not."""

from pathlib import Path

from safezone_sim.devices.network import Outgoing
from safezone_sim.lab.store import Store


def _message(id_: str) -> Outgoing:
    return Outgoing("z", "z/dev/d", id_, "bell.pressed", "up", b"{}", True, 12.5)


def test_what_was_committed_is_there_after_a_cut_and_the_rest_is_not(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db", 7)
    store["presses"] = 1
    store.keep(_message("a"), 1)
    store.keep(_message("b"), 2)
    store.drop(_message("a"))
    store.commit()
    store["presses"] = 2
    store.keep(_message("c"), 3)
    store.cut()
    again = Store(tmp_path / "s.db", 8)
    assert (again.epoch, again.seq, again["presses"]) == (7, 2, 1)
    (left,) = again.waiting("z", "z/dev/d", "up")
    assert (left.id, left.payload, left.emergency, left.created) == ("b", b"{}", True, 12.5)


def test_a_new_memory_has_the_epoch_it_is_given(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db", 7)
    store.keep(_message("a"), 1)
    store.commit()
    store.cut()
    store.erase()
    again = Store(tmp_path / "s.db", 8)
    assert (again.epoch, again.seq, again.waiting("z", "s", "t")) == (8, 0, [])

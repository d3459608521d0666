"""Receipts and the messages they belong to."""

from safezone_hub.channels import ledger as ledger_module
from safezone_hub.channels.ledger import EARLY_KEPT_S, RECEIPT_KEPT_S, Ledger


def test_parts_arrive_together_and_the_first_failure_decides() -> None:
    ledger = Ledger()
    ledger.expect("j1", "a,b", 1, 0.0)
    ledger.expect("j2", "c,d", 2, 0.0)
    assert ledger.settle("b", "", "delivered", "ok", 1.0) is None
    settled = ledger.settle("a", "", "delivered", "ok", 1.0)
    assert settled and (settled.job, settled.arrival, settled.provider_id) == ("j1", "delivered", "a,b")
    settled = ledger.settle("d", "", "failed", "UNDELIV", 1.0)
    assert settled and (settled.job, settled.arrival, settled.tries) == ("j2", "failed", 2)
    assert ledger.settle("c", "", "delivered", "ok", 1.0) is None
    assert len(ledger) == 0


def test_early_receipts_wait_for_their_message_but_not_for_ever() -> None:
    ledger = Ledger()
    ledger.settle("a", "", "delivered", "ok", 0.0)
    ledger.settle("b", "", "delivered", "ok", 0.0)
    settled = ledger.expect("j", "a,b", 1, 1.0)
    assert settled and settled.arrival == "delivered"
    ledger.settle("c", "", "failed", "x", 0.0)
    ledger.expire(EARLY_KEPT_S + 1)
    assert ledger.unmatched == 1
    assert ledger.expect("k", "c", 1, EARLY_KEPT_S + 2) is None
    ledger.expire(EARLY_KEPT_S + RECEIPT_KEPT_S + 3)
    assert ledger.open_messages() == [] and ledger._by_part == {}


def test_memory_is_bounded(monkeypatch: object) -> None:
    ledger = Ledger()
    for n in range(ledger_module.EARLY_MAX + 5):
        ledger.settle(f"x{n}", "", "delivered", "ok", 0.0)
    assert len(ledger._early) == ledger_module.EARLY_MAX and ledger.unmatched == 5

"""Twenty thousand malformed messages: no crash, each counted, a bounded sample. The million: bench/malformed.py."""

from pathlib import Path

import malformed


def test_every_malformed_message_is_counted_with_its_reason(tmp_path: Path) -> None:
    outcome = malformed.run(20_000, 11, tmp_path)
    assert outcome.faults == []
    reasons = {
        name.removeprefix("rejected.")
        for name, n in outcome.counted.items()
        if n and name.startswith("rejected.")
    }
    assert reasons >= {
        "too_large", "bad_topic", "not_json", "bad_envelope", "wrong_source", "unknown_sender", "unknown_key", "bad_mac",
        "bad_type", "bad_data", "sequence_reused", "id_reused",
    }  # fmt: skip
    assert 0 < outcome.samples["bench"] <= malformed.SAMPLES_MAX

"""The twin drives the bundled hub: what comes out, twice the same, at every speed, through a crash."""

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import safezone_model
from safezone_sim.judge import read_record
from safezone_sim.scenario import Incident, ScenarioError
from safezone_sim.twin.hubapi import HubApi, HubError
from safezone_sim.twin.hubprocess import HubProcess

from tests.twin.conftest import HUB_COMMAND, Play, part_of_pilot

SINHAK = "7051141"
SINDORIM = "7041138"


def _transcript(out: Path) -> list[dict[str, Any]]:
    with gzip.open(out / "transcript.jsonl.gz", "rt") as lines:
        return [json.loads(line) for line in lines]


def _class_rows(summary: Any, classes: set[str]) -> list[tuple[str, str, Any]]:
    return [
        (name, recipient, row)
        for name, recipients in summary["services"].items()
        for recipient, row in recipients.items()
        if safezone_model.SERVICES[name].cls in classes
    ]


def test_a_morning_over_mqtt_tells_arrivals_and_calls_and_every_message_gets_its_receipt(play: Play) -> None:
    result = play(part_of_pilot("08:25", "08:50", SINDORIM))
    services = result.summary["services"]
    assert services["school_arrival"]["guardian"]["delivered"] > 50
    # Two calls four seconds apart: neither may swallow the other.
    assert services["tag_call"]["desk"]["true"] == 2
    assert services["tag_call"]["desk"]["delivered"] == 2
    for name, recipient, row in _class_rows(result.summary, {"emergency", "danger"}):
        assert (row["missed"], row["false_hub"]) == (0, 0), (name, recipient)
    reactions = json.loads((result.out / "reactions.json").read_text())
    assert reactions["rejected"] == []
    assert reactions["down_forged"] == 0
    assert reactions["down_altered_repeats"] == 0
    sent, receipted = set(), set()
    for line in _transcript(result.out):
        message = line["payload"]
        if line["dir"] == "up" and message["type"] != "clock.tick":
            sent.add((message["source"], message["id"]))
        elif message["type"] == "receipt":
            receipted |= {(r["source"], r["id"]) for r in message["data"]["receipts"]}
    assert len(sent) > 500
    assert sent <= receipted


def test_every_message_on_the_wire_satisfies_the_standards_schemas(play: Play) -> None:
    result = play(part_of_pilot("08:30", "08:40", SINDORIM))
    envelope = safezone_model.validator("envelope")
    kinds = Counter()
    for line in _transcript(result.out):
        kind = line["payload"]["type"]
        kinds[kind] += 1
        if kinds[kind] <= 50:
            envelope.validate(line["payload"])
            safezone_model.validator(f"messages/{kind}").validate(line["payload"]["data"])
            assert line["payload"].get("exercise") == f"{SINDORIM}-pilot-day" or kind in (
                "receipt",
                "clock.ack",
            )
    assert {
        "tag.sighted",
        "phone.located",
        "device.status",
        "notice",
        "ack",
        "receipt",
        "clock.tick",
        "tag.called",
    } <= set(kinds)


def test_one_seed_gives_one_truth_and_one_set_of_notices_at_every_speed(play: Play) -> None:
    scenario = part_of_pilot("08:30", "08:38", SINHAK)
    fast, again, slow = play(scenario), play(scenario), play(scenario, speed=120.0)
    assert fast.truth_sha256 == again.truth_sha256 == slow.truth_sha256
    assert fast.notices_sha256 == again.notices_sha256 == slow.notices_sha256
    assert slow.summary["wall_seconds"] > 4.0
    other = play(part_of_pilot("08:30", "08:38", SINHAK, seed=2))
    assert other.truth_sha256 != fast.truth_sha256
    assert other.notices_sha256 != fast.notices_sha256


def test_kill_9_of_the_hub_loses_no_emergency_and_no_notice(play: Play) -> None:
    scenario = part_of_pilot("08:25", "08:50", SINDORIM)
    calm = play(scenario)
    crashes = (30_400.0, 30_900.5, 30_903.0, 31_200.0)
    hurt = play(scenario, crash_at=crashes)
    reactions = json.loads((hurt.out / "reactions.json").read_text())
    assert reactions["crashes"] == list(crashes)
    assert hurt.truth_sha256 == calm.truth_sha256
    for name, recipients in calm.summary["services"].items():
        for recipient, before in recipients.items():
            after = hurt.summary["services"][name][recipient]
            assert after["delivered"] >= before["delivered"], (name, recipient)
            assert after["false"] <= before["false"], (name, recipient)


def test_without_a_hub_the_same_truth_and_no_notice(play: Play) -> None:
    scenario = part_of_pilot("08:30", "08:38", SINHAK)
    alone, with_hub = play(scenario, hub="none"), play(scenario)
    assert alone.truth_sha256 == with_hub.truth_sha256
    record = read_record(alone.out)
    assert record.receptions == []
    assert len(record.realised.stays) == len(read_record(with_hub.out).realised.stays) > 0


def test_speed_1_lays_the_day_onto_now_for_a_hub_without_exercise_clock(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bundled hub, asked not to declare its clock: then it judges by its own wall clock."""
    about = HubApi.about
    monkeypatch.setattr(HubApi, "about", lambda self: {**about(self), "capabilities": []})
    bell = Incident(kind="bell_stranger", school=SINDORIM, at="08:35:05", id="bell")
    scenario = part_of_pilot("08:35:00", "08:35:10", SINDORIM, incidents=(bell,))
    with pytest.raises(ScenarioError, match="--speed 1"):
        play(scenario)
    result = play(scenario, speed=1.0)
    row = result.summary["services"]["bell_call"]["desk"]
    assert (row["true"], row["delivered"], row["late"]) == (1, 1, 0)
    assert json.loads((result.out / "reactions.json").read_text())["rejected"] == []


def test_a_hub_that_is_not_there_is_a_clear_error(play: Play) -> None:
    with pytest.raises(HubError, match=r"127\.0\.0\.1:9"):
        play(part_of_pilot("08:30", "08:31", SINHAK), hub="http://127.0.0.1:9")


def test_a_served_hub_can_be_tried_again_and_again_and_gets_its_own_time_back(
    play: Play, tmp_path: Path
) -> None:
    hub = HubProcess(HUB_COMMAND, tmp_path / "served")
    address = hub.start()
    try:
        scenario = part_of_pilot("08:25", "08:50", SINDORIM)
        runs = [play(scenario, hub=address.http, hub_token=address.token) for _ in range(2)]
        for run in runs:
            assert run.summary["services"]["tag_call"]["desk"]["delivered"] == 2
            assert json.loads((run.out / "reactions.json").read_text())["rejected"] == []
        api = HubApi(address.http, address.token)
        now = datetime.fromisoformat(api.stats(SINDORIM)["now"])
        api.close()
        assert abs((now - datetime.now(UTC)).total_seconds()) < 60
    finally:
        hub.stop()

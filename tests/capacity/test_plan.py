"""What a capacity run sends: real messages of the standard, as many and when the morning says, and nothing of yesterday."""

import base64
import hashlib
import hmac
import json
from collections import Counter

import pytest
from safezone_model import MESSAGES, validator
from safezone_sim.capacity import wire
from safezone_sim.capacity.plan import NO_PRESS, Plan, Segment, make_plan
from safezone_sim.capacity.recording import RecordingError, read_recording
from safezone_sim.capacity.signing import key_item
from safezone_sim.capacity.spread import Part, shared_out
from safezone_sim.capacity.target import Target
from safezone_sim.capacity.zones import grounds

from tests.capacity.recorded import END, START, morning

NOW = 1_790_000_000.0
PROFILE = (START, END)


def plan_of(zones: int = 3, seconds: float = 40.0, emergencies: float = 1.0, speedup: float = 1.0) -> Plan:
    source = grounds(morning(children=6), "run")
    made = [next(source) for _ in range(zones)]
    return make_plan(
        made, [Segment(0.0, seconds, zones, START, speedup)], emergencies=emergencies, profile=PROFILE,
        starts_at=NOW, epoch=1_790_000_000_000, seed=1,
    )  # fmt: skip


def test_every_message_and_every_item_fits_the_standard_and_is_signed_with_the_registered_key() -> None:
    plan, reader = plan_of(), wire.Reader()
    seen, presses = Counter[str](), {}
    for row, packet in enumerate(plan.packets):
        ((topic, payload, _),) = reader.feed(packet)
        envelope = json.loads(payload)
        validator("envelope").validate(envelope)
        validator(f"messages/{envelope['type']}").validate(envelope["data"])
        key = base64.urlsafe_b64decode(key_item("run", envelope["source"])["secret"] + "=")
        head = payload[: payload.rindex(b',"mac":')]
        mac = hmac.new(key, topic.encode() + b"\n" + head, hashlib.sha256).digest()
        assert envelope["mac"] == base64.urlsafe_b64encode(mac).decode().rstrip("=")
        assert envelope["exercise"] == f"{topic.split('/')[2]}-run"
        assert plan.emergency[row] == (MESSAGES[envelope["type"]].cls == "emergency")
        seen[envelope["type"]] += 1
        if plan.press[row] != NO_PRESS:
            data = envelope["data"]
            thing = (
                topic.split("/")[2],
                data.get("tag") or envelope["source"],
                data["press"] if "press" in data else data["call"],
            )
            assert presses.setdefault(plan.press[row], thing) == thing
    assert set(seen) == {
        "phone.located", "device.status", "tag.sighted", "tag.called", "bell.pressed", "phone.called",
    }  # fmt: skip
    assert len(presses) == plan.presses == len(set(presses.values())) == 40 + 3  # two relays are one press
    for ground in grounds(morning(children=6), "run"):
        for item in ground.items(NOW):
            validator(f"registry/{item['kind']}").validate(item)
        if ground.copy == 2:
            break


def test_times_are_those_of_now_and_keep_their_distance() -> None:
    reader = wire.Reader()
    for due, packet in zip((plan := plan_of(zones=1, emergencies=0.0)).due, plan.packets, strict=True):
        ((_, payload, _),) = reader.feed(packet)
        envelope = json.loads(payload)
        sent = NOW + due
        if envelope["type"] == "phone.located":
            assert _seconds(envelope["time"]) == pytest.approx(sent - 0.25, abs=0.002)
            assert _seconds(envelope["data"]["fixed_at"]) == pytest.approx(sent - 0.5, abs=0.002)


def test_more_load_is_more_zones_at_the_same_pace_and_a_segment_outlasts_its_morning() -> None:
    one, three = plan_of(zones=1, emergencies=0.0), plan_of(zones=3, emergencies=0.0)
    assert len(three.ids) == 3 * len(one.ids)
    assert len(set(three.ids)) == len(three.ids)
    twice = plan_of(zones=1, emergencies=0.0, seconds=120.0)
    once = plan_of(zones=1, emergencies=0.0, seconds=60.0)
    assert len(twice.ids) == 2 * len(once.ids)
    fast = plan_of(zones=1, emergencies=0.0, seconds=30.0, speedup=2.0)
    assert len(fast.ids) == len(once.ids) and fast.due[-1] == pytest.approx(once.due[-1] / 2)


def test_ids_of_copies_never_meet() -> None:
    source = grounds(morning(children=4), "run")
    ids = [(i["kind"], i["id"]) for g in (next(source) for _ in range(4)) for i in g.items(NOW)]
    assert len(ids) == len(set(ids))


def test_the_busiest_stretch_is_where_most_is_said() -> None:
    recording = morning(children=4)
    assert recording.busiest(3.0) <= START + 5.0 or recording.busiest(3.0) <= START + 31.0
    assert recording.busiest(600.0) == START


def test_generators_share_zones_and_presses_without_rest_or_overlap() -> None:
    source = grounds(morning(children=4), "run")
    zones = tuple(next(source) for _ in range(5))
    whole = Part(
        zones,
        (Segment(0, 10, 5, START), Segment(10, 10, 2, START)),
        Target("h", 1),
        PROFILE,
        2.0,
        NOW,
        1,
        1.0,
        (2, 5),
    )
    parts = shared_out(whole, 3)
    assert [g for part in parts for g in part.zones] != [] and {g.zone for p in parts for g in p.zones} == {
        g.zone for g in zones
    }
    assert sum(len(p.zones) for p in parts) == 5
    for n in range(2):
        assert sum(p.segments[n].zones for p in parts) == whole.segments[n].zones
        for part in parts:
            assert [g.zone for g in part.zones[: part.segments[n].zones]] == [
                g.zone for k, g in enumerate(zones[: whole.segments[n].zones]) if k % 3 == part.share[0]
            ]
    plans = [
        make_plan(
            p.zones,
            p.segments,
            emergencies=2.0,
            profile=PROFILE,
            starts_at=NOW,
            epoch=1,
            seed=1,
            share=p.share,
        )
        for p in parts
    ]
    alone = make_plan(zones, whole.segments, emergencies=2.0, profile=PROFILE, starts_at=NOW, epoch=1, seed=1)
    assert sum(len(p.ids) for p in plans) == len(alone.ids)
    assert sum(p.presses for p in plans) == alone.presses


def test_a_folder_without_a_recorded_day_is_refused_with_the_remedy(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(RecordingError, match="safezone run pilot"):
        read_recording(tmp_path, START, END)


def _seconds(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp()

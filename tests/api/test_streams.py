"""Event streams: who gets what, nothing lost and nothing doubled over cuts, and slow consumers."""

import itertools
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from safezone_hub.api import sse

from tests.api.sse_client import Event, Stream
from tests.api.town import OTHER, Town, running
from tests.hub.hub_world import ZONE


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with running(tmp_path_factory.mktemp("streams") / "state") as it:
        yield it


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Town]:
    """For what changes it for everybody."""
    with running(tmp_path / "state") as it:
        yield it


def follow(town: Town, who: str, path: str | None = None, last_id: str | None = None, **more: int) -> Stream:
    zone = OTHER if who.endswith(OTHER) else ZONE
    id_ = who.partition("/")[2]
    path = path or (
        f"/v1/guardians/{id_}/stream" if who.startswith("guardian") else f"/v1/zones/{zone}/stream"
    )
    return Stream(town.base, path, town.tokens[who], last_id, **more)


_presses = itertools.count(1)


def press(town: Town) -> str:
    """A new incident of c1."""
    return town.press("c1", next(_presses))


def note(town: Town, incident: str, text: str) -> None:
    """Makes one event for the desk."""
    answer = town.call(
        "admin", "POST", f"/v1/incidents/{incident}/actions", json={"action": "note", "note": text}
    )
    assert answer.status_code == 200, answer.text


def notes(events: list[Event]) -> list[str]:
    return [
        e.data["history"][-1]["note"]
        for e in events
        if e.type == "incident" and e.data["history"][-1].get("note")
    ]


def test_each_follows_what_is_for_it_and_no_other(fresh: Town) -> None:
    asked = ["operator/o1", "school/t1", "agency/a1", "guardian/g-c1", "guardian/h-c1", "guardian/b-c1",
             "guardian/g-c2", "guardian/g-c9", f"operator/o1-{OTHER}"]  # fmt: skip
    streams = {who: follow(fresh, who) for who in asked}
    fresh.locate("c1")
    incident = press(fresh)
    answer = fresh.call("admin", "POST", f"/v1/incidents/{incident}/actions", json={"action": "call_119"})
    assert answer.status_code == 200
    for who in ("guardian/g-c1", "guardian/h-c1"):
        event = streams[who].next()
        assert (event.type, event.data["notice"]["child"]) == ("notice", "c1")
        assert event.id.startswith(f"{ZONE}:") and event.data["seen"] is False
    at_desk = {e.type for e in streams["operator/o1"].take(3)}
    assert at_desk == {"alert", "incident"}
    handed = streams["agency/a1"].next()
    assert (handed.type, handed.data["id"]) == ("incident", incident)
    # The others saw nothing of it: the first that each gets is something of its own, made afterwards.
    fresh.press("c2", 1)
    fresh.press("c9", 1)
    assert streams["guardian/g-c2"].next().data["notice"]["child"] == "c2"
    assert streams["guardian/g-c9"].next().data["notice"]["child"] == "c9"
    assert streams[f"operator/o1-{OTHER}"].next().data["child"] == "c9"
    for who, path in (("guardian/g-c1", "/v1/guardians/g-c2/stream"), ("operator/o1", f"/v1/zones/{OTHER}/stream"),
                      ("guardian/g-c1", f"/v1/zones/{ZONE}/stream"), ("auditor/aud", f"/v1/zones/{ZONE}/stream")):  # fmt: skip
        assert follow(fresh, who, path).status in (403, 404), path
    for stream in streams.values():
        stream.cut()
    silent = {"guardian/b-c1", "school/t1"}
    for who in silent:
        again = follow(fresh, who, last_id=f"{ZONE}:0")
        fresh.hub.http._app.state.services.streams.close()
        assert [e for e in again.rest() if e.type != "incident"] == [], who


def test_nothing_is_lost_and_nothing_doubled_over_cuts_in_the_middle_of_events(town: Town) -> None:
    """Events are made all the while; the connection is cut at random bytes and taken up again, some thirty times."""
    incident = press(town)
    begin = follow(town, "operator/o1")
    first_id = begin.last_id
    begin.cut()
    wanted = [f"기록 {i}" for i in range(120)]

    def make() -> None:
        for text in wanted:
            note(town, incident, text)

    maker = threading.Thread(target=make)
    maker.start()
    chance, got, last_id, cuts = random.Random(7), list[Event](), first_id, 0
    while len(notes(got)) < len(wanted):
        stream = follow(town, "operator/o1", last_id=last_id)
        for _ in range(chance.randrange(0, 8)):
            if len(notes(got)) == len(wanted):
                break
            got.append(stream.next())
            last_id = stream.last_id
        if chance.random() < 0.5 and len(notes(got)) < len(wanted):
            stream.raw_bytes(chance.randrange(1, 60))  # part of an event that is thrown away
        stream.cut()
        cuts += 1
    maker.join()
    assert notes(got) == wanted
    places = [int(e.id.rpartition(":")[2]) for e in got]
    assert places == sorted(set(places))
    assert cuts > 15, cuts


def test_stream_resumes_after_a_restart_of_the_hub(tmp_path: Path) -> None:
    from safezone_hub.serve import build_hub

    from tests.api.town import TOKEN

    with running(tmp_path / "state") as town:
        incident = press(town)
        stream = follow(town, "operator/o1")
        note(town, incident, "하나")
        assert notes([stream.next()]) == ["하나"]
        last_id = stream.last_id
        note(town, incident, "둘")
        token = town.tokens["operator/o1"]
    hub = build_hub(tmp_path / "state", token=TOKEN, clock=town.clock)
    try:
        again = Stream(hub.ready["http"], f"/v1/zones/{ZONE}/stream", token, last_id)
        assert notes([again.next()]) == ["둘"]
        again.cut()
    finally:
        hub.stop()


def test_a_long_absence_is_made_up_for_page_by_page(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    from safezone_hub.api import streams

    monkeypatch.setattr(streams, "PAGE", 7)
    incident = press(town)
    start = follow(town, "operator/o1").last_id
    wanted = [f"기록 {i}" for i in range(40)]
    for text in wanted:
        note(town, incident, text)
    assert notes(follow(town, "operator/o1", last_id=start).take(40)) == wanted


def test_slow_consumer_is_cut_and_its_last_id_brings_it_back(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "QUEUE_MAX", 5)
    monkeypatch.setattr(sse, "SEND_MAX_S", 1.0)
    incident = press(town)
    slow = follow(town, "operator/o1", receive_buffer=2048)
    wanted = [f"{i} " + "가" * 1900 for i in range(50)]
    for text in wanted:
        note(town, incident, text)  # nobody reads: more than every buffer on the way holds
    got = slow.rest()
    assert len(notes(got)) < len(wanted)
    again = follow(town, "operator/o1", last_id=slow.last_id)
    got += again.take(len(wanted) - len(notes(got)))
    assert notes(got) == wanted
    assert town.hub.http._app.state.services.streams.count <= 2


def test_withheld_guardian_gets_nothing_any_more_not_even_what_was_meant_for_it(fresh: Town) -> None:
    stream = follow(fresh, "guardian/h-c1")
    start = stream.last_id
    incident = press(fresh)
    assert stream.next().data["notice"]["child"] == "c1"
    stream.cut()
    answer = fresh.call(
        "operator/o1",
        "POST",
        f"/v1/incidents/{incident}/actions",
        json={"action": "withhold", "guardian": "h-c1"},
    )
    assert answer.status_code == 200, answer.text
    again = follow(fresh, "guardian/h-c1", last_id=start)
    fresh.hub.http._app.state.services.streams.close()
    assert again.rest() == []


def test_revoked_token_ends_the_stream(fresh: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT_S", 0.1)
    stream = follow(fresh, "operator/o1")
    assert (
        fresh.call("admin", "DELETE", f"/v1/tokens/{fresh.tokens['operator/o1'].split('_')[1]}").status_code
        == 204
    )
    assert stream.rest() == []
    assert follow(fresh, "operator/o1").status == 401


def test_heartbeats_come_when_nothing_happens(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sse.HEARTBEAT_S == 15.0
    monkeypatch.setattr(sse, "HEARTBEAT_S", 0.1)
    stream = follow(town, "operator/o1")
    incident = press(town)
    deadline = time.monotonic() + 5
    while stream.heartbeats < 3 and time.monotonic() < deadline:
        stream._block()
    assert stream.heartbeats >= 3
    note(town, incident, "살아 있다")
    assert "살아 있다" in notes([stream.next()])


@pytest.mark.parametrize("bad", ["x", f"{OTHER}:1", "z1:", "z1:-1", "z1:1;", "z1:99999999999999999"])
def test_last_event_id_of_something_else_is_refused(town: Town, bad: str) -> None:
    assert follow(town, "operator/o1", last_id=bad).status == 400


def test_an_id_from_the_future_begins_now(town: Town) -> None:
    stream = follow(town, "operator/o1", last_id=f"{ZONE}:999999")
    incident = press(town)
    note(town, incident, "지금")
    while "지금" not in notes([event := stream.next()]):
        assert event


def test_head_of_a_stream_ends(town: Town) -> None:
    answer = town.call("operator/o1", "HEAD", f"/v1/zones/{ZONE}/stream")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"


def test_hub_stops_quickly_with_open_streams(tmp_path: Path) -> None:
    with running(tmp_path / "state") as town:
        streams = [follow(town, "operator/o1") for _ in range(20)]
        began = time.monotonic()
        town.hub.http.stop()
        took = time.monotonic() - began
        assert took < 2.5, took
        assert all(stream.rest() == [] for stream in streams)

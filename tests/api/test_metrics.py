"""Metrics: they count what happened, and name nobody."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.api.town import NAMES, WHERE, Town, lively, running
from tests.hub.hub_world import ZONE, iso, lat_lon


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with running(tmp_path_factory.mktemp("metrics") / "state") as it:
        lively(it)
        yield it


def scrape(town: Town) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = town.call("admin", "GET", "/metrics")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith(
        "text/plain; version=0.0.4"
    )
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_what_happened_is_counted(town: Town) -> None:
    before = scrape(town)

    def grew(name: str, **labels: str) -> float:
        key = (name, tuple(sorted(labels.items())))
        return scrape(town)[key] - before.get(key, 0.0)

    town.press("c1", 2)
    assert grew("safezone_messages_total", status="accepted", reason="") == 1
    assert grew("safezone_receipts_total", status="accepted") == 1
    assert grew("safezone_incidents_total", service="tag_call") == 1
    assert grew("safezone_notices_total", service="tag_call", role="guardian") == 2
    assert grew("safezone_notices_total", service="tag_call", role="desk") == 1
    assert grew("safezone_emergency_latency_seconds_count") == 1
    assert grew("safezone_incidents_open", state="open") == 1
    assert grew("safezone_outbox_open") >= 3
    assert grew("safezone_commit_seconds_count") >= 1 and grew("safezone_batch_messages_count") >= 1
    town.call("admin", "GET", f"/v1/zones/{ZONE}/units")
    assert grew("safezone_http_requests_total", operation="getUnits", status="200") == 1
    bad = {"tag": "t-c1", "antenna": "a", "stay": "s"}
    with pytest.raises(AssertionError):
        town.send(ZONE, "pole", "tag.sighted", bad)
    assert grew("safezone_messages_total", status="rejected", reason="bad_data") == 1
    assert {v for (name, _), v in scrape(town).items() if name == "safezone_up"} == {1.0}
    held = scrape(town)
    for name in ("safezone_queue_depth", "safezone_streams", "safezone_feed_lag", "safezone_zones",
                 "safezone_last_record_timestamp_seconds", "safezone_process_resident_memory_bytes"):  # fmt: skip
        assert (name, ()) in held, name


def test_metrics_name_nobody_and_no_place(town: Town) -> None:
    text = town.call("admin", "GET", "/metrics").text
    ids = [body["id"] for kind in ("child", "guardian", "device", "operator", "staff", "area", "binding", "zone")
           for body in town.call("admin", "GET", f"/v1/registry/{kind}").json()["items"]]  # fmt: skip
    for trace in [f'"{id_}"' for id_ in ids] + [*NAMES.values(), *town.incidents.values()]:
        assert trace not in text, trace
    for child in ("c1", "c2"):
        spot = lat_lon(*WHERE[child])
        assert f"{spot['lat']:.4f}" not in text
    assert iso(town.clock.now()) not in text


def test_only_who_runs_or_audits_the_hub_sees_them(town: Town) -> None:
    assert town.call("auditor/aud", "GET", "/metrics").status_code == 200
    for who, status in ((None, 401), ("guardian/g-c1", 403), ("operator/o1", 403), ("agency/a1", 403)):
        assert town.call(who, "GET", "/metrics").status_code == status


def test_a_stopped_engine_is_told_and_the_rest_still_shown(tmp_path: Path) -> None:
    with running(tmp_path / "state") as town:
        town.hub.engine.stop()
        health = town.call(None, "GET", "/healthz")
        assert health.status_code == 503 and health.json()["checks"]["engine"] == "stopped"
        assert town.call(None, "GET", "/readyz").status_code == 503
        held = scrape(town)
        assert held["safezone_up", (("part", "engine"),)] == 0.0
        refused = town.call("admin", "GET", "/v1/me")
        assert (refused.status_code, refused.json()["title"]) == (503, "engine_stopped")


def test_an_engine_that_is_busy_does_not_hold_up_the_metrics_and_survives_that_nobody_waited(
    town: Town,
) -> None:
    release = threading.Event()
    town.hub.engine.ask(lambda zones, work: release.wait(10))
    began = time.monotonic()
    held = scrape(town)
    assert time.monotonic() - began < 5 and ("safezone_zones", ()) not in held
    assert ("safezone_queue_depth", ()) in held
    release.set()
    assert ("safezone_zones", ()) in scrape(town)
    assert town.hub.is_running()


def test_store_that_does_not_answer_is_said_at_once(town: Town) -> None:
    engine = town.hub.engine
    engine.store_error = "disk full"
    try:
        refused = town.call("admin", "GET", "/v1/me")
        assert (refused.status_code, refused.json()["title"]) == (503, "store_unavailable")
        assert int(refused.headers["retry-after"]) >= 1
        health = town.call(None, "GET", "/healthz")
        assert health.status_code == 503 and health.json()["checks"]["store"] == "disk full"
        assert scrape(town)["safezone_up", (("part", "store"),)] == 0.0
    finally:
        engine.store_error = None
    assert town.call("admin", "GET", "/v1/me").status_code == 200

"""From a button to a text and a webhook: the whole hub, a real gateway and a real receiver on this machine."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from safezone_hub.channels import ChannelSettings, read_settings, verify
from safezone_hub.serve import Hub, build_hub
from safezone_hub.settings import RuleSettings

from tests.channels.post import Receiver
from tests.hub.hub_world import ZONE, Client, Sender, iso, key, world

SECRET = "s" * 43


@pytest.fixture
def outside() -> Iterator[Receiver]:
    """Gateway and webhook receiver in one: it answers 200 to everything and keeps it."""
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def hub(tmp_path: Path, outside: Receiver) -> Iterator[Hub]:
    file = tmp_path / "channels.toml"
    file.write_text(
        f'[sms]\nkind = "http"\nurl = "{outside.url("/sms")}"\nsender = "0200"\n'
        'fields = {to = "{to}", text = "{text}"}\n'
        "[webhook]\nallow_private = true\n",
        encoding="utf-8",
    )
    settings: ChannelSettings = read_settings(file)
    running = build_hub(
        tmp_path / "state", token="t", channels=settings, settings=RuleSettings(sms_after_s=0.5)
    )
    yield running
    running.stop()


def provision(hub: Hub, outside: Receiver) -> httpx.Client:
    http = httpx.Client(base_url=hub.ready["http"], headers={"Authorization": "Bearer t"})
    contacts = [{"channel": "sms", "address": "010-0000-0001"}]
    guardian = {"kind": "guardian", "id": "g2", "zone": ZONE, "name": "보호자", "children": ["c1"], "nature": "real",
                "key": key("g2"), "contacts": contacts}  # fmt: skip
    agency = {"kind": "agency", "id": "fire", "zone": ZONE, "name": "119", "service": "fire", "nature": "real",
              "format": "cap", "webhook": {"url": outside.url("/119"), "secret": SECRET}}  # fmt: skip
    items = [*world("c1", drill=False), guardian, agency]
    assert http.post("/v1/registry:import", json={"items": items}).status_code == 200
    return http


def test_a_call_becomes_a_text_and_a_signed_hand_over_and_their_states_are_kept(
    hub: Hub, outside: Receiver
) -> None:
    http = provision(hub, outside)
    client = Client(hub.broker.port)
    now = time.time()
    called = {"tag": "t-c1", "press": 1, "pressed_at": iso(now), "medical": True}
    client.send(Sender("dev", "pole", None).message("tag.called", called, now))
    received = outside.wait(2)
    by_path: dict[str, Any] = {r.path: r for r in received}
    text = json.loads(by_path["/sms"].body)
    assert "긴급호출" in json.dumps(text, ensure_ascii=False) and "0001" in json.dumps(text)
    handed = by_path["/119"]
    assert handed.body.startswith(b"<?xml") and b"<status>Actual</status>" in handed.body
    assert verify(SECRET, handed.headers, handed.body, time.time())
    (notice,) = [e for t, e, _ in client.arrived if e["type"] == "notice" and t.endswith("/g2/down")]
    deadline = time.monotonic() + 5
    states: dict[str, str] = {}
    while time.monotonic() < deadline and states.get("sms") != "sent":
        body = http.get(f"/v1/notices/{notice['id']}/deliveries").json()
        states = {row["channel"]: row["state"] for row in body["items"]}
    assert states["sms"] == "sent"
    client.close()

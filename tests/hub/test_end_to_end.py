"""The hub over a real broker and HTTP, as a device, a guardian and the twin meet it."""

import httpx
import pytest
from conftest import DRILL, ZONE, Client, Sender, Ticker, at, iso, sighted, world
from safezone_hub.serve import Hub


@pytest.fixture
def http(hub: Hub) -> httpx.Client:
    return httpx.Client(base_url=hub.ready["http"], headers={"Authorization": "Bearer test-token"})


def provision(http: httpx.Client, *children: str) -> None:
    answer = http.post("/v1/registry:import", json={"items": world(*children)})
    assert answer.status_code == 200, answer.text


def test_a_walk_through_the_school_gate_is_told_with_evidence(hub: Hub, client: Client, http: httpx.Client) -> None:
    provision(http, "c1")
    ticker, gate = Ticker(client), Sender("dev", "gs")
    ticker.to(at("06:00"))
    ticker.to(at("08:30"))
    outer = client.send(gate.message("tag.sighted", sighted("out", at("08:30")), at("08:30")))
    assert client.receipt(outer)["status"] == "accepted"
    ticker.to(at("08:30:06"))
    inner = client.send(gate.message("tag.sighted", sighted("in", at("08:30:06")), at("08:30:06")))
    ticker.to(at("08:30:14"))
    notices = client.fresh("notice")
    assert [n["data"]["service"] for n in notices] == ["home_exit", "school_arrival"]
    arrival = notices[1]
    assert {e["id"] for e in arrival["data"]["evidence"]} == {outer, inner}
    assert arrival["exercise"] == DRILL
    assert "08:30:06" in arrival["data"]["text"]["ko"]
    assert "08:30:14" in arrival["data"]["text"]["en"]
    position = http.get("/v1/children/c1/position").json()
    assert position["state"]["place"] == "school"
    path = http.get("/v1/children/c1/path", params={"from": iso(at("08:00"))}).json()
    assert len(path["points"]) == 2


def test_call_reaches_desk_and_guardian_and_turns_a_camera(hub: Hub, client: Client, http: httpx.Client) -> None:
    provision(http, "c1")
    ticker, pole, other = Ticker(client), Sender("dev", "pole"), Sender("dev", "gs")
    ticker.to(at("15:00"))
    for sender in (pole, other):
        id_ = client.send(
            sender.message("tag.called", {"tag": "t-c1", "press": 7, "pressed_at": iso(at("15:00"))}, at("15:00"))
        )
        assert client.receipt(id_)["status"] == "accepted"
    ticker.to(at("15:00:01"))
    (alert,) = client.fresh("alert")
    (notice,) = client.fresh("notice")
    assert alert["data"]["service"] == notice["data"]["service"] == "tag_call"
    assert alert["data"]["cameras"] == ["cam"]
    (turn,) = client.fresh("camera.turn")
    assert turn["data"]["preset"] == "w"
    incidents = http.get(f"/v1/zones/{ZONE}/incidents").json()["items"]
    assert [i["id"] for i in incidents] == [alert["data"]["incident"]]

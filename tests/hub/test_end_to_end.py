"""The hub over a real broker and HTTP, as a device, a guardian and the twin meet it."""

import httpx
import pytest
from safezone_hub.serve import Hub

from tests.hub.hub_world import DRILL, ZONE, Client, Sender, Ticker, at, iso, sighted, world


@pytest.fixture
def http(hub: Hub) -> httpx.Client:
    return httpx.Client(base_url=hub.ready["http"], headers={"Authorization": "Bearer test-token"})


def provision(http: httpx.Client, *children: str) -> None:
    answer = http.post("/v1/registry:import", json={"items": world(*children)})
    assert answer.status_code == 200, answer.text


def test_a_walk_through_the_school_gate_is_told_with_evidence(
    hub: Hub, client: Client, http: httpx.Client
) -> None:
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


def test_call_reaches_desk_and_guardian_and_turns_a_camera(
    hub: Hub, client: Client, http: httpx.Client
) -> None:
    provision(http, "c1")
    ticker, pole, other = Ticker(client), Sender("dev", "pole"), Sender("dev", "gs")
    ticker.to(at("15:00"))
    for sender in (pole, other):
        id_ = client.send(
            sender.message(
                "tag.called", {"tag": "t-c1", "press": 7, "pressed_at": iso(at("15:00"))}, at("15:00")
            )
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


def test_repeat_gets_the_same_receipt_and_reuse_is_refused(
    hub: Hub, client: Client, http: httpx.Client
) -> None:
    provision(http, "c1")
    Ticker(client).to(at("15:00"))
    pole = Sender("dev", "pole")
    call = pole.message(
        "tag.called", {"tag": "t-c1", "press": 1, "pressed_at": iso(at("15:00"))}, at("15:00")
    )
    id_ = client.send(call)
    assert client.receipt(id_)["status"] == "accepted"
    client.send(call)
    assert client.receipt(id_, 2)["status"] == "duplicate"
    pole.seq -= 1
    other = client.send(
        pole.message("tag.called", {"tag": "t-c1", "press": 2, "pressed_at": iso(at("15:00"))}, at("15:00"))
    )
    assert client.receipt(other) == {
        "source": f"{ZONE}/dev/pole",
        "id": other,
        "status": "rejected",
        "reason": "sequence_reused",
    }
    client.send(
        pole.message(
            "tag.called", {"tag": "t-c1", "press": 3, "pressed_at": iso(at("15:00"))}, at("15:00"), id=id_
        )
    )
    assert client.receipt(id_, 3)["reason"] == "id_reused"
    assert len(client.fresh("alert")) == 1
    stats = http.get(f"/v1/zones/{ZONE}/stats").json()
    assert stats["duplicate"] == 1
    assert stats["rejected"] == {"id_reused": 1, "sequence_reused": 1}


def test_forged_message_is_not_answered_but_counted_and_sampled(
    hub: Hub, client: Client, http: httpx.Client
) -> None:
    provision(http, "c1")
    topic, good = Sender("dev", "bell").message(
        "bell.pressed", {"press": 1, "pressed_at": iso(at("15:00"))}, at("15:00")
    )
    client.send((topic, good.replace(b'"press":1', b'"press":9')))
    Ticker(client).to(at("15:00"))  # legal, on the same connection: what came before is judged
    assert client.down("alert") == []
    assert all(
        r["source"].startswith(f"{ZONE}/clock") for e in client.down("receipt") for r in e["data"]["receipts"]
    )
    (sample,) = http.get(f"/v1/zones/{ZONE}/rejections").json()["items"]
    assert sample["reason"] == "bad_mac"


def test_notice_repeats_byte_for_byte_until_its_ack(hub: Hub, client: Client, http: httpx.Client) -> None:
    provision(http, "c1")
    ticker, guardian = Ticker(client), Sender("guardian", "g-c1")
    ticker.to(at("15:00"))
    client.send(
        Sender("dev", "pole").message(
            "tag.called", {"tag": "t-c1", "press": 1, "pressed_at": iso(at("15:00"))}, at("15:00")
        )
    )
    for seconds in (4, 6, 20, 21):
        ticker.to(at("15:00") + seconds)
    copies = [raw for _, e, raw in client.arrived if e["type"] == "notice"]
    assert len(copies) == 3
    assert len(set(copies)) == 1
    id_ = client.send(
        guardian.message(
            "ack",
            {"notice": client.down("notice")[0]["id"], "received_at": iso(at("15:00:21"))},
            at("15:00:21"),
        )
    )
    assert client.receipt(id_)["status"] == "accepted"
    ticker.to(at("15:10"))
    assert len(client.down("notice")) == 3
    assert len(client.down("alert")) > 3  # a guardian's ack never stops the desk's repeats


def test_someone_elses_ack_settles_nothing(hub: Hub, client: Client, http: httpx.Client) -> None:
    provision(http, "c1", "c2")
    ticker = Ticker(client)
    ticker.to(at("15:00"))
    client.send(
        Sender("dev", "pole").message(
            "tag.called", {"tag": "t-c1", "press": 1, "pressed_at": iso(at("15:00"))}, at("15:00")
        )
    )
    ticker.to(at("15:00:01"))
    notice = client.down("notice")[0]["id"]
    client.receipt(
        client.send(
            Sender("guardian", "g-c2").message(
                "ack", {"notice": notice, "received_at": iso(at("15:00"))}, at("15:00")
            )
        )
    )
    ticker.to(at("15:00:07"))
    assert len(client.down("notice")) == 2


def test_drill_reaches_no_real_recipient_and_a_real_call_reaches_all(
    hub: Hub, client: Client, http: httpx.Client
) -> None:
    items = [{**i, "nature": "real"} if i["id"] in ("d112", "g-c1") else i for i in world("c1")]
    assert http.post("/v1/registry:import", json={"items": items}).status_code == 200
    ticker = Ticker(client)
    ticker.to(at("15:00"))
    called = {"tag": "t-c1", "pressed_at": iso(at("15:00"))}
    client.send(Sender("dev", "pole").message("tag.called", {**called, "press": 1}, at("15:00")))
    ticker.to(at("15:00:01"))
    assert client.down("alert") + client.down("notice") == []
    client.send(Sender("dev", "gs", drill=None).message("tag.called", {**called, "press": 2}, at("15:00")))
    ticker.to(at("15:00:02"))
    assert len(client.down("alert")) == len(client.down("notice")) == 1
    assert "exercise" not in client.down("alert")[0]


def test_old_tick_is_acknowledged_again_and_changes_nothing(
    hub: Hub, client: Client, http: httpx.Client
) -> None:
    provision(http, "c1")
    ticker = Ticker(client)
    ticker.to(at("15:00"))
    ticker.to(at("15:01"))
    old = Sender("clock", "clock-1")
    old.seq = 90
    client.send(old.message("clock.tick", {"now": iso(at("16:00")), "tick": 1}, at("16:00")))
    acks = client.wait(lambda e: e["type"] == "clock.ack", "clock.ack", 3)
    assert acks[-1]["data"] == {"tick": 2, "now": iso(at("15:01"))}


def test_closed_drill_gives_the_zone_back_to_the_wall_clock(
    hub: Hub, client: Client, http: httpx.Client
) -> None:
    provision(http, "c1")
    Ticker(client).to(at("15:00"))
    drill = next(i for i in world("c1") if i["kind"] == "drill")
    another = http.put("/v1/registry/drill/drill-2", json={**drill, "id": "drill-2"})
    assert another.status_code == 422
    assert (
        http.put(f"/v1/registry/drill/{DRILL}", json={**drill, "closes_at": iso(at("15:00"))}).status_code
        == 200
    )
    bell = Sender("dev", "bell", drill=None)
    client.receipt(
        client.send(bell.message("bell.pressed", {"press": 1, "pressed_at": iso(at("15:00"))}, at("15:00")))
    )
    (alert,) = client.wait(lambda e: e["type"] == "alert", "alert")
    assert alert["time"][:4] >= "2026"
    assert "exercise" not in alert


def test_http_refusals_are_problems(hub: Hub, http: httpx.Client) -> None:
    assert httpx.get(hub.ready["http"] + "/v1/hub").json()["capabilities"][0] == "exercise-clock"
    assert httpx.get(hub.ready["http"] + "/healthz").json()["status"] == "ok"
    bare = httpx.get(hub.ready["http"] + "/v1/registry/child")
    assert (bare.status_code, bare.headers["content-type"]) == (401, "application/problem+json")
    provision(http, "c1")
    for path in ("/v1/children/nobody/position", "/v1/zones/none/stats", "/v1/registry/plane", "/v2"):
        assert http.get(path).status_code == 404, path
    guardian = http.get("/v1/registry/guardian/g-c1").json()
    assert guardian["key"] == {"keyid": "key-g-c1"}
    broken = [{**i, "radius_m": -1} if i["id"] == "school" else i for i in world("c1")]
    answer = http.post("/v1/registry:import", json={"items": broken})
    assert answer.status_code == 422
    assert [(e["line"], e["kind"], e["id"], e["field"]) for e in answer.json()["errors"]] == [
        (4, "area", "school", "radius_m")
    ]
    page = http.get("/v1/registry/area", params={"zone": ZONE, "limit": 2}).json()
    assert [i["id"] for i in page["items"]] == ["academy", "home"]
    assert page["next"] == "home"
    assert http.delete("/v1/registry/area/rail").status_code == 204
    assert http.delete("/v1/registry/area/rail").status_code == 404
    devices = {d["id"]: d for d in http.get(f"/v1/zones/{ZONE}/devices").json()["items"]}
    assert devices["gh"]["type"] == "reader"


def test_every_message_down_fits_its_schema(hub: Hub, client: Client, http: httpx.Client) -> None:
    from safezone_model import validator

    provision(http, "c1")
    ticker = Ticker(client)
    ticker.to(at("15:00"))
    client.send(Sender("dev", "gs").message("tag.sighted", sighted("out", at("15:00")), at("15:00")))
    client.send(
        Sender("dev", "pole").message(
            "tag.called", {"tag": "t-c1", "press": 1, "pressed_at": iso(at("15:00"))}, at("15:00")
        )
    )
    client.send(
        Sender("dev", "bell").message(
            "bell.pressed", {"press": 1, "pressed_at": iso(at("15:00"))}, at("15:00")
        )
    )
    ticker.to(at("15:00:10"))
    kinds = {e["type"] for _, e, _ in client.arrived}
    assert kinds == {"receipt", "notice", "alert", "camera.turn", "clock.ack"}
    for _, envelope, _ in client.arrived:
        assert list(validator("envelope").iter_errors(envelope)) == []
        assert list(validator(f"messages/{envelope['type']}").iter_errors(envelope["data"])) == []

"""11.4: what a zone's operators see of its traffic."""

from collections.abc import Mapping
from typing import Any

from safezone_conformance.case import case
from safezone_conformance.hub_bench import SETUP_S, HubBench
from safezone_conformance.identity import raw_key
from safezone_conformance.town import Item, Maker, Town, lat_lon
from safezone_conformance.wire import encode, iso, seal, unix

from ._calls import incident_of, press_bell, press_tag
from ._wire import await_sample, good, sample_bytes, up

SOON_S = 5.0  # until counts and samples show: no limit of the standard, but patience
POLL_S = 0.1
SAMPLE_BYTES = 512


def two(m: Maker) -> list[Item]:
    """A second zone of the case's own, with a desk and a bell."""
    other = m.identity.id("z2")
    items = [
        m.zone() | {"id": other},
        m.desk("d2"),
        m.device("b2", "bell", placement=lat_lon(-100, 150)),
    ]
    return [i | {"zone": other} for i in items]


def get(t: HubBench, what: str, zone: str = "") -> Any:
    answer = t.http("GET", f"/v1/zones/{zone or t.zone}/{what}")
    t.given(answer.status == 200, f"GET {what}: {answer.status}")
    return answer.json


def in_other_zone(
    t: HubBench, principal: str, type_: str, data: Mapping[str, Any]
) -> tuple[str, dict[str, Any], bytes]:
    """A message of a principal of the second zone."""
    role, name = principal.split("/")
    source = f"{t.id('z2')}/{role}/{t.id(name)}"
    topic = f"safezone/v1/{t.id('z2')}/{role}/{t.id(name)}/up"
    return t.compose(principal, type_, data, topic=topic, source=source)


@case(
    "TC-HUB-OPS-01",
    ko="stats는 받은 것, 되풀이, 거부, 알림, 열린 사건의 수와 고장난 장치를 말한다",
    en="stats tells the numbers of accepted, duplicate and rejected, of notices and open incidents, and the faulty devices",
    verifies=["HUB-OPS-001"],
    town=Town(children=1, parts=("pole", "bell", "desk", "camera")),
    steps=[
        ("통계를 조회한다", "ask for the statistics"),
        ("상태 셋과 그 가운데 하나의 되풀이 둘, data가 틀린 것 하나, mac이 틀린 것 둘, t1의 호출 하나를 보낸다. camera의 상태는 tamper이다",
         "send three states and two repeats of one of them, one with wrong data, two with a wrong mac, and a call of t1; the state of the camera says tamper"),
        ("통계를 다시 조회한다", "ask for the statistics again"),
    ],
    criteria=[
        ("accepted, duplicate, rejected의 bad_data와 bad_mac, tag_call의 guardian과 desk, incidents_open이 그만큼 늘었다",
         "accepted, duplicate, bad_data and bad_mac of rejected, guardian and desk of tag_call and incidents_open have grown by as many"),
        ("devices_in_fault에 camera가 있고 상태가 성한 pole은 없다", "devices_in_fault has the camera, and not pole, which is well"),
    ],
)  # fmt: skip
def stats(t: HubBench) -> None:
    t.acks = False  # acks would be accepted too, and counted
    before = get(t, "stats")
    sent = [t.status("pole"), t.status("bell"), t.status("cam", tamper=True)]
    t.accepted(*sent)
    for _ in range(2):
        again = t.repeat(sent[0])
        t.given(t.receipt(again, SETUP_S, after=again.t) is not None, "the repeat is receipted")
    wrong = t.send("dev/pole", "device.status", {"online": "perhaps"})
    t.given(t.receipt(wrong, SETUP_S) is not None, "the message with wrong data is receipted")
    for _ in range(2):
        topic, _, payload = good(t)
        t.raw("dev/pole", topic, payload[:-10] + b"AAAAAAAA" + payload[-2:])
    press_tag(t)
    more = {
        "accepted": 4,
        "duplicate": 2,
        "bad_data": 1,
        "bad_mac": 2,
        "to guardians": 1,
        "to desks": 1,
        "open": 1,
    }
    found: dict[str, int] = {}
    until = t.line.stamp() + t.allowed(SOON_S)
    while True:
        now = get(t, "stats")
        found = {k: v - _counts(before)[k] for k, v in _counts(now).items()}
        if found == more or t.line.stamp() >= until:
            break
        t.await_all(t.line.stamp() + POLL_S)
    t.check("HUB-OPS-001", found == more, f"grown by {more}", found)
    faulty = now["devices_in_fault"]
    t.check("HUB-OPS-001", t.id("cam") in faulty and t.id("pole") not in faulty, "the camera among the faulty, pole not",
            [t.name(d) for d in faulty])  # fmt: skip


def _counts(body: Mapping[str, Any]) -> dict[str, int]:
    rejected, told = body["rejected"], body["notices"].get("tag_call", {})
    return {
        "accepted": body["accepted"], "duplicate": body["duplicate"], "bad_data": rejected.get("bad_data", 0),
        "bad_mac": rejected.get("bad_mac", 0), "to guardians": told.get("guardian", 0), "to desks": told.get("desk", 0),
        "open": body["incidents_open"],
    }  # fmt: skip


@case(
    "TC-HUB-OPS-02",
    ko="rejections는 새것부터, 받은 것의 앞 512바이트까지 준다",
    en="rejections gives the newest first, with up to the first 512 bytes of the payload",
    verifies=["HUB-OPS-002"],
    town=Town(children=0, parts=("pole",)),
    steps=[
        ("JSON이 아닌 짧은 것 셋을, 그 뒤 2000바이트인 것을 보낸다", "send three short payloads that are no JSON, then one of 2000 bytes"),
        ("GET rejections, GET rejections?limit=1을 부른다", "GET rejections, and GET rejections?limit=1"),
    ],
    criteria=[
        ("at이 새것부터이고, topic과 reason이 있으며, 긴 것의 bytes_b64는 그 앞부분으로 1~512바이트이다",
         "the newest at comes first, topic and reason are there, and bytes_b64 of the long one is its beginning, 1 to 512 bytes"),
        ("limit=1이면 그 가운데 가장 새로운 하나이다", "with limit=1 it is the newest of them"),
    ],
)  # fmt: skip
def rejections(t: HubBench) -> None:
    topic = up(t, "dev/pole")
    for n in range(3):
        payload = f"no json {n}".encode()
        t.given(await_sample(t, "dev/pole", topic, payload, [t.zone]) is not None, "the hub shows a sample")
    long = b"{" + b"x" * 1999
    row = await_sample(t, "dev/pole", topic, long, [t.zone])
    t.require("HUB-OPS-002", row is not None, "the long payload among the samples", "not there")
    assert row is not None
    shown = sample_bytes(row)
    t.check("HUB-OPS-002", long.startswith(shown) and 1 <= len(shown) <= SAMPLE_BYTES, "its first 1 to 512 bytes",
            f"{len(shown)} bytes, {shown[:20]!r}")  # fmt: skip
    t.check(
        "HUB-OPS-002", row["topic"] == topic and row["reason"] == "not_json", "its topic, and not_json", row
    )
    rows = get(t, "rejections?limit=100")["items"]
    times = [unix(r["at"]) for r in rows]
    t.check(
        "HUB-OPS-002", times == sorted(times, reverse=True), "the newest first", [r["at"] for r in rows][:6]
    )
    t.check("HUB-OPS-002", sample_bytes(rows[0]) == shown, "the last sent first", rows[0])
    one = get(t, "rejections?limit=1")["items"]
    t.check("HUB-OPS-002", len(one) == 1 and sample_bytes(one[0]) == shown, "the newest one", one)


@case(
    "TC-HUB-OPS-03",
    ko="incidents는 구역의 사건을 id, service, opened_at, linked, state와 함께 준다",
    en="incidents gives the incidents of the zone with id, service, opened_at, linked and state",
    verifies=["HUB-OPS-003"],
    town=Town(children=1, parts=("pole", "bell", "desk")),
    steps=[
        ("벨을 누르고, t1의 호출을 보낸다. 첫 사건을 종결한다", "press a bell, send a call of t1, and close the first incident"),
        ("GET incidents를 state 없이, closed와 all로 부른다", "GET incidents without state, with closed and with all"),
    ],
    criteria=[("열린 것은 둘째, 닫힌 것은 첫째, all은 둘 다이다. id는 경보의 incident이고 service와 opened_at은 경보의 것이다",
               "open is the second, closed the first, all both; id is incident of the alert, service and opened_at are those of the alert")],
)  # fmt: skip
def incidents(t: HubBench) -> None:
    bell = press_bell(t)
    call = press_tag(t)
    done = t.http("POST", f"/v1/incidents/{incident_of(bell)}/actions", json={"action": "resolve"})
    t.given(done.status == 200, f"resolve: {done.status}")
    first, second = incident_of(bell), incident_of(call)
    for query, wanted in (("", [second]), ("?state=closed", [first]), ("?state=all", [first, second])):
        found = {i["id"]: i for i in get(t, f"incidents{query}")["items"]}
        t.check("HUB-OPS-003", sorted(found) == sorted(wanted), f"incidents{query}: {wanted}", sorted(found))
    for alert, service, state in ((bell, "bell_call", "resolved"), (call, "tag_call", "open")):
        one = found.get(incident_of(alert), {})
        told = (one.get("service"), one.get("state"), isinstance(one.get("linked"), list))
        t.check("HUB-OPS-003", told == (service, state, True), f"{service}, {state}, linked", told)
        same = abs(unix(one.get("opened_at", iso(0))) - unix(alert.data["event_at"])) < 0.002
        t.check("HUB-OPS-003", same, f"opened_at {alert.data['event_at']}", one.get("opened_at"))


@case(
    "TC-HUB-OPS-04",
    ko="devices는 장치마다 마지막 상태, 시계 차이, 고장을 준다",
    en="devices gives last heartbeat, clock offset and faults of each device",
    verifies=["HUB-OPS-004"],
    needs=("device-health",),
    town=Town(children=0, parts=("pole", "bell", "camera")),
    steps=[
        ("pole은 40 s 빠른 시계로 상태를 세 번, bell은 stuck_button인 상태를 보낸다. cam은 아무것도 보내지 않는다",
         "pole sends three states by a clock 40 s fast, bell one with stuck_button; cam sends nothing"),
        ("GET devices를 부른다", "GET devices"),
    ],
    criteria=[
        ("pole: last_heartbeat는 방금, clock_offset_s는 40에 가깝고, 고장이 없다", "pole: last_heartbeat just now, clock_offset_s near 40, no faults"),
        ("bell: 고장에 stuck_button이 있다. cam: last_heartbeat와 clock_offset_s가 null이다",
         "bell: stuck_button among its faults; cam: last_heartbeat and clock_offset_s are null"),
    ],
)  # fmt: skip
def devices(t: HubBench) -> None:
    begun = t.now()
    t.accepted(*(t.status("pole", clock=t.now() + 40) for _ in range(3)), t.status("bell", stuck_button=True))
    rows = {t.name(d["id"]): d for d in get(t, "devices")["items"]}
    t.require("HUB-OPS-004", sorted(rows) == ["bell", "cam", "pole"], "pole, bell and cam", sorted(rows))
    pole, bell, cam = rows["pole"], rows["bell"], rows["cam"]
    heard = unix(pole["last_heartbeat"]) if pole["last_heartbeat"] else 0.0
    t.check(
        "HUB-OPS-004",
        begun - 2 <= heard <= t.now() + 42,
        "the last heartbeat of pole just now",
        pole["last_heartbeat"],
    )
    offset = pole["clock_offset_s"]
    near = isinstance(offset, int | float) and abs(offset - 40) <= 2 + t.allowed(0)
    t.check("HUB-OPS-004", near, "a clock 40 s fast", offset)
    t.check("HUB-OPS-004", pole["faults"] == [] and pole["type"] == "reader", "pole, a reader, is well", pole)
    t.check("HUB-OPS-004", "stuck_button" in bell["faults"], "stuck_button of bell", bell["faults"])
    never = (cam["last_heartbeat"], cam["clock_offset_s"])
    t.check("HUB-OPS-004", never == (None, None), "nothing heard of cam", never)


@case(
    "TC-HUB-OPS-05",
    ko="한 구역의 조회에 다른 구역의 것이 없다",
    en="The queries of a zone hold nothing of another zone",
    verifies=["HUB-OPS-005"],
    town=Town(children=1, parts=("pole", "bell", "desk"), extra=two),
    before=[("시험의 구역이 둘 있다", "the case has two zones of its own")],
    steps=[
        ("둘째 구역의 벨을 누르고, 둘째 구역에 JSON이 아닌 것을 보낸다", "press the bell of the second zone, and send there what is no JSON"),
        ("두 구역의 incidents, devices, rejections, stats, units를 조회한다", "ask both zones for incidents, devices, rejections, stats and units"),
    ],
    criteria=[("둘째 구역에는 있고, 첫 구역에는 하나도 없다", "it is in the second zone, and nothing of it in the first")],
)  # fmt: skip
def own_zone_only(t: HubBench) -> None:
    other = t.id("z2")
    topic, envelope, payload = in_other_zone(
        t, "dev/b2", "bell.pressed", {"press": 1, "pressed_at": iso(t.now())}
    )
    pressed = t.publish("dev/b2", topic, envelope, payload)
    until = pressed.t + SETUP_S
    while not get(t, "incidents", other)["items"] and t.line.stamp() < until:
        t.await_all(t.line.stamp() + POLL_S)
    seen = get(t, "incidents", other)["items"]
    t.given(len(seen) == 1, f"the press of the second zone opens an incident there: {len(seen)}")
    foreign = b"no json of the second zone"
    shown = await_sample(t, "dev/b2", topic, foreign, [other])
    t.given(shown is not None, "the second zone shows a sample")
    own = {
        "incidents": [i["id"] for i in get(t, "incidents?state=all")["items"]],
        "devices": [d["id"] for d in get(t, "devices")["items"] if t.name(d["id"]) == "b2"],
        "rejections": [r["topic"] for r in get(t, "rejections?limit=100")["items"]],
        "units": get(t, "units")["items"],
    }
    t.check(
        "HUB-OPS-005",
        not any(own.values()),
        "nothing of the second zone",
        {k: v for k, v in own.items() if v},
    )
    stats_ = get(t, "stats")
    counted = (
        stats_["incidents_open"],
        stats_["rejected"].get("not_json", 0),
        stats_["notices"].get("bell_call", {}),
    )
    t.check("HUB-OPS-005", counted == (0, 0, {}), "nothing of it counted", counted)
    there = [t.name(d["id"]) for d in get(t, "devices", other)["items"]]
    t.check("HUB-OPS-005", there == ["b2"], "b2 alone in the second zone", there)


@case(
    "TC-HUB-OPS-06",
    ko="등록되지 않은 구역의 메시지는 구역 «-»의 거부로 보인다",
    en="Rejections of messages that name no registered zone show as those of the zone «-»",
    verifies=["HUB-OPS-006"],
    town=Town(children=0, parts=("pole",)),
    steps=[
        ("등록되지 않은 구역의 토픽으로 온전한 메시지를 보낸다", "send a message that is in order on the topic of a zone that is not registered"),
        ("GET /v1/zones/-/rejections를 부른다", "GET /v1/zones/-/rejections"),
    ],
)  # fmt: skip
def no_zone(t: HubBench) -> None:
    nowhere = t.id("nowhere")
    topic = f"safezone/v1/{nowhere}/dev/{t.id('pole')}/up"
    _, envelope, _ = t.compose(
        "dev/pole", "device.status", good(t)[1]["data"], topic=topic, source=f"{nowhere}/dev/{t.id('pole')}"
    )
    payload = seal(raw_key(t.keys["dev/pole"]), topic, encode(envelope))
    found = await_sample(t, "dev/pole", topic, payload, ["-"])
    t.check("HUB-OPS-006", found is not None and found["topic"] == topic, "the message, by its topic", found)

"""3: topics and transport."""

from safezone_conformance.ambient import TOPIC
from safezone_conformance.case import case
from safezone_conformance.cases.hub._wire import (
    POLE,
    SPEAKING,
    Refusals,
    await_sample,
    everything_said,
    good,
    head_of,
    held,
    sealed,
    status_data,
)
from safezone_conformance.hub_bench import HubBench
from safezone_conformance.town import Town

MAX = 65536


@case(
    "TC-HUB-TOPIC-01",
    ko="허브의 모든 메시지는 받는 주체의 down 토픽에 QoS 1로, 허브의 source로, 64 KiB 안에서 간다",
    en="Everything the hub says goes to the recipient's topic down, at QoS 1, with the hub's source, within 64 KiB",
    verifies=["ALL-TOPIC-001", "ALL-TOPIC-004", "ALL-TOPIC-008", "ALL-TOPIC-009", "ALL-TOPIC-010"],
    town=SPEAKING,
    steps=[
        (
            "MQTT 3.1.1로만 접속한 채 태그 호출, 비상벨, 거부될 메시지를 보내고 사건을 끝낸다",
            "connected by MQTT 3.1.1 only, send a tag call, a bell call and a message to be refused, and end the incidents",
        ),
        ("훈련 시계가 있으면 틱을 하나 보낸다", "send a tick if there is an exercise clock"),
        (
            "온 수신증, 알림, 경보, 카메라 명령, clock.ack의 토픽과 QoS와 크기를 모두 본다",
            "look at topic, QoS and size of every receipt, notice, alert, camera command and clock.ack",
        ),
    ],
)
def hub_speaks_on_topics(t: HubBench) -> None:
    downs = everything_said(t)
    topics = [str(d.entry.content["topic"]) for d in downs]
    matches = [TOPIC.fullmatch(topic) for topic in topics]
    known = {n for n, d in enumerate(downs) if d.principal in t.keys and matches[n]}
    wrong = {n: topics[n] for n in range(len(downs)) if n not in known}
    held(t, "ALL-TOPIC-001", downs, wrong, "safezone/v1/{zone}/{role}/{id}/down of a registered principal")
    source = f"{t.zone}/hub/{t.settings.hub_id}"
    wrong = {
        n: str(d.envelope.get("source")) for n, d in enumerate(downs) if d.envelope.get("source") != source
    }
    held(t, "ALL-TOPIC-004", downs, wrong, f"source {source}")
    wrong = {n: f"QoS {d.entry.content['qos']}" for n, d in enumerate(downs) if d.entry.content["qos"] != 1}
    held(t, "ALL-TOPIC-009", downs, wrong, "QoS 1")
    wrong = {n: f"{len(d.payload)} bytes" for n, d in enumerate(downs) if len(d.payload) > MAX}
    held(t, "ALL-TOPIC-010", downs, wrong, f"at most {MAX} bytes")
    wanted = {"receipt", "notice", "alert"}
    came = {d.type for d in downs}
    t.check("ALL-TOPIC-008", wanted <= came, "receipts, notices and alerts over MQTT 3.1.1", sorted(came))


@case(
    "TC-HUB-TOPIC-02",
    ko="source가 토픽과 맞지 않으면 wrong_source로 거부한다",
    en="A source that does not fit its topic is refused as wrong_source",
    verifies=["HUB-TOPIC-005"],
    town=Town(children=0, parts=("pole", "bell")),
    steps=[
        (
            "리더기 pole의 토픽에, 다른 장치·다른 역할·다른 구역·허브의 source를 단 메시지를 pole의 키로 하나씩 보낸다",
            "on the topic of the reader pole, under its key, send messages with the source of another device, another "
            "role, another zone and the hub, one by one",
        ),
        ("보낼 때마다 구역의 통계를 본다", "look at the statistics of the zone after each"),
    ],
)
def wrong_source(t: HubBench) -> None:
    refusals = Refusals(t)
    for what, source in (
        ("another device's source", f"{t.zone}/dev/{t.id('bell')}"),
        ("another role", f"{t.zone}/desk/{t.id('pole')}"),
        ("another zone", f"{t.zone}x/dev/{t.id('pole')}"),
        ("the hub's source", f"{t.zone}/hub/{t.settings.hub_id}"),
    ):
        _, _, payload = good(t, source=source)
        refusals.hold("HUB-TOPIC-005", "wrong_source", what, payload)


@case(
    "TC-HUB-TOPIC-03",
    ko="규격 밖의 토픽은 bad_topic으로 거부하고, 허브는 계속 동작한다",
    en="A topic outside the standard is refused as bad_topic, and the hub goes on working",
    verifies=["HUB-TOPIC-006"],
    town=POLE,
    steps=[
        (
            "없는 역할, 대문자 역할, 65자 id, 붙임표로 시작하는 id, 역할 hub의 up 토픽에 메시지를 보낸다",
            "send messages on topics up with an unknown role, a role in capitals, an id of 65 characters, an id that "
            "begins with a hyphen, and the role hub",
        ),
        (
            "구역 또는 구역 «-»의 거부 표본에서 사유를 본다",
            "look for the reason in the samples of the zone or of the zone «-»",
        ),
        ("올바른 메시지를 보낸다", "send a message that is in order"),
    ],
)
def bad_topic(t: HubBench) -> None:
    t.must_survive("HUB-TOPIC-006")
    zone, id_ = t.zone, t.id("pole")
    for what, topic in (
        ("an unknown role", f"safezone/v1/{zone}/robot/{id_}/up"),
        ("a role in capitals", f"safezone/v1/{zone}/DEV/{id_}/up"),
        ("an id of 65 characters", f"safezone/v1/{zone}/dev/{'a' * 65}/up"),
        ("an id that begins with a hyphen", f"safezone/v1/{zone}/dev/-{id_}/up"),
        ("the role hub", f"safezone/v1/{zone}/hub/{t.settings.hub_id}/up"),
    ):
        _, _, payload = good(t, topic=topic)
        row = await_sample(t, "dev/pole", topic, payload, (zone, "-"))
        t.check("HUB-TOPIC-006", row is not None and row["reason"] == "bad_topic", f"{what}: refused as bad_topic",
                row["reason"] if row else "no sample of it")  # fmt: skip
    t.expect_receipt("HUB-TOPIC-006", t.status("pole"), "accepted")


@case(
    "TC-HUB-TOPIC-04",
    ko="65536바이트까지 받고, 그보다 크면 too_large로 거부하며 뒤의 메시지는 처리한다",
    en="65536 bytes are taken; one byte more is refused as too_large, and what follows is processed",
    verifies=["HUB-TOPIC-011", "HUB-TOPIC-012"],
    town=POLE,
    steps=[
        (
            "모르는 멤버로 채워 꼭 65536바이트인 device.status를 보낸다",
            "send a device.status padded by an unknown member to exactly 65536 bytes",
        ),
        ("65537바이트와 100000바이트인 것을 보낸다", "send one of 65537 bytes and one of 100000 bytes"),
        ("보통의 메시지를 보낸다", "send an ordinary one"),
    ],
)
def sizes(t: HubBench) -> None:
    def of_size(size: int) -> tuple[str, dict[str, object], bytes]:
        topic, envelope, payload = t.compose("dev/pole", "device.status", status_data(t, padding=""))
        envelope["data"]["padding"] = "x" * (size - len(payload))
        return topic, envelope, sealed(t, "dev/pole", head_of(envelope))

    topic, envelope, payload = of_size(MAX)
    t.given(len(payload) == MAX, "the payload has 65536 bytes")
    t.expect_receipt("HUB-TOPIC-011", t.publish("dev/pole", topic, envelope, payload), "accepted")
    refusals = Refusals(t)
    for size in (MAX + 1, 100_000):
        refusals.hold("HUB-TOPIC-012", "too_large", f"{size} bytes", of_size(size)[2])
    t.expect_receipt("HUB-TOPIC-012", t.status("pole"), "accepted")


@case(
    "TC-HUB-TOPIC-05",
    ko="허브는 보존(retain) 없이 보낸다: 나중에 구독하는 이에게 지난 메시지가 오지 않는다",
    en="The hub publishes without retain: who subscribes later is not sent what was said before",
    verifies=["ALL-TOPIC-013"],
    town=SPEAKING,
    steps=[
        (
            "허브가 수신증, 알림, 경보, 카메라 명령을 내게 한다",
            "make the hub send receipts, a notice, alerts and camera commands",
        ),
        ("같은 down 토픽을 다시 구독한다", "subscribe to the same topics down again"),
    ],
    criteria=[
        (
            "보존 표시가 있는 메시지가 하나도 오지 않는다.",
            "No message with the retain flag comes.",
        )
    ],
)
def nothing_retained(t: HubBench) -> None:
    said = everything_said(t)
    t.subscribe_again()
    t.accepted(t.status("pole"))
    t.await_all(t.line.stamp() + t.settings.absence_s)
    downs = t.downs(repeats=True)
    wrong = {n: "retained" for n, d in enumerate(downs) if d.entry.content.get("retain")}
    held(t, "ALL-TOPIC-013", downs, wrong, "no retain flag")
    t.given(len(downs) > len(said), "the new subscription is heard")

"""9.11: the emergency bell's call. The bell stands at (510, 0), the street reader pole at (500, 0)."""

from typing import Any

from safezone_conformance.case import case
from safezone_conformance.cases.hub._day import anew
from safezone_conformance.cases.hub.health import await_faults
from safezone_conformance.cases.hub.tag_call import expect_alert_of, no_more
from safezone_conformance.hub_bench import Down, HubBench
from safezone_conformance.town import Item, Maker, Town, metres

SERVICE = "bell_call"


def _readers(m: Maker) -> list[Item]:
    """A reader 25 m, and one 40 m from the bell."""
    return [m.reader("r25", "pole", (510.0, 25.0)), m.reader("r40", "pole", (510.0, 40.0))]


def _placed(alert: Down) -> bool:
    position = alert.data.get("position")
    if not isinstance(position, dict):
        return False
    x, y = metres(position["lat"], position["lon"])
    return abs(x - 510) < 2 and abs(y) < 2


@case(
    "TC-HUB-BELL-01",
    ko="비상벨의 누름은 5 s 안에 어린이 없이 장치와 자리를 담은 경보로 상황실에 간다",
    en="A press of a bell goes to the desk within 5 s as an alert without a child, with device and place",
    verifies=["HUB-BELL-012", "HUB-BELL-013", "HUB-BELL-014", "HUB-BELL-019", "HUB-BELL-020"],
    town=Town(parts=("pole", "bell", "desk")),
    steps=[
        ("가까이에 아무도 감지되지 않은 채 비상벨이 bell.pressed를 보낸다", "the bell sends bell.pressed while nobody was seen near it"),
        ("c1이 pole에서 감지된 뒤 비상벨이 새 누름을 보낸다", "c1 is seen at pole, and the bell sends a new press"),
    ],
    criteria=[
        ("두 경보 모두 5 s 안에 오고, child가 없고, device와 자리(510, 0)가 있다", "both alerts come within 5 s, without child, with device and the position (510, 0)"),
        ("첫 누름에는 보호자에게 아무것도 가지 않는다", "upon the first press nothing goes to a guardian"),
    ],
)  # fmt: skip
def pressed(t: HubBench) -> None:
    limit = t.limit(SERVICE)
    alone = t.bell_pressed("bell", 1)
    alerts = [t.expect_alert("HUB-BELL-012", SERVICE, device="bell", since=alone, within=3 * limit)]
    t.check(
        "HUB-BELL-013",
        alerts[0].t - alone.t <= limit,
        "the alert in time",
        f"{alerts[0].t - alone.t:.2f} s",
        within=limit,
        seen=alerts[0],
    )
    t.settle()
    notices = t.downs(type_="notice", where=t.about(SERVICE))
    t.check(
        "HUB-BELL-019",
        not notices,
        "nothing to a guardian when nobody is near",
        [n.principal for n in notices],
    )
    t.accepted(t.sighted("pole", "a", "t1", t.now() - 3))
    near = t.bell_pressed("bell", 2)
    alerts.append(
        t.expect_alert(
            "HUB-BELL-012", SERVICE, device="bell", since=near, where=lambda d: near.ref in d["evidence"]
        )
    )
    for alert in alerts:
        t.check("HUB-BELL-014", "child" not in alert.data, "no child", alert.data.get("child"), seen=alert)
        t.check(
            "HUB-BELL-014",
            _placed(alert),
            "the place of the bell as position",
            alert.data.get("position"),
            seen=alert,
        )
    shown = [
        {k: a.data.get(k) for k in ("service", "device", "position", "post", "child", "near")} for a in alerts
    ]
    t.check("HUB-BELL-020", shown[0] == shown[1], "the alert as with a subscriber near", shown[0])


@case(
    "TC-HUB-BELL-02",
    ko="(벨, press) 하나는 한 번의 호출이고, 다른 누름은 새 호출이다",
    en="One (bell, press) is one call, another press a new one",
    verifies=["HUB-BELL-015", "HUB-BELL-016"],
    town=Town(children=0, parts=("bell", "desk")),
    steps=[
        ("비상벨이 누름 4를 두 개의 메시지로 보낸다", "the bell sends press 4 in two messages"),
        ("이어서 누름 5를 보낸다", "then press 5"),
    ],
    criteria=[("누름마다 하나씩, 두 경보가 온다", "two alerts come, one for each press")],
)  # fmt: skip
def one_press(t: HubBench) -> None:
    now = t.now()
    first = t.bell_pressed("bell", 4, now - 3)
    alert = expect_alert_of(t, "HUB-BELL-015", first, SERVICE)
    t.accepted(t.bell_pressed("bell", 4, now - 3))
    new = t.bell_pressed("bell", 5, now)
    expect_alert_of(t, "HUB-BELL-016", new, SERVICE)
    no_more(t, "HUB-BELL-015", "no second alert of one press", alert.t, service=SERVICE)


@case(
    "TC-HUB-BELL-03",
    ko="누름 앞뒤 60 s 안에 벨에서 30 m 안에서 감지된 태그의 보호자만 «비상벨 호출 근처» 알림을 받는다",
    en="Guardians of tags sighted within 30 m and 60 s of a press, before or after, and no others, get a «near a bell call» notice",
    verifies=["HUB-BELL-017", "HUB-BELL-018", "HUB-BELL-019"],
    town=Town(children=5, parts=("pole", "bell", "desk"), extra=_readers),
    before=[("리더기 pole, r25, r40은 비상벨에서 10 m, 25 m, 40 m에 있다", "the readers pole, r25 and r40 stand 10 m, 25 m and 40 m from the bell")],
    steps=[
        ("c1은 누름의 50 s 전에 pole에서, c3은 10 s 전에 r40에서, c4는 90 s 전에 pole에서 감지된다",
         "c1 is seen at pole 50 s before the press, c3 at r40 10 s before, c4 at pole 90 s before"),
        ("비상벨이 60 s 전의 누름을 보낸다", "the bell sends a press of 60 s ago"),
        ("c2가 누름의 50 s 뒤에 r25에서 감지된다", "c2 is seen at r25 50 s after the press"),
    ],
    criteria=[
        ("g1과 g2만 near true이고 «비상벨 호출 근처», «near a bell call»이라는 말이 있는 알림을 받는다",
         "only g1 and g2 get a notice, with near true and the words «비상벨 호출 근처» and «near a bell call»"),
        ("c2의 알림은 그 감지가 온 뒤 5 s 안에 온다", "the notice about c2 comes within 5 s of that sighting"),
    ],
)  # fmt: skip
def near_bell(t: HubBench) -> None:
    press_at = t.now() - 60
    t.accepted(
        t.sighted("pole", "a", "t1", press_at - 50), t.sighted("r40", "a", "t3", press_at - 10), t.sighted("pole", "a", "t4", press_at - 90)
    )  # fmt: skip
    press = t.bell_pressed("bell", 1, press_at)
    expect_alert_of(t, "HUB-BELL-017", press, SERVICE)
    notices = [t.expect_notice("HUB-BELL-017", "g1", SERVICE, child="c1", since=press)]
    after = t.sighted("r25", "a", "t2", press_at + 50)
    notices.append(t.expect_notice("HUB-BELL-017", "g2", SERVICE, child="c2", since=after))
    for notice in notices:
        t.check(
            "HUB-BELL-018", notice.data.get("near") is True, "near true", notice.data.get("near"), seen=notice
        )
        text = notice.data["text"]
        worded = "비상벨 호출 근처" in text["ko"] and "near a bell call" in text["en"].lower()
        t.check("HUB-BELL-018", worded, "worded «near a bell call»", text, seen=notice)
    t.expect_none(
        "HUB-BELL-019",
        type_="notice",
        after=press,
        where=anew(t.about(SERVICE)),
        limit=t.limit(SERVICE),
        expected="no other guardian is told",
    )


@case(
    "TC-HUB-BELL-04",
    ko="stuck_button, tamper, 실패한 자가 시험은 호출이 아니라 장치의 고장으로 보인다",
    en="stuck_button, tamper and a failed self-test show as device faults, not as emergency calls",
    verifies=["HUB-BELL-021"],
    needs=["device-health"],
    town=Town(children=0, parts=("bell", "desk")),
    rows={
        "stuck_button": {"fault": "stuck_button", "status": {"stuck_button": True}},
        "tamper": {"fault": "tamper", "status": {"tamper": True}},
        "self_test": {"fault": "self_test", "status": {"self_test": "failed"}},
    },
    steps=[
        ("비상벨이 그 고장을 담은 device.status를 보낸다", "the bell sends device.status with that fault"),
        ("장치 조회를 본다", "the device query is looked at"),
        ("비상벨이 bell.pressed를 보낸다", "the bell sends bell.pressed"),
    ],
    criteria=[("고장이 장치 조회에 보이고, 경보는 누름의 것 하나뿐이다", "the fault shows in the device query, and the only alert is that of the press")],
)  # fmt: skip
def faults(t: HubBench, fault: str, status: dict[str, Any]) -> None:
    sent = t.status("bell", **status)
    t.accepted(sent)
    row = await_faults(t, "bell", {fault})
    t.check("HUB-BELL-021", fault in row.get("faults", []), f"the fault {fault}", row)
    press = t.bell_pressed("bell", 1)
    expect_alert_of(t, "HUB-BELL-021", press, SERVICE)
    no_more(t, "HUB-BELL-021", "no emergency call of a fault", sent.t, service=SERVICE)

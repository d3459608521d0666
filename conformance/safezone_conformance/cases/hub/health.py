"""12.1: health of devices; and 8.2: tags that are nobody's."""

from collections.abc import Mapping
from typing import Any

from safezone_conformance.case import case
from safezone_conformance.hub_bench import HubBench
from safezone_conformance.town import Town, metres

HEARTBEAT_S = 600.0


def health_of(t: HubBench, device: str) -> Mapping[str, Any]:
    """The row of a device in the device query; empty if it has none."""
    answer = t.http("GET", f"/v1/zones/{t.zone}/devices")
    rows = answer.json["items"] if answer.status == 200 and isinstance(answer.json, dict) else []
    row: Mapping[str, Any] = next((r for r in rows if r["id"] == t.id(device)), {})
    return row


def await_faults(t: HubBench, device: str, wanted: set[str]) -> Mapping[str, Any]:
    """The device's row once it shows these faults, at the latest after a while."""
    until = t.line.stamp() + t.allowed(3.0)
    row = health_of(t, device)
    while not wanted <= set(row.get("faults", [])) and t.line.stamp() < until:
        t.await_all(t.line.stamp() + 0.2)
        row = health_of(t, device)
    return row


@case(
    "TC-HUB-STATUS-01",
    ko="마지막 device.status에서 600 s가 지나면 고장으로 보이고, 다시 오면 없어진다",
    en="A device is shown as faulty once 600 s have passed since its last device.status, and no longer when it comes again",
    verifies=["HUB-STATUS-009", "HUB-STATUS-010"],
    needs=("device-health",),
    town=Town(children=0, parts=("pole", "bell")),
    slow_s=620.0,
    steps=[
        ("리더기 pole이 device.status를 보낸다", "the reader pole sends device.status"),
        (
            "590 s가 지나기까지와 610 s가 지난 뒤에 장치 조회를 본다(훈련 시계가 있으면 그 시각으로)",
            "look at the device query when 590 s, and when 610 s have passed (by the exercise clock if there is one)",
        ),
        (
            "다시 device.status를 보내고 장치 조회를 본다",
            "send device.status again and look at the device query",
        ),
    ],
)
def heartbeat(t: HubBench) -> None:
    flow = t.flow()

    def beat() -> None:
        t.accepted(t.status("pole", clock=flow.now, exercise=flow.exercise))

    beat()
    flow.by(HEARTBEAT_S - 10.0)
    row = health_of(t, "pole")
    t.check("HUB-STATUS-009", "heartbeat_missing" not in row.get("faults", []), "no fault before 600 s", row)
    flow.by(20.0)
    row = await_faults(t, "pole", {"heartbeat_missing"})
    t.check(
        "HUB-STATUS-009", "heartbeat_missing" in row.get("faults", []), "heartbeat_missing after 600 s", row
    )
    beat()
    row = health_of(t, "pole")
    t.check(
        "HUB-STATUS-010", bool(row) and "heartbeat_missing" not in row["faults"], "the fault is gone", row
    )


@case(
    "TC-HUB-STATUS-02",
    ko="tamper, stuck_button, self_test failed, mains false가 장치 조회에 고장으로 보인다",
    en="tamper, stuck_button, self_test failed and mains false show as faults in the device query",
    verifies=["HUB-STATUS-011"],
    needs=("device-health",),
    town=Town(children=0, parts=("pole", "bell", "camera")),
    steps=[
        ("세 장치가 고장 없는 device.status를 보낸다", "three devices send device.status without a fault"),
        (
            "비상벨이 stuck_button과 self_test failed와 mains false를, 리더기가 tamper를 알린다",
            "the bell reports stuck_button, self_test failed and mains false, the reader tamper",
        ),
        ("장치 조회를 본다", "look at the device query"),
    ],
    criteria=[
        (
            "알린 고장만 그 장치에 보인다.",
            "The faults that were reported show with the device that reported them, and no other.",
        )
    ],
)
def faults(t: HubBench) -> None:
    words = {"tamper", "stuck_button", "self_test", "mains"}
    for device in ("pole", "bell", "cam"):
        t.accepted(t.status(device, tamper=False, mains=True, self_test="passed"))
        row = health_of(t, device)
        t.check(
            "HUB-STATUS-011",
            not words & set(row.get("faults", ["none shown"])),
            f"{device}: none of these faults",
            row,
        )
    t.accepted(
        t.status("bell", stuck_button=True, self_test="failed", mains=False), t.status("pole", tamper=True)
    )
    for device, wanted in (
        ("bell", {"stuck_button", "self_test", "mains"}),
        ("pole", {"tamper"}),
        ("cam", set()),
    ):
        row = await_faults(t, device, wanted)
        shown = words & set(row.get("faults", []))
        t.check(
            "HUB-STATUS-011", bool(row) and shown == wanted, f"{device}: {sorted(wanted) or 'no fault'}", row
        )


@case(
    "TC-HUB-STATUS-03",
    ko="장치의 고장은 어린이에 관한 알림을 만들지 않는다",
    en="A fault of a device makes no notice about a child",
    verifies=["HUB-STATUS-012"],
    needs=("everyday",),
    town=Town(children=1, parts=("school", "pole", "desk")),
    steps=[
        ("어린이가 학교에 있게 한다", "put the child in school"),
        (
            "학교의 리더기와 문, 어린이의 전화기가 모든 고장과 online false를 알린다",
            "the school's reader and gate and the child's phone report every fault, and online false",
        ),
        (
            "알림과 경보를 본다. 그 뒤 태그 호출은 알려진다",
            "look at notices and alerts; a tag call after that is told",
        ),
    ],
)
def no_notice(t: HubBench) -> None:
    arrived = t.sighted("is", "a", "t1", t.now() - 5)
    told = t.about("school_arrival")
    notice = t.await_one(
        lambda s: t.is_down(s, "guardian/g1", "notice", told), arrived.t + t.limit("school_arrival")
    )
    t.given(notice is not None, "the arrival is told")
    t.settle()  # the exit from home that goes with it
    bad: dict[str, Any] = {
        "tamper": True,
        "stuck_button": True,
        "self_test": "failed",
        "mains": False,
        "battery_pct": 1,
    }
    sent = [t.status(device, **bad) for device in ("is", "gs", "gh1", "p1")]
    sent += [t.status(device, online=False, **bad) for device in ("is", "gs", "gh1", "p1")]
    t.accepted(*sent)
    t.expect_none(
        "HUB-STATUS-012",
        type_="notice",
        after=sent[0],
        limit=t.limit("tag_silent"),
        expected="no notice of a fault",
    )
    t.expect_none("HUB-STATUS-012", type_="alert", after=sent[0], limit=t.limit("tag_silent"),
                  where=lambda d: "child" in d, expected="no alert about a child")  # fmt: skip
    call = t.tag_called("pole", "t1", 1)
    t.expect_notice("HUB-STATUS-012", "g1", "tag_call", since=call, within=3 * t.limit("tag_call"))


@case(
    "TC-HUB-STATUS-04",
    ko="장치 조회는 배터리, 고정 장치의 자리, 카메라의 프리셋을 말한다",
    en="The device query tells the battery, the place of a fixed device, and the preset of a camera",
    verifies=["HUB-OPS-010"],
    town=Town(children=1, parts=("pole", "camera")),
    steps=[
        (
            "cam이 battery_pct 81, 이어서 42인 device.status와 preset이 w, 이어서 e인 camera.state를 보낸다. 전화기 p1은 battery_pct 17을 알린다",
            "cam sends device.status with battery_pct 81, then 42, and camera.state with the preset w, then e; the phone p1 reports battery_pct 17",
        ),
        ("장치 조회를 본다", "look at the device query"),
    ],
    criteria=[
        (
            "cam은 battery_pct 42, preset e이고 자리는 (520, 0) m이다. pole은 자리가 있고 preset은 없다. p1은 battery_pct 17이고 자리가 없다.",
            "cam has battery_pct 42, preset e and the place (520, 0) m; pole has its place and no preset; p1 has battery_pct 17 and no place.",
        )
    ],
)
def what_a_map_needs(t: HubBench) -> None:
    for battery, preset in ((81, "w"), (42, "e")):
        beat = t.status("cam", battery_pct=battery)
        t.accepted(beat, t.send("dev/cam", "camera.state", {"preset": preset, "bearing_deg": 90}))
    t.accepted(t.status("p1", battery_pct=17), t.status("pole"))
    camera, pole, phone = (health_of(t, device) for device in ("cam", "pole", "p1"))
    told = (camera.get("battery_pct"), camera.get("preset"), pole.get("preset"), phone.get("battery_pct"))
    t.check("HUB-OPS-010", told == (42, "e", None, 17), "battery 42, preset e; no preset; battery 17", told)
    for row, x in ((camera, 520.0), (pole, 500.0)):
        at = metres(row.get("lat", 0.0), row.get("lon", 0.0))
        t.check("HUB-OPS-010", abs(at[0] - x) < 2 and abs(at[1]) < 2, f"the place ({x:.0f}, 0) m", at)
    t.check("HUB-OPS-010", "lat" not in phone and "lon" not in phone, "no place of a phone", sorted(phone))


@case(
    "TC-HUB-TAG-21",
    ko="누구에게도 묶이지 않은 태그의 tag.sighted를 받고 아무에게도 알리지 않는다",
    en="tag.sighted of a tag bound to nobody is accepted, and nobody is told",
    verifies=["HUB-TAG-012"],
    needs=("everyday",),
    town=Town(children=1, parts=("school", "desk"), extra=lambda m: [m.device("spare", "tag")]),
    steps=[
        (
            "학교 안의 리더기 is가 등록만 된 태그 spare와 등록되지 않은 태그의 tag.sighted(시작과 끝)를 보낸다",
            "the reader is inside the school sends tag.sighted (start and end) of the tag spare, which is registered only, and "
            "of a tag that is not registered",
        ),
        (
            "이어서 어린이 c1의 태그 t1의 tag.sighted를 보낸다",
            "then tag.sighted of t1, the tag of the child c1",
        ),
    ],
    criteria=[
        (
            "모두 받아들여지고, t1의 것만 알려진다.",
            "All are accepted; only that of t1 is told.",
        )
    ],
)
def nobodys_tag(t: HubBench) -> None:
    now = t.now()
    sent = []
    for tag in ("spare", "stray"):
        sent += [
            t.sighted("is", "a", tag, now - 30, stay=f"s-{tag}"),
            t.sighted("is", "a", tag, now - 30, now - 10, stay=f"s-{tag}"),
        ]
    for message in sent:
        t.expect_receipt("HUB-TAG-012", message, "accepted")
    for kind in ("notice", "alert"):
        t.expect_none(
            "HUB-TAG-012",
            type_=kind,
            after=sent[0],
            limit=t.limit("school_arrival"),
            expected=f"no {kind} about a tag of nobody",
        )
    seen = t.sighted("is", "a", "t1", now - 5)
    t.expect_notice("HUB-TAG-012", "g1", "school_arrival", child="c1", since=seen)


@case(
    "TC-HUB-TAG-22",
    ko="등록되지 않은 안테나의 tag.sighted를 받고 근거로 쓰지 않는다",
    en="tag.sighted at an antenna that is not registered is accepted, and evidence of nothing",
    verifies=["HUB-TAG-017"],
    needs=("everyday",),
    town=Town(children=1, parts=("school", "desk")),
    steps=[
        (
            "학교 안의 리더기 is가 등록되지 않은 안테나 roof에서 t1을 보았다고, 이어서 안테나 a에서 보았다고 보낸다",
            "the reader is inside the school sends that it saw t1 at the antenna roof, which is not registered, and then at the antenna a",
        ),
    ],
    criteria=[
        (
            "둘 다 받아들여지고 등교는 뒤의 것에만 알린다.",
            "Both are accepted; the arrival is told upon the latter only.",
        )
    ],
)
def unknown_antenna(t: HubBench) -> None:
    now = t.now()
    stray = t.sighted("is", "roof", "t1", now - 30, now - 25)
    t.expect_receipt("HUB-TAG-017", stray, "accepted")
    t.expect_none(
        "HUB-TAG-017",
        type_="notice",
        after=stray,
        limit=t.limit("school_arrival"),
        expected="nothing upon an antenna that is not registered",
    )
    seen = t.sighted("is", "a", "t1", now - 5)
    notice = t.expect_notice("HUB-TAG-017", "g1", "school_arrival", child="c1", since=seen)
    cited = stray.ref in notice.data.get("evidence", [])
    t.check("HUB-TAG-017", not cited, "the stray stay is no evidence", dict(notice.data), seen=notice)

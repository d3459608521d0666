"""6: clocks of devices, late events, events in the future."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from safezone_conformance.case import case
from safezone_conformance.cases.hub.health import health_of
from safezone_conformance.hub_bench import Down, HubBench
from safezone_conformance.town import WEEKDAYS, Town, lat_lon
from safezone_conformance.wire import iso, unix

CALL = Town(children=1, parts=("pole", "bell", "desk"))
TOLERANCE_S = 2.0  # of an estimate of the clock: what a message may be under way
# One for each hour of the day, so that somewhere it is noon.
CITIES = (
    "Pacific/Auckland", "Pacific/Noumea", "Australia/Brisbane", "Asia/Seoul", "Asia/Shanghai", "Asia/Bangkok", "Asia/Dhaka",
    "Asia/Karachi", "Asia/Dubai", "Africa/Nairobi", "Africa/Johannesburg", "Africa/Lagos", "Africa/Abidjan", "Atlantic/Cape_Verde",
    "Atlantic/South_Georgia", "America/Sao_Paulo", "America/Caracas", "America/Bogota", "America/Costa_Rica", "America/Phoenix",
    "Pacific/Pitcairn", "Pacific/Gambier", "Pacific/Honolulu", "Pacific/Pago_Pago",
)  # fmt: skip


def _at(down: Down) -> float:
    return unix(str(down.data["event_at"]))


@case(
    "TC-HUB-TIME-01",
    ko="장치 시계의 오차를 device.status로 추정하여 장치 조회에 보이고, 사건의 시각을 그만큼 고친다",
    en="The offset of a device's clock is estimated from device.status, shown in the device query, and taken off the time of "
    "the event",
    verifies=["HUB-TIME-004", "HUB-TIME-005", "HUB-TIME-006"],
    needs=("device-health",),
    town=CALL,
    steps=[
        (
            "시계가 900 s 앞선 리더기 pole과 3600 s 뒤진 비상벨 bell이 device.status를 네 번씩 보낸다",
            "the reader pole, whose clock is 900 s ahead, and the bell, 3600 s behind, send device.status four times each",
        ),
        ("장치 조회를 본다", "look at the device query"),
        (
            "pole이 tag.called를, bell이 bell.pressed를 자기 시계의 시각으로 보낸다",
            "pole sends tag.called and the bell bell.pressed, at the time of their own clocks",
        ),
    ],
    criteria=[
        (
            "clock_offset_s가 900과 -3600이고(망 지연과 2 s의 허용), event_at이 참된 시각이며, clock_suspect도 late도 없다.",
            "clock_offset_s is 900 and -3600 (2 s and the delay of the network allowed), event_at is the true time, and neither "
            "clock_suspect nor late is flagged.",
        )
    ],
)
def offset(t: HubBench) -> None:
    clocks = {"pole": 900.0, "bell": -3600.0}
    for _ in range(4):
        t.accepted(*[t.status(device, clock=t.now() + off) for device, off in clocks.items()])
    tolerance = t.allowed(TOLERANCE_S)
    for device, off in clocks.items():
        row = health_of(t, device)
        found = row.get("clock_offset_s")
        t.require(
            "HUB-TIME-006",
            isinstance(found, int | float),
            f"{device}: clock_offset_s in the device query",
            row,
        )
        t.check(
            "HUB-TIME-004",
            abs(float(found or 0) - off) <= tolerance,
            f"{device}: an offset of {off:.0f} s",
            found,
        )
    now = t.now()
    call = t.tag_called("pole", "t1", 1, now + 900, time=iso(now + 900))
    press = t.bell_pressed("bell", 1, now - 3600, time=iso(now - 3600))
    for told in (
        t.expect_alert("HUB-TIME-005", "tag_call", child="c1", since=call, within=3 * t.limit("tag_call")),
        t.expect_notice(
            "HUB-TIME-005", "g1", "tag_call", child="c1", since=call, within=3 * t.limit("tag_call")
        ),
        t.expect_alert(
            "HUB-TIME-005", "bell_call", device="bell", since=press, within=3 * t.limit("bell_call")
        ),
    ):
        t.check(
            "HUB-TIME-005",
            abs(_at(told) - now) <= tolerance,
            f"event_at {iso(now)}",
            told.data["event_at"],
            seen=told,
        )
        flags = sorted({"late", "clock_suspect"} & set(told.data.get("flags", [])))
        t.check(
            "HUB-TIME-005",
            not flags,
            "judged by the corrected time: neither late nor clock_suspect",
            flags,
            seen=told,
        )


@case(
    "TC-HUB-TIME-02",
    ko="되풀이되거나 늦게 온 device.status는 시계 오차를 흐리지 않는다",
    en="A device.status that was repeated or came late does not spoil the offset",
    verifies=["HUB-TIME-007"],
    needs=("device-health",),
    town=CALL,
    steps=[
        ("시계가 40 s 앞선 리더기 pole이 device.status를 다섯 번 보낸다", "the reader pole, whose clock is 40 s ahead, sends device.status five times"),
        (
            "그 가운데 첫 것을 되풀이하고, 1시간 전과 20분 전에 만들어져 쌓여 있던 device.status를 보낸다",
            "the first of them is repeated, and device.status made an hour and 20 minutes ago, which had been waiting, come in",
        ),
        (
            "연결이 한 시간 끊겼던 것처럼, 60 s마다 만들어진 device.status 스무 개를 한꺼번에 보낸다. queue_depth는 1부터 20이다",
            "as after an hour without network, twenty device.status made every 60 s come at once, their queue_depth from 1 to 20",
        ),
        ("장치 조회를 보고, tag.called를 장치 시각으로 보낸다", "look at the device query, and send tag.called at the device's time"),
    ],
    criteria=[("오차는 그대로 40 s이다(망 지연과 2 s의 허용).", "The offset is still 40 s (2 s and the delay of the network allowed).")],
)  # fmt: skip
def offset_unspoilt(t: HubBench) -> None:
    good = [t.status("pole", clock=t.now() + 40.0) for _ in range(5)]
    t.accepted(*good)
    t.accepted(t.repeat(good[0]))
    late = [
        t.status("pole", clock=t.now() + 40.0 - 3600, queue_depth=12),
        t.status("pole", clock=t.now() + 40.0 - 1200),
    ]
    late += [t.status("pole", clock=t.now() + 40.0 - 60 * (20 - n), queue_depth=n + 1) for n in range(20)]
    t.accepted(*late)
    tolerance = t.allowed(TOLERANCE_S)
    row = health_of(t, "pole")
    found = row.get("clock_offset_s")
    ok = isinstance(found, int | float) and abs(found - 40.0) <= tolerance
    t.check("HUB-TIME-007", ok, "an offset of 40 s", row)
    now = t.now()
    call = t.tag_called("pole", "t1", 1, now + 40, time=iso(now + 40))
    alert = t.expect_alert("HUB-TIME-007", "tag_call", since=call, within=3 * t.limit("tag_call"))
    t.check(
        "HUB-TIME-007",
        abs(_at(alert) - now) <= tolerance,
        f"event_at {iso(now)}",
        alert.data["event_at"],
        seen=alert,
    )


@case(
    "TC-HUB-TIME-03",
    ko="하루의 때와 등교일은 구역의 시간대로 판단한다: 학교 시간의 위치 조회",
    en="The time of day and school days are judged in the time zone of the zone: queries of the school in school hours",
    verifies=["HUB-TIME-013"],
    needs=("location", "tokens"),
    town=Town(
        children=1,
        parts=("school",),
        extra=lambda m: [m.other("staff", "s1", name="교직원", nature="simulated")],
    ),
    steps=[
        (
            "지금 한낮인 도시의 시간대와, 그곳의 오늘만 등교일인 달력으로 구역을 등록하고, 학교가 어린이의 위치를 묻는다",
            "register the zone with the time zone of a city where it is noon now, and a calendar with that day as the only "
            "school day; the school asks for the child's position",
        ),
        (
            "같은 달력에 지금 자정께인 도시의 시간대로 등록하고 다시 묻는다",
            "register it with the time zone of a city where it is about midnight, the calendar the same, and ask again",
        ),
        (
            "한낮인 도시에서 그 전날만 등교일인 달력으로 등록하고 다시 묻는다",
            "register it with noon again and only the day before as a school day, and ask again",
        ),
    ],
    criteria=[("차례로 200, 403, 403이다.", "The answers are 200, 403 and 403, in this order.")],
)
def school_hours(t: HubBench) -> None:
    now = t.now()
    hours = {city: datetime.fromtimestamp(now, ZoneInfo(city)) for city in CITIES}
    noon = min(CITIES, key=lambda c: abs(hours[c].hour * 60 + hours[c].minute - 720))
    night = min(
        CITIES,
        key=lambda c: min(
            (hours[c].hour * 60 + hours[c].minute) % 1440, -(hours[c].hour * 60 + hours[c].minute) % 1440
        ),
    )
    today = WEEKDAYS[hours[noon].weekday()]
    before = WEEKDAYS[(hours[noon].weekday() - 1) % 7]
    t.accepted(t.located("p1", 600.0, 0.0, now - 5))
    who = t.login("school/s1")
    for city, day, status in ((noon, today, 200), (night, today, 403), (noon, before, 403)):
        t.put(t.make.zone(calendar={"weekdays": [day]}) | {"timezone": city})
        answer = t.http("GET", f"/v1/children/{t.id('c1')}/position", who=who)
        t.check("HUB-TIME-013", answer.status == status, f"{hours[city]:%a %H:%M} in {city}, {day} a school day: {status}",
                f"{answer.status} {answer.title}", seen=answer.entry)  # fmt: skip


@case(
    "TC-HUB-TIME-04",
    ko="미등교는 구역의 시간대의 날과 시각으로 판단한다",
    en="not_arrived is judged by day and time in the time zone of the zone",
    verifies=["HUB-TIME-013"],
    needs=("everyday", "exercise-clock"),
    town=Town(children=1, parts=("school", "desk"), zone={"timezone": "America/Los_Angeles"}),
    before=[
        (
            "구역의 시간대는 America/Los_Angeles이고 그곳의 오늘만 등교일이며, not_arrived_after는 09:10이다",
            "the zone is in America/Los_Angeles, where only today is a school day, and not_arrived_after is 09:10",
        )
    ],
    steps=[
        (
            "훈련 시계를 그곳의 09:08에 맞추고 09:09:30까지 보낸다",
            "set the exercise clock to 09:08 there and go on to 09:09:30",
        ),
        ("09:11까지 보낸다", "go on to 09:11"),
    ],
    criteria=[("미등교 알림은 09:10 뒤에 비로소 온다.", "The notice not_arrived comes only after 09:10.")],
)
def not_arrived(t: HubBench) -> None:
    city = ZoneInfo("America/Los_Angeles")
    today = datetime.fromtimestamp(t.now(), city).replace(hour=9, minute=8, second=0, microsecond=0)
    t.put(
        t.make.zone(calendar={"weekdays": [WEEKDAYS[today.weekday()]]}) | {"timezone": "America/Los_Angeles"}
    )
    flow = t.flow(today.timestamp())
    for device in ("gs", "is"):
        t.accepted(t.status(device, clock=flow.now, exercise=flow.exercise))
    flow.by(90.0)
    early = t.downs("guardian/g1", "notice", t.about("not_arrived"))
    t.check(
        "HUB-TIME-013",
        not early,
        "nothing before 09:10 of the zone",
        len(early),
        seen=early[0] if early else None,
    )
    flow.by(90.0)
    t.expect_notice(
        "HUB-TIME-013",
        "g1",
        "not_arrived",
        child="c1",
        since=t.line.stamp() - 5.0,
        within=5.0 + t.limit("tag_call"),
    )


@case(
    "TC-HUB-TIME-05",
    ko="같은 순간은 어떤 오프셋으로 쓰든 같게 다룬다",
    en="One instant is treated the same, whatever the offset it is written with",
    verifies=["HUB-TIME-014"],
    needs=("location",),
    town=CALL,
    steps=[
        (
            "pressed_at을 Z, +09:00, -09:30, +14:00으로 쓴 tag.called를 보낸다",
            "send tag.called with pressed_at written with Z, +09:00, -09:30 and +14:00",
        ),
        (
            "fixed_at이 더 나중인 순간을 -11:00으로 쓴 위치를, 더 이른 순간을 +13:00으로 쓴 위치보다 먼저 보낸다",
            "send a position whose later fixed_at is written with -11:00, then one whose earlier fixed_at is written with +13:00",
        ),
        (
            "clock을 +05:45로 쓴 device.status를 보낸다",
            "send device.status whose clock is written with +05:45",
        ),
    ],
    criteria=[
        (
            "event_at이 그 순간들이고, 위치는 나중 것이며, 시계 오차는 0이다(망 지연과 2 s의 허용).",
            "event_at is those instants, the position is that of the later one, and the clock's offset is 0 (2 s and the delay of "
            "the network allowed).",
        )
    ],
)
def offsets_of_writing(t: HubBench) -> None:
    def written(at: float, hours: float) -> str:
        return (datetime.fromtimestamp(at, ZoneInfo("UTC")) + timedelta(hours=hours)).isoformat(
            timespec="milliseconds"
        )[:23]

    began = round(t.now(), 3) - 20
    for n, (hours, suffix) in enumerate(((0.0, "Z"), (9.0, "+09:00"), (-9.5, "-09:30"), (14.0, "+14:00"))):
        at = began + n
        data = {"tag": t.id("t1"), "press": n + 1, "pressed_at": written(at, hours) + suffix}
        call = t.send("dev/pole", "tag.called", data, time=written(at, hours) + suffix)
        alert = t.expect_alert("HUB-TIME-014", "tag_call", since=call, within=3 * t.limit("tag_call"))
        t.check("HUB-TIME-014", abs(_at(alert) - at) < 0.01, f"event_at {iso(at)} for {data['pressed_at']}", alert.data["event_at"],
                seen=alert)  # fmt: skip
    for x, at, hours, suffix in ((300.0, began, -11.0, "-11:00"), (700.0, began - 60, 13.0, "+13:00")):
        data = {
            **lat_lon(x, 0.0),
            "accuracy_m": 10,
            "fix_source": "gps",
            "fixed_at": written(at, hours) + suffix,
            "moving": True,
        }
        t.accepted(t.send("dev/p1", "phone.located", data))
    position = t.http("GET", f"/v1/children/{t.id('c1')}/position")
    ok = (
        position.status == 200
        and abs(unix(position.json["at"]) - began) < 1.0
        and position.json["basis"] == "phone"
    )
    t.check("HUB-TIME-014", ok, "the position of the later instant", position.json, seen=position.entry)
    now = t.now()
    t.accepted(
        t.send(
            "dev/bell",
            "device.status",
            {"online": True, "clock": written(now, 5.75) + "+05:45", "interval_s": 60, "queue_depth": 0},
        )
    )
    found = health_of(t, "bell").get("clock_offset_s")
    ok = isinstance(found, int | float) and abs(found) <= t.allowed(TOLERANCE_S)
    t.check("HUB-TIME-014", ok, "an offset of 0 s", found)


@case(
    "TC-HUB-TIME-06",
    ko="먼 미래의 시각을 단 사건을 받아 두고 clock_suspect로 표시하며, 긴급을 늦추지 않는다. 늦게 온 호출도 알린다",
    en="An event far in the future is kept and flagged clock_suspect, and delays no emergency; a call that comes late is alerted",
    verifies=["HUB-TIME-008", "HUB-TIME-009", "HUB-TIME-010", "HUB-TIME-012", "HUB-TIME-017"],
    town=CALL,
    steps=[
        (
            "전화기 p1이 두 시간 뒤의 fixed_at을 단 위치를 보낸다",
            "the phone p1 sends a position whose fixed_at is two hours ahead",
        ),
        (
            "리더기 pole이 하루 뒤의 pressed_at을 단 tag.called를, 비상벨이 한 시간 뒤의 bell.pressed를 보낸다",
            "the reader pole sends tag.called pressed a day ahead, the bell bell.pressed an hour ahead",
        ),
        ("여섯 시간 전에 눌린 tag.called를 보낸다", "send a tag.called that was pressed six hours ago"),
    ],
)
def future_and_late(t: HubBench) -> None:
    now = t.now()
    ahead = t.located("p1", 444.0, 0.0, now + 7200)
    t.expect_receipt("HUB-TIME-008", ahead, "accepted")
    path = t.http("GET", f"/v1/children/{t.id('c1')}/path?from={iso(now - 600)}&to={iso(now + 10000)}")
    lon = lat_lon(444.0, 0.0)["lon"]
    kept = path.status == 200 and any(abs(p["lon"] - lon) < 1e-5 for p in path.json["points"])
    t.check("HUB-TIME-008", kept, "the position is kept", path.json, seen=path.entry)
    call = t.tag_called("pole", "t1", 1, now + 86400)
    press = t.bell_pressed("bell", 1, now + 3600)
    t.expect_receipt("HUB-TIME-008", call, "accepted")
    for told in (
        t.expect_alert("HUB-TIME-010", "tag_call", child="c1", since=call),
        t.expect_notice("HUB-TIME-010", "g1", "tag_call", child="c1", since=call),
        t.expect_alert("HUB-TIME-010", "bell_call", device="bell", since=press),
    ):
        t.check(
            "HUB-TIME-009",
            "clock_suspect" in told.data.get("flags", []),
            "flagged clock_suspect",
            told.data.get("flags"),
            seen=told,
        )
        t.check("HUB-TIME-017", abs(_at(told) - now) <= t.allowed(TOLERANCE_S) + (told.t - press.t), f"event_at {iso(now)}, when it came",
                told.data["event_at"], seen=told)  # fmt: skip
    late = t.tag_called("pole", "t1", 2, now - 6 * 3600)
    t.expect_alert("HUB-TIME-012", "tag_call", child="c1", since=late,
                   where=lambda d: abs(unix(str(d["event_at"])) - (now - 6 * 3600)) < 60)  # fmt: skip


@case(
    "TC-HUB-TIME-07",
    ko="늦게 온 관측은 event_at의 자리에 놓이고, 지금의 상태를 옛 상태로 되돌리지 않는다",
    en="An observation that comes late takes its place by event_at and does not turn the present state back",
    verifies=["HUB-TIME-011"],
    needs=("everyday", "location"),
    town=Town(children=1, parts=("school", "pole", "desk")),
    steps=[
        (
            "학교 안의 리더기 is가 어린이를 60 s 전에 본 것을 보낸다",
            "the reader is inside the school sends that it saw the child 60 s ago",
        ),
        (
            "그 뒤에 20분 전 집 앞의 위치 세 개와 15분 전 pole의 tag.sighted를 보낸다",
            "then come three positions at home of 20 minutes ago, and tag.sighted at the pole of 15 minutes ago",
        ),
        ("위치와 경로를 묻는다", "ask for position and path"),
    ],
    criteria=[
        (
            "위치는 학교에 있고 state.place도 학교이며, 늦게 온 것은 경로에서 제 시각의 자리에 있다. 하교도 귀가도 알리지 않는다.",
            "The position is that in school and so is state.place; what came late stands at its own time in the path; neither "
            "school_departure nor home_entry is told.",
        )
    ],
)
def late_keeps_its_place(t: HubBench) -> None:
    now = t.now()
    seen = t.sighted("is", "a", "t1", now - 60)
    t.accepted(seen)
    t.given(t.await_one(lambda s: t.is_down(s, "guardian/g1", "notice", t.about("school_arrival")), seen.t + t.limit("school_arrival"))
            is not None, "the arrival is told")  # fmt: skip
    late = [t.located("p1", 5.0 * n, 0.0, now - 1230 + 15 * n, moving=False) for n in range(3)]
    late.append(t.sighted("pole", "a", "t1", now - 900))
    t.accepted(*late)
    for service in ("school_departure", "home_entry"):
        t.expect_none("HUB-TIME-011", to="guardian/g1", type_="notice", after=late[0], where=t.about(service),
                      limit=t.limit(service), expected=f"no {service}")  # fmt: skip
    position = t.http("GET", f"/v1/children/{t.id('c1')}/position")
    body = position.json if position.status == 200 else {}
    ok = bool(body) and unix(body["at"]) >= now - 61 and body["state"]["place"] == t.id("school")
    t.check(
        "HUB-TIME-011",
        ok,
        "the child is in school, by what was seen 60 s ago",
        body or position.status,
        seen=position.entry,
    )
    path = t.http("GET", f"/v1/children/{t.id('c1')}/path?from={iso(now - 1800)}&to={iso(now + 60)}")
    points = path.json["points"] if path.status == 200 else []
    times = [round(unix(p["at"]) - now) for p in points]
    ok = times == sorted(times) and {-1230, -1215, -1200, -900} <= set(times)
    t.check("HUB-TIME-011", ok, "what came late stands at its own time in the path", times, seen=path.entry)


@case(
    "TC-HUB-TIME-08",
    ko="시계를 바로잡은 장치의 오프셋은 상태 보고 16번 뒤에 새 값이다",
    en="The offset of a device that set its clock is the new one after 16 device.status",
    verifies=["HUB-TIME-016"],
    needs=("device-health",),
    town=CALL,
    steps=[
        ("시계가 900 s 앞선 bell이 device.status를 스무 번 보낸다", "the bell, whose clock is 900 s ahead, sends device.status twenty times"),
        ("시계를 30 s 뒤진 값으로 바로잡고 열여섯 번 보낸다", "it sets its clock to 30 s behind, and sends sixteen"),
        ("장치 조회를 보고, bell.pressed를 장치 시각으로 보낸다", "look at the device query, and send bell.pressed at the device's time"),
    ],
    criteria=[("오프셋은 -30 s이고 event_at은 참된 시각이다(망 지연과 2 s의 허용).",
               "The offset is -30 s and event_at the true time (2 s and the delay of the network allowed).")],
)  # fmt: skip
def clock_was_set(t: HubBench) -> None:
    for ahead, times in ((900.0, 20), (-30.0, 16)):
        t.accepted(*(t.status("bell", clock=t.now() + ahead) for _ in range(times)))
    tolerance = t.allowed(TOLERANCE_S)
    found = health_of(t, "bell").get("clock_offset_s")
    ok = isinstance(found, int | float) and abs(found + 30.0) <= tolerance
    t.check("HUB-TIME-016", ok, "an offset of -30 s", found)
    now = t.now()
    press = t.bell_pressed("bell", 1, now - 30, time=iso(now - 30))
    alert = t.expect_alert("HUB-TIME-016", "bell_call", since=press, within=3 * t.limit("bell_call"))
    t.check(
        "HUB-TIME-016",
        abs(_at(alert) - now) <= tolerance,
        f"event_at {iso(now)}",
        alert.data["event_at"],
        seen=alert,
    )

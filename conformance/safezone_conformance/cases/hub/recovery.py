"""12.3: the hub's own death and return, and a flood. Every case but the last shares one restart."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from safezone_conformance.case import case
from safezone_conformance.hub_bench import SETUP_S, Down, Hooked, HubBench, Message
from safezone_conformance.town import TIMEZONE, WEEKDAYS, Item, Maker, Town
from safezone_conformance.wire import iso, unix

from ._calls import act, contact, incident_of, press_bell, press_tag
from .registry import missing_of, open_form, url

KILLED = [("시험 대상을 강제로 죽이고 다시 켤 명령이 IXIT에 있다",
           "the IXIT has a command that kills the system under test and starts it again")]  # fmt: skip
KILL = ("허브를 강제로 죽이고 다시 켠다", "kill the hub hard, and start it again")
REPEAT_FIRST_S, REPEAT_MAX_S = 5.0, 60.0
AFTER_S = 5.0  # how long the hub is watched for what it must not tell again
FLOOD = 400
KINDS = ("zone", "area", "child", "guardian", "desk", "binding", "device", "consent")


def place_of(t: HubBench, child: str) -> Any:
    """The state of a child's place, and when it began; the status where there is none."""
    answer = t.http("GET", f"/v1/children/{t.id(child)}/position")
    return answer.json["state"] if answer.status == 200 else answer.status


def points_of(t: HubBench, child: str) -> list[float]:
    answer = t.http("GET", f"/v1/children/{t.id(child)}/path")
    t.given(answer.status == 200, f"the path of {child}: {answer.status}")
    return [unix(p["at"]) for p in answer.json["points"]]


def ids_told(t: HubBench) -> set[str]:
    return {d.id for d in t.downs() if d.type in ("notice", "alert")}


@case(
    "TC-HUB-RECOV-01",
    ko="강제로 죽어도 accepted로 확인한 것은 남고, 같은 일을 다시 알리지 않는다",
    en="After a sudden death nothing receipted as accepted is lost, and nothing is told again",
    verifies=["HUB-RECOV-001", "HUB-RECOV-003", "HUB-RECOV-004", "HUB-RCPT-011"],
    needs=("restart", "everyday"),
    alone=True,
    slow_s=10.0,
    town=Town(children=1, parts=("school", "bell", "desk")),
    before=KILLED,
    steps=[
        ("c1의 등교와 벨을 보내 알림과 경보를 받고 확인한다. 사건을 접수한다",
         "send the arrival of c1 and a bell, receive notice and alert and acknowledge them; acknowledge the incident"),
        ("c1의 위치 30개를 보내 수신 확인을 받는다", "send 30 positions of c1 and receive their receipts"),
        KILL,
        ("경로, 장소의 상태, 사건을 조회한다", "ask for the path, the state of place and the incident"),
        ("등교, 벨, 마지막 위치를 그대로 다시 보내고, 쓴 seq로 다른 메시지를 보낸다",
         "repeat arrival, bell and last position as they were, and send another message under a seq that was used"),
    ],
    criteria=[
        ("accepted였던 위치가 모두 경로에 있다", "every position that was accepted is in the path"),
        ("장소의 상태와 사건이 죽기 전과 같다. 쓴 seq는 sequence_reused로 거부된다",
         "the state of place and the incident are as before; the used seq is refused as sequence_reused"),
        ("되풀이한 것의 수신 확인이 다시 온다", "the repeats are receipted again"),
        ("등교와 벨이 새 봉투 id로 다시 알려지지 않는다", "arrival and bell are not told again under a new envelope id"),
    ],
)  # fmt: skip
def nothing_lost(t: HubBench) -> None:
    now = t.now()
    arrival = t.sighted("is", "a", "t1", now - 5)
    told = t.await_one(
        lambda s: t.is_down(s, "guardian/g1", "notice", t.about("school_arrival", "c1")), arrival.t + 75
    )
    t.given(told is not None, "the arrival is told")
    bell = t.bell_pressed("bell", 1)
    alert = _alert(t, bell, "bell_call")
    act(t, incident_of(alert), "acknowledge")
    at = [unix(iso(now - 4 + n / 10)) for n in range(30)]
    fixes = [t.located("p1", 1000 + n / 10, 0, moment, moving=False) for n, moment in enumerate(at)]
    kept = [moment for moment, fix in zip(at, fixes, strict=True) if _accepted(t, fix)]
    t.given(len(kept) == len(at), "every position is receipted as accepted")
    state, open_now = place_of(t, "c1"), _incident(t, incident_of(alert))
    t.given(isinstance(state, dict) and state["place"] == t.id("school"), f"c1 is in school: {state}")
    known = ids_told(t)
    t.restart()
    back = t.line.stamp()
    points = points_of(t, "c1")
    lost = [iso(k) for k in kept if not any(abs(k - p) < 0.002 for p in points)]
    t.check("HUB-RECOV-001", not lost, "every accepted position in the path", f"without {lost[:5]}")
    now_state = place_of(t, "c1")
    t.check("HUB-RECOV-004", now_state == state, f"the state of place {state}", now_state)
    again = _incident(t, incident_of(alert))
    t.check("HUB-RECOV-004", again == open_now, f"the incident as before {open_now}", again)
    for message, what in ((arrival, "arrival"), (bell, "bell"), (fixes[-1], "last position")):
        repeated = t.repeat(message)
        row = t.receipt(repeated, t.allowed(SETUP_S), after=repeated.t)
        ok = row is not None and row["status"] in ("accepted", "duplicate")
        t.check("HUB-RCPT-011", ok, f"a receipt of the repeated {what}", row or "none", sent=repeated)
    used = fixes[-1].envelope
    other = t.located("p1", 990, 0, now - 1, seq=used["seq"], epoch=used["epoch"])
    t.expect_receipt("HUB-RECOV-004", other, "rejected", reason="sequence_reused", within=t.allowed(SETUP_S))
    t.await_all(t.line.stamp() + AFTER_S)
    fresh = [d for d in t.downs() if d.type in ("notice", "alert") and d.t >= back and d.id not in known]
    t.check(
        "HUB-RECOV-003",
        not fresh,
        "nothing told under a new envelope id",
        [(d.type, d.data.get("service")) for d in fresh],
    )


def _alert(t: HubBench, since: Message, service: str) -> Down:
    found = t.await_one(
        lambda s: t.is_down(s, "desk/d112", "alert", t.about(service)) and s.t >= since.t, since.t + SETUP_S
    )
    t.given(found is not None, f"an alert {service} comes to the desk")
    assert isinstance(found, Down)
    return found


def _accepted(t: HubBench, message: Message) -> bool:
    row = t.receipt(message, SETUP_S)
    return row is not None and row["status"] == "accepted"


def _incident(t: HubBench, id_: str) -> dict[str, Any]:
    """What of an incident must be the same after a restart."""
    answer = t.http("GET", f"/v1/incidents/{id_}")
    shown = answer.json if answer.status == 200 else {"status": answer.status}
    return {k: v for k, v in shown.items() if k != "next_escalation_at"}


@case(
    "TC-HUB-RECOV-02",
    ko="죽기 전에 정해진 알림은 살아나서 보내고, 그 사이 때가 된 것도 일어난다",
    en="Restarted, the hub sends what it had committed and not sent, and fires what fell due meanwhile",
    verifies=["HUB-RECOV-002", "HUB-RECOV-007"],
    needs=("restart", "exercise-clock"),
    alone=True,
    slow_s=10.0,
    town=Town(
        children=2,
        parts=("school",),
        calendar={"weekdays": list(WEEKDAYS), "arrive_by": "09:00", "not_arrived_after": "09:10", "closes_at": "16:00"},
        extra=lambda m: [m.guardian("g1", ["c1"], quiet={"from": "07:00", "until": "09:05"})],
    ),
    before=[*KILLED, ("g1에게는 07:00부터 09:05까지 조용한 시간이 있다", "g1 has quiet hours from 07:00 to 09:05")],
    steps=[
        ("훈련 시계로 08:50에 c1이 등교하고, 08:53까지 시간이 간다", "by the exercise clock c1 arrives at 08:50, and time passes until 08:53"),
        KILL,
        ("훈련 시계를 09:12로 옮긴다", "set the exercise clock to 09:12"),
    ],
    criteria=[
        ("c1의 등교가 g1에게, c2의 미등교가 g2에게 알려진다", "the arrival of c1 is told to g1, and that c2 has not arrived to g2"),
    ],
)  # fmt: skip
def committed_and_due(t: HubBench) -> None:
    local = datetime.fromtimestamp(t.make.now, ZoneInfo(TIMEZONE)) + timedelta(days=1)
    start = local.replace(hour=8, minute=49, second=0, microsecond=0).timestamp()
    flow = t.flow(start)
    t.accepted(t.sighted("is", "a", "t1", start - 2, exercise=flow.exercise))
    flow.by(240)
    early = t.downs("guardian/g1", "notice", t.about("school_arrival"))
    t.given(not early, "the arrival waits for the end of the quiet hours")
    killed = t.restart()
    flow.by(19 * 60)
    until = SETUP_S + 5 + t.line.stamp() - killed
    t.expect_notice("HUB-RECOV-002", "g1", "school_arrival", child="c1", since=killed, within=until)
    t.expect_notice("HUB-RECOV-007", "g2", "not_arrived", child="c2", since=killed, within=until)


@case(
    "TC-HUB-RECOV-03",
    ko="다시 켜진 허브의 (epoch, seq)는 앞의 것을 되풀이하지 않는다",
    en="A restarted hub does not go back in (epoch, seq)",
    verifies=["HUB-RECOV-005"],
    needs=("restart",),
    alone=True,
    slow_s=10.0,
    town=Town(children=1, parts=("pole", "bell", "desk")),
    before=KILLED,
    steps=[
        ("t1의 호출과 상태 다섯을 보내 알림, 경보, 수신 확인을 받는다", "send a call of t1 and five states, and receive notice, alert and receipts"),
        KILL,
        ("다시 호출과 상태를 보내 알림, 경보, 수신 확인을 받는다", "send a call and a state again, and receive notice, alert and receipts"),
    ],
    criteria=[("다시 켜진 뒤의 새 봉투마다, seq가 그 epoch의 앞의 것보다 크거나 epoch가 앞의 어느 것보다 크다",
               "of every new envelope afterwards seq is above the former of its epoch, or epoch above every former one")],
)  # fmt: skip
def rises(t: HubBench) -> None:
    press_tag(t, press=1)
    for _ in range(5):
        t.accepted(t.status("pole"))
    former: dict[int, int] = {}
    known = set()
    for down in t.downs():
        known.add(down.id)
        epoch, seq = int(down.envelope["epoch"]), int(down.envelope["seq"])
        former[epoch] = max(seq, former.get(epoch, 0))
    t.restart()
    press_tag(t, press=2)
    t.accepted(t.status("pole"))
    t.settle()
    fresh = [d for d in t.downs() if d.id not in known]
    t.given(
        any(d.type == "alert" for d in fresh) and any(d.type == "receipt" for d in fresh),
        "new alert and receipts",
    )
    for down in fresh:
        epoch, seq = int(down.envelope["epoch"]), int(down.envelope["seq"])
        ok = seq > former[epoch] if epoch in former else epoch > max(former)
        t.check("HUB-RECOV-005", ok, f"above {sorted(former.items())}", (down.type, epoch, seq), seen=down)


@case(
    "TC-HUB-RECOV-04",
    ko="확인되지 않은 알림과 경보는 다시 켜진 뒤에도 그대로 되풀이한다",
    en="Notices and alerts that were not acknowledged go on being repeated after a restart, byte for byte",
    verifies=["HUB-NOTE-004"],
    needs=("restart",),
    alone=True,
    acks=False,
    slow_s=15.0,
    town=Town(children=1, parts=("pole", "desk")),
    before=KILLED,
    steps=[
        ("t1의 호출을 보내고 알림과 경보를 받되, 경보만 확인한다", "send a call of t1; receive notice and alert, and acknowledge the alert only"),
        KILL,
        ("pole의 상태를 보낸다", "send a state of pole"),
    ],
    criteria=[("60 s 안에 알림이 같은 바이트로 다시 오고, 경보는 다시 오지 않는다",
               "within 60 s the notice comes again with the same bytes, and the alert does not")],
)  # fmt: skip
def repeats_go_on(t: HubBench) -> None:
    call = t.tag_called("pole", "t1", 1)
    alert = _alert(t, call, "tag_call")
    notice = t.await_one(
        lambda s: t.is_down(s, "guardian/g1", "notice", t.about("tag_call", "c1")), call.t + SETUP_S
    )
    t.given(isinstance(notice, Down), "the notice comes to g1")
    assert isinstance(notice, Down)
    act(t, incident_of(alert), "acknowledge")  # so that no reminder comes between
    t.accepted(t.ack(alert))
    killed = t.restart()
    t.accepted(t.status("pole"))
    back = t.line.stamp()
    again = t.await_one(
        lambda s: isinstance(s, Down) and s.id == notice.id and s.t >= killed, back + t.allowed(REPEAT_MAX_S)
    )
    t.require(
        "HUB-NOTE-004",
        again is not None,
        "the notice again",
        "not within 60 s",
        within=t.allowed(REPEAT_MAX_S),
    )
    assert isinstance(again, Down)
    t.check("HUB-NOTE-004", again.payload == notice.payload, "the same bytes", "other bytes", seen=again)
    same = [d for d in t.downs("desk/d112", "alert", repeats=True) if d.id == alert.id and d.t >= killed]
    t.check("HUB-NOTE-004", not same, "the acknowledged alert not again", f"{len(same)} times")


@case(
    "TC-HUB-RECOV-05",
    ko="사건과 그 상태와 이력은 강제로 죽어도 남는다",
    en="Incidents, their states and histories survive a sudden death",
    verifies=["HUB-INC-006"],
    needs=("restart",),
    alone=True,
    slow_s=10.0,
    town=Town(children=1, parts=("pole", "bell", "desk")),
    before=KILLED,
    steps=[
        ("사건 셋을 연다. 하나를 접수하고 표시하고, 하나를 종결하고, 마지막으로 하나에 적는다",
         "open three incidents; acknowledge and mark one, resolve another, and lastly write a note to one"),
        KILL,
        ("목록과 각 사건을 조회하고, 접수한 것을 종결한다", "ask for the list and for each incident, and resolve the acknowledged one"),
    ],
    criteria=[("모두 죽기 전과 같고, 계속 처리할 수 있다", "all of it is as before, and work on them goes on")],
)  # fmt: skip
def incidents_survive(t: HubBench) -> None:
    first, second, third = (incident_of(press_bell(t, press=n)) for n in (1, 2, 3))
    act(t, third, "acknowledge")
    act(t, second, "resolve", note="잘못 누름")
    act(t, first, "acknowledge")
    act(t, first, "mark", mark="repeat")
    act(t, first, "note", note="순찰 7호에 알림")
    before = {id_: _incident(t, id_) for id_ in (first, second, third)}
    t.restart()
    for id_, wanted in before.items():
        found = _incident(t, id_)
        t.check("HUB-INC-006", found == wanted, f"the incident as before: {_core(wanted)}", _core(found))
    listed = t.http("GET", f"/v1/zones/{t.zone}/incidents?state=all")
    ids = sorted(i["id"] for i in listed.json["items"]) if listed.status == 200 else []
    t.check("HUB-INC-006", ids == sorted(before), "the three incidents in the list", ids, seen=listed)
    done = t.http("POST", f"/v1/incidents/{first}/actions", json={"action": "resolve"})
    ok = done.status == 200 and len(done.json["history"]) > len(before[first]["history"])
    t.check("HUB-INC-006", ok, "the history goes on", done.status, seen=done)


def _core(shown: Mapping[str, Any]) -> dict[str, Any]:
    return {k: shown.get(k) for k in ("state", "version", "marks", "linked")} | {
        "history": len(shown.get("history", []))
    }


@case(
    "TC-HUB-RECOV-06",
    ko="격상의 때는 다시 켜진 뒤에도 통하고, 지난 것은 곧바로 일어난다",
    en="Times of escalation hold after a restart, and those that passed take effect at once",
    verifies=["HUB-ESC-008"],
    needs=("restart", "escalation"),
    alone=True,
    slow_s=20.0,
    town=Town(
        children=0,
        parts=("bell", "desk"),
        zone={"policy": {"escalation": {"remind_s": 600, "supervisor_after_s": 5, "fire119_after_s": 12}}},
        extra=lambda m: [m.desk("sup", "supervisor"), m.desk("f119", "fire119")],
    ),
    before=[*KILLED, ("정책: 5 s 뒤 supervisor, 12 s 뒤 fire119", "policy: supervisor after 5 s, fire119 after 12 s")],
    steps=[("벨을 누르고 아무도 접수하지 않는다", "press a bell; nobody acknowledges"), KILL],
    criteria=[("supervisor와 fire119의 상황실에, 켜진 때와 정책의 때 가운데 늦은 것에서 제한 시간 안에 알린다",
               "it is told to the desks of supervisor and fire119 within the limit of the later of the restart and the policy's time")],
)  # fmt: skip
def climbs_on(t: HubBench) -> None:
    pressed = t.bell_pressed("bell", 1)
    alert = _alert(t, pressed, "bell_call")
    t.restart()
    back = t.line.stamp()
    # What is said before the tester is back on the broker is heard when it is repeated, 5 s later.
    heard = t.limit("bell_call") + REPEAT_FIRST_S
    for desk, after in (("sup", 5.0), ("f119", 12.0)):
        due = max(back, pressed.t + t.allowed(after)) + heard
        t.expect_alert("HUB-ESC-008", "bell_call", desk=desk, since=pressed, within=due - pressed.t,
                       where=lambda d: "escalated" in d.get("flags", []) and d["incident"] == incident_of(alert))  # fmt: skip


@case(
    "TC-HUB-RECOV-07",
    ko="끝나지 않은 전달은 다시 켜진 뒤에 이어진다",
    en="Deliveries that were not finished go on after a restart",
    verifies=["HUB-DELIV-010"],
    needs=("restart", "webhooks"),
    alone=True,
    slow_s=15.0,
    town=Town(children=1, parts=("pole", "desk")),
    before=KILLED,
    steps=[
        ("g1에게 503으로만 답하는 웹훅을 등록하고 t1의 호출을 보낸다", "register a webhook of g1 that answers 503 only, and send a call of t1"),
        KILL,
    ],
    criteria=[("다시 켜진 뒤 그 웹훅에 같은 Safezone-Id와 본문의 POST가 온다", "after the restart a POST with the same Safezone-Id and body comes to that webhook")],
)  # fmt: skip
def deliveries_go_on(t: HubBench) -> None:
    hook = contact(t, "hook", (503,))
    t.put(t.make.guardian("g1", ["c1"], contacts=[hook]))
    call = t.tag_called("pole", "t1", 1)
    first = _post(t, lambda _: True, call.t + SETUP_S)
    t.given(first is not None, "the webhook is tried")
    assert first is not None
    t.restart()
    back = t.line.stamp()
    name = first.headers.get("safezone-id")
    after = _post(
        t, lambda h: h.t >= back and h.headers.get("safezone-id") == name, back + t.allowed(REPEAT_MAX_S)
    )
    t.require(
        "HUB-DELIV-010",
        after is not None,
        "another try of the same delivery",
        "none",
        within=t.allowed(REPEAT_MAX_S),
    )
    assert after is not None
    t.check("HUB-DELIV-010", after.body == first.body, "the same body", "another", seen=after)


def _post(t: HubBench, fits: Callable[[Hooked], bool], until: float) -> Hooked | None:
    found = t.await_one(lambda s: isinstance(s, Hooked) and s.name == "hook" and fits(s), until)
    return found if isinstance(found, Hooked) else None


def _changed(m: Maker) -> Item:
    return m.reader("late", "pole", (480, 0))


@case(
    "TC-HUB-RECOV-08",
    ko="등록부는 다시 켜져도 남고, 저장되었다고 답한 것은 잃지 않는다",
    en="The registry survives a restart, and nothing that was answered as stored is lost",
    verifies=["HUB-REG-013", "HUB-API-006"],
    needs=("restart",),
    alone=True,
    slow_s=10.0,
    town=Town(children=1, parts=("school", "pole", "desk")),
    before=KILLED,
    steps=[
        ("장치를 더하고, 하나를 지우고, 하나의 키를 바꾸고, 실종을 신고한다",
         "add a device, delete one, change the key of another, and report a child missing"),
        KILL,
        ("종류마다 목록을 조회한다", "ask for the list of each kind"),
        ("키를 바꾼 장치와 더한 장치의 메시지를 보낸다", "send messages of the device whose key was changed and of the one added"),
    ],
    criteria=[
        ("모든 항목이 죽기 전과 같다", "every item is as before"),
        ("200·201로 답한 것(장치, 키, 신고)이 남아 있고 통한다. 저장하지 못하는 동안의 503은 밖에서 일으킬 수 없어 보지 않는다",
         "what was answered by 200 or 201 (device, key, report) is there and holds; the 503 while the hub cannot store is not seen, as it cannot be brought about from outside"),
    ],
)  # fmt: skip
def registry_survives(t: HubBench) -> None:
    gone = t.http("DELETE", f"/v1/registry/device/{t.id('is')}")
    t.given(gone.status == 204, f"DELETE of a device: {gone.status}")
    report = t.http("POST", f"/v1/zones/{t.zone}/incidents", json={"child": t.id("c1")})
    t.given(report.status == 201, f"a child is reported missing: {report.status}")
    t.put(t.make.reader("pole", "pole", (500, 0)) | {"key": t.identity.key("pole", 2)})
    late = _changed(t.make)
    before = {kind: _all(t, kind) for kind in KINDS}
    t.put(late)
    t.restart()
    for kind, wanted in before.items():
        found = [i for i in _all(t, kind) if i["id"] != late["id"]]
        t.check(
            "HUB-REG-013",
            found == wanted,
            f"{len(wanted)} items of kind {kind} as before",
            f"{len(found)}, or otherwise",
        )
    kept = t.http("GET", url(late))
    lacking = missing_of(kept.json, open_form(late)) if kept.status == 200 else [str(kept.status)]
    t.check("HUB-API-006", not lacking, "the device that was answered 201 just before", lacking, seen=kept)
    t.expect_http("HUB-API-006", 200, "GET", f"/v1/incidents/{report.json['id']}")
    for device in ("pole", "late"):
        t.expect_receipt("HUB-REG-013", t.status(device), "accepted", within=t.allowed(SETUP_S))


def _all(t: HubBench, kind: str) -> list[Any]:
    answer = t.http("GET", f"/v1/registry/{kind}?zone={t.zone}&limit=100")
    t.given(answer.status == 200, f"the list of {kind}: {answer.status}")
    return sorted(answer.json["items"], key=lambda i: str(i["id"]))


@case(
    "TC-HUB-RECOV-09",
    ko="한 주체가 쏟아부어도 다른 주체의 긴급은 제 시간에 알려진다",
    en="A flood from one principal does not delay another's emergency",
    verifies=["HUB-RECOV-008"],
    slow_s=5.0,
    town=Town(children=1, parts=("pole", "bell", "desk")),
    steps=[
        ("pole이 상태 400개를, 그 사이에 되풀이와 틀린 것을 섞어 한꺼번에 보낸다",
         "pole sends 400 states at once, mixed with repeats and with what is no JSON"),
        ("곧바로 벨을 누른다", "at once a bell is pressed"),
    ],
    criteria=[("벨의 경보가 제한 시간 안에 온다", "the alert of the bell comes within its limit")],
)  # fmt: skip
def flood(t: HubBench) -> None:
    last = None
    for n in range(FLOOD):
        last = t.status("pole")
        if n % 8 == 0:
            t.repeat(last)
            t.raw("dev/pole", last.topic, b"{flood")
    pressed = t.bell_pressed("bell", 1)
    t.expect_alert("HUB-RECOV-008", "bell_call", device="bell", since=pressed)

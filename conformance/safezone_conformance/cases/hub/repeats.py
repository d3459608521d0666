"""5.3: repeats of notices and alerts, and acks."""

from itertools import pairwise

from safezone_conformance.case import case
from safezone_conformance.cases.hub._wire import first
from safezone_conformance.cases.hub._work import OPERATOR, act, call, id_of, staffed
from safezone_conformance.hub_bench import Down, HubBench
from safezone_conformance.town import Town
from safezone_conformance.wire import iso

FAMILY = Town(children=1, parts=("pole", "desk"), extra=lambda m: [m.desk("e112"), m.guardian("h1", ["c1"])])
STEP_S = 5.0  # of the exercise clock


def _copies(t: HubBench, first: Down) -> list[Down]:
    """Everything that came under the id of a message, to its recipient, in order."""
    return [d for d in t.downs(first.principal, first.type, repeats=True) if d.id == first.id]


def _await_copies(t: HubBench, first: Down, many: int, until: float) -> list[Down]:
    """As ``_copies``, once there are so many, at ``until`` at the latest."""
    while len(_copies(t, first)) < many and t.take(until) is not None:
        pass
    return _copies(t, first)


def _told(t: HubBench, press: int = 1) -> dict[str, Down]:
    """A tag call, and the first message of it to each desk and guardian of FAMILY."""
    call = t.tag_called("pole", "t1", press)
    t.accepted(call)
    found = {}
    for to in ("desk/d112", "desk/e112", "guardian/g1", "guardian/h1"):
        kind = "alert" if to.startswith("desk") else "notice"
        down = first(t, to, kind, call.t + 15.0)
        t.given(down is not None, f"the call is told to {to}")
        assert down is not None
        found[to] = down
    return found


@case(
    "TC-HUB-NOTE-21",
    ko="알림과 경보를 ack가 올 때까지 바이트 그대로 되풀이한다: 5 s 뒤, 다시 10 s 뒤",
    en="A notice and an alert are repeated byte for byte until their ack: after 5 s, then after 10 s more",
    verifies=["HUB-NOTE-001", "HUB-NOTE-002"],
    town=FAMILY,
    acks=False,
    slow_s=18.0,
    steps=[
        ("리더기 pole이 tag.called를 보낸다", "the reader pole sends tag.called"),
        (
            "상황실 둘과 보호자 둘이 아무 ack도 하지 않고 17 s 동안 온 것을 본다",
            "two desks and two guardians send no ack; look at what comes within 17 s",
        ),
    ],
    criteria=[
        (
            "같은 바이트가 첫 메시지의 5 s 뒤와 그 10 s 뒤에 다시 온다(각각 1 s와 망 지연의 허용).",
            "The same bytes come again 5 s after the first message and 10 s after that (1 s and the delay of the network "
            "allowed each time).",
        )
    ],
)
def repeated(t: HubBench) -> None:
    told = _told(t)
    late = 1.0 + t.settings.network_s
    for to, one in told.items():
        copies = _await_copies(t, one, 3, one.t + t.allowed(15.0) + late)
        gaps = [round(b.t - a.t, 2) for a, b in pairwise(copies)]
        same = all(c.payload == one.payload for c in copies)
        t.check("HUB-NOTE-001", len(copies) >= 3 and same, f"{to}: the same bytes again and again",
                f"{len(copies)} copies, {'all' if same else 'not all'} alike", seen=one)  # fmt: skip
        for number, wanted in enumerate((5.0, 10.0)):
            gap = gaps[number] if number < len(gaps) else None
            ok = gap is not None and wanted - late <= gap <= t.allowed(wanted) + late
            t.check("HUB-NOTE-002", ok, f"{to}: repeat {number + 1} comes {wanted:.0f} s after the one before",
                    "none" if gap is None else f"after {gap} s", within=wanted, seen=one)  # fmt: skip


@case(
    "TC-HUB-NOTE-22",
    ko="ack 뒤에는 되풀이하지 않고, ack는 그것을 한 주체에게 간 것만 멈추며, 모르는 알림의 ack는 효력 없이 받는다",
    en="After its ack nothing is repeated; an ack stops only what went to that principal; an ack of an unknown notice is taken "
    "to no effect",
    verifies=["HUB-NOTE-003", "HUB-NOTE-005", "HUB-NOTE-019"],
    town=FAMILY,
    acks=False,
    slow_s=18.0,
    steps=[
        ("리더기 pole이 tag.called를 보낸다", "the reader pole sends tag.called"),
        ("상황실 d112와 보호자 g1은 곧바로 ack한다", "the desk d112 and the guardian g1 acknowledge at once"),
        (
            "보호자 h1은 모르는 id의 ack를, g1은 h1에게 간 알림의 id의 ack를 보낸다",
            "the guardian h1 sends an ack of an unknown id, and g1 one of the id of the notice that went to h1",
        ),
        ("상황실 e112는 첫 되풀이가 온 뒤에 ack한다", "the desk e112 acknowledges after the first repeat"),
        ("17 s까지 온 것을 본다", "look at what has come by 17 s"),
    ],
    criteria=[
        (
            "ack한 뒤로 그 id는 다시 오지 않는다. h1에게 간 알림은 계속 되풀이된다. 모르는 id의 ack는 받아들여진다.",
            "Once acknowledged an id does not come again. The notice to h1 goes on being repeated. The ack of an unknown id is "
            "accepted.",
        )
    ],
)
def acknowledged(t: HubBench) -> None:
    told = _told(t)
    began = max(d.t for d in told.values())
    acks = {to: t.ack(told[to]) for to in ("desk/d112", "guardian/g1")}
    t.accepted(*acks.values())
    at = iso(t.now())
    unknown = t.send("guardian/h1", "ack", {"notice": t.identity.uuid7(t.now()), "received_at": at})
    t.expect_receipt("HUB-NOTE-019", unknown, "accepted")
    others = t.send("guardian/g1", "ack", {"notice": told["guardian/h1"].id, "received_at": at})
    t.given(t.receipt(others, 15.0) is not None, "the ack of another's notice has a receipt")
    late = 1.0 + t.settings.network_s
    second = _await_copies(t, told["desk/e112"], 2, told["desk/e112"].t + t.allowed(5.0) + late)
    t.given(len(second) == 2, "the alert to e112 is repeated once")
    acks["desk/e112"] = t.ack(told["desk/e112"])
    t.accepted(acks["desk/e112"])
    # h1's third copy shows that the time of the others' has come.
    copies = _await_copies(t, told["guardian/h1"], 3, began + t.allowed(15.0) + late)
    t.await_all(t.line.stamp() + t.settings.absence_s + 0.5)
    for to, ack in acks.items():
        settled = ack.t + 0.5 + t.settings.network_s  # one may have been under way
        after = [d for d in _copies(t, told[to]) if d.t > settled]
        t.check("HUB-NOTE-003", not after, f"nothing more to {to} after its ack", f"{len(after)} more", sent=ack,
                seen=after[0] if after else None)  # fmt: skip
    t.check("HUB-NOTE-005", len(copies) >= 3, "h1's notice is repeated, whatever the others acknowledge", f"{len(copies)} copies",
            seen=told["guardian/h1"])  # fmt: skip
    t.check(
        "HUB-NOTE-019",
        len(copies) >= 3,
        "nor does an ack of an unknown notice end anything",
        f"{len(copies)} copies",
    )


@case(
    "TC-HUB-NOTE-23",
    ko="되풀이 간격은 두 배씩 늘고 60 s를 넘지 않으며, ack가 올 때까지 그치지 않는다",
    en="The interval of repeats doubles, never exceeds 60 s, and does not end before the ack",
    verifies=["HUB-NOTE-001", "HUB-NOTE-002", "HUB-NOTE-003"],
    needs=("exercise-clock",),
    town=Town(children=0, parts=("bell", "desk")),
    acks=False,
    slow_s=3.0,
    steps=[
        (
            "훈련 시계로 시간이 가는 동안 비상벨이 눌린다",
            "the bell is pressed while an exercise clock gives the time",
        ),
        (
            "상황실은 ack하지 않는다. 훈련 시계를 5 s씩 270 s까지 보내며 첫 경보가 언제 다시 오는지 본다",
            "the desk sends no ack; the clock goes on by 5 s to 270 s; note when the first alert comes again",
        ),
        ("ack하고 130 s를 더 보낸다", "acknowledge, and go on by 130 s"),
    ],
    criteria=[
        (
            "간격은 5, 10, 20, 40, 60, 60, 60 s이고(틱 하나의 허용), ack한 뒤에는 다시 오지 않는다.",
            "The intervals are 5, 10, 20, 40, 60, 60, 60 s (one tick allowed), and after the ack it does not come again.",
        )
    ],
)
def growing(t: HubBench) -> None:
    flow = t.flow()
    press = t.bell_pressed("bell", 1, flow.now, exercise=flow.exercise)
    alert = t.expect_alert("HUB-NOTE-001", "bell_call", since=press, within=15.0)
    moments = [flow.now]
    known = len(_copies(t, alert))
    while flow.now < moments[0] + 270 - 1e-6:
        flow.by(STEP_S)
        many = len(_copies(t, alert))
        moments += [flow.now] * (many - known)
        known = many
    gaps = [round(b - a, 1) for a, b in pairwise(moments)]
    for number, wanted in enumerate((5.0, 10.0, 20.0, 40.0, 60.0, 60.0, 60.0)):
        gap = gaps[number] if number < len(gaps) else None
        ok = gap is not None and abs(gap - wanted) <= STEP_S
        t.check(
            "HUB-NOTE-002",
            ok,
            f"interval {number + 1} is {wanted:.0f} s",
            "none" if gap is None else f"{gap} s",
            seen=alert,
        )
    same = all(c.payload == alert.payload for c in _copies(t, alert))
    t.check("HUB-NOTE-001", same, "the same bytes each time", "other bytes", seen=alert)
    t.accepted(t.ack(alert))
    known = len(_copies(t, alert))
    flow.by(130.0, 10.0)
    more = len(_copies(t, alert)) - known
    t.check("HUB-NOTE-003", more == 0, "no further repeat after the ack", f"{more} more", seen=alert)


@case(
    "TC-HUB-NOTE-25",
    ko="사건을 처리하거나 끝내도 ack 없는 경보의 되풀이는 그치지 않는다",
    en="Neither work on an incident nor its end stops the repeats of an alert without ack",
    verifies=["HUB-NOTE-001"],
    needs=["incidents", "tokens"],
    town=Town(children=1, parts=("pole", "desk"), extra=staffed()),
    acks=False,
    slow_s=18.0,
    steps=[
        ("리더기 pole이 tag.called를 보내고, 상황실 d112는 경보에 ack하지 않는다", "the reader pole sends tag.called; the desk d112 does not acknowledge the alert"),
        ("당직이 사건을 acknowledge하고 resolve한다", "the operator acknowledges the incident and resolves it"),
        ("경보의 17 s 뒤까지 온 것을 본다", "look at what has come by 17 s after the alert"),
    ],
    criteria=[("그 뒤에도 같은 경보가 다시 온다", "the same alert comes again after that")],
)  # fmt: skip
def beside_work(t: HubBench) -> None:
    who = t.login(OPERATOR)
    alert = call(t)
    act(t, id_of(alert), "acknowledge", who=who)
    ended = act(t, id_of(alert), "resolve", who=who)
    copies = _await_copies(t, alert, 3, alert.t + t.allowed(15.0) + 1.0 + t.settings.network_s)
    later = [c for c in copies if c.t > ended.t]
    t.check("HUB-NOTE-001", bool(later), "the alert again after the incident was resolved", f"{len(later)} copies",
            sent=ended, seen=alert)  # fmt: skip


@case(
    "TC-HUB-NOTE-24",
    ko="한 일은 한 받는이에게 하나의 봉투 id로만 알려진다",
    en="One happening is told to one recipient under one envelope id only",
    verifies=["HUB-NOTE-020"],
    needs=("everyday",),
    town=Town(children=1, parts=("school", "pole", "desk"), extra=lambda m: [m.guardian("h1", ["c1"])]),
    acks=False,
    slow_s=8.0,
    steps=[
        (
            "어린이가 학교에 있다는 근거를 겹쳐 보낸다: 안의 리더기의 시작과 끝, 안의 위치 세 개",
            "send more than one piece of evidence that the child is in school: start and end at a reader inside, three fixes "
            "inside",
        ),
        (
            "그 뒤 한 번의 누름을 두 리더기가 중계하고, 앞의 것은 되풀이한다",
            "then two readers relay one press, and the first of the messages is repeated",
        ),
        ("ack 없이 7 s 동안 온 것을 본다", "send no ack and look at what comes within 7 s"),
    ],
    criteria=[
        (
            "되풀이까지 합쳐, 받는이마다 등교 알림의 id가 하나, 호출의 id가 하나이다.",
            "Repeats included, each recipient gets one id of the arrival and one id of the call.",
        )
    ],
)
def one_id(t: HubBench) -> None:
    now = t.now()
    t.sighted("is", "a", "t1", now - 60, stay="s1")
    t.sighted("is", "a", "t1", now - 60, now - 40, stay="s1")
    for n in range(3):
        t.located("p1", 1000.0, 10.0 * n, now - 50 + 15 * n, moving=False)
    first = t.tag_called("pole", "t1", 5, now)
    second = t.tag_called("gs", "t1", 5, now)
    t.accepted(first, second)
    t.accepted(t.repeat(first))
    alert = t.await_one(lambda s: t.is_down(s, "desk/d112", "alert", t.about("tag_call")), second.t + 15.0)
    t.given(isinstance(alert, Down), "the call is told")
    assert isinstance(alert, Down)
    _await_copies(t, alert, 2, alert.t + t.allowed(5.0) + 1.0 + t.settings.network_s)
    t.await_all(t.line.stamp() + t.settings.absence_s)
    for to in ("desk/d112", "guardian/g1", "guardian/h1"):
        for service in ("tag_call",) if to == "desk/d112" else ("tag_call", "school_arrival"):
            copies = t.downs(to, "alert" if to == "desk/d112" else "notice", t.about(service), repeats=True)
            ids = sorted({d.id for d in copies})
            t.given(bool(ids), f"{service} is told to {to}")
            t.check("HUB-NOTE-020", len(ids) == 1, f"one id of {service} for {to}", f"{len(ids)} ids in {len(copies)} messages",
                    seen=copies[-1])  # fmt: skip

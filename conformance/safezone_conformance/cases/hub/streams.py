"""11.6: streams of events."""

from collections.abc import Callable
from typing import Any

from safezone_conformance.bench import Seen
from safezone_conformance.case import case
from safezone_conformance.hub_bench import SETUP_S, Down, HubBench, Streamed
from safezone_conformance.town import Town

from . import _people as people
from ._calls import incident_of, press_bell, press_tag

LINE_S = 15.0
CALLS = Town(
    children=2,
    parts=("pole", "bell", "desk"),
    extra=lambda m: [people.operator(m), people.staff(m), people.agency(m, "a1", "city")],
)


def zone_stream(t: HubBench) -> str:
    return f"/v1/zones/{t.zone}/stream"


def guardian_stream(t: HubBench, guardian: str) -> str:
    return f"/v1/guardians/{t.id(guardian)}/stream"


def follow(t: HubBench, name: str, path: str, who: str = "admin", after: str | None = None) -> None:
    """Open a stream, as a precondition."""
    status = t.stream(name, path, who=who, last_event_id=after)
    t.given(status == 200, f"the stream {name} opens: {status}")


def told(t: HubBench, stream: str, *sorts: str) -> list[Streamed]:
    """The events of a stream so far."""
    found = [
        s
        for s in t.arrived
        if isinstance(s, Streamed) and s.name == stream and s.event not in (":", "closed")
    ]
    return [s for s in found if not sorts or s.event in sorts]


def events_of(t: HubBench, requirement: str, stream: str, event: str, number: int, since: float, field: str = "incident"
              ) -> list[Streamed]:  # fmt: skip
    """Waits until so many different things of a sort have come."""
    until = since + t.allowed(SETUP_S)
    while len({_of(s, field) for s in told(t, stream, event)}) < number and t.take(until) is not None:
        pass
    found = told(t, stream, event)
    t.check(requirement, len({_of(s, field) for s in found}) == number, f"{number} events {event} on the stream {stream}",
            len(found))  # fmt: skip
    return found


def _of(event: Streamed, field: str) -> str:
    data = event.data if isinstance(event.data, dict) else {}
    inner = data.get("notice") if event.event == "notice" else data
    return str((inner if isinstance(inner, dict) else {}).get(field))


@case(
    "TC-HUB-API-10",
    ko="스트림은 저장된 것만, 차례로, 한 번씩 말한다",
    en="A stream tells only what is stored, in order, each once",
    verifies=["HUB-API-010"],
    needs=("streams",),
    town=CALLS,
    steps=[
        ("구역의 스트림과 보호자 g1의 스트림을 연다", "open the stream of the zone and that of the guardian g1"),
        ("t1의 호출 넷을 차례로 보내고, 첫 메시지를 되풀이한다", "send four calls of t1 one after another, and repeat the first message"),
        ("g1의 알림 목록과 각 사건을 조회한다", "ask for the notices of g1, and for each incident"),
    ],
    criteria=[
        ("사건 id와 알림 id가 스트림마다 한 번씩, 일어난 차례로 온다", "on each stream the incidents and notices come once each, in the order in which they happened"),
        ("모두 목록과 조회에도 있고, event마다 id가 다르다", "all of them are in the answers too, and no two events have one id"),
    ],
)  # fmt: skip
def each_once(t: HubBench) -> None:
    follow(t, "zone", zone_stream(t))
    follow(t, "g1", guardian_stream(t, "g1"))
    first = t.tag_called("pole", "t1", 1)
    alerts = [_alert_of(t, 1, first.t)]
    for press in (2, 3, 4):
        sent = t.tag_called("pole", "t1", press)
        alerts.append(_alert_of(t, press, sent.t))
    again = t.repeat(first)
    t.given(t.receipt(again, SETUP_S, after=again.t) is not None, "the repeat is receipted")
    wanted = [incident_of(a) for a in alerts]
    events_of(t, "HUB-API-010", "zone", "alert", 4, again.t)
    events_of(t, "HUB-API-010", "g1", "notice", 4, again.t)
    t.settle()
    on_zone, on_g1 = told(t, "zone", "alert"), told(t, "g1", "notice")
    for what, found in (("alerts of the zone", on_zone), ("notices of g1", on_g1)):
        order = [_of(s, "incident") for s in found]
        t.check("HUB-API-010", order == wanted, f"{what}: {wanted}, each once", order)
    for stream in ("zone", "g1"):
        ids = [s.id for s in told(t, stream)]
        t.check(
            "HUB-API-010",
            "" not in ids and len(set(ids)) == len(ids),
            f"an id of its own for each event of {stream}",
            ids,
        )
    listed = t.http("GET", f"/v1/guardians/{t.id('g1')}/notices?limit=50")
    t.given(listed.status == 200, f"the notices of g1: {listed.status}")
    stored = {n["id"] for n in listed.json["items"]}
    loose = [s.data.get("id") for s in on_g1 if s.data.get("id") not in stored]
    t.check("HUB-API-010", not loose, "every notice of the stream in the list", loose, seen=listed)
    for id_ in wanted:
        t.expect_http("HUB-API-010", 200, "GET", f"/v1/incidents/{id_}")


def _alert_of(t: HubBench, press: int, since: float) -> Down:
    found = t.await_one(
        lambda s: t.is_down(s, "desk/d112", "alert", t.about("tag_call")) and s.t >= since, since + SETUP_S
    )
    t.given(found is not None, f"an alert of press {press}")
    assert isinstance(found, Down)
    return found


@case(
    "TC-HUB-API-11",
    ko="Last-Event-ID로 이으면 그 사이의 것이 빠짐없이 온다",
    en="Resumed with Last-Event-ID a stream gives everything between",
    verifies=["HUB-API-011"],
    needs=("streams",),
    town=CALLS,
    rows={"zone": {"stream": "zone"}, "guardian": {"stream": "guardian"}},
    steps=[
        ("스트림 둘을 열고 t1의 호출을 보낸 뒤, 하나를 닫는다", "open two streams, send a call of t1, and close one of them"),
        ("t1의 호출 셋을 보낸다", "send three calls of t1"),
        ("닫은 것을 마지막 id를 Last-Event-ID로 하여 다시 열고, 호출을 하나 더 보낸다",
         "open the closed one again with its last id as Last-Event-ID, and send another call"),
    ],
    criteria=[("다시 연 스트림의 event는 열려 있던 스트림의 그 id 뒤와 같은 것이 같은 차례로 한 번씩이다",
               "the events of the stream opened again are those of the one left open after that id, in the same order, once each")],
)  # fmt: skip
def resumed(t: HubBench, stream: str) -> None:
    path, sort = (zone_stream(t), "alert") if stream == "zone" else (guardian_stream(t, "g1"), "notice")
    follow(t, "open", path)
    follow(t, "broken", path)
    call = t.tag_called("pole", "t1", 1)
    for name in ("open", "broken"):
        events_of(t, "HUB-API-011", name, sort, 1, call.t)
    t.settle()
    last = told(t, "broken")[-1].id
    t.close_stream("broken")
    for press in (2, 3, 4):
        t.accepted(t.tag_called("pole", "t1", press))
    follow(t, "resumed", path, after=last)
    final = t.tag_called("pole", "t1", 5)
    events_of(t, "HUB-API-011", "open", sort, 5, final.t)
    events_of(t, "HUB-API-011", "resumed", sort, 4, final.t)
    t.settle()
    whole = [s.id for s in told(t, "open")]
    t.given(last in whole, "both streams tell the same ids")
    wanted, found = whole[whole.index(last) + 1 :], [s.id for s in told(t, "resumed")]
    t.check("HUB-API-011", found == wanted, f"what came after {last}: {wanted}", found)


@case(
    "TC-HUB-API-12",
    ko="스트림은 15 s에 적어도 한 줄을 보낸다",
    en="A stream sends at least one line every 15 s",
    verifies=["HUB-API-012"],
    needs=("streams",),
    slow_s=17.0,
    town=Town(children=1, parts=()),
    steps=[("아무 일도 없는 구역의 스트림과 보호자의 스트림을 열어 둔다", "keep the stream of a zone where nothing happens, and that of a guardian, open")],
    criteria=[("15 s 안에 각각 한 줄(주석이어도 된다)이 오고, 끊기지 않는다", "within 15 s each gets a line, a comment will do, and is not cut off")],
)  # fmt: skip
def alive(t: HubBench) -> None:
    streams = {"zone": zone_stream(t), "g1": guardian_stream(t, "g1")}
    for name, path in streams.items():
        follow(t, name, path)
    # What a stream begins with is no sign of life yet.
    t.await_all(t.line.stamp() + 1.0)
    begun = t.line.stamp()
    for name in streams:
        seen = t.await_one(_line_of(name, begun), begun + t.allowed(LINE_S))
        t.check("HUB-API-012", isinstance(seen, Streamed) and seen.event != "closed", f"a line on the stream {name}",
                seen.event if isinstance(seen, Streamed) else "none", within=t.allowed(LINE_S))  # fmt: skip


def _line_of(stream: str, since: float) -> Callable[[Seen], bool]:
    return lambda s: isinstance(s, Streamed) and s.name == stream and s.t >= since


@case(
    "TC-HUB-API-13",
    ko="스트림에는 부르는 이가 알아도 되는 것만 있다",
    en="A stream holds only what its caller may know",
    verifies=["HUB-API-013"],
    needs=("streams",),
    town=CALLS,
    steps=[
        ("보호자 g1, g2, 상황실, 학교, 넘겨받은 것이 없는 기관의 스트림을 각자의 토큰으로 연다",
         "open the streams of the guardians g1 and g2, of the desk, of the school and of an agency to which nothing was handed, each by its own token"),
        ("t1의 호출과 벨을 보낸다", "send a call of t1, and press a bell"),
    ],
    criteria=[
        ("g1의 스트림에는 c1의 알림만, g2의 것에는 아무것도 없다", "the stream of g1 holds the notice of c1 only, that of g2 nothing"),
        ("상황실의 것에는 두 경보가 있고, 학교와 기관의 것에는 사건도 경보도 없다",
         "that of the desk has both alerts, those of the school and the agency neither alert nor incident"),
    ],
)  # fmt: skip
def own_only(t: HubBench) -> None:
    for guardian in ("g1", "g2"):
        follow(t, guardian, guardian_stream(t, guardian), t.login(f"guardian/{guardian}"))
    for name, who in (("desk", "operator/o1"), ("school", "school/s1"), ("agency", "agency/a1")):
        follow(t, name, zone_stream(t), t.login(who))
    call = press_tag(t)
    bell = press_bell(t)
    events_of(t, "HUB-API-013", "g1", "notice", 1, bell.t)
    events_of(t, "HUB-API-013", "desk", "alert", 2, bell.t)
    t.settle()
    foreign = [s.data for s in told(t, "g1", "notice") if _of(s, "child") != t.id("c1")]
    t.check("HUB-API-013", not foreign, "nothing but what is about c1 to g1", foreign)
    sorts = sorted({s.event for s in told(t, "g1")} - {"notice", "incident", "complaint"})
    t.check("HUB-API-013", not sorts, "no alert to a guardian", sorts)
    allowed = {incident_of(call), incident_of(bell)}
    t.check("HUB-API-013", {_of(s, "incident") for s in told(t, "desk", "alert")} == allowed, "both incidents to the desk",
            [_of(s, "incident") for s in told(t, "desk", "alert")])  # fmt: skip
    for name in ("g2", "school", "agency"):
        found: list[Any] = [(s.event, s.data) for s in told(t, name)]
        t.check("HUB-API-013", not found, f"nothing on the stream of {name}", found)

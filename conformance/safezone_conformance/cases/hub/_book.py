"""One call of every operation of openapi.json that can be made in a case's own zone, with what must be there for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from safezone_conformance import openapi
from safezone_conformance.hub_bench import SETUP_S, UNSET, Answer, Down, HubBench
from safezone_conformance.town import Item, Maker, Town, lon_lat
from safezone_conformance.wire import iso

from . import _people as people
from ._calls import act, alert_of, handed_to, incident_of

JSON, CSV = "application/json", "text/csv"
PUBLIC = tuple(o["operationId"] for _, _, o in openapi.operations() if o.get("security") == [])
STREAMS = ("streamZone", "streamGuardian")


def _book_extra(m: Maker) -> list[Item]:
    return [
        people.operator(m),
        people.staff(m),
        people.agency(m, "a1", "fire"),
        people.unit(m),
        people.watching(m),
    ]


BOOK_TOWN = Town(children=1, parts=("pole", "bell", "desk", "camera"), extra=_book_extra)


@dataclass(frozen=True)
class Call:
    """One call that should succeed. ``watch``: paths whose answers show what the call changes."""

    method: str
    path: str
    json: Any = UNSET
    body: bytes | None = None
    who: str = "admin"
    watch: tuple[str, ...] = ()

    def put(self, t: HubBench, *, path: str = "", **how: Any) -> Answer:
        """Make the call; ``how`` replaces or adds arguments of ``HubBench.http``."""
        sent: dict[str, Any] = {"who": self.who}
        if self.body is not None:
            sent |= {"body": self.body, "headers": {"content-type": CSV}}
        elif self.json is not UNSET:
            sent |= {"json": self.json}
        return t.http(self.method, path or self.path, **(sent | how))


# What must be there


def bell_incident(t: HubBench) -> str:
    return incident_of(alert_of(t, t.bell_pressed("bell", 1), "bell_call"))


def tag_incident(t: HubBench) -> str:
    return incident_of(alert_of(t, t.tag_called("pole", "t1", 1), "tag_call"))


def notice(t: HubBench) -> str:
    """The id of a notice to g1."""
    call = t.tag_called("pole", "t1", 1)
    found = t.await_one(
        lambda s: t.is_down(s, "guardian/g1", "notice", t.about("tag_call", "c1")), call.t + SETUP_S
    )
    t.given(isinstance(found, Down), "a notice tag_call comes to g1")
    assert isinstance(found, Down)
    return found.id


def located(t: HubBench) -> None:
    """A position of c1."""
    t.accepted(t.located("p1", 300, 0, t.now() - 5))


def _missing(t: HubBench) -> str:
    located(t)
    answer = t.http("POST", f"/v1/zones/{t.zone}/incidents", json={"child": t.id("c1")})
    t.given(answer.status == 201, f"a child is reported missing: {answer.status}")
    return str(answer.json["id"])


def _handed(t: HubBench) -> str:
    """An incident that the agency a1 has."""
    id_ = tag_incident(t)
    act(t, id_, "call_119")
    who = t.login("agency/a1")
    t.given(handed_to(t, id_, who), "the incident is handed to a1")
    return id_


def _complaint(t: HubBench) -> str:
    answer = t.http("POST", f"/v1/notices/{notice(t)}/wrong", json={"text": "그 시각에 교실에 있었습니다."})
    t.given(answer.status == 201, f"a notice is called wrong: {answer.status}")
    return str(answer.json["id"])


def _token(t: HubBench) -> str:
    answer = t.http("POST", "/v1/tokens", json=_token_request(t))
    t.given(answer.status == 201, f"a token is made: {answer.status}")
    return str(answer.json["id"])


def _token_request(t: HubBench) -> dict[str, str]:
    return {"role": "operator", "principal": t.id("o1"), "zone": t.zone}


def _area(t: HubBench) -> Item:
    return t.make.area("new", "playground", (200, 0), 30)


def _lines(t: HubBench) -> bytes:
    head, (lon, lat) = "id,name,type,lat,lon,nature", (round(v, 6) for v in lon_lat(0, 0))
    return f"{head}\n{t.id('u7')},순찰 7,patrol,{lat},{lon},simulated\n".encode()


def _zone(t: HubBench, rest: str) -> str:
    return f"/v1/zones/{t.zone}/{rest}"


def _child(t: HubBench, rest: str) -> str:
    return f"/v1/children/{t.id('c1')}/{rest}"


def _incident(
    method: str, rest: str, make: Callable[[HubBench], str], json: Any = UNSET
) -> Callable[[HubBench], Call]:
    def call(t: HubBench) -> Call:
        one = f"/v1/incidents/{make(t)}"
        return Call(method, f"{one}{rest}", json=json, watch=(one,) if json is not UNSET else ())

    return call


def _report(t: HubBench) -> Call:
    one = f"/v1/incidents/{_handed(t)}"
    return Call("POST", f"{one}/agency", json={"status": "accepted"}, who="agency/a1", watch=(one,))


def _after(
    make: Callable[[HubBench], object], call: Callable[[HubBench], Call]
) -> Callable[[HubBench], Call]:
    """A call for which something must be there that it does not name."""

    def both(t: HubBench) -> Call:
        make(t)
        return call(t)

    return both


def _camera(t: HubBench) -> Call:
    return Call("GET", f"/v1/incidents/{bell_incident(t)}/cameras/{t.id('cam')}/snapshot")


def _item(t: HubBench, method: str) -> Call:
    path = f"/v1/registry/area/{t.id('new')}"
    if method == "PUT":
        return Call("PUT", path, json=_area(t), watch=(path,))
    t.put(_area(t))
    return Call(method, path)


def _wrong(t: HubBench) -> Call:
    path = f"/v1/notices/{notice(t)}/wrong"
    return Call("POST", path, json={"text": "그 시각에 교실에 있었습니다."}, watch=(_zone(t, "complaints"),))


_CONSENT = {"items": {"collect": True, "notify_guardians": True, "provide_112": True}, "status": "given"}

# By operationId. Left out: enrolment, whose tries a hub counts, and what the provider of SMS reports.
BOOK: Mapping[str, Callable[[HubBench], Call]] = {
    "getHub": lambda t: Call("GET", "/v1/hub"),
    "getHealth": lambda t: Call("GET", "/healthz"),
    "getReadiness": lambda t: Call("GET", "/readyz"),
    "getOpenapi": lambda t: Call("GET", "/openapi.json"),
    "getMetrics": lambda t: Call("GET", "/metrics"),
    "createToken": lambda t: Call("POST", "/v1/tokens", json=_token_request(t), watch=(f"/v1/tokens?zone={t.zone}",)),
    "listTokens": lambda t: Call("GET", f"/v1/tokens?zone={t.zone}&limit=10"),
    "revokeToken": lambda t: Call("DELETE", f"/v1/tokens/{_token(t)}"),
    "getMe": lambda t: Call("GET", "/v1/me"),
    "putItem": lambda t: _item(t, "PUT"),
    "getItem": lambda t: _item(t, "GET"),
    "deleteItem": lambda t: _item(t, "DELETE"),
    "listItems": lambda t: Call("GET", f"/v1/registry/device?zone={t.zone}"),
    "importItems": lambda t: Call("POST", "/v1/registry:import", json={"items": [_area(t)]},
                                  watch=(f"/v1/registry/area?zone={t.zone}",)),
    "importCsv": lambda t: Call("POST", f"/v1/registry:import-csv?kind=unit&zone={t.zone}", body=_lines(t),
                                watch=(f"/v1/registry/unit?zone={t.zone}",)),
    "getIncidents": _after(bell_incident, lambda t: Call("GET", _zone(t, "incidents?state=all&limit=5"))),
    "reportMissing": lambda t: Call("POST", _zone(t, "incidents"), json={"child": t.id("c1")},
                                    watch=(_zone(t, "incidents?state=all"),)),
    "getIncident": _incident("GET", "", tag_incident),
    "actOnIncident": _incident("POST", "/actions", bell_incident, {"action": "acknowledge", "note": "확인"}),
    "getSearchArea": _incident("GET", "/search", _missing),
    "viewCamera": _camera,
    "getCap": _incident("GET", "/cap", tag_incident),
    "getHandover": _incident("GET", "/handover", tag_incident),
    "reportAgencyStatus": _report,
    "getUnits": lambda t: Call("GET", _zone(t, "units")),
    "putUnitStatus": lambda t: Call("PUT", f"/v1/units/{t.id('u1')}/status", json={"available": False},
                                    watch=(_zone(t, "units"),)),
    "handOverShift": lambda t: Call("POST", _zone(t, "shift"), json={"to": t.id("o1"), "note": "이상 없음"}),
    "streamZone": lambda t: Call("GET", _zone(t, "stream")),
    "streamGuardian": lambda t: Call("GET", f"/v1/guardians/{t.id('g1')}/stream"),
    "getNotices": _after(notice, lambda t: Call("GET", f"/v1/guardians/{t.id('g1')}/notices?limit=9")),
    "markNoticeSeen": lambda t: Call("POST", f"/v1/notices/{notice(t)}/seen"),
    "reportWrongNotice": _wrong,
    "getDeliveries": lambda t: Call("GET", f"/v1/notices/{notice(t)}/deliveries"),
    "getComplaints": _after(_complaint, lambda t: Call("GET", _zone(t, "complaints"))),
    "answerComplaint": lambda t: Call("POST", f"/v1/complaints/{_complaint(t)}/answer",
                                      json={"text": "살펴보았습니다.", "upheld": False}, watch=(_zone(t, "complaints"),)),
    "getPosition": _after(located, lambda t: Call("GET", _child(t, "position"))),
    "getPath": _after(located, lambda t: Call("GET", _child(t, f"path?from={iso(t.now() - 60)}"))),
    "getAccessLog": lambda t: Call("GET", _child(t, "access-log?limit=20")),
    "getChildData": lambda t: Call("GET", _child(t, "data")),
    "putConsent": lambda t: Call("PUT", _child(t, "consent"), json=_CONSENT,
                                 watch=(f"/v1/registry/consent?zone={t.zone}",)),
    "eraseChild": lambda t: Call("POST", _child(t, "erase")),
    "createEnrolmentCode": lambda t: Call("POST", _zone(t, "enrolment-codes"), json={"child": t.id("c1")}),
    "getStats": lambda t: Call("GET", _zone(t, "stats")),
    "getRejections": lambda t: Call("GET", _zone(t, "rejections?limit=5")),
    "getDevices": lambda t: Call("GET", _zone(t, "devices")),
    "getPupils": lambda t: Call("GET", _zone(t, "pupils")),
    "getStatistics": lambda t: Call("GET", _zone(t, "statistics")),
    "getAudit": lambda t: Call("GET", _zone(t, "audit")),
    "getEnrolments": lambda t: Call("GET", _zone(t, "enrolments")),
}  # fmt: skip


def with_body() -> list[str]:
    """Operations of the book that take a body of JSON."""
    return [
        o["operationId"]
        for _, _, o in openapi.operations()
        if o["operationId"] in BOOK and JSON in o.get("requestBody", {}).get("content", {})
    ]

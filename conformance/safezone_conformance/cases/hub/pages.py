"""11.5: pages and ETags."""

from collections.abc import Mapping
from typing import Any

from safezone_conformance.case import case
from safezone_conformance.hub_bench import Answer, HubBench
from safezone_conformance.town import Town
from safezone_conformance.wire import iso

from . import _people as people
from ._calls import act, incident_of, press_bell, press_tag
from .registry import quoted

PAGES_MAX = 20
APART_S = 0.3


def all_pages(t: HubBench, path: str, limit: int) -> tuple[list[Any], list[int], bool]:
    """Every item of a list, the sizes of its pages, and whether it came to an end."""
    items: list[Any] = []
    sizes: list[int] = []
    after = None
    joined = "&" if "?" in path else "?"
    while len(sizes) < PAGES_MAX:
        answer = t.http(
            "GET", f"{path}{joined}limit={limit}" + ("" if after is None else f"&after={quoted(after)}")
        )
        t.given(answer.status == 200, f"a page of {path}: {answer.status}")
        items += answer.json["items"]
        sizes.append(len(answer.json["items"]))
        after = answer.json.get("next")
        if after is None:
            break
    return items, sizes, after is None


@case(
    "TC-HUB-API-08",
    ko="next를 after로 주면 다음 쪽이고, 마지막 쪽의 next는 null이거나 없다",
    en="Given as after, next gives the following page, and on the last page it is null or absent",
    verifies=["HUB-API-007"],
    needs=("etags",),
    town=Town(children=1, parts=("pole", "bell", "desk"), extra=lambda m: [people.operator(m)]),
    rows={what: {"what": what} for what in ("incidents", "notices", "tokens", "access-log")},
    steps=[
        ("사건, 알림, 토큰, 열람 기록을 셋 이상 만든다", "make at least three incidents, notices, tokens and lines of the access log"),
        ("limit=1로 처음부터 끝까지, 그리고 limit=100으로 읽는다", "read from the first page to the last with limit=1, and with limit=100"),
    ],
    criteria=[("limit=1의 쪽들을 이은 것이 limit=100의 한 쪽과 같고, 쪽마다 하나이며, 끝난다",
               "the pages of limit=1 joined are the one page of limit=100, each holds one, and they end")],
)  # fmt: skip
def following(t: HubBench, what: str) -> None:
    presses = range(1, 4)
    key = _id_of
    if what == "tokens":
        path = f"/v1/tokens?zone={t.zone}"
        for _ in presses:
            made = t.http(
                "POST", "/v1/tokens", json={"role": "operator", "principal": t.id("o1"), "zone": t.zone}
            )
            t.given(made.status == 201, f"a token is made: {made.status}")
    elif what == "incidents":
        path = f"/v1/zones/{t.zone}/incidents?state=all"
        for n in presses:
            press_bell(t, press=n)
    elif what == "notices":
        path = f"/v1/guardians/{t.id('g1')}/notices"
        for n in presses:
            press_tag(t, press=n)
    else:
        key = _whole
        t.accepted(t.located("p1", 300, 0, t.now() - 5))
        for _ in presses:
            t.http("GET", f"/v1/children/{t.id('c1')}/position")
        # To look at the log is itself a line of it: so up to a moment, well before and after which nothing is asked.
        t.await_all(t.line.stamp() + APART_S)
        path = f"/v1/children/{t.id('c1')}/access-log?to={quoted(iso(t.now()))}"
        t.await_all(t.line.stamp() + APART_S)
    if what == "notices":
        t.settle()
    singles, sizes, ended = all_pages(t, path, 1)
    whole, _, _ = all_pages(t, path, 100)
    t.check(
        "HUB-API-007", ended and set(sizes[:-1]) <= {1} and sizes[-1] <= 1, "pages of one, to an end", sizes
    )
    one, many = [key(i) for i in singles], [key(i) for i in whole]
    t.check("HUB-API-007", len(one) >= 3 and one == many, f"the same as in one page: {many}", one)


def _id_of(item: Mapping[str, Any]) -> Any:
    return item["id"]


def _whole(item: Mapping[str, Any]) -> Any:
    return sorted(map(str, item.items()))


@case(
    "TC-HUB-API-09",
    ko="ETag가 그대로면 304이고, 내용이 바뀌면 ETag도 바뀐다",
    en="While the ETag is the same the answer is 304, and it changes when the content does",
    verifies=["HUB-API-008", "HUB-API-009"],
    needs=("etags",),
    town=Town(children=0, parts=("pole", "bell", "desk"), extra=lambda m: [people.unit(m)]),
    rows={what: {"what": what} for what in ("getIncidents", "getIncident", "getUnits", "getDevices")},
    steps=[
        ("부르고, 그 ETag를 If-None-Match로 다시 부른다", "call, and call again with its ETag as If-None-Match"),
        ("내용을 바꾸고(사건의 조치, 조의 상태, 장치의 고장) 그 ETag로 다시 부른다",
         "change the content (an action, the state of a unit, a fault of a device), and call again with that ETag"),
        ("아닌 ETag로 부른다", "call with an ETag that is none of its own"),
    ],
    criteria=[
        ("ETag가 있고, 그대로일 때 304이며 본문이 없다", "there is an ETag, and while nothing changed it is 304 without body"),
        ("바뀐 뒤, 그리고 아닌 ETag에는 200과 본문이고 ETag는 앞과 다르다",
         "after the change, and for the ETag that is none, it is 200 with the body, and the ETag is another than before"),
    ],
)  # fmt: skip
def etags(t: HubBench, what: str) -> None:
    alert = press_bell(t) if what.startswith("getIncident") else None
    path = {
        "getIncidents": f"/v1/zones/{t.zone}/incidents",
        "getIncident": f"/v1/incidents/{incident_of(alert) if alert else ''}",
        "getUnits": f"/v1/zones/{t.zone}/units",
        "getDevices": f"/v1/zones/{t.zone}/devices",
    }[what]

    def ask(etag: str | None = None) -> Answer:
        return t.http("GET", path, headers={} if etag is None else {"if-none-match": etag})

    def still(before: str) -> None:
        again = ask(before)
        ok = (again.status, again.body) == (304, b"")
        t.check(
            "HUB-API-008",
            ok,
            "304 without body",
            (again.status, len(again.body)),
            sent=again.question,
            seen=again,
        )

    if alert is not None:
        act(t, incident_of(alert), "acknowledge")  # so that no reminder changes it meanwhile
    first = ask()
    t.given(first.status == 200, f"{what}: {first.status}")
    tag = first.headers.get("etag", "")
    t.require("HUB-API-008", bool(tag), "an ETag", "none", seen=first)
    still(tag)
    if alert is not None:
        act(t, incident_of(alert), "note", note="학교에 알렸음")
    elif what == "getUnits":
        done = t.http("PUT", f"/v1/units/{t.id('u1')}/status", json={"available": False})
        t.given(done.status == 200, f"the state of a unit: {done.status}")
    else:
        t.accepted(t.status("pole", tamper=True))
    changed = ask(tag)
    t.check(
        "HUB-API-009",
        changed.status == 200 and bool(changed.body),
        "200 with the new content",
        changed.status,
        seen=changed,
    )
    t.check(
        "HUB-API-009",
        changed.headers.get("etag") != tag,
        "another ETag",
        changed.headers.get("etag"),
        seen=changed,
    )
    other = ask('"no-such-tag"')
    t.check(
        "HUB-API-008",
        other.status == 200,
        "200 for an ETag that is none of its own",
        other.status,
        seen=other,
    )
    still(other.headers.get("etag", ""))

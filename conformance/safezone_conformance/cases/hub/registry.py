"""10 and 11.2: the registry, item by item, in lists and in batches."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from safezone_model import validator

from safezone_conformance.case import case
from safezone_conformance.hub_bench import SETUP_S, Answer, HubBench
from safezone_conformance.town import Item, Maker, Town, lat_lon, lon_lat

from ._wire import Refusals, good

EMPTY = Town(empty=True)
BARE = Town(children=0, parts=())
CALLS = Town(children=2, parts=("pole", "desk"))
PAGES_MAX = 20

# One item of each kind, and the member that its second version has otherwise.
SAMPLES: Mapping[str, Callable[[Maker], tuple[Item, dict[str, Any]]]] = {
    "zone": lambda m: (m.zone(), {"name": "다른 이름의 구역"}),
    "area": lambda m: (m.area("x", "playground", (200, 0), 40), {"radius_m": 55}),
    "child": lambda m: (m.child(1, home_by="18:30", barred=[m.identity.id("h9")]), {"grade": 4}),
    "guardian": lambda m: (m.guardian("x", ["c1"], language="en", contacts=[_webhook(m)]), {"legal": True}),
    "desk": lambda m: (m.desk("x", "supervisor", contacts=[_webhook(m)]), {"name": "다른 이름"}),
    "binding": lambda m: (m.binding("c1", "t1"), {"until": "2030-01-01T00:00:00Z"}),
    "device": lambda m: (m.gate("x", "school", (900, 0)), {"press_counter": False}),
    "absence": lambda m: (m.other("absence", "x", child=m.identity.id("c1"), date="2030-03-04"), {"reason": "체험 학습"}),
    "consent": lambda m: (m.consent("c1", "g1"), {"status": "suspended"}),
    "drill": lambda m: (m.drill("x", allow=["g1"]), {"closes_at": "2031-01-01T00:00:00Z"}),
    "operator": lambda m: (_person(m, "operator", desk=m.identity.id("d112"), rank="operator"), {"rank": "supervisor"}),
    "staff": lambda m: (_person(m, "staff"), {"name": "교사 다른 이름"}),
    "agency": lambda m: (_person(m, "agency", service="police", format="json", webhook=_hook(m)), {"format": "cap"}),
    "unit": lambda m: (_person(m, "unit", type="patrol", **lat_lon(300, 0)), {"type": "ambulance"}),
    "streets": lambda m: (m.other("streets", "x", lines=_streets((300, 0))), {"lines": _streets((0, 300))}),
    "peer": lambda m: (m.other("peer", "x", name="이웃 허브", key=m.identity.key("x")), {"name": "다른 허브"}),
}  # fmt: skip


def _streets(to: tuple[float, float]) -> list[dict[str, Any]]:
    return [{"line": [lon_lat(0, 0), lon_lat(*to)], "name": "시험길", "foot": True, "car": False}]


def _hook(m: Maker) -> dict[str, str]:
    return {"url": "https://hooks.example/safezone", "secret": m.identity.secret("hook")}


def _webhook(m: Maker) -> dict[str, str]:
    return {
        "channel": "webhook",
        "address": "https://hooks.example/safezone",
        "secret": m.identity.secret("hook"),
    }


def _person(m: Maker, kind: str, **more: Any) -> Item:
    return m.other(kind, "x", name=f"시험 {kind}", nature="simulated", **more)


def open_form(value: Any) -> Any:
    """An item as it may be shown: without any secret, however deep."""
    if isinstance(value, Mapping):
        return {k: open_form(v) for k, v in value.items() if k != "secret"}
    return [open_form(v) for v in value] if isinstance(value, list) else value


def missing_of(shown: Any, item: Any, path: str = "") -> list[str]:
    """What an item shown lacks or has otherwise than the item. A key may be left out whole, members may be added."""
    if isinstance(item, Mapping):
        if not isinstance(shown, Mapping):
            return [path]
        found = []
        for name, value in item.items():
            if name == "key" and name not in shown:
                continue
            found += missing_of(shown[name], value, f"{path}/{name}") if name in shown else [f"{path}/{name}"]
        return found
    if isinstance(item, list):
        if not isinstance(shown, list) or len(shown) != len(item):
            return [path]
        return [p for n, (s, i) in enumerate(zip(shown, item, strict=True)) for p in missing_of(s, i, f"{path}/{n}")]  # fmt: skip
    same = shown == item and isinstance(shown, bool) == isinstance(item, bool)
    return [] if same else [path]


def secrets_of(value: Any) -> list[str]:
    """Every secret in an item."""
    if isinstance(value, Mapping):
        return [v for k, v in value.items() if k == "secret"] + [
            s for v in value.values() for s in secrets_of(v)
        ]
    return [s for v in value for s in secrets_of(v)] if isinstance(value, list) else []


def spoilt(value: Any) -> Any:
    """An item whose secrets have a character that no secret may have: as somebody mistypes one."""
    if isinstance(value, Mapping):
        return {k: v[:-1] + "!" if k == "secret" else spoilt(v) for k, v in value.items()}
    return [spoilt(v) for v in value] if isinstance(value, list) else value


def url(item: Item) -> str:
    return f"/v1/registry/{item['kind']}/{item['id']}"


def item_now(t: HubBench, item: Item) -> Any:
    """As GET tells it; None where there is none."""
    answer = t.http("GET", url(item))
    t.given(answer.status in (200, 404), f"GET {item['kind']}: {answer.status}")
    return answer.json if answer.status == 200 else None


def errors_of(answer: Answer) -> list[Mapping[str, Any]]:
    """The errors of a problem; [] if it has none."""
    body = answer.json
    rows = body.get("errors") if isinstance(body, dict) else None
    return [r for r in rows if isinstance(r, Mapping)] if isinstance(rows, list) else []


def helpful(rows: list[Mapping[str, Any]]) -> bool:
    """Whether errors are there, each with field, value and remedy."""
    return bool(rows) and all(isinstance(r.get("field"), str) and "value" in r and r.get("remedy") for r in rows)  # fmt: skip


@case(
    "TC-HUB-REG-01",
    ko="항목을 넣고, 읽고, 바꾸고, 지운다",
    en="An item is stored, read, replaced and deleted",
    verifies=["HUB-REG-001", "HUB-REG-002", "HUB-REG-003", "HUB-REG-007"],
    town=EMPTY,
    rows={kind: {"kind": kind} for kind in SAMPLES},
    steps=[
        ("이 종류의 항목을 PUT하고 GET한다", "PUT an item of this kind, and GET it"),
        ("한 요소를 바꾸어 다시 PUT하고 GET한다", "PUT it with one member changed, and GET it"),
        ("그 구역의 목록을 GET한다", "GET the list of the zone"),
        ("비밀을 한 글자 틀리게 적어 PUT한다", "PUT it with a secret mistyped by one character"),
        ("DELETE하고 GET한다", "DELETE it, and GET it"),
    ],
    criteria=[
        ("처음 PUT은 201, 다음 PUT은 200이다", "the first PUT answers 201, the second 200"),
        (
            "GET은 마지막에 넣은 항목을 비밀을 빼고 그대로 준다",
            "GET gives the item as it was last put, without secrets",
        ),
        ("어느 응답에도 비밀이 없다", "no answer holds a secret"),
        ("DELETE는 204이고, 그 뒤 GET은 404이다", "DELETE answers 204, and GET after it 404"),
    ],
)
def stored_and_deleted(t: HubBench, kind: str) -> None:
    item, change = SAMPLES[kind](t.make)
    if kind != "zone":
        t.put(t.make.zone())
    answers = []
    for status, body in ((201, item), (200, item | change)):
        put = t.expect_http("HUB-REG-001", status, "PUT", url(item), json=body)
        got = t.expect_http("HUB-REG-002", 200, "GET", url(item))
        lacking = missing_of(got.json, open_form(body))
        t.check("HUB-REG-002", not lacking, "the item as it was put", f"otherwise: {', '.join(lacking)}", sent=put.question,
                seen=got)  # fmt: skip
        answers += [put, got]
    answers.append(t.http("GET", f"/v1/registry/{kind}?zone={t.zone}&limit=100"))
    answers.append(t.http("PUT", url(item), json=spoilt(item) | {"x-unknown": 1}))
    told = [a for a in answers for s in secrets_of(item) if s[:-1].encode() in a.body]
    t.check("HUB-REG-003", not told, "no secret in an answer", f"in {len(told)} answers", seen=told[0] if told else None)  # fmt: skip
    t.expect_http("HUB-REG-007", 204, "DELETE", url(item))
    t.expect_http("HUB-REG-007", 404, "GET", url(item))


@case(
    "TC-HUB-REG-02",
    ko="맞지 않는 항목은 까닭과 함께 거절되고 남지 않는다",
    en="An item that does not fit is refused with reasons, and not stored",
    verifies=["HUB-REG-004", "HUB-REG-005", "HUB-REG-006"],
    town=EMPTY,
    rows={kind: {"kind": kind} for kind in SAMPLES},
    steps=[
        (
            "필수 요소가 하나씩 빠진 항목, 형이 틀린 항목을 PUT한다",
            "PUT the item without each required member in turn, and with a member of the wrong type",
        ),
        ("모르는 요소가 있는 항목을 PUT한다", "PUT the item with an unknown member"),
        (
            "id와 kind가 URL과 다른 항목을 PUT한다",
            "PUT the item under a URL with another id, and with another kind",
        ),
        ("GET한다", "GET it"),
        (
            "옳은 항목을 PUT하고, 틀린 것으로 바꾸려 한다",
            "PUT the right item, and try to replace it by a wrong one",
        ),
    ],
)
def refused(t: HubBench, kind: str) -> None:
    item, change = SAMPLES[kind](t.make)
    if kind != "zone":
        t.put(t.make.zone())
    here, other = url(item), next(k for k in ("area", "unit") if k != kind)

    def refuse(requirement: str, what: str, body: Any, at: str = here) -> None:
        answer = t.http("PUT", at, json=body)
        rows = errors_of(answer)
        t.check(
            requirement,
            answer.status == 422,
            f"{what}: 422",
            answer.status,
            sent=answer.question,
            seen=answer,
        )
        t.check("HUB-REG-004", helpful(rows), f"{what}: errors with field, value and remedy", rows, seen=answer)  # fmt: skip
        for row in rows if requirement == "HUB-REG-004" else []:
            t.check("HUB-REG-004", secrets_of(body) == [] or not any(s in str(row) for s in secrets_of(body)),
                    "no secret as value", "a secret is told", seen=answer)  # fmt: skip

    required = [m for m in validator(f"registry/{kind}").schema["required"] if m not in ("kind", "id")]
    for member in required:
        refuse("HUB-REG-004", f"without {member}", {k: v for k, v in item.items() if k != member})
    refuse("HUB-REG-004", f"{required[-1]} of another type", item | {required[-1]: [7]})
    refuse("HUB-REG-005", "with a member nobody knows", item | {"x-unknown": 1})
    refuse("HUB-REG-006", "another id than the URL's", item, f"/v1/registry/{kind}/{t.id('elsewhere')}")
    refuse("HUB-REG-006", "another kind than the URL's", item, f"/v1/registry/{other}/{item['id']}")
    left = item_now(t, item)
    t.check("HUB-REG-004", left is None, "nothing stored", left)
    t.put(item)
    refuse("HUB-REG-005", "a replacement with a member nobody knows", item | change | {"x-unknown": 1})
    lacking = missing_of(item_now(t, item), open_form(item))
    t.check("HUB-REG-004", not lacking, "the item as it was", f"otherwise: {', '.join(lacking)}")


def two_zones(m: Maker) -> list[Item]:
    """A second zone of the case's own, with one area."""
    other = m.identity.id("z2")
    zone = m.zone() | {"id": other, "zone": other}
    return [zone, m.area("elsewhere", "playground", (0, 0), 20) | {"zone": other}]


@case(
    "TC-HUB-REG-03",
    ko="목록은 구역으로 걸러지고, 쪽을 이으면 빠짐도 겹침도 없다",
    en="Lists are filtered by zone, and their pages join without gap or overlap",
    verifies=["HUB-REG-008", "HUB-API-007"],
    town=Town(
        children=0,
        parts=(),
        extra=lambda m: [
            *two_zones(m),
            *(m.area(f"a{n}", "playground", (n * 10, 0), 20) for n in (3, 1, 5, 2, 4)),
        ],
    ),
    before=[
        (
            "한 구역에 area 다섯, 다른 구역에 하나가 등록되어 있다",
            "five areas are registered in one zone, one in another",
        )
    ],
    steps=[
        (
            "구역을 대어 limit=2, limit=5로 목록을 끝까지 읽는다",
            "read the list of the zone to its end with limit=2 and with limit=5",
        ),
        (
            "둘째 구역의 목록과, 아무것도 없는 종류의 목록을 읽는다",
            "read the list of the second zone, and that of a kind of which there is none",
        ),
    ],
)
def pages(t: HubBench) -> None:
    own = sorted(t.id(f"a{n}") for n in (1, 2, 3, 4, 5))
    for limit, least in ((2, 3), (5, 1)):
        ids: list[str] = []
        sizes: list[int] = []
        after = None
        while len(sizes) < PAGES_MAX:
            more = "" if after is None else f"&after={quoted(after)}"
            page = t.http("GET", f"/v1/registry/area?zone={t.zone}&limit={limit}{more}")
            t.given(page.status == 200, f"a page of the list: {page.status}")
            ids += [i["id"] for i in page.json["items"]]
            sizes.append(len(page.json["items"]))
            after = page.json.get("next")
            if after is None:
                break
        t.check("HUB-API-007", after is None and len(sizes) >= least, f"at least {least} pages, the last without next",
                f"{len(sizes)} pages, next {after}")  # fmt: skip
        t.check("HUB-REG-008", all(n <= limit for n in sizes), f"at most {limit} items a page", sizes)
        t.check("HUB-REG-008", sorted(ids) == own, "every area of the zone once", [t.name(i) for i in ids])
    for zone, kind, expected in (
        (t.id("z2"), "area", [t.id("elsewhere")]),
        (t.zone, "unit", []),
        (t.zone, "zone", [t.zone]),
    ):
        page = t.http("GET", f"/v1/registry/{kind}?zone={zone}")
        t.given(page.status == 200, f"the list of {kind}: {page.status}")
        found = [i["id"] for i in page.json["items"]]
        t.check("HUB-REG-008", found == expected, f"{kind} of this zone: {expected}", found, seen=page)
        t.check("HUB-API-007", page.json.get("next") is None, "no next on the last page", page.json.get("next"), seen=page)  # fmt: skip


def quoted(text: str) -> str:
    """For a query."""
    return quote(text, safe="")


@case(
    "TC-HUB-REG-04",
    ko="묶음은 모두 들어가거나 하나도 들어가지 않는다",
    en="A batch is stored whole, or not at all",
    verifies=["HUB-REG-009", "HUB-REG-010"],
    town=BARE,
    steps=[
        (
            "여섯 항목 가운데 셋째와 다섯째가 틀린 묶음을 보낸다. 첫째는 이미 있는 것을 바꾼다",
            "send a batch of six of which the third and the fifth do not fit, and the first replaces one that is there",
        ),
        ("고친 묶음을 보낸다", "send the batch corrected"),
    ],
)
def batch(t: HubBench) -> None:
    make = t.make
    kept = make.area("a1", "playground", (0, 0), 20)
    t.put(kept)
    right = [kept | {"radius_m": 33}] + [make.area(f"a{n}", "playground", (n, 0), 20) for n in (2, 3, 4)]
    right += [make.child(1), make.desk("x")]
    wrong = list(right)
    wrong[2] = right[2] | {"radius_m": -5}
    wrong[4] = right[4] | {"grade": 9}
    answer = t.http("POST", "/v1/registry:import", json={"items": wrong})
    t.check("HUB-REG-009", answer.status == 422, "422", answer.status, seen=answer)
    rows = errors_of(answer)
    for line, item, field, value in ((3, wrong[2], "radius_m", -5), (5, wrong[4], "grade", 9)):
        named = [r for r in rows if r.get("line") == line]
        ok = helpful(named) and any(
            r.get("kind") == item["kind"] and r.get("id") == item["id"] and field in r["field"] and r["value"] == value
            for r in named
        )  # fmt: skip
        t.check("HUB-REG-010", ok, f"line {line}, kind, id, {field}, {value} and a remedy", rows, seen=answer)
    lines = sorted({r.get("line", 0) for r in rows})
    t.check("HUB-REG-010", lines == [3, 5], "the lines 3 and 5 and no other", lines, seen=answer)
    left = [t.name(i["id"]) for i in right[1:] if item_now(t, i) is not None]
    t.check("HUB-REG-009", not left, "none of the batch stored", left)
    t.check("HUB-REG-009", item_now(t, kept)["radius_m"] == 20, "what was there is as it was", "replaced")
    done = t.expect_http("HUB-REG-009", 200, "POST", "/v1/registry:import", json={"items": right})
    t.check("HUB-REG-009", done.json.get("stored") == 6, "6 stored", done.json, seen=done)
    lacking = [t.name(i["id"]) for i in right if missing_of(item_now(t, i), open_form(i))]
    t.check("HUB-REG-009", not lacking, "every item of the batch", lacking)


@case(
    "TC-HUB-REG-05",
    ko="등록의 변경은 응답 뒤에 판정하는 메시지부터 통한다",
    en="A change of the registry holds for messages judged after the answer",
    verifies=["HUB-REG-011"],
    town=CALLS,
    steps=[
        ("t1의 호출을 보낸다", "send a call of t1"),
        ("t1을 c2에 연결하고, 응답이 오자마자 t1의 호출을 보낸다", "bind t1 to c2, and upon the answer send a call of t1"),
        ("리더기를 새로 등록하고, 응답이 오자마자 그 리더기로 호출을 보낸다",
         "register a new reader, and upon the answer send a call through it"),
    ],
)  # fmt: skip
def holds_at_once(t: HubBench) -> None:
    first = t.tag_called("pole", "t1", 1)
    t.expect_alert("HUB-REG-011", "tag_call", child="c1", since=first)
    t.expect_notice(
        "HUB-REG-011", "g1", "tag_call", child="c1", since=first
    )  # not to be taken for the second's
    t.put(t.make.binding("c2", "t1"))
    second = t.tag_called("pole", "t1", 2)
    t.expect_alert("HUB-REG-011", "tag_call", child="c2", since=second)
    t.expect_notice("HUB-REG-011", "g2", "tag_call", child="c2", since=second)
    t.put(t.make.reader("new", "pole", (300, 0)))
    third = t.tag_called("new", "t2", 1)
    t.expect_alert("HUB-REG-011", "tag_call", child="c2", since=third, where=lambda d: d["incident"] != "")
    t.expect_none("HUB-REG-011", to="guardian/g1", type_="notice", after=second, where=t.about("tag_call"),
                  limit=t.limit("tag_call"), expected="nothing of it to the guardian of c1")  # fmt: skip


@case(
    "TC-HUB-REG-06",
    ko="키를 바꾸면 새 키의 메시지만 받는다",
    en="After a change of key only messages under the new key are accepted",
    verifies=["HUB-REG-012"],
    town=Town(children=0, parts=("pole",)),
    rows={"other-keyid": {"same_id": False}, "same-keyid": {"same_id": True}},
    steps=[
        ("리더기를 새 키로 다시 PUT한다", "PUT the reader again with another key"),
        ("옛 키의 메시지와 새 키의 메시지를 보낸다", "send a message under the former key, and one under the new"),
    ],
    criteria=[("옛 키의 메시지는 수신 확인 없이 거부로 세어지고, 새 키의 것은 accepted이다",
               "the former is counted as rejected and gets no receipt, the latter is accepted")],
)  # fmt: skip
def new_key(t: HubBench, same_id: bool) -> None:
    old = dict(t.keys["dev/pole"])
    before = t.status("pole")
    t.accepted(before)
    new = t.identity.key("pole", 2) | ({"keyid": old["keyid"]} if same_id else {})
    t.put(t.make.reader("pole", "pole", (500, 0)) | {"key": new})
    refusals = Refusals(t)
    topic, envelope, payload = t.compose("dev/pole", "device.status", _status(t), key=old)
    former = t.publish("dev/pole", topic, envelope, payload)
    refusals.seen("HUB-REG-012", "bad_mac" if same_id else "unknown_key", "under the former key", former)
    t.expect_receipt("HUB-REG-012", t.status("pole"), "accepted", within=SETUP_S)
    t.check("HUB-REG-012", t.receipt(former, 0.0, after=former.t) is None, "no receipt of the former", "one came",
            sent=former)  # fmt: skip


def _status(t: HubBench) -> dict[str, Any]:
    return dict(good(t)[1]["data"])


@case(
    "TC-HUB-REG-07",
    ko="지운 장치의 메시지는 unknown_sender이다",
    en="Messages of a deleted device are unknown_sender",
    verifies=["HUB-REG-015"],
    town=Town(children=0, parts=("pole", "school")),
    steps=[
        ("pole의 메시지가 받아진다", "a message of pole is accepted"),
        ("pole을 DELETE하고, pole의 메시지를 보낸다", "DELETE pole, and send a message of it"),
        ("gs의 메시지를 보낸다", "send a message of gs"),
    ],
    criteria=[("지운 뒤의 메시지는 unknown_sender로 한 번 세어지고, gs의 것은 accepted이다",
               "the message after it is counted once, as unknown_sender, and that of gs is accepted")],
)  # fmt: skip
def deleted_device(t: HubBench) -> None:
    t.accepted(t.status("pole"))
    answer = t.http("DELETE", f"/v1/registry/device/{t.id('pole')}")
    t.given(answer.status == 204, f"DELETE of the device: {answer.status}")
    refusals = Refusals(t)
    refusals.hold("HUB-REG-015", "unknown_sender", "a message of the deleted device", good(t)[2])
    t.expect_receipt("HUB-REG-015", t.status("gs"), "accepted", within=SETUP_S)


@case(
    "TC-HUB-REG-08",
    ko="보호자에게서 뺀 어린이의 새 알림은 그 보호자에게 가지 않는다",
    en="New notices of a child that was removed from a guardian do not reach that guardian",
    verifies=["HUB-REG-016"],
    town=Town(children=2, parts=("pole", "desk"), extra=lambda m: [m.guardian("h1", ["c1", "c2"])]),
    steps=[
        ("t1의 호출이 g1과 h1에게 간다", "a call of t1 goes to g1 and h1"),
        ("h1을 children에 c2만 두어 PUT하고 t1의 호출을 보낸다", "PUT h1 with c2 alone in children, and send a call of t1"),
    ],
    criteria=[("둘째 호출은 g1에게만 간다", "the second call goes to g1 only")],
)  # fmt: skip
def removed_child(t: HubBench) -> None:
    first = t.tag_called("pole", "t1", 1)
    for guardian in ("g1", "h1"):
        t.expect_notice("HUB-REG-016", guardian, "tag_call", child="c1", since=first)
    t.put(t.make.guardian("h1", ["c2"]))
    second = t.tag_called("pole", "t1", 2)
    t.expect_notice("HUB-REG-016", "g1", "tag_call", child="c1", since=second)
    t.expect_none("HUB-REG-016", to="guardian/h1", type_="notice", after=second, where=t.about("tag_call", "c1"),
                  limit=t.limit("tag_call"), expected="no notice of the child to h1")  # fmt: skip


@case(
    "TC-HUB-REG-09",
    ko="등록 호출만으로 모든 주체가 통신하고, 등록의 차례는 자유롭다",
    en="The registry calls alone let every principal speak, in whatever order items come",
    verifies=["HUB-REG-014", "HUB-REG-017"],
    town=EMPTY,
    steps=[
        ("구역의 모든 항목을, 가리키는 것이 가리켜지는 것보다 먼저 오도록 거꾸로 PUT한다",
         "PUT every item of a zone backwards, so that what names another comes before it"),
        ("태그 호출, 벨, 보호자와 상황실의 ack를 보낸다", "send a tag call, a bell, and acks of guardian and desk"),
    ],
    criteria=[
        ("모든 PUT이 201이다", "every PUT answers 201"),
        ("메시지는 모두 accepted이고, 알림과 경보가 온다", "every message is accepted, and notice and alert come"),
    ],
)  # fmt: skip
def any_order(t: HubBench) -> None:
    items = Town(children=1, parts=("school", "pole", "bell", "desk")).items(t.make)
    refused_items = []
    for item in reversed(items):
        answer = t.put(item, setup=False)
        if answer.status not in (200, 201):
            refused_items.append(f"{item['kind']} {t.name(item['id'])}: {answer.status}")
    t.check("HUB-REG-014", not refused_items, "every item is taken, whatever it names", refused_items)
    if refused_items:
        for item in items:
            t.put(item)
    t.acks = False
    call = t.tag_called("pole", "t1", 1)
    t.expect_receipt("HUB-REG-017", call, "accepted")
    notice = t.expect_notice("HUB-REG-017", "g1", "tag_call", child="c1", since=call)
    alert = t.expect_alert("HUB-REG-017", "tag_call", child="c1", since=call)
    for message in (
        t.ack(notice),
        t.ack(alert),
        t.bell_pressed("bell", 1),
        t.located("p1", 300, 0, t.now() - 2),
    ):
        t.expect_receipt("HUB-REG-017", message, "accepted")


@case(
    "TC-HUB-REG-10",
    ko="한 구역에 시계가 있는 훈련은 한 번에 하나이다",
    en="At most one drill with a clock is open in a zone",
    verifies=["HUB-REG-018"],
    town=BARE,
    steps=[
        ("시계가 있는 훈련을 등록한다", "register a drill with a clock"),
        ("시계가 있는 둘째 훈련, 시계가 없는 셋째 훈련을 등록한다",
         "register a second drill with a clock, and a third without"),
        ("첫 훈련을 지우고 둘째를 다시 등록한다", "delete the first drill, and register the second again"),
    ],
    criteria=[("시계가 있는 둘째는 422이고 남지 않는다. 시계가 없는 것과, 첫 훈련이 없어진 뒤의 둘째는 201이다",
               "the second with a clock gets 422 and is not stored; the one without, and the second once the first is gone, get 201")],
)  # fmt: skip
def second_clock(t: HubBench) -> None:
    first, second = t.make.drill("first", clock="k1"), t.make.drill("second", clock="k2")
    t.put(first)
    t.expect_http("HUB-REG-018", 422, "PUT", url(second), json=second)
    t.check("HUB-REG-018", item_now(t, second) is None, "the second drill is not stored", "stored")
    third = t.make.drill("third")
    t.expect_http("HUB-REG-018", 201, "PUT", url(third), json=third)
    gone = t.http("DELETE", url(first))
    t.given(gone.status == 204, f"DELETE of the first drill: {gone.status}")
    t.expect_http("HUB-REG-018", 201, "PUT", url(second), json=second)


def _rule_breakers(m: Maker) -> Mapping[str, Item]:
    """Items that satisfy their schemas, each with one rule broken that no schema can say."""
    gate = m.gate("x", "school", (900, 0))
    indoors = m.reader("x", "interior", (1000, 0), "school")
    keyless = {k: v for k, v in m.device("x", "bell", placement=lat_lon(0, 0)).items() if k != "key"}
    homeless = {k: v for k, v in gate["placement"].items() if k != "area"}
    nowhere = {k: v for k, v in indoors["placement"].items() if k != "area"}
    outer = [a | {"side": "outer"} for a in gate["antennas"]]
    return {
        "a zone of another zone": m.zone() | {"zone": m.identity.id("z9")},
        "no such time zone": m.zone(timezone="Asia/Nowhere"),
        "no such day": m.other("absence", "x", child=m.identity.id("c1"), date="2030-02-30"),
        "no such instant": m.drill("x", closes_at="2030-02-30T09:00:00+09:00"),
        "a bell without key": keyless,
        "a tag with a key": m.device("x", "tag", key=m.identity.key("x")),
        "a gate with two outer antennas": gate | {"antennas": outer},
        "a gate with one antenna": gate | {"antennas": gate["antennas"][:1]},
        "a gate of no area": gate | {"placement": homeless},
        "an interior reader of no area": indoors | {"placement": nowhere},
        "a tag bound to a second child": m.binding("c2", "t1") | {"id": m.identity.id("x")},
    }


@case(
    "TC-HUB-REG-11",
    ko="스키마에는 맞으나 10.1의 규칙을 어긴 항목은 422이고 저장되지 않는다",
    en="An item that satisfies its schema and breaks a rule of 10.1 gets 422 and is not stored",
    verifies=["HUB-REG-019"],
    town=CALLS,
    steps=[
        ("다른 구역의 zone, 없는 시간대, 없는 날과 순간, key 없는 비상벨과 key 있는 tag, 안테나가 맞지 않거나 area가 없는 리더기, 두 번째 어린이에게 이어지는 t1을 하나씩 PUT한다",
         "PUT, one by one, a zone of another zone, a time zone and a day and an instant that are none, a bell without and a tag with a key, "
         "readers whose antennas do not fit or that name no area, and a binding of t1 to a second child"),
        ("각각 GET한다", "GET each"),
        ("앞의 연결이 끝난 뒤의 것으로 t1을 이어 PUT한다", "PUT a binding of t1 that begins when the former has ended"),
    ],
    criteria=[("모두 422이고 errors에 field, value, remedy가 있으며, 저장되지 않았다. 마지막은 201이다",
               "all get 422 with field, value and remedy in errors, and none is stored; the last gets 201")],
)  # fmt: skip
def against_the_rules(t: HubBench) -> None:
    for what, item in _rule_breakers(t.make).items():
        before = item_now(t, item)
        answer = t.http("PUT", url(item), json=item)
        ok = answer.status == 422 and helpful(errors_of(answer))
        t.check(
            "HUB-REG-019",
            ok,
            f"{what}: 422 with errors",
            f"{answer.status} {answer.body[:200]!r}",
            seen=answer,
        )
        t.check("HUB-REG-019", item_now(t, item) == before, f"{what}: not stored", "stored")
    t.put(t.make.binding("c1", "t1", until="2030-01-01T00:00:00Z"))
    later = t.make.binding("c2", "t1", **{"from": "2030-01-01T00:00:00Z"}) | {"id": t.id("x")}
    t.expect_http("HUB-REG-019", 201, "PUT", url(later), json=later)

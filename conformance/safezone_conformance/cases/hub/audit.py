"""19.3: the hash chain of a zone's records."""

from typing import Any

from safezone_conformance.case import case
from safezone_conformance.cases.hub._people import given_fix, given_incident, poll
from safezone_conformance.hub_bench import Answer, HubBench
from safezone_conformance.town import Town

SMALL = Town(children=1, parts=("pole", "desk"))


def audit(t: HubBench, who: str = "admin") -> Answer:
    return t.http("GET", f"/v1/zones/{t.zone}/audit", who=who)


def given_audit(t: HubBench, after: int = -1) -> dict[str, Any]:
    """The state of the chain, with more records than ``after``."""
    answer = poll(t, lambda: audit(t), lambda a: a.status == 200 and a.json.get("records", 0) > after)
    t.given(answer.status == 200, f"the audit: {answer.status} {answer.body[:200]!r}")
    found: dict[str, Any] = answer.json
    return found


@case(
    "TC-HUB-AUD-01",
    ko="audit은 기록의 수, 마지막 해시, 온전한지를 알린다",
    en="audit tells the number of records, the last hash, and whether the chain is whole",
    verifies=["HUB-AUD-001"],
    needs=["audit", "tokens"],
    town=SMALL,
    steps=[
        ("감사자의 토큰으로 audit을 읽는다", "audit is read with a token of an auditor"),
        ("pole이 t1의 tag.called를 보낸 뒤 다시 읽는다", "it is read again after pole sent tag.called of t1"),
    ],
    criteria=[
        ("records와 head가 있고 ok는 true다. 새 기록 뒤에 records는 더 많고 head는 다르다",
         "it has records and head, and ok true; after new records there are more, and head is another"),
    ],
)  # fmt: skip
def told(t: HubBench) -> None:
    t.login("auditor/aud")
    answer = audit(t, "auditor/aud")
    t.require("HUB-AUD-001", answer.status == 200, "200 for the auditor", answer.status, seen=answer)
    first = answer.json
    whole = (
        first.get("ok") is True
        and first.get("zone") == t.zone
        and first.get("records", 0) > 0
        and bool(first.get("head"))
    )
    t.check("HUB-AUD-001", whole, "zone, records, head and ok true", first, seen=answer)
    given_incident(t, "tag_call", t.tag_called("pole", "t1", 1), "c1")
    more = poll(
        t,
        lambda: audit(t, "auditor/aud"),
        lambda a: a.status == 200 and a.json.get("records", 0) > first.get("records", 0),
    )
    second = more.json
    t.check(
        "HUB-AUD-001",
        second.get("records", 0) > first.get("records", 0),
        "more records",
        second.get("records"),
        seen=more,
    )
    t.check(
        "HUB-AUD-001", second.get("head") != first.get("head"), "another head", second.get("head"), seen=more
    )
    t.check("HUB-AUD-001", second.get("ok") is True, "ok true", second, seen=more)


@case(
    "TC-HUB-AUD-02",
    ko="파기한 뒤에도 사슬은 온전하다",
    en="The chain is whole after erase",
    verifies=["HUB-AUD-002"],
    needs=["audit", "privacy"],
    town=SMALL,
    steps=[
        ("p1이 위치를, pole이 t1의 tag.called를 보낸다", "p1 sends a fix, pole sends tag.called of t1"),
        ("c1을 파기하고 audit을 읽는다", "c1 is erased, and audit read"),
    ],
    criteria=[
        ("ok는 true이고 records는 줄지 않았다. 보관 기한에 따른 파기는 하루 넘게 걸리므로 기다리지 않는다",
         "ok is true, and records has not fallen. Destruction by the limits of keeping takes more than a day and is not awaited"),
    ],
)  # fmt: skip
def whole_after_erase(t: HubBench) -> None:
    given_fix(t)
    given_incident(t, "tag_call", t.tag_called("pole", "t1", 1), "c1")
    before = given_audit(t)
    t.given(before["ok"], f"the chain is whole before: {before}")
    erased = t.http("POST", f"/v1/children/{t.id('c1')}/erase")
    t.given(erased.status == 200, f"c1 is erased: {erased.status}")
    after = given_audit(t, before["records"])
    t.check("HUB-AUD-002", after["ok"] is True and "broken_at" not in after, "ok true after erase", after)
    t.check(
        "HUB-AUD-002",
        after["records"] >= before["records"],
        f"at least {before['records']} records",
        after["records"],
    )


@case(
    "TC-HUB-AUD-03",
    ko="records는 줄지 않고 같은 수의 head는 같다",
    en="records never falls, and for the same number head is the same",
    verifies=["HUB-AUD-003"],
    needs=["audit"],
    town=SMALL,
    steps=[
        ("audit을 두 번 읽는다", "audit is read twice"),
        ("pole이 t1의 tag.called를 보내고 c1의 등록을 바꾸고 지우며, 그때마다 두 번 읽는다",
         "pole sends tag.called of t1, c1's item is changed and deleted; each time it is read twice"),
    ],
)  # fmt: skip
def never_falls(t: HubBench) -> None:
    seen: list[tuple[int, str]] = []

    def read() -> None:
        for _ in range(2):
            found = given_audit(t)
            seen.append((found["records"], found["head"]))

    read()
    given_incident(t, "tag_call", t.tag_called("pole", "t1", 1), "c1")
    read()
    t.put(t.make.child(1, grade=4))
    read()
    gone = t.http("DELETE", f"/v1/registry/child/{t.id('c1')}")
    t.given(gone.status == 204, f"c1 is deleted: {gone.status}")
    read()
    numbers = [n for n, _ in seen]
    t.check("HUB-AUD-003", numbers == sorted(numbers), "records that never fall", numbers)
    heads: dict[int, str] = {}
    for n, head in seen:
        t.check(
            "HUB-AUD-003",
            heads.setdefault(n, head) == head,
            f"the same head for {n} records",
            f"{heads[n]} and {head}",
        )

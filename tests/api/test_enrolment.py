"""A parent enrols over HTTP: the school's code, the number sent to the contact on file, consent item by item.

The number goes through a real gateway of SMS on this machine, and its delivery receipt comes back over HTTP.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse

from tests.api.town import MORNING, OTHER, Town, running
from tests.channels.post import Receiver, until
from tests.channels.test_gateway import through
from tests.hub.hub_world import ZONE, iso, key

PHONE, MAIL = "010-0000-0017", "nobody@example.org"
CONSENTS = {"collect": True, "notify_guardians": True, "provide_112": False}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    server.answer = lambda received: JSONResponse({"messages": [{"id": "p1"}]}, status_code=202)
    yield server
    server.close()


@pytest.fixture
def town(tmp_path: Path, receiver: Receiver) -> Iterator[Town]:
    with running(tmp_path / "state", channels=through(receiver)) as it:
        for child, guardian, legal in (("c1", "n-c1", True), ("c2", "n-c2", False)):
            body = {"kind": "guardian", "id": guardian, "zone": ZONE, "name": "한가람", "children": [child],
                    "nature": "simulated", "key": key(guardian), "legal": legal,
                    "contacts": [{"channel": "sms", "address": PHONE}]}  # fmt: skip
            assert it.call("admin", "PUT", f"/v1/registry/guardian/{guardian}", json=body).status_code == 201
        yield it


def code_for(town: Town, child: str, who: str = "school/t1") -> str:
    answer = town.call(who, "POST", f"/v1/zones/{ZONE}/enrolment-codes", json={"child": child})
    assert answer.status_code == 201, answer.text
    assert answer.json()["child"] == child and answer.json()["expires_at"] > iso(MORNING)
    return str(answer.json()["code"])


def begin(town: Town, code: str, **more: Any) -> Any:
    claim = {"code": code, "name": "한 가람", "contact": {"channel": "sms", "address": PHONE}} | more
    return town.call(None, "POST", "/v1/enrolments", json=claim)


def pin_of(receiver: Receiver, nth: int = 0) -> str:
    until(lambda: len(receiver.received) > nth)
    found = re.search(r"\d{6}", json.loads(receiver.received[nth].body)["messages"][0]["text"])
    assert found is not None
    return found[0]


def test_parent_comes_from_the_schools_code_to_a_token_that_works(town: Town, receiver: Receiver) -> None:
    begun = begin(town, code_for(town, "c1"))
    assert begun.status_code == 201 and begun.json()["state"] == "identity", begun.text
    assert not {"child", "guardian", "name"} & set(begun.json())
    path = f"/v1/enrolments/{begun.json()['id']}"
    wrong = town.call(None, "POST", f"{path}/verify", json={"pin": "000000"})
    assert wrong.status_code == 422 and wrong.json()["tries_left"] == 4
    early = town.call(None, "POST", f"{path}/consent", json={"items": CONSENTS})
    assert early.status_code == 409
    proved = town.call(None, "POST", f"{path}/verify", json={"pin": pin_of(receiver)})
    assert proved.status_code == 200 and proved.json()["state"] == "consent"
    done = town.call(None, "POST", f"{path}/consent", json={"items": CONSENTS, "form": "electronic"})
    assert done.status_code == 200 and done.json()["state"] == "done", done.text
    enrolled = done.json()
    assert (enrolled["guardian"], enrolled["child"]) == ("n-c1", "c1") and enrolled["key"][
        "keyid"
    ] == "key-n-c1"
    town.tokens["guardian/n-c1"] = enrolled["token"]
    assert town.call("guardian/n-c1", "GET", "/v1/me").json()["children"] == ["c1"]
    assert town.call("guardian/n-c1", "GET", "/v1/children/c1/access-log").status_code == 200
    (consent,) = [c for c in town.call("admin", "GET", "/v1/registry/consent").json()["items"] if c["guardian"] == "n-c1"]  # fmt: skip
    assert consent["items"] == CONSENTS and consent["status"] == "given"
    again = town.call(None, "POST", f"{path}/consent", json={"items": CONSENTS})
    assert again.status_code == 409 and "token" not in again.text


def test_guardian_who_does_not_represent_the_child_is_done_without_consent(
    town: Town, receiver: Receiver
) -> None:
    begun = begin(town, code_for(town, "c2"))
    proved = town.call(
        None, "POST", f"/v1/enrolments/{begun.json()['id']}/verify", json={"pin": pin_of(receiver)}
    )
    assert proved.status_code == 200 and proved.json()["state"] == "done"
    town.tokens["guardian/n-c2"] = proved.json()["token"]
    refused = town.call("guardian/n-c2", "GET", "/v1/children/c2/data")
    assert (refused.status_code, refused.json()["title"]) == (403, "not_legal")


def test_wrong_claim_is_answered_as_a_right_one_and_no_number_is_sent(town: Town, receiver: Receiver) -> None:
    code = code_for(town, "c1")
    right = begin(town, code)
    pin_of(receiver)
    wrong = begin(town, code, name="다른 사람")
    elsewhere = begin(town, code, contact={"channel": "email", "address": MAIL})
    for answer in (wrong, elsewhere):
        assert answer.status_code == right.status_code
        assert set(answer.json()) == set(right.json())
        assert {k: v for k, v in answer.json().items() if k != "id"} == {k: v for k, v in right.json().items() if k != "id"}  # fmt: skip
        tried = town.call(
            None, "POST", f"/v1/enrolments/{answer.json()['id']}/verify", json={"pin": "123456"}
        )
        assert tried.status_code == 422
    assert len(receiver.received) == 1


def test_codes_that_do_not_hold(town: Town) -> None:
    good = code_for(town, "c1")
    slip = good[:-1] + ("A" if good[-1] != "A" else "B")
    assert begin(town, slip).status_code == 422
    assert begin(town, "K7QM-42XP").status_code in (404, 422)
    unknown = town.call(None, "POST", "/v1/enrolments/enr-00000000/verify", json={"pin": "123456"})
    assert unknown.status_code == 404
    for who in ("school/t1", f"school/t1-{OTHER}"):
        answer = town.call(who, "POST", f"/v1/zones/{ZONE}/enrolment-codes", json={"child": "c9"})
        assert answer.status_code == 404, who


def test_tries_are_limited_by_address_and_by_code(town: Town) -> None:
    code = code_for(town, "c1")
    statuses = []
    for _ in range(20):
        answer = begin(town, code)
        statuses.append(answer.status_code)
        if answer.status_code == 429:
            assert int(answer.headers["retry-after"]) >= 1
    assert statuses[0] == 201 and statuses[-1] == 429 and statuses.count(201) <= 10


def test_codes_and_cases_survive_a_restart(town: Town, receiver: Receiver, tmp_path: Path) -> None:
    from safezone_hub.serve import build_hub

    from tests.api.town import TOKEN

    code, other = code_for(town, "c1"), code_for(town, "c1")
    begun = begin(town, code)
    pin = pin_of(receiver)
    town.hub.stop()
    town.hub = build_hub(tmp_path / "state", token=TOKEN, clock=town.clock)
    town.base = town.hub.ready["http"]
    town._clients.clear()
    proved = town.call(None, "POST", f"/v1/enrolments/{begun.json()['id']}/verify", json={"pin": pin})
    assert proved.status_code == 200 and proved.json()["state"] == "consent"
    assert begin(town, code).status_code == 404
    assert begin(town, other).status_code == 201


def test_the_providers_receipt_comes_back_over_http(town: Town, receiver: Receiver) -> None:
    body = town.call("admin", "GET", "/v1/registry/guardian/n-c1").json()
    contact = [{"channel": "sms", "address": PHONE}]
    put = {**body, "nature": "real", "contacts": contact, "key": key("n-c1")}
    assert town.call("admin", "PUT", "/v1/registry/guardian/n-c1", json=put).status_code == 200
    town.press("c1", 1)
    (notice,) = town.call("admin", "GET", "/v1/guardians/n-c1/notices").json()["items"]
    path = f"/v1/notices/{notice['id']}/deliveries"
    assert {d["channel"]: d["state"] for d in town.call("admin", "GET", path).json()["items"]} == {
        "mqtt": "sent", "sms": "waiting",
    }  # fmt: skip
    town.clock.set(MORNING + 11)
    town.hub.engine.ask(lambda zones, work: None).result()
    until(lambda: any(d["channel"] == "sms" and d["state"] == "sent" for d in town.call("admin", "GET", path).json()["items"]))  # fmt: skip
    receipt = {"results": [{"mid": "p1", "result": "DELIVERED"}]}
    for token, status in (("wrong", 401), ("shared-token", 204)):
        headers = {"authorization": f"Bearer {token}"}
        answer = town.call(None, "POST", "/v1/channels/sms/receipts", json=receipt, headers=headers)
        assert answer.status_code == status, answer.text
    assert (
        town.call(None, "GET", "/v1/me", headers={"authorization": "Bearer shared-token"}).status_code == 401
    )
    until(lambda: any(d["channel"] == "sms" and d["state"] == "delivered" for d in town.call("admin", "GET", path).json()["items"]))  # fmt: skip


def test_a_guardian_without_a_contact_on_file_gets_the_number_at_the_school(
    town: Town, receiver: Receiver
) -> None:
    contact = {"channel": "email", "address": MAIL}
    begun = begin(town, code_for(town, "c1"), name="새 보호자", contact=contact, in_person=True)
    assert begun.status_code == 201, begun.text
    id_ = begun.json()["id"]
    (waiting,) = town.call("school/t1", "GET", f"/v1/zones/{ZONE}/enrolments").json()["items"]
    assert (waiting["id"], waiting["state"], waiting["child"]) == (id_, "identity", "c1")
    assert (
        town.call(f"school/t1-{OTHER}", "POST", f"/v1/enrolments/{id_}/pin", json={"legal": True}).status_code
        == 404
    )
    given = town.call("school/t1", "POST", f"/v1/enrolments/{id_}/pin", json={"legal": True})
    assert given.status_code == 201, given.text
    path = f"/v1/enrolments/{id_}"
    assert (
        town.call(None, "POST", f"{path}/verify", json={"pin": given.json()["pin"]}).json()["state"]
        == "consent"
    )
    done = town.call(None, "POST", f"{path}/consent", json={"items": CONSENTS})
    assert done.status_code == 200 and done.json()["state"] == "done", done.text
    assert not receiver.received


def test_a_young_childs_guardian_is_registered_when_the_school_holds_the_form(
    town: Town, receiver: Receiver
) -> None:
    child = town.call("admin", "GET", "/v1/registry/child/c1").json()
    assert town.call("admin", "PUT", "/v1/registry/child/c1", json={**child, "grade": 1}).status_code == 200
    begun = begin(town, code_for(town, "c1"))
    path = f"/v1/enrolments/{begun.json()['id']}"
    town.call(None, "POST", f"{path}/verify", json={"pin": pin_of(receiver)})
    waits = town.call(None, "POST", f"{path}/consent", json={"items": CONSENTS, "form": "written"})
    assert waits.json()["state"] == "written"
    # Whoever will be the guardian has the token now: when the school has the form, nobody is here to be given one.
    town.tokens["guardian/n-c1"] = waits.json()["token"]
    made = len(town.call("admin", "GET", "/v1/tokens").json()["items"])
    confirmed = town.call("school/t1", "POST", f"{path}/written", json={"received": True})
    assert confirmed.status_code == 200 and confirmed.json()["state"] == "done", confirmed.text
    (consent,) = [c for c in town.call("admin", "GET", "/v1/registry/consent").json()["items"] if c["guardian"] == "n-c1"]  # fmt: skip
    assert consent["form"] == "written"
    assert (
        "token" not in confirmed.json()
        and len(town.call("admin", "GET", "/v1/tokens").json()["items"]) == made
    )
    assert town.call("guardian/n-c1", "GET", "/v1/me").json()["children"] == ["c1"]

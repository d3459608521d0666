"""Role by operation by whose it is: every cell of the standard's document, asked of a running hub over HTTP.

The cells come from openapi.json (x-roles, x-access, x-scope, x-child-body). What each must answer is said here a
second time, in ``allowed``, and held against ``access.rules``. A leak is a success that must not be, or any answer
to somebody not entitled that holds a name, an id or a coordinate of another's child.
"""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from safezone_hub.access import ROLES, Circumstances, Principal, Target, decide
from safezone_hub.api.app import _Endpoint
from safezone_hub.api.call import Call, Operation
from safezone_hub.api.document import calls
from safezone_hub.api.reply import json_reply
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from tests.api.town import NAMES, OTHER, TOKEN, Town, lively, running
from tests.hub.hub_world import ZONE

CALLS = calls()
# Who asks. Each has its own and others' things: see ``_targets``.
ASKERS = {
    "admin": "admin", "operator": "operator/o1", "school": "school/t1", "guardian": "guardian/g-c1",
    "agency": "agency/a1", "auditor": "auditor/aud", "peer": "peer/p1",
}  # fmt: skip
# The same operations with other people of the same role: second guardian, barred one, no token, a broken one.
OTHERS = {"second": "guardian/h-c1", "barred": "guardian/b-c1", "zone admin": "admin/adm", "nobody": None}
WHOSE = ("own", "foreign", "elsewhere")
CHILD = {"own": "c1", "foreign": "c2", "elsewhere": "c9"}
# What would take something away that later cells ask for; asked at the end, of somebody it is refused to.
DESTRUCTIVE = ("eraseChild", "deleteItem", "revokeToken")


@dataclass(frozen=True)
class Cell:
    operation: str
    asker: str
    whose: str

    def __str__(self) -> str:
        return f"{self.operation}-{self.asker}-{self.whose}"


def _cells() -> Iterator[Cell]:
    for name, call in CALLS.items():
        if call.get("security") == []:
            continue
        scoped = "x-scope" in call or "x-child-body" in call
        for asker in (*ASKERS, *OTHERS):
            for whose in WHOSE if scoped else WHOSE[:1]:
                yield Cell(name, asker, whose)


def allowed(cell: Cell) -> bool:
    """What the standard's words mean for the people of this town, at ten on a school day."""
    if cell.asker == "nobody":
        return False
    role = {"second": "guardian", "barred": "guardian", "zone admin": "admin"}.get(cell.asker, cell.asker)
    word = CALLS[cell.operation]["x-access"].get(role)
    scoped = CALLS[cell.operation].get("x-scope", {}).get("of")
    here = cell.whose != "elsewhere"
    if cell.asker == "zone admin":
        return word is not None and here
    if cell.operation == "getDeliveries" and role == "operator":
        return here
    match word:
        case None:
            return False
        case "any":
            return True
        case "zone":
            return here
        case "self":
            return cell.whose == "own" and cell.asker == "guardian"
        case "child":
            return cell.whose == "own" and cell.asker != "barred"
        case "legal":
            return cell.whose == "own" and cell.asker == "guardian"
        case "pupil":
            return here
        case "call":  # c1 has an open incident, c2's is closed
            return cell.whose == "own"
        case "handed":
            return cell.whose == "own" or (scoped == "zone" and here)
    raise AssertionError(word)


ENROLMENTS: dict[str, str] = {}  # by child: one that waits for the school


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder: Path = tmp_path_factory.mktemp("matrix")
    with running(folder / "state") as it:
        lively(it)
        for guardian in ("g-c1", "g-c2", "g-c9"):
            answer = it.call(
                f"guardian/{guardian}",
                "POST",
                f"/v1/notices/{it.notices[guardian]}/wrong",
                json={"text": "아님"},
            )
            assert answer.status_code == 201, answer.text
            it.complaints[guardian] = answer.json()["id"]
        for child, zone in (("c1", ZONE), ("c2", ZONE), ("c9", OTHER)):
            code = it.call("admin", "POST", f"/v1/zones/{zone}/enrolment-codes", json={"child": child})
            claim = {"code": code.json()["code"], "name": "한가람", "in_person": True,
                     "contact": {"channel": "email", "address": "parent@example.org"}}  # fmt: skip
            begun = it.call(None, "POST", "/v1/enrolments", json=claim)
            assert begun.status_code == 201, begun.text
            ENROLMENTS[child] = begun.json()["id"]
        yield it


@pytest.fixture(scope="module")
def secrets(town: Town) -> dict[str, list[str]]:
    """What of each child must not reach others: its id as JSON, its name, its coordinates, its incident."""
    found = {}
    for whose, child in CHILD.items():
        place = town.call("admin", "GET", f"/v1/children/{child}/position").json()
        found[whose] = [
            f'"{child}"', NAMES[child], str(place["lat"]), str(place["lon"]), f"{place['lat']:.6f}",
            f"{place['lon']:.6f}", town.incidents[child], f"g-{child}", f"p-{child}", f"t-{child}",
        ]  # fmt: skip
    return found


def _values(town: Town, whose: str, operation: str) -> dict[str, str]:
    """Path parameters of each scope."""
    child, tail = CHILD[whose], f"-{OTHER}" if whose == "elsewhere" else ""
    zone = OTHER if whose == "elsewhere" else ZONE
    return {
        "zone": zone, "child": child, "guardian": f"g-{child}", "incident": town.incidents[child],
        "notice": town.notices[f"g-{child}"], "unit": f"u1{tail}",
        "complaint": town.complaints[f"g-{child}"], "enrolment": ENROLMENTS[child],
        "item": f"a1{tail}", "token": "abcdefghijkl",
    }  # fmt: skip


def _request(town: Town, cell: Cell) -> tuple[str, str, dict[str, Any]]:
    """A well-formed request of the cell."""
    call, values = CALLS[cell.operation], _values(town, cell.whose, cell.operation)
    path: str = call["path"]
    if "x-scope" in call:
        path = path.replace(f"{{{call['x-scope']['parameter']}}}", values[call["x-scope"]["of"]])
    camera = f"cam-{OTHER}" if cell.whose == "elsewhere" else "cam"
    path = path.replace("{kind}", "agency").replace("{camera}", camera).replace("{view}", "snapshot")
    zone, child, tail = values["zone"], values["child"], f"-{OTHER}" if cell.whose == "elsewhere" else ""
    item = {"kind": "agency", "id": values["item"], "zone": zone, "name": "소방서", "service": "fire",
            "nature": "simulated", "format": "json"}  # fmt: skip
    consent = {"collect": True, "notify_guardians": True, "provide_112": True}
    bodies: dict[str, Any] = {
        "createToken": {"role": "auditor", "principal": "x", "zone": ZONE},
        "putItem": item, "importItems": {"items": [item]},
        "reportMissing": {"child": child, "text": "어디에 있는지 모릅니다", "key": f"{cell.asker}-{cell.whose}".replace(" ", "")},
        "actOnIncident": {"action": "note", "note": "확인"},
        "reportAgencyStatus": {"status": "accepted"},
        "putUnitStatus": {"available": True}, "handOverShift": {"to": f"o2{tail}"},
        "reportWrongNotice": {"text": "틀렸습니다"}, "answerComplaint": {"text": "확인했습니다", "upheld": True},
        "putSmsReceipt": {"id": "m1", "state": "delivered"},
        "putConsent": {"items": consent, "status": "given", "form": "electronic"},
        "createEnrolmentCode": {"child": child}, "confirmWritten": {"received": True}, "issuePin": {"legal": True},
    }  # fmt: skip
    more: dict[str, Any] = {}
    if cell.operation == "importCsv":
        more = {
            "content": "id,zone,name\n",
            "headers": {"content-type": "text/csv"},
            "params": {"kind": "staff"},
        }
    elif "requestBody" in call:
        more = {"json": bodies[cell.operation]}
    return call["method"], path, more


def _ask(town: Town, cell: Cell) -> httpx.Response:
    method, path, more = _request(town, cell)
    who = ASKERS[cell.asker] if cell.asker in ASKERS else OTHERS[cell.asker]
    with town.client(who).stream(method, path, **more) as answer:
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            return answer  # it does not end; its events are tested in test_streams
        answer.read()
        return answer


def _says_enough(body: str) -> bool:
    """A 404 that is the answer: nothing is known of the place, no SMS waits for this receipt."""
    return "no_position" in body or "waits for a receipt" in body


CELLS = list(_cells())


@pytest.mark.parametrize("operation", sorted({cell.operation for cell in CELLS}))
def test_every_cell(operation: str, town: Town, secrets: dict[str, list[str]]) -> None:
    wrong: list[str] = []
    for cell in [c for c in CELLS if c.operation == operation]:
        right = allowed(cell)
        if right and operation in DESTRUCTIVE:
            continue
        answer = _ask(town, cell)
        status, body = answer.status_code, answer.text if answer.is_stream_consumed else ""
        if cell.asker == "nobody":
            if status != 401:
                wrong.append(f"{cell}: {status} without a token")
        elif right and (status in (401, 403) or status >= 500 or (status == 404 and not _says_enough(body))):
            wrong.append(f"{cell}: refused with {status} {body[:200]}")
        elif not right and status not in (403, 404):
            wrong.append(f"{cell}: answered with {status} {body[:200]}")
        others = [w for w in WHOSE if w != "own"] if right else list(WHOSE)
        if cell.asker in ("admin", "zone admin", "operator", "school") and right:
            others = ["elsewhere"] if cell.asker != "admin" else []
        if cell.whose in others and right:
            others.remove(cell.whose)
        for whose in others:
            told = [s for s in secrets[whose] if s in body]
            if told:
                wrong.append(f"{cell}: {status} tells {told} of {whose}: {body[:300]}")
    if operation == "reportMissing":  # later cells ask as if nobody had been missed
        for zone in (ZONE, OTHER):
            for incident in town.call("admin", "GET", f"/v1/zones/{zone}/incidents").json()["items"]:
                if incident["id"] not in town.incidents.values():
                    done = f"/v1/incidents/{incident['id']}/actions"
                    town.call("admin", "POST", done, json={"action": "false_alarm"})
    assert not wrong, "\n".join(wrong)


def test_refusals_of_others_things_are_the_answers_to_what_does_not_exist(town: Town) -> None:
    """Not by status, nor by a word: whoever asks cannot tell the two apart."""
    unknown = {"child": "nobody", "incident": "019cb65b-0000-7000-8000-000000000000", "guardian": "g-nobody",
               "notice": "019cb65b-0000-7000-8000-000000000000", "complaint": "019cb65b-0000-7000-8000-000000000000"}  # fmt: skip
    seen = 0
    for cell in CELLS:
        of = CALLS[cell.operation].get("x-scope", {}).get("of")
        word = CALLS[cell.operation]["x-access"].get(cell.asker)
        if of not in unknown or word in (None, "any") or allowed(cell):
            continue
        method, path, more = _request(town, cell)
        there = town.call(ASKERS[cell.asker], method, path, **more)
        if there.status_code == 403:
            continue  # the asker's own zone: the child is known, the moment is not right
        nowhere = path.replace(_values(town, cell.whose, cell.operation)[of], unknown[of])
        assert nowhere != path
        absent = town.call(ASKERS[cell.asker], method, nowhere, **more)
        assert (there.status_code, there.content) == (absent.status_code, absent.content), str(cell)
        seen += 1
    assert seen >= 40, seen


def test_the_oracle_here_and_the_rules_agree(town: Town) -> None:
    """Every cell once more, asked of the pure function with the circumstances of this town."""
    for cell in CELLS:
        if cell.asker == "nobody":
            continue
        role = {"second": "guardian", "barred": "guardian", "zone admin": "admin"}.get(cell.asker, cell.asker)
        who = ASKERS.get(cell.asker) or OTHERS[cell.asker] or ""
        zone = OTHER if cell.whose == "elsewhere" else ZONE
        of = CALLS[cell.operation].get("x-scope", {}).get("of")
        principal = Principal(role, who.partition("/")[2] or "service", "" if cell.asker == "admin" else ZONE)
        target = Target(
            zone if of is not None or "x-child-body" in CALLS[cell.operation] else "",
            CHILD[cell.whose],
            f"guardian/g-{CHILD[cell.whose]}",
            "i" if of == "incident" else None,
        )
        facts = Circumstances(
            guardians=frozenset(
                {f"g-{CHILD[cell.whose]}"} | ({"h-c1", "b-c1"} if cell.whose == "own" else set())
            ),
            legal=frozenset({f"g-{CHILD[cell.whose]}"}),
            barred=frozenset({"b-c1"}) if cell.whose == "own" else frozenset(),
            school_hours=True,
            open_incident=cell.whose == "own",
            handed_to=frozenset({"a1"}) if cell.whose == "own" else frozenset(),
        )
        assert decide(principal, cell.operation, target, facts).allowed == allowed(cell), str(cell)


def test_matrix_has_every_role_and_every_guarded_operation() -> None:
    asked = {(c.operation, c.asker) for c in CELLS}
    guarded = {name for name, call in CALLS.items() if call.get("security") != []}
    assert {(name, role) for name in guarded for role in ROLES} <= asked
    assert len(CELLS) > 900, len(CELLS)
    assert any(allowed(c) for c in CELLS) and sum(not allowed(c) for c in CELLS) > 500
    assert json.dumps(sorted({c.whose for c in CELLS})) == '["elsewhere", "foreign", "own"]'


def test_an_answer_that_asked_no_rule_does_not_leave_the_hub(town: Town) -> None:
    """A handler that forgets the guard is a fault of the hub, not an answer."""

    async def forgetful(call: Call) -> Response:
        return json_reply({"child": "c1", "name": NAMES["c1"]})

    services = town.hub.http._app.state.services
    operation = Operation("getMe", "GET", "/v1/me", forgetful)
    app = Starlette(routes=[Route("/v1/me", _Endpoint(services, {"GET": operation}))])

    async def ask(token: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=town.base) as client:
            return await client.get("/v1/me", headers={"authorization": f"Bearer {token}"})

    for token, status in ((TOKEN, 500), ("wrong", 401)):
        answer = asyncio.run(ask(token))
        assert answer.status_code == status and NAMES["c1"] not in answer.text

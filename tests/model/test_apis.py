"""AsyncAPI and OpenAPI: valid, complete, and every reference leads somewhere."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator
from safezone_model import MESSAGES, REGISTRY_KINDS
from safezone_model.bundle import self_contained
from safezone_model.figures import figures, wire
from safezone_model.loader import load_schema

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "conformance" / "safezone_model"
DECISION = ROOT / "docs" / "decisions" / "0001-wire-details.md"


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


OPENAPI = read(MODEL / "openapi.json")
ASYNCAPI = read(MODEL / "asyncapi.json")


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield inner
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def resolve(document: Any, ref: str) -> Any:
    """What a reference means; KeyError or FileNotFoundError if it leads nowhere."""
    path, _, inner = ref.partition("#")
    found = read(MODEL / path) if path else document
    for part in inner.strip("/").split("/") if inner else ():
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return found


@pytest.mark.parametrize("document", [OPENAPI, ASYNCAPI], ids=["openapi", "asyncapi"])
@pytest.mark.parametrize("bundled", [False, True], ids=["source", "bundled"])
def test_every_reference_resolves(document: Any, bundled: bool) -> None:
    whole = self_contained(document) if bundled else document
    found = list(references(whole))
    assert found
    for ref in found:
        assert resolve(whole, ref) is not None
        assert not bundled or ref.startswith("#/"), ref


def test_openapi_is_valid_31() -> None:
    assert OPENAPI["openapi"] == "3.1.0"
    uri = (MODEL / "openapi.json").as_uri()
    assert [str(e) for e in OpenAPIV31SpecValidator(OPENAPI, base_uri=uri).iter_errors()] == []
    assert [str(e) for e in OpenAPIV31SpecValidator(self_contained(OPENAPI)).iter_errors()] == []


def test_openapi_validator_notices_a_broken_document() -> None:
    broken = json.loads(json.dumps(self_contained(OPENAPI)))
    del broken["paths"]["/v1/hub"]["get"]["responses"]
    broken["paths"]["/v1/registry/{kind}/{id}"]["get"]["parameters"] = []
    assert list(OpenAPIV31SpecValidator(broken).iter_errors())


METHODS = ("get", "put", "post", "delete")
CALLS = {
    call["operationId"]: (method, path, call)
    for path, item in OPENAPI["paths"].items()
    for method, call in item.items()
    if method in METHODS
}
PUBLIC = {
    "getHub", "getHealth", "getReadiness", "getOpenapi",
    "beginEnrolment", "verifyEnrolment", "consentEnrolment",
}  # fmt: skip
ROLES = set(OPENAPI["components"]["schemas"]["Token"]["properties"]["role"]["enum"])


def named(call: Any, where: str) -> set[str]:
    """Names of a call's parameters of one sort."""
    asked = [resolve(OPENAPI, p["$ref"]) for p in call.get("parameters", [])]
    return {p["name"] for p in asked if p["in"] == where}


def test_openapi_still_offers_the_calls_of_the_first_decision() -> None:
    table = re.findall(r"^\| (`.*?) \|", DECISION.read_text(encoding="utf-8"), flags=re.M)
    offered = {(method.upper(), path): named(call, "query") for method, path, call in CALLS.values()}
    decided = 0
    for cell in table:
        for each in re.findall(r"`((?:GET|PUT|POST|DELETE) /[^`]*|/readyz)`", cell.replace("\\|", "|")):
            method, path = each.split() if " " in each else ("GET", each)
            decided += 1
            assert set(re.findall(r"[?&](\w+)=", path)) <= offered[method, path.partition("?")[0]]
    assert decided == 14


def test_every_call_is_named_once_and_its_path_parameters_are_declared() -> None:
    assert sum(m in METHODS for item in OPENAPI["paths"].values() for m in item) == len(CALLS)
    for name, (_, path, call) in CALLS.items():
        assert set(re.findall(r"{(\w+)}", path)) == named(call, "path"), name


def test_every_guarded_call_says_who_may_and_under_which_condition() -> None:
    words = {entry["access"] for entry in wire()["access"]}
    used = set()
    for name, (_, _, call) in CALLS.items():
        assert (call.get("security") == []) == (name in PUBLIC)
        assert call["x-roles"] == list(call["x-access"])
        used |= set(call["x-access"].values())
        if name in PUBLIC:
            assert call["x-roles"] == []
        else:
            assert call["x-access"]["admin"] == "any"
            assert set(call["x-roles"]) <= ROLES
        # A call about a child names the parameter that says which, and its condition looks at it.
        assert call["x-child"] == "none" or call["x-child"] in named(call, "path"), name
        if call["x-child"] != "none":
            rest = {c for role, c in call["x-access"].items() if role != "admin"}
            assert rest <= {"child", "legal", "pupil", "call"}, name
        if "x-scope" in call:
            assert call["x-scope"]["parameter"] in named(call, "path"), name
    assert used == words
    assert {n for n, (_, _, c) in CALLS.items() if "peer" in c["x-roles"]} == {"getMe"}


def test_every_body_that_names_a_child_says_so() -> None:
    for name, (_, _, call) in CALLS.items():
        content = call.get("requestBody", {}).get("content", {}).get("application/json", {})
        schema = resolve(OPENAPI, content["schema"]["$ref"]) if content else {}
        inside = "child" in schema.get("properties", {})
        assert inside == ("x-child-body" in call), name


def test_every_call_can_answer_what_can_go_wrong_and_every_error_is_problem_json() -> None:
    for name, (_, path, call) in CALLS.items():
        codes = set(call["responses"])
        if name not in PUBLIC:
            assert {"400", "401", "429", "503"} <= codes, name
            assert ("403" in codes) == (set(call["x-roles"]) != ROLES), name
        if "{" in path:
            assert "404" in codes, name
        if "requestBody" in call:
            assert {"400", "413", "415", "422"} <= codes, name
        assert ("412" in codes) == ("If-Match" in named(call, "header")), name
        assert ("304" in codes) == ("If-None-Match" in named(call, "header")), name
        for code, answer in call["responses"].items():
            if code.startswith("4") or (code == "503" and "$ref" in answer):
                assert list(resolve(OPENAPI, answer["$ref"])["content"]) == ["application/problem+json"]
    assert OPENAPI["security"] == [{"bearer": []}]


def test_tagged_states_carry_an_etag_and_lists_a_next() -> None:
    for name, (_, _, call) in CALLS.items():
        good = call["responses"].get("200", {})
        if "304" in call["responses"] or "412" in call["responses"]:
            assert "ETag" in good["headers"], name
        if {"after", "limit"} <= named(call, "query"):
            schema = resolve(OPENAPI, good["content"]["application/json"]["schema"]["$ref"])
            assert "next" in schema["properties"], name


BUNDLED = self_contained(OPENAPI)


def contents() -> list[Any]:
    """Every example of a body, in the document that holds its schemas inside itself."""
    found = []
    for name, (method, path, _) in CALLS.items():
        call = BUNDLED["paths"][path][method]
        for where, body in {"request": call.get("requestBody", {}), **call["responses"]}.items():
            shown = [c for c in body.get("content", {}).values() if "example" in c]
            found += [pytest.param(content, id=f"{name}-{where}") for content in shown]
    return found


@pytest.mark.parametrize("content", contents())
def test_every_example_of_openapi_fits_its_schema(content: Any) -> None:
    validator = Draft202012Validator({"components": BUNDLED["components"], **content["schema"]})
    assert [e.message for e in validator.iter_errors(content["example"])] == []


def test_every_body_has_an_example_that_shows_it() -> None:
    for name, (_, _, call) in CALLS.items():
        if "requestBody" in call and call["tags"] != ["registry"]:
            assert "example" in call["requestBody"]["content"]["application/json"], name


def test_every_member_of_openapi_is_explained_in_both_languages() -> None:
    common = load_schema("common")["$defs"]

    def check(node: Any, where: str) -> None:
        for name, member in node.get("properties", {}).items():
            ref = member.get("$ref", "")
            shared = common[ref.rsplit("/", 1)[1]] if "common.json" in ref else {}
            named_here = resolve(OPENAPI, ref) if ref.startswith("#/") or ref.startswith("schemas/") else {}
            for key in ("description", "x-description-ko"):
                said = member.get(key) or shared.get(key) or named_here.get(key) or named_here.get("title")
                assert said, f"{where}.{name} has no {key}"

    for name, schema in OPENAPI["components"]["schemas"].items():
        check(schema, name)
    for name, (_, _, call) in CALLS.items():
        assert call["summary"], name
        assert call["x-summary-ko"], name


def test_scopes_of_a_token_are_the_guarded_calls() -> None:
    scopes = OPENAPI["components"]["schemas"]["TokenRequest"]["properties"]["scopes"]["items"]["enum"]
    assert set(scopes) == set(CALLS) - PUBLIC


def test_openapi_takes_every_registry_kind() -> None:
    item = OPENAPI["components"]["schemas"]["RegistryItem"]
    assert [r["$ref"] for r in item["oneOf"]] == [f"schemas/registry/{k}.json" for k in REGISTRY_KINDS]
    assert OPENAPI["components"]["parameters"]["kind"]["schema"]["enum"] == list(REGISTRY_KINDS)


def test_bundled_openapi_validates_registry_examples() -> None:
    whole = self_contained(OPENAPI)
    item = {**whole, "$ref": "#/components/schemas/RegistryItem"}
    validator = Draft202012Validator(item, format_checker=FormatChecker(formats=["date"]))
    for kind in REGISTRY_KINDS:
        for path in (MODEL / "examples" / "registry" / kind / "valid").glob("*.json"):
            assert validator.is_valid(read(path)), path.name
        for path in (MODEL / "examples" / "registry" / kind / "invalid").glob("*.json"):
            assert not validator.is_valid(read(path)["value"]), path.name


def test_asyncapi_has_the_shape_of_version_3() -> None:
    """The rules of the AsyncAPI 3.0.0 specification that this document can break."""
    assert ASYNCAPI["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= set(ASYNCAPI["info"])
    names = re.compile(r"[A-Za-z0-9._-]+")
    for part in ("messages", "schemas", "parameters"):
        assert all(names.fullmatch(key) for key in ASYNCAPI["components"].get(part, {}))
    for server in ASYNCAPI.get("servers", {}).values():
        assert {"host", "protocol"} <= set(server)
    for channel in ASYNCAPI["channels"].values():
        in_address = set(re.findall(r"{([^}]+)}", channel["address"]))
        assert in_address == set(channel.get("parameters", {}))
        for message in channel["messages"].values():
            assert resolve(ASYNCAPI, message["$ref"])["payload"]
    for operation in ASYNCAPI["operations"].values():
        assert operation["action"] in {"send", "receive"}
        assert operation["channel"]["$ref"].startswith("#/channels/")
        for message in operation["messages"]:
            # An operation names its channel's messages, never the components' ones.
            assert message["$ref"].startswith(operation["channel"]["$ref"] + "/messages/")


def test_asyncapi_holds_every_message_with_its_class_and_schema() -> None:
    messages = ASYNCAPI["components"]["messages"]
    assert {m["name"] for m in messages.values()} == set(MESSAGES)
    for m in messages.values():
        assert m["x-class"] == MESSAGES[m["name"]].cls
        envelope, data = m["payload"]["allOf"]
        assert envelope == {"$ref": "schemas/envelope.json"}
        assert data["properties"]["type"] == {"const": m["name"]}
        assert data["properties"]["data"] == {"$ref": f"schemas/messages/{m['name']}.json"}


def test_asyncapi_channels_carry_each_message_where_its_sender_and_addressee_meet() -> None:
    devices = {"reader", "bell", "camera", "phone"}
    wanted: dict[str, set[str]] = {}
    for m in read(MODEL / "messages.json")["messages"]:
        for end in m["roles"] if m["direction"] == "up" else m["to"]:
            topic = f"safezone/v1/{{zone}}/{'dev' if end in devices else end}/{{id}}/{m['direction']}"
            wanted.setdefault(topic, set()).add(m["type"])
    carried = {
        c["address"]: {resolve(ASYNCAPI, m["$ref"])["name"] for m in c["messages"].values()}
        for c in ASYNCAPI["channels"].values()
        if c["messages"]
    }
    assert carried == wanted


def test_asyncapi_operations_use_every_message_of_their_channel_at_qos_1() -> None:
    used = set()
    for operation in ASYNCAPI["operations"].values():
        channel = resolve(ASYNCAPI, operation["channel"]["$ref"])
        up = channel["address"].endswith("/up")
        assert operation["action"] == ("receive" if up else "send")
        assert operation["bindings"]["mqtt"]["qos"] == 1
        assert operation["bindings"]["mqtt"]["retain"] is False
        assert len(operation["messages"]) == len(channel["messages"])
        used.add(channel["address"])
    assert used == {c["address"] for c in ASYNCAPI["channels"].values() if c["messages"]}


def test_figures_out_of_schemas_are_there() -> None:
    receipts = load_schema("messages/receipt")["properties"]["receipts"]
    assert figures()["limit.receipts_max"] == str(receipts["maxItems"])

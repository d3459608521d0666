"""AsyncAPI and OpenAPI: valid, complete, and every reference leads somewhere."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from safezone_model import MESSAGES, REGISTRY_KINDS
from safezone_model.bundle import self_contained
from safezone_model.figures import figures
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


def test_openapi_covers_exactly_the_calls_of_the_decision() -> None:
    table = re.findall(r"^\| (`.*?) \|", DECISION.read_text(encoding="utf-8"), flags=re.M)
    decided = set()
    for cell in table:
        for call in re.findall(r"`((?:GET|PUT|POST|DELETE) /[^`]*|/readyz)`", cell.replace("\\|", "|")):
            method, path = call.split() if " " in call else ("GET", call)
            decided.add((method, path.partition("?")[0], tuple(re.findall(r"[?&](\w+)=", path))))
    methods = ("get", "put", "post", "delete")
    offered = set()
    for path, item in OPENAPI["paths"].items():
        for method in methods:
            if method in item:
                asked = [resolve(OPENAPI, p["$ref"]) for p in item[method].get("parameters", [])]
                query = tuple(p["name"] for p in asked if p["in"] == "query")
                offered.add((method.upper(), path, query))
    assert offered == decided
    assert len(offered) == 14


def test_every_guarded_call_can_answer_401_and_every_error_is_problem_json() -> None:
    free = set()
    for path, item in OPENAPI["paths"].items():
        for call in item.values():
            if call.get("security") == []:
                free.add(path)
            else:
                assert "401" in call["responses"], path
            for code, answer in call["responses"].items():
                if code.startswith("4"):
                    assert list(resolve(OPENAPI, answer["$ref"])["content"]) == ["application/problem+json"]
    assert free == {"/v1/hub", "/healthz", "/readyz"}
    assert OPENAPI["security"] == [{"serviceToken": []}]


def test_openapi_takes_every_registry_kind() -> None:
    item = OPENAPI["components"]["schemas"]["RegistryItem"]
    assert [r["$ref"] for r in item["oneOf"]] == [f"schemas/registry/{k}.json" for k in REGISTRY_KINDS]
    assert OPENAPI["components"]["parameters"]["kind"]["schema"]["enum"] == list(REGISTRY_KINDS)


def test_bundled_openapi_validates_registry_examples() -> None:
    whole = self_contained(OPENAPI)
    validator = Draft202012Validator({**whole, "$ref": "#/components/schemas/RegistryItem"})
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

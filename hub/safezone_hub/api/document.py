"""The standard's OpenAPI document, as the hub serves it and as it checks bodies against it.

The hub has no schemas of requests of its own: what the document says is what is accepted.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from safezone_model.bundle import self_contained

from safezone_hub.api.problem import fault

_VALUE_SHOWN = 200


@cache
def document() -> Mapping[str, Any]:
    """The document in one piece, every schema inside it."""
    text = (files("safezone_model") / "openapi.json").read_text(encoding="utf-8")
    return self_contained(json.loads(text))


@cache
def document_bytes() -> bytes:
    return json.dumps(document(), ensure_ascii=False, separators=(",", ":")).encode()


@cache
def calls() -> Mapping[str, Mapping[str, Any]]:
    """Each operation of the document by its operationId, with ``path`` and ``method`` added."""
    found = {}
    for path, item in document()["paths"].items():
        for method, call in item.items():
            if isinstance(call, dict) and "operationId" in call:
                found[call["operationId"]] = {**call, "path": path, "method": method.upper()}
    return found


@cache
def _body_validator(operation: str) -> Draft202012Validator:
    content = calls()[operation]["requestBody"]["content"]["application/json"]
    whole = {"components": document()["components"], **content["schema"]}
    return Draft202012Validator(whole, format_checker=FormatChecker())


def body_faults(operation: str, body: Any) -> list[dict[str, Any]]:
    """Everything in a request's body that the document does not allow."""
    found = []
    for error in sorted(_body_validator(operation).iter_errors(body), key=lambda e: list(map(str, e.path))):
        field = ".".join(str(part) for part in error.absolute_path)
        value = error.instance if len(json.dumps(error.instance, default=str)) <= _VALUE_SHOWN else "…"
        found.append(fault(field, "…" if "secret" in field else value, error.message[:300]))
    return found

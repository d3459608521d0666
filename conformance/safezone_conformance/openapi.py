"""``openapi.json`` of the standard as the suite uses it: which operation a call is, and the schema of its answers."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from safezone_model.loader import load_schema, schema_names

BASE = "https://safezone.invalid/"


@cache
def document() -> Mapping[str, Any]:
    """The whole of it."""
    found: Mapping[str, Any] = json.loads(
        (files("safezone_model") / "openapi.json").read_text(encoding="utf-8")
    )
    return found


@cache
def _paths() -> tuple[tuple["re.Pattern[str]", str], ...]:
    # Literal paths first: /v1/registry:import is no item.
    ordered = sorted(document()["paths"], key=lambda p: p.count("{"))
    return tuple((re.compile(re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(p))), p) for p in ordered)


def operation(method: str, path: str) -> Mapping[str, Any] | None:
    """The operation of a call, None if openapi.json has none. ``path`` may carry a query."""
    bare = path.partition("?")[0]
    for pattern, name in _paths():
        if pattern.fullmatch(bare):
            found: Mapping[str, Any] | None = document()["paths"][name].get(method.lower())
            return found
    return None


def operations() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(method, path template, operation) of every call."""
    for path, methods in document()["paths"].items():
        for method, found in methods.items():
            if method in ("get", "put", "post", "delete", "patch"):
                yield method.upper(), path, found


# The item of the ICS that claims each call; what is not here no hub can do without.
CLAIMS: Mapping[str, tuple[str, ...]] = {
    "metrics": ("getMetrics", "getStats", "getRejections", "getPupils"),
    "tokens": ("createToken", "listTokens", "revokeToken", "getMe"),
    "csv-import": ("importCsv",),
    "incidents": ("actOnIncident",),
    "missing": ("reportMissing", "getSearchArea"),
    "cameras": ("viewCamera",),
    "dispatch": ("getCap", "getHandover", "reportAgencyStatus", "getUnits", "putUnitStatus", "handOverShift"),
    "streams": ("streamZone", "streamGuardian"),
    "deliveries": (
        "getNotices", "markNoticeSeen", "reportWrongNotice", "getDeliveries", "getComplaints", "answerComplaint", "putSmsReceipt",
    ),
    "location": ("getPosition", "getPath"),
    "privacy": ("getAccessLog", "getChildData", "putConsent", "eraseChild"),
    "enrolment": (
        "createEnrolmentCode", "beginEnrolment", "verifyEnrolment", "consentEnrolment", "getEnrolments", "confirmWritten", "issuePin",
    ),
    "device-health": ("getDevices",),
    "statistics": ("getStatistics",),
    "audit": ("getAudit",),
}  # fmt: skip
_CLAIM_OF = {name: item for item, names in CLAIMS.items() for name in names}


def claims_of(name: str) -> tuple[str, ...]:
    """The ICS item that claims a call by its operationId, as a case's ``needs``."""
    return (_CLAIM_OF[name],) if name in _CLAIM_OF else ()


_CLAIM_OF_ACTION = {"call_119": "dispatch"}


def claim_of(method: str, path: str, body: Any = None) -> str:
    """The ICS item that claims a call, "" for what every hub offers. An action of an incident may have one of its own."""
    found = operation(method, path)
    if isinstance(body, Mapping) and body.get("action") in _CLAIM_OF_ACTION:
        return _CLAIM_OF_ACTION[str(body["action"])]
    return _CLAIM_OF.get(str(found["operationId"]), "") if found is not None else ""


def answer_schema(method: str, path: str, status: int) -> Mapping[str, Any] | None:
    """The JSON Schema of an answer's body, None where none is stated."""
    found = operation(method, path)
    if found is None:
        return None
    content = found.get("responses", {}).get(str(status), {}).get("content", {})
    schema: Mapping[str, Any] | None = content.get("application/json", {}).get("schema")
    return schema


@cache
def _registry() -> Registry[Any]:
    registry: Registry[Any] = Registry()
    for name in schema_names():
        resource: Resource[Any] = Resource.from_contents(load_schema(name))
        registry = resource @ registry
        registry = registry.with_resource(f"{BASE}schemas/{name}.json", resource)
    whole: Resource[Any] = Resource.from_contents(document(), default_specification=DRAFT202012)
    registry = registry.with_resource(f"{BASE}openapi.json", whole)
    return registry


@cache
def validator(schema: str) -> Draft202012Validator:
    """Of a schema of ``openapi.json``, given as its JSON text; references are resolved within the model."""
    absolute = schema.replace('"$ref": "#/', f'"$ref": "{BASE}openapi.json#/').replace(
        '"$ref": "schemas/', f'"$ref": "{BASE}schemas/'
    )
    return Draft202012Validator(json.loads(absolute), registry=_registry())

"""The control API as an OpenAPI 3.1 document, served at ``/control/v1/openapi.json``: paths, parameters, bodies, kinds of answer.

What the members of an answer mean stays in ``CONTROL.md``; a test holds the paths here against the service's routes.
"""

import re
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

BASE = "/control/v1"
ONE = f"{BASE}/sessions/{{session}}"
JSON, HTML, PDF, SVG, EVENTS = (
    "application/json",
    "text/html",
    "application/pdf",
    "image/svg+xml",
    "text/event-stream",
)

Schema = dict[str, Any]
TEXT: Schema = {"type": "string", "minLength": 1, "maxLength": 2000}
SEAT: Schema = {"type": "integer", "minimum": 1}
LANG = ("lang", {"enum": ["ko", "en"], "default": "ko"})


def _object(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


NEW_SESSION = _object(
    ("school", "drill"),
    school={"type": "string", "description": "NEIS code"}, drill={"type": "string"}, date={"type": "string", "format": "date"},
    start={"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "description": "HH:MM, between the drill's starts_from and starts_until"},
    rehearsal={"type": "boolean", "default": False}, speed={"type": "number", "minimum": 1, "maximum": 60, "default": 1},
    seed={"type": "integer", "minimum": 0, "default": 1}, owner={"type": ["string", "null"], "minLength": 1, "maxLength": 200},
    **{"class": _object(
        ("grade", "class", "size"), grade={"type": "integer", "minimum": 1, "maximum": 6},
        size={"type": "integer", "minimum": 5, "maximum": 40},
        lead={"type": ["integer", "null"], "minimum": 1, "maximum": 40, "description": "the seat of the child that the story is about, 1 to size; default 7"}, **{"class": {"type": "integer", "minimum": 1, "maximum": 30}},
    )},
)  # fmt: skip
RATING = _object(("objective",), objective=TEXT, rating={"enum": ["P", "S", "M", "U", None]}, evidence={"type": "string", "maxLength": 2000})  # fmt: skip
SEATS = _object(("seats",), seats={"type": "array", "items": _object(("seat", "status"), seat=SEAT, status={"enum": ["here", "missing", "excused"]})})  # fmt: skip


@dataclass(frozen=True)
class Operation:
    """One call. ``query``: optional parameters by name; ``answer``: media type; ``status``: of success."""

    method: str
    path: str
    id: str
    summary: str
    body: Schema | None = None
    query: tuple[tuple[str, Schema], ...] = ()
    answer: str | None = JSON
    status: int = 200


OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", f"{BASE}/health", "getHealth", "Whether the twin works; needs no token"),
    Operation("GET", f"{BASE}/openapi.json", "getOpenapi", "This document; needs no token"),
    Operation("GET", f"{BASE}/schools", "listSchools", "Schools by name, code or gu", query=(("q", {"type": "string"}), ("limit", {"type": "integer", "minimum": 1, "maximum": 1000}))),
    Operation("GET", f"{BASE}/schools/{{school}}/map", "getMapFetch", "How far the fetch of the school's streets has come"),
    Operation("POST", f"{BASE}/schools/{{school}}/map", "fetchMap", "Begins to fetch the school's streets", status=202),
    Operation("GET", f"{BASE}/drills", "listDrills", "All drills"),
    Operation("GET", f"{BASE}/drills/{{drill}}", "getDrill", "One drill"),
    Operation("GET", f"{BASE}/drills/{{drill}}/pack.pdf", "getPack", "The printed pack", query=(("school", {"type": "string"}), ("date", {"type": "string"}), ("start", {"type": "string"}), ("class", {"type": "string"}), ("lead", {"type": "integer", "minimum": 1, "maximum": 40}), LANG, ("english", {"enum": ["0", "1"], "default": "0"})), answer=PDF),
    Operation("POST", f"{BASE}/sessions", "openSession", "Prepares a drill", NEW_SESSION, status=201),
    Operation("GET", f"{BASE}/sessions", "listSessions", "Sessions, newest first; with join, the open one of that code", query=(("join", {"type": "string"}),)),
    Operation("GET", ONE, "getSession", "A session with its tokens"),
    Operation("POST", f"{ONE}/start", "start", "START"),
    Operation("POST", f"{ONE}/pause", "pause", "Pauses"),
    Operation("POST", f"{ONE}/resume", "resume", "Goes on"),
    Operation("POST", f"{ONE}/all-clear", "allClear", "ALL CLEAR"),
    Operation("POST", f"{ONE}/end", "end", "Ends the drill and writes its report"),
    Operation("POST", f"{ONE}/speed", "setSpeed", "Times real time", _object(("x",), x={"type": "number", "minimum": 1, "maximum": 60})),
    Operation("POST", f"{ONE}/inject", "inject", "Fires a line of the master list now", _object(("inject",), inject=TEXT, seat={**SEAT, "type": ["integer", "null"]})),
    Operation("POST", f"{ONE}/skip", "skip", "A line will not fire by the list", _object(("inject",), inject=TEXT)),
    Operation("GET", f"{ONE}/state", "getState", "The drill as it is now"),
    Operation("GET", f"{ONE}/stream", "stream", "Clock, frames and events; Last-Event-ID resumes", query=(("last_event_id", {"type": "integer", "minimum": 0}), ("frames", {"enum": ["0", "1"]})), answer=EVENTS),
    Operation("GET", f"{ONE}/agents", "listAgents", "Everybody in frames, by index"),
    Operation("GET", f"{ONE}/map", "getPlaces", "The places as GeoJSON", query=(("schematic", {"enum": ["0", "1"]}),)),
    Operation("GET", f"{ONE}/cameras", "listCameras", "The cameras; with lon and lat, which of them can see that spot", query=(("lon", {"type": "number"}), ("lat", {"type": "number"}))),
    Operation("GET", f"{ONE}/cameras/{{camera}}/view.svg", "viewCamera", "What a camera sees now", query=(("w", {"type": "integer", "minimum": 160, "maximum": 1920}),), answer=SVG),
    Operation("GET", f"{ONE}/cameras/{{camera}}/view", "viewCameraPlain", "The same without the ending", query=(("w", {"type": "integer", "minimum": 160, "maximum": 1920}),), answer=SVG),
    Operation("POST", f"{ONE}/rollcall", "callRoll", "Seats counted; adds to what was counted before", SEATS),
    Operation("POST", f"{ONE}/notes", "addNote", "An observer's note", _object(("text",), text=TEXT, by={"type": "string", "maxLength": 2000}), status=201),
    Operation("PUT", f"{ONE}/ratings", "rate", "Rates an objective; null takes the rating back", RATING),
    Operation("POST", f"{ONE}/ratings", "ratePost", "The same", RATING),
    Operation("POST", f"{ONE}/improvements", "addImprovement", "Something to do better", _object(("text",), text=TEXT, owner={"type": "string", "maxLength": 2000}, due={"type": "string", "maxLength": 2000}), status=201),
    Operation("DELETE", f"{ONE}/improvements/{{n}}", "dropImprovement", "Takes it out again", answer=None, status=204),
    Operation("GET", f"{ONE}/report.json", "getReportJson", "The record behind the report"),
    Operation("GET", f"{ONE}/report.html", "getReportHtml", "The after-action report", query=(LANG,), answer=HTML),
    Operation("GET", f"{ONE}/report.pdf", "getReportPdf", "The after-action report", query=(LANG,), answer=PDF),
    Operation("GET", f"{ONE}/replay", "getReplay", "Everybody's way, for a map with a slider"),
)  # fmt: skip
OPEN = ("getHealth", "getOpenapi")


def document() -> dict[str, Any]:
    """The OpenAPI document."""
    paths: dict[str, dict[str, Any]] = {}
    for o in OPERATIONS:
        paths.setdefault(o.path, {})[o.method.lower()] = _operation(o)
    text = {"type": "string"}
    problem = _object(("title", "status", "code", "detail"), type=text, title=text, status={"type": "integer"}, code=text, detail=text, errors={"type": "array"})  # fmt: skip
    return {
        "openapi": "3.1.0",
        "info": {"title": "safezone: the twin's control API", "version": version("safezone"), "description": "Semantics: sim/safezone_sim/drill/CONTROL.md"},
        "security": [{"token": []}, {"query": []}],
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "query": {"type": "apiKey", "in": "query", "name": "access_token"},
            },
            "responses": {"Problem": {"description": "Refused, with field, value and remedy in Korean and English", "content": {"application/problem+json": {"schema": problem}}}},
        },
        "paths": paths,
    }  # fmt: skip


def _operation(o: Operation) -> dict[str, Any]:
    parameters = [{"name": n, "in": "path", "required": True, "schema": {"type": "string"}} for n in re.findall(r"{(\w+)}", o.path)]  # fmt: skip
    parameters += [{"name": n, "in": "query", "schema": schema} for n, schema in o.query]
    answer: dict[str, Any] = {"description": o.summary}
    if o.answer is not None:
        answer["content"] = {
            o.answer: {"schema": {"type": "object"} if o.answer == JSON else {"type": "string"}}
        }
    shown: dict[str, Any] = {
        "operationId": o.id, "summary": o.summary, "parameters": parameters,
        "responses": {str(o.status): answer, "4XX": {"$ref": "#/components/responses/Problem"}, "502": {"$ref": "#/components/responses/Problem"}},
    }  # fmt: skip
    if o.body is not None:
        shown["requestBody"] = {"required": True, "content": {JSON: {"schema": o.body}}}
    if o.id in OPEN:
        shown["security"] = []
    return shown

"""Structured logs: one JSON object a line, and nothing in them that leads to a person.

A line holds the constant text of the hub's own log call, never its arguments; of a library's only the place
in its code, since libraries put values into their texts; of an error its type and the places, never its words;
and of ``extra`` only the fields named in ``FIELDS``, with values of plain shape. So whatever a call puts into
a message (a topic with a phone's id, a name, a position), it does not come out. What an operator needs beyond
that is in the metrics and on the health endpoint.
"""

import json
import logging
import re
import sys
import traceback
from typing import Any, TextIO

from safezone_model import SERVICES

from safezone_hub.clock import format_time

# Fields that may be logged, each with the shape of its values. None of them can name a person or a place.
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,63}\Z")
_ROUTE = re.compile(r"/[A-Za-z0-9_./:{}-]{0,100}\Z")
_VERSION = re.compile(r"[A-Za-z0-9_.+-]{1,40}\Z")
OURS = "safezone"
FIELDS: dict[str, re.Pattern[str] | None] = {
    "attempt": None,
    "backend": _WORD,
    "bytes": None,
    "channel": _WORD,
    "code": None,
    "count": None,
    "depth": None,
    "duration_ms": None,
    "kind": _WORD,
    "level_to": _WORD,
    "method": _WORD,
    "operation": _WORD,
    "part": _WORD,
    "port": None,
    "reason": _WORD,
    "retry_s": None,
    "role": _WORD,
    "route": _ROUTE,
    "rule": _WORD,
    "seconds": None,
    "service": _WORD,
    "state": _WORD,
    "status": None,
    "version": _VERSION,
}
# An id in the wrong field would pass for a word; most ids have a dash or a longer number in them.
_ID_LIKE = re.compile(r"[0-9]{3,}|-")


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON: at, level, logger, event, then fields and error."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": format_time(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _event(record),
        }
        for name, shape in FIELDS.items():
            value = record.__dict__.get(name)
            if value is not None and _may_be_shown(value, shape):
                line[name] = value
        if record.exc_info is not None and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["where"] = _places(record.exc_info[2])
        return json.dumps(line, ensure_ascii=False)


def configure_logging(level: str = "WARNING", stream: TextIO | None = None) -> None:
    """Send everything this process logs through ``JsonFormatter``, libraries included. ValueError for no level."""
    handler = logging.StreamHandler(stream if stream is not None else sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        library = logging.getLogger(name)
        library.handlers[:] = []
        library.propagate = True
    logging.captureWarnings(True)


def _event(record: logging.LogRecord) -> str:
    ours = record.name == OURS or record.name.startswith(f"{OURS}.")
    if ours and isinstance(record.msg, str):
        return record.msg
    return f"{record.module}:{record.lineno}"


def _may_be_shown(value: Any, shape: "re.Pattern[str] | None") -> bool:
    if shape is None:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if not isinstance(value, str) or not shape.match(value):
        return False
    return value in SERVICES or not _ID_LIKE.search(value)


def _places(trace: Any) -> list[str]:
    """Module, line and function of each frame; no source text, no values."""
    frames = traceback.extract_tb(trace)
    return [f"{_module(frame.filename)}:{frame.lineno}:{frame.name}" for frame in frames[-12:]]


def _module(filename: str) -> str:
    parts = filename.replace("\\", "/").split("/")
    return "/".join(parts[-2:])

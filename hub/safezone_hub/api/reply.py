"""Answers that are JSON."""

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

_encode = msgspec.json.Encoder().encode


def json_bytes(body: Any) -> bytes:
    return _encode(body)


def json_reply(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(_encode(body), status, headers=dict(headers or {}), media_type="application/json")

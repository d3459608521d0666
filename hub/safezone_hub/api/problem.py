"""Errors as problem+json (RFC 9457), all of them: also those the framework would word itself."""

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

PROBLEM_JSON = "application/problem+json"
ERRORS_SHOWN = 1000

_TITLES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    411: "length_required",
    412: "precondition_failed",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "too_many_requests",
    500: "internal_error",
    503: "unavailable",
}


class Problem(Exception):
    """An answer that is an error. ``title`` is a stable word, ``detail`` says what happened and what helps."""

    def __init__(
        self,
        status: int,
        title: str = "",
        detail: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(title or _TITLES[status])
        self.status, self.headers = status, dict(headers or {})
        self.body = {
            "type": "about:blank",
            "title": title or _TITLES[status],
            "status": status,
            "detail": detail,
            **more,
        }

    def response(self) -> Response:
        return Response(
            msgspec.json.encode(self.body), self.status, headers=self.headers, media_type=PROBLEM_JSON
        )


def not_found(what: str) -> Problem:
    """There is no such thing, or it is not the asker's to know: one answer for both, so ``what`` names no id."""
    return Problem(404, "not_found", f"no {what}")


def invalid(errors: list[dict[str, Any]], detail: str = "") -> Problem:
    """A body that can not be taken: each error with field, value and remedy."""
    shown = errors[:ERRORS_SHOWN]
    return Problem(422, "invalid", detail or f"{len(errors)} errors; nothing was stored", errors=shown)


def fault(field: str, value: Any, remedy: str) -> dict[str, Any]:
    """One entry of ``errors``."""
    return {"field": field, "value": value, "remedy": remedy}

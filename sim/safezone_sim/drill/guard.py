"""The door of the control service: who may call, what a call brought along, and how it is told that it cannot be."""

import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from safezone_sim.drill.refusals import Invalid, Unknown, WrongState

BODY_MAX = 256 * 1024
TEXT_MAX = 2000
TITLES = {
    "unauthorized": "허가되지 않음 · unauthorized", "not_found": "없음 · not found", "wrong_state": "지금은 할 수 없음 · wrong state",
    "invalid": "잘못된 값 · invalid", "too_large": "너무 큼 · too large", "hub": "허브 · hub",
}  # fmt: skip

Handler = Callable[[Request], Awaitable[Response]]


class Problem(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: str, detail: str, field_name: str = "", value: Any = None) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.field, self.value = status, code, detail, field_name, value

    def response(self) -> Response:
        body: dict[str, Any] = {
            "type": f"urn:safezone:drill:{self.code}", "title": TITLES[self.code], "status": self.status, "code": self.code,
            "detail": self.detail,
        }  # fmt: skip
        if self.field:
            body["errors"] = [{"field": self.field, "value": self.value, "detail": self.detail}]
        return Response(
            json.dumps(body, ensure_ascii=False, default=str),
            self.status,
            media_type="application/problem+json",
        )


def invalid(detail: str, field_name: str, value: Any) -> Problem:
    """A value that cannot be."""
    return Problem(422, "invalid", detail, field_name, value)


def bad_day(day: Any) -> Problem:
    """A date that is none."""
    return invalid("YYYY-MM-DD 꼴이어야 합니다 · give YYYY-MM-DD", "date", day)


def guarded(token: str, reopen: Callable[[str], None], handler: Handler) -> Handler:
    """A handler for those who have the token. ``reopen`` is told of a session before it is called."""

    async def call(request: Request) -> Response:
        given = request.headers.get("authorization", "").removeprefix("Bearer ") or request.query_params.get(
            "access_token", ""
        )
        if not hmac.compare_digest(given.encode(), token.encode()):
            return Problem(
                401, "unauthorized", "제어 토큰이 필요합니다. safezone drill이 알려 줍니다. · needs the control token that safezone drill prints"
            ).response()  # fmt: skip
        try:
            if "session" in request.path_params:
                await run_in_threadpool(reopen, request.path_params["session"])
            return await handler(request)
        except Problem as e:
            return e.response()
        except WrongState as e:
            return Problem(409, "wrong_state", str(e)).response()
        except Unknown as e:
            return Problem(404, "not_found", f"없습니다 · not known: {e.args[0]}").response()
        except Invalid as e:
            return invalid(str(e), e.field, e.value).response()

    return call


async def no_such_call(request: Request, error: Exception) -> Response:
    """The answer where there is no route."""
    return Problem(
        404, "not_found", f"그런 호출이 없습니다 · no such call: {request.method} {request.url.path}"
    ).response()


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object of a call; empty without one. Problem."""
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > BODY_MAX:
            raise Problem(413, "too_large", f"{BODY_MAX} 바이트까지입니다 · at most {BODY_MAX} bytes")
    try:
        body = json.loads(raw or b"{}")
    except ValueError as e:
        raise invalid(
            f"JSON이 아닙니다 · not JSON: {e}", "body", raw[:60].decode("utf-8", "replace")
        ) from None
    if not isinstance(body, dict):
        raise invalid("JSON 객체여야 합니다 · must be a JSON object", "body", body)
    return body


def text_of(body: Mapping[str, Any], name: str, required: bool = True) -> str:
    """A member that is text, trimmed. Problem."""
    value = body.get(name, "")
    if not isinstance(value, str) or len(value) > TEXT_MAX or (required and not value.strip()):
        raise invalid(
            f"1자에서 {TEXT_MAX}자까지의 글입니다 · text of up to {TEXT_MAX} characters", name, value
        )
    return value.strip()


def language_of(request: Request) -> str:
    """In which language paper is asked for. Problem for another."""
    lang = request.query_params.get("lang", "ko")
    if lang not in ("ko", "en"):
        raise invalid("ko, en 가운데 하나입니다 · use one of them", "lang", lang)
    return lang


def whole_number(given: str, name: str) -> int:
    """Problem for what is none."""
    try:
        return int(given)
    except ValueError:
        raise invalid("정수입니다 · an integer", name, given) from None

"""One request on its way through the API: who asks, for what, and the hub to ask. And the operations' declaration."""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from safezone_hub.access import Principal
from safezone_hub.api.document import body_faults
from safezone_hub.api.problem import Problem, invalid, not_found
from safezone_hub.clock import parse_time

if TYPE_CHECKING:
    from safezone_hub.api.services import Services

T = TypeVar("T")
Parser = Callable[[str, str], Any]

JSON = "application/json"
CSV = "text/csv"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)\Z", re.ASCII)
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])\Z", re.ASCII)
_DEPTH_MAX = 32
_SOON = {"retry-after": "2"}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the standard's document, and what does it. ``name`` is its operationId."""

    name: str
    method: str
    path: str
    handler: "Callable[[Call], Awaitable[Response]]"
    query: Mapping[str, Parser] = field(default_factory=dict)
    body: str | None = None  # content type of the body; None: takes none
    public: bool = False  # no token is asked for
    large: bool = False  # an import
    ahead: bool = False  # somebody works on an emergency: does not wait behind routine messages


class Call:
    """One request. A handler takes its answer from ``guard.on``, which decides and records first."""

    def __init__(self, services: "Services", operation: Operation, request: Request) -> None:
        self.services, self.operation, self.request = services, operation, request
        self.who: Principal | None = None
        self.query: dict[str, Any] = {}
        self.decided = operation.public
        self.wall = services.clock.now()

    @property
    def principal(self) -> Principal:
        assert self.who is not None, "a guarded operation has a principal"
        return self.who

    @property
    def access_reason(self) -> str:
        """Why somebody looks; it is kept with the look. UTF-8 in the header is allowed."""
        raw = self.request.headers.get("x-access-reason", "").strip()
        with contextlib.suppress(UnicodeError):
            raw = raw.encode("latin-1").decode("utf-8")
        return "".join(c for c in raw if c.isprintable())[:500]

    @property
    def address(self) -> str:
        return self.request.client.host if self.request.client is not None else ""

    def path(self, name: str) -> str:
        """A path parameter that is an id; 404 for what can be none."""
        value = str(self.request.path_params[name])
        if not _ID.match(value):
            raise not_found(f"{name} {value[:64]!r}")
        return value

    async def ask(self, question: "Callable[..., T]") -> T:
        """Run something on the engine's thread; what it writes is durable before this returns."""
        engine = self.services.engine
        if not engine.is_running():
            raise Problem(503, "engine_stopped", "the hub takes no messages; see /healthz")
        if engine.store_error is not None:
            # The engine tries again until the store is back; whoever asks should not wait for that.
            raise Problem(503, "store_unavailable", "the store does not answer; see /healthz", headers=_SOON)
        # Shielded: a question that was asked is answered, also when nobody waits for it any more.
        return await asyncio.shield(asyncio.wrap_future(engine.ask(question, ahead=self.operation.ahead)))

    async def json(self) -> Any:
        """The body, checked against the operation's schema in the standard's document."""
        body = await self.raw_json()
        errors = body_faults(self.operation.name, body)
        if errors:
            raise invalid(errors, f"{len(errors)} errors")
        return body

    async def raw_json(self) -> Any:
        raw = await self.body()
        try:
            body = await asyncio.to_thread(_decode, raw) if self.operation.large else _decode(raw)
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            raise Problem(400, "not_json", str(error)) from None
        if _too_deep(body):
            raise Problem(400, "not_json", f"nested deeper than {_DEPTH_MAX}")
        return body

    async def body(self) -> bytes:
        """The body's bytes; its type and its size are checked before it is read."""
        request, limits = self.request, self.services.limits
        wanted = self.operation.body or JSON
        given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if given != wanted:
            raise Problem(415, "unsupported_media_type", f"send Content-Type: {wanted}")
        if request.headers.get("content-encoding", "identity") != "identity":
            raise Problem(415, "unsupported_media_type", "send the body without Content-Encoding")
        most = limits.import_max_bytes if self.operation.large else limits.body_max_bytes
        length = request.headers.get("content-length", "0")
        if length.isascii() and length.isdecimal() and (len(length) > 15 or int(length) > most):
            raise Problem(413, "too_large", f"at most {most} bytes")
        raw = bytearray()
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > most:
                raise Problem(413, "too_large", f"at most {most} bytes")
        return bytes(raw)

    def read_query(self) -> None:
        """Every parameter known, once, and well formed; or 400."""
        known = self.operation.query
        given = self.request.query_params.multi_items()
        unknown = sorted({name for name, _ in given if name not in known})
        if unknown:
            shown = ", ".join(name[:40] for name in unknown[:10])
            takes = f"known: {', '.join(known)}" if known else "this call takes none"
            raise Problem(400, "bad_query", f"unknown query parameter: {shown}; {takes}")
        for name, text in given:
            if name in self.query:
                raise Problem(400, "bad_query", f"{name}: give it once")
            self.query[name] = known[name](name, text)
        for name, parse in known.items():
            if isinstance(parse, _Required) and name not in self.query:
                raise Problem(400, "bad_query", f"{name}: is needed; {parse.hint}")


# ------------------------------------------------------------------- query values


def whole_number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 18 or int(text) < 1:
        raise Problem(400, "bad_query", f"{name}: a whole number from 1")
    return int(text)


def moment(name: str, text: str) -> float:
    """An RFC 3339 time with offset; «+09:00» unescaped in a URL arrives as a blank."""
    text = text.replace(" ", "+")
    try:
        if _TIME.match(text):
            return parse_time(text)
    except (ValueError, OverflowError):
        pass
    raise Problem(400, "bad_query", f"{name}: an RFC 3339 time with offset")


def month(name: str, text: str) -> str:
    if not _MONTH.match(text):
        raise Problem(400, "bad_query", f"{name}: a month, YYYY-MM")
    return text


def identifier(name: str, text: str) -> str:
    if not _ID.match(text):
        raise Problem(400, "bad_query", f"{name}: an id")
    return text


def cursor(name: str, text: str) -> str:
    """The ``next`` of an earlier page; taken as it is, any text is a place in the order."""
    return text[:200]


def word_of(*words: str) -> Parser:
    def parse(name: str, text: str) -> str:
        if text not in words:
            raise Problem(400, "bad_query", f"{name}: one of {', '.join(words)}")
        return text

    return parse


@dataclass(frozen=True, slots=True)
class _Required:
    parse: Parser
    hint: str

    def __call__(self, name: str, text: str) -> Any:
        return self.parse(name, text)


def required(parse: Parser, hint: str = "see the standard") -> Parser:
    """The same parser, for a parameter that must be there."""
    return _Required(parse, hint)


def flag(name: str, text: str) -> bool:
    if text not in ("true", "false"):
        raise Problem(400, "bad_query", f"{name}: true or false")
    return text == "true"


_decode = msgspec.json.Decoder().decode


def _too_deep(value: Any, depth: int = 0) -> bool:
    if depth > _DEPTH_MAX:
        return True
    if isinstance(value, dict):
        return any(_too_deep(inner, depth + 1) for inner in value.values() if isinstance(inner, (dict, list)))
    if isinstance(value, list):
        return any(_too_deep(inner, depth + 1) for inner in value if isinstance(inner, (dict, list)))
    return False

"""One HTTP request and its answer. Follows no redirects, reads no proxy settings, keeps connections open."""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import quote, urlsplit

import httpcore

BODY_MAX_BYTES = 65_536
KEPT_OPEN_S = 5.0


class NoAnswer(Exception):
    """The request got no answer. The message is a short code without host or content."""


class BadUrl(ValueError):
    """Nothing can ever be sent to this URL."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart. ``origin`` is scheme, host and port."""

    url: httpcore.URL
    scheme: str
    origin: str


@dataclass(frozen=True, slots=True)
class Answer:
    """``headers`` by lower-case name; of the body at most ``BODY_MAX_BYTES``."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def parse_target(url: str) -> Target:
    """Read an http or https URL. Raises BadUrl; the message does not repeat the URL."""
    if not url or any(character <= " " or character == "\x7f" for character in url):
        raise BadUrl("spaces or control characters in the URL")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or ""), parts.port
        host_bytes = host.encode("ascii") if host.isascii() else host.encode("idna")
    except ValueError:
        raise BadUrl("not a URL") from None
    if parts.scheme not in ("http", "https") or not host:
        raise BadUrl("not an http or https URL")
    if parts.username is not None or parts.password is not None:
        raise BadUrl("a password in the URL")
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    if parts.query:
        target += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    port = port or (443 if parts.scheme == "https" else 80)
    address = httpcore.URL(scheme=parts.scheme.encode(), host=host_bytes, port=port, target=target.encode())
    return Target(address, parts.scheme, f"{parts.scheme}://{host_bytes.decode()}:{port}")


class HttpClient:
    """``timeout_s`` bounds a whole exchange, so that a dripping answer ends as well."""

    def __init__(
        self,
        timeout_s: float,
        connections: int,
        tls: ssl.SSLContext,
        backend: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._timeout_s = timeout_s
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            # More than can be in use at once: a request never waits for a connection of another.
            max_connections=2 * connections,
            max_keepalive_connections=connections,
            keepalive_expiry=KEPT_OPEN_S,
            network_backend=backend or httpcore.AnyIOBackend(),
        )

    async def request(
        self, method: str, url: httpcore.URL, headers: Mapping[str, str], body: bytes = b""
    ) -> Answer:
        """One exchange. Raises NoAnswer; ForbiddenAddress comes through from the backend."""
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), self._timeout_s)
        if b":" in url.host:
            headers = {"Host": f"[{url.host.decode()}]:{url.port}", **headers}
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._pool.stream(
                    method, url, headers=list(headers.items()), content=body, extensions={"timeout": timeouts}
                ) as response,
            ):
                chunks, size = [], 0
                async for chunk in response.aiter_stream():
                    chunks.append(chunk)
                    size += len(chunk)
                    if size >= BODY_MAX_BYTES:
                        break
                return Answer(
                    response.status,
                    {
                        name.decode("latin-1").lower(): value.decode("latin-1")
                        for name, value in response.headers
                    },
                    b"".join(chunks)[:BODY_MAX_BYTES],
                )
        except (TimeoutError, httpcore.TimeoutException):
            raise NoAnswer("timeout") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise NoAnswer(_cause(error)) from None

    async def close(self) -> None:
        await self._pool.aclose()


def _cause(error: BaseException) -> str:
    """What went wrong, in words without names."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return "certificate not trusted"
        if isinstance(seen, ssl.SSLError):
            return "TLS failed"
        if isinstance(seen, ConnectionRefusedError):
            return "connection refused"
        if isinstance(seen, socket.gaierror):
            return "name not resolved"
        if isinstance(seen, httpcore.LocalProtocolError):
            return "request not valid"
        seen = seen.__cause__ or seen.__context__
    return "no connection" if isinstance(error, httpcore.ConnectError) else "connection lost"


def retry_after_s(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that ``Retry-After`` asks for, given as seconds or as a date. None if it says nothing."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now)


def trust(ca_file: str | None) -> ssl.SSLContext:
    """The machine's trusted authorities, and those of ``ca_file``. OSError or ssl.SSLError if unreadable."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file:
        context.load_verify_locations(ca_file)
    return context

"""Entity tags (RFC 9110): answers that are polled, and changes that must not overtake another's."""

import hashlib

from starlette.requests import Request
from starlette.responses import Response

from safezone_hub.api.problem import Problem


def tag_of(body: bytes, version: int | None = None) -> str:
    """A strong tag of a body. With a version the part before the dot is what ``If-Match`` compares."""
    digest = hashlib.sha256(body).hexdigest()[:20]
    return f'"{digest}"' if version is None else f'"{version}.{digest}"'


def polled(
    request: Request, body: bytes, version: int | None = None, media_type: str = "application/json"
) -> Response:
    """The body with its tag, or 304 when the asker has it already."""
    tag = tag_of(body, version)
    headers = {"etag": tag}
    wanted = request.headers.get("if-none-match")
    if wanted is not None and (wanted.strip() == "*" or tag in _listed(wanted, weak=True)):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)


def expected_versions(request: Request) -> frozenset[str] | None:
    """The versions that ``If-Match`` allows; None when any will do. Weak tags never match."""
    header = request.headers.get("if-match")
    if header is None or header.strip() == "*":
        return None
    return frozenset(tag.strip('"').partition(".")[0] for tag in _listed(header, weak=False))


def check_version(expected: frozenset[str] | None, version: int) -> None:
    """Refuse a change made on an older state."""
    if expected is not None and str(version) not in expected:
        raise Problem(412, "precondition_failed", f"it has changed since: it is at version {version} now")


def _listed(header: str, *, weak: bool) -> list[str]:
    tags = [part.strip() for part in header.split(",")]
    return [t.removeprefix("W/") for t in tags] if weak else [t for t in tags if not t.startswith("W/")]

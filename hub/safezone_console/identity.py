"""Who is who in a browser: one cookie a role, holding the token that the hub gave. Scripts cannot read it.

There is no store of sessions: the pages can be started again at any time and nobody is logged out.
"""

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

ROLES = ("operator", "school", "guardian")
DRILL_COOKIE = "sz-drill"  # readable: which drill a role was taken in; pages show the band by it
_MONTH_S = 30 * 86400


def cookie_of(role: str) -> str:
    return f"sz-{role}"


def token_of(request: HTTPConnection, role: str) -> str | None:
    """The token of a role in this browser, if it has one."""
    return request.cookies.get(cookie_of(role)) or None


def remember(response: Response, role: str, token: str, *, secure: bool, drill: str | None = None) -> None:
    """Log a browser in. ``drill``: the session of the twin in which the role is played; None: for real."""
    response.set_cookie(
        cookie_of(role), token, max_age=_MONTH_S, httponly=True, samesite="strict", secure=secure, path="/"
    )
    if drill is not None:
        response.set_cookie(
            f"{DRILL_COOKIE}-{role}", drill, max_age=_MONTH_S, samesite="strict", secure=secure, path="/"
        )
    else:
        response.delete_cookie(f"{DRILL_COOKIE}-{role}", path="/")


def forget(response: Response, role: str) -> None:
    """Log a browser out."""
    response.delete_cookie(cookie_of(role), path="/")
    response.delete_cookie(f"{DRILL_COOKIE}-{role}", path="/")


def is_ours(request: Request) -> bool:
    """Whether a change was asked for by a page of ours: no other site's page may send this header."""
    return request.headers.get("x-safezone") == "page"

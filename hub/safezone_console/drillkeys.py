"""Who may steer or see which drill. A teacher's browser holds a secret, a trainee's the join code, the city's a key of its own.

The twin keeps with each session the digest of its teacher's secret and its join code; these pages compare and keep nothing.
With ``shared`` (one teacher on an own machine) whoever reaches the pages may do everything.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from typing import Any

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from safezone_console.settings import Settings
from safezone_console.upstream import Upstream

TEACHER, JOINED, CITY = "sz-teacher", "sz-join", "sz-city"
# Nothing that a server could take for another path than we did: no escapes, no dots in front, no empty parts.
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
# What the control room of a trainee shows of a drill: its place, its clock, its cameras.
_FOR_TRAINEES = re.compile(r"(map|stream|cameras(/[^/]+/view(\.svg)?)?)?")
_KEPT_MAX = 2000
_YEAR_S = 365 * 86400


def is_plain(path: str) -> bool:
    return _PLAIN.fullmatch(path) is not None


class DrillKeys:
    """Looks keys of browsers up against the twin's sessions."""

    def __init__(self, settings: Settings, control: Upstream) -> None:
        self._settings, self._control = settings, control
        self._keys: dict[str, tuple[str | None, str | None]] = {}  # by session: owner and join code

    # ------------------------------------------------------------------ the keys of a browser

    def is_city(self, request: HTTPConnection) -> bool:
        """Whether everything is open to this browser."""
        if self._settings.shared:
            return True
        given, wanted = request.cookies.get(CITY, ""), self._city_key()
        return wanted is not None and hmac.compare_digest(given.encode(), wanted.encode())

    def _city_key(self) -> str | None:
        token = self._settings.control_token
        return hmac.new(token.encode(), CITY.encode(), hashlib.sha256).hexdigest() if token else None

    def opens_the_city(self, token: str) -> bool:
        """The city logs in with the control token itself."""
        wanted = self._settings.control_token
        return bool(wanted) and hmac.compare_digest(token.encode(), str(wanted).encode())

    def remember_city(self, response: Response) -> None:
        self._set(response, CITY, self._city_key() or "", 12 * 3600)

    def owner_of(self, request: HTTPConnection) -> str | None:
        """How the twin knows this browser's teacher; None for a browser without a secret."""
        secret = request.cookies.get(TEACHER, "")
        return hashlib.sha256(secret.encode()).hexdigest() if len(secret) >= 20 else None

    def new_teacher(self) -> tuple[str, str]:
        """A secret for a browser, and its owner's name."""
        secret = secrets.token_urlsafe(24)
        return secret, hashlib.sha256(secret.encode()).hexdigest()

    def remember_teacher(self, response: Response, secret: str) -> None:
        self._set(response, TEACHER, secret, _YEAR_S)

    def remember_joined(self, response: Response, code: str) -> None:
        self._set(response, JOINED, code, 12 * 3600)

    def _set(self, response: Response, name: str, value: str, age_s: int) -> None:
        response.set_cookie(
            name,
            value,
            max_age=age_s,
            httponly=True,
            samesite="strict",
            secure=self._settings.public_https,
            path="/",
        )

    # ------------------------------------------------------------------ what they open

    def steers(self, request: HTTPConnection, owner: str | None) -> bool:
        mine = self.owner_of(request)
        return self.is_city(request) or (
            mine is not None and owner is not None and hmac.compare_digest(mine, owner)
        )

    async def code_for(self, request: HTTPConnection, session: str) -> str | None:
        """The join code, for who steers the session and nobody else."""
        owner, join = await self._of(session)
        return join if self.steers(request, owner) else None

    async def may(self, request: HTTPConnection, session: str, rest: str) -> bool:
        """Whether a call about a session may pass. Of a session that there is not, nothing may be known either."""
        if self.is_city(request):
            return True
        owner, join = await self._of(session)
        if self.steers(request, owner):
            return True
        given = request.cookies.get(JOINED, "")
        joined = join is not None and given != "" and hmac.compare_digest(given.encode(), join.encode())
        reads = request.scope.get("method", "GET") == "GET"  # a socket has no method: it only reads
        return joined and reads and _FOR_TRAINEES.fullmatch(rest) is not None

    async def _of(self, session: str) -> tuple[str | None, str | None]:
        if session not in self._keys:
            # A drill that an earlier run prepared is prepared again by this call.
            answer = await self._control.ask(
                "GET", f"/control/v1/sessions/{session}", self._settings.control_token, timeout_s=60.0
            )
            if answer is None or answer.status_code != 200:
                return None, None
            told = answer.json()
            if len(self._keys) >= _KEPT_MAX:
                self._keys.pop(next(iter(self._keys)))
            self._keys[session] = (told.get("owner"), told.get("join"))
        return self._keys[session]

    async def session_of(self, code: str) -> Mapping[str, Any] | None:
        """The running session that a join code belongs to."""
        if not code.isalnum():
            return None
        answer = await self._control.ask(
            "GET", "/control/v1/sessions", self._settings.control_token, params={"join": code}
        )
        items = answer.json()["items"] if answer is not None and answer.status_code == 200 else []
        if not items:
            return None
        found: Mapping[str, Any] = items[0]
        self._keys[found["session"]] = (found.get("owner"), found.get("join"))
        return found

    def shown(self, request: Request, session: dict[str, Any]) -> dict[str, Any]:
        """A session as a page may read it: whose it is and its tokens are not in it, the join code only for who steers it."""
        steers = self.steers(request, session.pop("owner", None))
        if "tokens" in session:
            session["tokens"] = sorted(session["tokens"])
        if not steers:
            session.pop("join", None)
        return session | {"steers": steers}

    def listed(self, request: Request, told: dict[str, Any]) -> dict[str, Any]:
        """Of a list of sessions, those that this browser may steer."""
        mine = [s for s in told["items"] if self.steers(request, s.get("owner"))]
        return told | {"items": [self.shown(request, s) for s in mine]}


def with_owner(body: bytes, owner: str) -> bytes | None:
    """The wish for a session, with whose it will be; None if it is no JSON object."""
    try:
        asked = json.loads(body or b"{}")
    except ValueError:
        return None
    return json.dumps(asked | {"owner": owner}).encode() if isinstance(asked, dict) else None

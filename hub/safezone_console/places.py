"""The addresses of the pages, and what stands behind each. Only wires: what is asked is passed on, what is shown is a file."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from functools import cache
from importlib.resources import as_file, files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jinja2
import resvg_py
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from safezone_console import identity, joining, language
from safezone_console.drillkeys import DrillKeys, is_plain, with_owner
from safezone_console.relay import REFUSED, from_our_page, relay
from safezone_console.settings import Settings
from safezone_console.tiles import Tiles
from safezone_console.upstream import Upstream, problem

# Our own scripts only; pictures may come from a camera's own address.
CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; "
    "img-src 'self' data: blob: http: https:; connect-src 'self'; font-src 'self'; frame-ancestors 'self'; "
    "base-uri 'none'; form-action 'self'"
)
_FOREVER = "public, max-age=31536000, immutable"
_KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".json": "application/json"}
_VENDOR = ("maplibre-gl.js", "maplibre-gl.css")
# A page: its template, and the role whose cookie it needs.
PAGES = {
    "/": ("start", None),
    "/login": ("login", None),
    "/drill": ("setup", None),
    "/drill/{session}": ("desk", None),
    "/control-room": ("room", "operator"),
    "/guardian": ("guardian", "guardian"),
    "/guardian/enrol": ("enrol", None),
    "/children": ("children", None),
    "/school": ("school", "school"),
}
_PLAYED = {
    "desk": "operator",
    "desk2": "operator",
    "supervisor": "operator",
    "school": "school",
    "guardian": "guardian",
}

Handler = Callable[[Request], Awaitable[Response]]


class Places:
    """Everything that can be asked of the pages' process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.hub = Upstream(settings.hub, "hub")
        self.control = Upstream(settings.control, "control") if settings.control else None
        self.keys = DrillKeys(settings, self.control) if self.control is not None else None
        self.tiles = Tiles(settings.map_dir)
        self.version = _version()
        self._templates = jinja2.Environment(
            loader=jinja2.PackageLoader("safezone_console"), autoescape=True, undefined=jinja2.StrictUndefined,
            trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip

    async def close(self) -> None:
        await self.hub.close()
        if self.control is not None:
            await self.control.close()

    def routes(self) -> list[BaseRoute]:
        """All of them, in the order in which they are tried."""
        every = ["GET", "POST", "PUT", "DELETE"]
        return [
            *(Route(path, self._page(template, role)) for path, (template, role) in PAGES.items()),
            Route("/healthz", self.health),
            Route("/auth/login", self.login, methods=["POST"]),
            Route("/auth/drill", self.play, methods=["POST"]),
            Route("/auth/logout", self.logout, methods=["POST"]),
            Route("/preferences", self.prefer, methods=["POST"]),
            Route("/as/{role}/v1/{rest:path}", self.as_role, methods=every),
            WebSocketRoute("/as/{role}/v1/{rest:path}", self.stream_of_role),
            WebSocketRoute("/control/v1/sessions/{session}/stream", self.stream_of_drill),
            Route("/open/v1/enrolments", self.enrol, methods=["POST"]),
            Route("/open/v1/enrolments/{rest:path}", self.enrol, methods=["POST"]),
            Route("/control/v1/{rest:path}", self.drills, methods=every),
            Route("/join/{session}.svg", self.way_in),
            Route("/tiles.json", self.about_tiles),
            Route("/tiles/{z:int}/{x:int}/{y:int}", self.tile),
            Route("/gu.geojson", self.gu),
            Route("/vendor/{version}/{name}", self.vendor),
            Route("/static/{version}/{name}", self.static),
            Route("/icons/{size:int}.png", self.icon),
            Route("/favicon.ico", self.favicon),
            Route("/manifest.webmanifest", self.manifest),
            Route("/sw.js", self.worker),
        ]

    # ------------------------------------------------------------------ pages

    def _page(self, template: str, role: str | None) -> Handler:
        async def show(request: Request) -> Response:
            if role is not None and identity.token_of(request, role) is None:
                return RedirectResponse(f"/login?role={role}", 303)
            return self.render(request, template, role)

        return show

    def render(self, request: Request, template: str, role: str | None = None, **more: Any) -> Response:
        """A page in the browser's language and size of type."""
        words = language.words(request.cookies.get(language.COOKIE, "ko"))
        drill = request.cookies.get(f"{identity.DRILL_COOKIE}-{role}") if role is not None else None
        text = self._templates.get_template(f"{template}.html").render(
            _=words, lang=words.language, words=words.as_json(), version=self.version, page=template,
            large=request.cookies.get("sz-large") == "1", role=role or "", drill=drill or "",
            drills=self.control is not None, shared=self.settings.shared, path=request.url.path, others=self.settings.others, **more,
        )  # fmt: skip
        headers = {
            "content-security-policy": CSP, "cache-control": "no-cache", "x-content-type-options": "nosniff",
            "referrer-policy": "same-origin", "permissions-policy": "geolocation=(), camera=(), microphone=()",
        }  # fmt: skip
        return Response(text, media_type="text/html; charset=utf-8", headers=headers)

    # ------------------------------------------------------------------ who is who

    async def login(self, request: Request) -> Response:
        """A token becomes a cookie that no script can read. The role is what the hub says it is."""
        body, refused = await _asked(request)
        if refused is not None:
            return refused
        token = str(body.get("token", "")).strip()
        if not token or len(token) > 4000:
            return problem(422, "invalid", "token: send the token that you were given")
        if self.keys is not None and self.keys.opens_the_city(token):
            reply = JSONResponse({"role": "city"})
            self.keys.remember_city(reply)
            return reply
        answer = await self.hub.ask("GET", "/v1/me", token)
        if answer is None:
            return self.hub.away()
        if answer.status_code != 200:
            return problem(401, "unauthorized", "the hub does not know this token, or it has expired")
        role = str(answer.json()["role"])
        if role not in identity.ROLES:
            return problem(403, "wrong_role", f"there is no page for the role {role}")
        reply = JSONResponse({"role": role})
        identity.remember(reply, role, token, secure=self.settings.public_https)
        return reply

    async def play(self, request: Request) -> Response:
        """Take a role in a drill: the twin's session has the token, the browser gets it as a cookie.

        Its teacher names the session, a trainee the join code.
        """
        body, refused = await _asked(request)
        if refused is not None:
            return refused
        if self.control is None or self.keys is None:
            return self._no_drills()
        played, session = str(body.get("as", "")), str(body.get("session", ""))
        code = "".join(c for c in str(body.get("code", "")).lower() if c.isalnum())
        if code:
            found = await self.keys.session_of(code)
            if found is None:
                return problem(404, "no_such_code", "code: no drill with this join code is open now")
            session = str(found["session"])
        if played not in _PLAYED or not is_plain(session):
            return problem(422, "invalid", f"as: one of {', '.join(_PLAYED)}; session: the name of a session")
        if not code and not await self.keys.may(request, session, "play"):
            return _no_such_drill(session)
        answer = await self.control.ask("GET", f"/control/v1/sessions/{session}", self.settings.control_token)
        if answer is None:
            return self.control.away()
        if answer.status_code != 200:
            return problem(404, "not_found", f"session {session}: there is none")
        token = answer.json().get("tokens", {}).get(played, {}).get("token")
        if not token:
            return problem(409, "wrong_state", f"session {session}: nobody can play {played} in it any more")
        role = _PLAYED[played]
        reply = JSONResponse({"role": role})
        identity.remember(reply, role, token, secure=self.settings.public_https, drill=session)
        if code:
            self.keys.remember_joined(reply, code)
        return reply

    async def logout(self, request: Request) -> Response:
        body, refused = await _asked(request)
        if refused is not None:
            return refused
        reply = Response(status_code=204)
        for role in identity.ROLES:
            if body.get("role") in (role, None):
                identity.forget(reply, role)
        return reply

    async def prefer(self, request: Request) -> Response:
        """Language and size of type, for this browser."""
        body, refused = await _asked(request)
        if refused is not None:
            return refused
        reply = Response(status_code=204)
        year = 365 * 86400
        if body.get("lang") in language.LANGUAGES:
            reply.set_cookie(language.COOKIE, str(body["lang"]), max_age=year, samesite="lax", path="/")
        if isinstance(body.get("large"), bool):
            reply.set_cookie(
                "sz-large", "1" if body["large"] else "0", max_age=year, samesite="lax", path="/"
            )
        return reply

    # ------------------------------------------------------------------ passed on

    async def as_role(self, request: Request) -> Response:
        """A call of the standard, with the token of a role of this browser."""
        role = request.path_params["role"]
        token = identity.token_of(request, role) if role in identity.ROLES else None
        if token is None:
            return problem(401, "unauthorized", f"nobody is logged in as {role} in this browser")
        if request.method != "GET" and not identity.is_ours(request):
            return _foreign()
        answer = await self.hub.pass_on(request, f"/v1/{request.path_params['rest']}", token)
        if answer.status_code == 307:
            # The simulated cameras stand behind the control API, which the browser reaches through here.
            where = answer.headers.get("location", "")
            if self.settings.control and where.startswith(self.settings.control):
                where = where.removeprefix(self.settings.control).split("access_token=")[0].rstrip("?&")
            return JSONResponse({"url": where}, headers={"cache-control": "no-store"})
        return answer

    async def stream_of_role(self, socket: WebSocket) -> None:
        """The same for a stream."""
        role, rest = socket.path_params["role"], socket.path_params["rest"]
        token = identity.token_of(socket, role) if role in identity.ROLES else None
        if token is None or not from_our_page(socket) or not rest.endswith("/stream"):
            await socket.close(REFUSED)
            return
        await relay(socket, self.hub, f"/v1/{rest}", token)

    async def stream_of_drill(self, socket: WebSocket) -> None:
        """A drill's clock, frames and events, for whom it concerns."""
        session, keys, control = socket.path_params["session"], self.keys, self.control
        allowed = keys is not None and from_our_page(socket) and is_plain(session)
        if keys is None or control is None or not (allowed and await keys.may(socket, session, "stream")):
            await socket.close(REFUSED)
            return
        path = f"/control/v1/sessions/{session}/stream"
        await relay(socket, control, path, self.settings.control_token)

    async def enrol(self, request: Request) -> Response:
        """Enrolment needs no token and ends with one, which goes into the cookie and not to the page."""
        if not identity.is_ours(request):
            return _foreign()
        rest = request.path_params.get("rest")
        if rest is not None and rest.split("/")[-1] not in ("verify", "consent"):
            return problem(404, "not_found", "no such call")
        answer = await self.hub.pass_on(request, "/v1/enrolments" + (f"/{rest}" if rest else ""), None)
        if answer.status_code != 200 or rest is None or not rest.endswith("/consent"):
            return answer
        told = json.loads(bytes(answer.body))
        token = told.pop("token", None)
        told.pop("key", None)  # for a terminal of MQTT, which a page is not
        reply = JSONResponse(told | {"logged_in": bool(token)}, headers={"cache-control": "no-store"})
        if token:
            identity.remember(reply, "guardian", token, secure=self.settings.public_https)
        return reply

    async def drills(self, request: Request) -> Response:
        """A call of the twin's control API. The tokens of a session's people do not reach scripts."""
        if self.control is None or self.keys is None:
            return self._no_drills()
        if request.method != "GET" and not identity.is_ours(request):
            return _foreign()
        rest = request.path_params["rest"]
        if not is_plain(rest):
            return problem(404, "not_found", "no such call")
        kind, _, more = rest.partition("/")
        session, _, what = more.partition("/")
        body, secret = None, ""
        if kind == "sessions" and session and not await self.keys.may(request, session, what):
            return _no_such_drill(session)
        if rest == "sessions" and request.method == "POST":
            owner = self.keys.owner_of(request)
            if owner is None:
                secret, owner = self.keys.new_teacher()
            body = with_owner(await request.body(), owner)
        answer = await self.control.pass_on(request, f"/control/v1/{rest}", self.settings.control_token, body)
        if kind != "sessions" or what or answer.status_code >= 300:
            return answer
        told = json.loads(bytes(answer.body))
        if secret:
            told.pop("owner", None)
            told |= {"steers": True, "tokens": sorted(told["tokens"])}
        else:
            told = self.keys.shown(request, told) if "items" not in told else self.keys.listed(request, told)
        reply = JSONResponse(told, answer.status_code, headers={"cache-control": "no-store"})
        if secret:
            self.keys.remember_teacher(reply, secret)
        return reply

    async def way_in(self, request: Request) -> Response:
        """The join dialog's QR code, for who steers the drill."""
        session = request.path_params["session"]
        if self.keys is None:
            return self._no_drills()
        code = await self.keys.code_for(request, session) if is_plain(session) else None
        base = str(request.base_url).rstrip("/")
        if self.settings.public_https:
            base = base.replace("http://", "https://", 1)
        address = joining.address_to_join(base, self.settings.others)
        if code is None or not address:
            return _no_such_drill(session)
        picture = joining.qr_svg(joining.join_link(address, code))
        return Response(picture, media_type="image/svg+xml", headers={"cache-control": "no-store"})

    def _no_drills(self) -> Response:
        return problem(
            404, "no_drills", "these pages were started without --control: there are no drills here"
        )

    # ------------------------------------------------------------------ files

    async def health(self, request: Request) -> Response:
        """Whether these pages work, and how the others are, as far as one can see from here."""
        hub = await self.hub.ask("GET", "/readyz", timeout_s=3.0)
        control = (
            await self.control.ask("GET", "/control/v1/health", timeout_s=3.0)
            if self.control is not None
            else None
        )
        return JSONResponse(
            {
                "status": "ok",
                "hub": "ok" if hub is not None and hub.status_code == 200 else "away",
                "control": None if self.control is None else "ok" if control is not None else "away",
            },
            headers={"cache-control": "no-store"},
        )

    async def about_tiles(self, request: Request) -> Response:
        return JSONResponse(self.tiles.about())

    async def tile(self, request: Request) -> Response:
        p = request.path_params
        data = await run_in_threadpool(self.tiles.tile, p["z"], p["x"], p["y"])
        if data is None:
            return Response(status_code=204, headers={"cache-control": "public, max-age=3600"})
        headers = {"content-encoding": "gzip", "cache-control": "public, max-age=86400"}
        return Response(data, media_type="application/x-protobuf", headers=headers)

    async def gu(self, request: Request) -> Response:
        return JSONResponse(self.tiles.gu(), headers={"cache-control": "public, max-age=86400"})

    async def vendor(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _VENDOR:
            return problem(404, "not_found", "no such file")
        return FileResponse(
            _maplibre() / name, media_type=_KINDS[Path(name).suffix], headers={"cache-control": _FOREVER}
        )

    async def static(self, request: Request) -> Response:
        name = request.path_params["name"]
        source = files("safezone_console") / "static" / name
        if "/" in name or Path(name).suffix not in _KINDS or not source.is_file():
            return problem(404, "not_found", "no such file")
        current = request.path_params["version"] == self.version
        headers = {"cache-control": _FOREVER if current else "no-cache"}
        return Response(source.read_bytes(), media_type=_KINDS[Path(name).suffix], headers=headers)

    async def icon(self, request: Request) -> Response:
        size = request.path_params["size"]
        if size not in (32, 180, 192, 512):
            return problem(404, "not_found", "sizes: 32, 180, 192, 512")
        return Response(
            _icon(size), media_type="image/png", headers={"cache-control": "public, max-age=86400"}
        )

    async def favicon(self, request: Request) -> Response:
        return Response(_icon(32), media_type="image/png", headers={"cache-control": "public, max-age=86400"})

    async def manifest(self, request: Request) -> Response:
        words = language.words(request.cookies.get(language.COOKIE, "ko"))
        body = {
            "name": words("안전존 보호자"), "short_name": words("안전존"), "lang": words.language,
            "start_url": "/guardian", "scope": "/", "id": "/guardian", "display": "standalone",
            "background_color": "#f5f7fa", "theme_color": "#123a5a",
            "icons": [
                {"src": f"/icons/{size}.png", "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
                for size in (192, 512) for purpose in ("any", "maskable")
            ],
        }  # fmt: skip
        return Response(json.dumps(body, ensure_ascii=False), media_type="application/manifest+json")

    async def worker(self, request: Request) -> Response:
        text = (files("safezone_console") / "static" / "sw.js").read_text(encoding="utf-8")
        return Response(
            text.replace("{{version}}", self.version),
            media_type="text/javascript",
            headers={"cache-control": "no-cache"},
        )


async def _asked(request: Request) -> tuple[dict[str, Any], Response | None]:
    if not identity.is_ours(request):
        return {}, _foreign()
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError:
        return {}, problem(400, "not_json", "send a JSON object")
    return (body, None) if isinstance(body, dict) else ({}, problem(422, "invalid", "send a JSON object"))


def _no_such_drill(session: str) -> Response:
    """The same for a drill of somebody else and for none."""
    return problem(404, "not_found", f"session {session}: there is none that this browser may open")


def _foreign() -> Response:
    return problem(
        403, "foreign_page", "changes are made by pages of this address only: send X-Safezone: page"
    )


@cache
def _version() -> str:
    """Of all files at once, so that a page never mixes old scripts and new ones."""
    digest = hashlib.sha256()
    for file in sorted((files("safezone_console") / "static").iterdir(), key=lambda f: f.name):
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:12]


@cache
def _maplibre() -> Path:
    """Where the package maplibre keeps MapLibre GL; only these two files of it are used (the rest names outside hosts)."""
    spec = find_spec("maplibre")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("the package maplibre is not installed: pip install maplibre")
    return Path(spec.submodule_search_locations[0]) / "srcjs"


@cache
def _icon(size: int) -> bytes:
    with as_file(files("safezone_console") / "static" / "icon.svg") as source:
        return bytes(resvg_py.svg_to_bytes(svg_path=str(source), width=size, height=size))

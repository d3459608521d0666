"""The control service's calls, as HTTP. What each means is in ``CONTROL.md``; the drills themselves are ``Control``'s."""

import hmac
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from safezone_sim.drill import catalogue
from safezone_sim.drill.cameras import camera_rows, camera_svg
from safezone_sim.drill.control import Control
from safezone_sim.drill.document import paper_name, to_pdf
from safezone_sim.drill.evaluation import Evaluation
from safezone_sim.drill.geo import places_of
from safezone_sim.drill.guard import (
    Handler,
    Problem,
    bad_day,
    body_of,
    guarded,
    invalid,
    language_of,
    no_such_call,
    text_of,
    whole_number,
)
from safezone_sim.drill.hours import BadStart, clock
from safezone_sim.drill.openapi import document
from safezone_sim.drill.pack import pack_document
from safezone_sim.drill.plan import LEAD_SEAT
from safezone_sim.drill.record import (
    MAP,
    REPLAY,
    agents_of,
    kept_agents,
    read_records,
    replay_of,
    shown_of,
    state_of,
)
from safezone_sim.drill.refusals import Unknown
from safezone_sim.drill.report import file_name, report_html, report_pdf
from safezone_sim.drill.session import TURBO, Session
from safezone_sim.drill.states import OPEN
from safezone_sim.drill.stream import live, over
from safezone_sim.drill.views import public, status
from safezone_sim.scenario import Scenario
from safezone_sim.schools import School, SchoolError, all_schools, find_school

SCHOOLS_MAX = 1000
T = TypeVar("T")


def build_service(control: Control) -> Starlette:
    """The HTTP application."""
    s = _Calls(control)
    base = "/control/v1"
    one = f"{base}/sessions/{{session}}"
    table: list[tuple[str, str, Handler]] = [
        ("GET", f"{base}/schools", s.schools), ("GET", f"{base}/schools/{{school}}/map", s.school_map),
        ("POST", f"{base}/schools/{{school}}/map", s.fetch_map),
        ("GET", f"{base}/drills", s.drills), ("GET", f"{base}/drills/{{drill}}", s.drill),
        ("GET", f"{base}/drills/{{drill}}/pack.pdf", s.pack), ("POST", f"{base}/sessions", s.open), ("GET", f"{base}/sessions", s.list),
        ("GET", one, s.get), ("POST", f"{one}/start", s.simple(Session.start)), ("POST", f"{one}/pause", s.simple(Session.pause)),
        ("POST", f"{one}/resume", s.simple(Session.resume)), ("POST", f"{one}/all-clear", s.simple(Session.all_clear)),
        ("POST", f"{one}/end", s.simple(s.end)), ("POST", f"{one}/speed", s.speed), ("POST", f"{one}/inject", s.inject),
        ("POST", f"{one}/skip", s.skip), ("GET", f"{one}/state", s.state), ("GET", f"{one}/stream", s.stream),
        ("GET", f"{one}/agents", s.agents), ("GET", f"{one}/map", s.map), ("GET", f"{one}/cameras", s.cameras),
        ("GET", f"{one}/cameras/{{camera}}/view.svg", s.view), ("GET", f"{one}/cameras/{{camera}}/view", s.view),
        ("POST", f"{one}/rollcall", s.rollcall), ("POST", f"{one}/notes", s.note), ("PUT", f"{one}/ratings", s.rate),
        ("POST", f"{one}/ratings", s.rate), ("POST", f"{one}/improvements", s.improve),
        ("DELETE", f"{one}/improvements/{{n}}", s.drop_improvement), ("GET", f"{one}/report.json", s.report_json),
        ("GET", f"{one}/report.html", s.report_html), ("GET", f"{one}/report.pdf", s.report_pdf), ("GET", f"{one}/replay", s.replay),
    ]  # fmt: skip
    if control.lab:
        table += [("GET", f"{one}/lab", s.lab), ("POST", f"{one}/lab/real-press", s.real_press)]
    routes = [
        Route(f"{base}/health", s.health, methods=["GET"]),
        Route(f"{base}/openapi.json", s.openapi, methods=["GET"]),
    ]
    routes += [
        Route(path, guarded(control.token, control.reopen, handler), methods=[method])
        for method, path, handler in table
    ]
    return Starlette(routes=routes, exception_handlers={404: no_such_call, 405: no_such_call})


class _Calls:
    """One method a call."""

    def __init__(self, control: Control) -> None:
        self.control = control

    # --- what is asked for --------------------------------------------------------------------------------

    def _session(self, request: Request) -> Session:
        """A session of this run. Problem."""
        return self.control.session(request.path_params["session"])

    def _live(self, request: Request) -> Session | None:
        """The same; None if it may be one of an earlier run."""
        return self.control.sessions.get(request.path_params["session"])

    async def _record(self, request: Request) -> dict[str, Any]:
        """The record of a session of this run or an earlier one. Problem."""
        return await run_in_threadpool(self.control.record, request.path_params["session"])

    def _school(self, request: Request) -> School:
        code = request.path_params["school"]
        try:
            return find_school(code, self.control.map_dir)
        except SchoolError as e:
            raise Problem(404, "not_found", str(e), "school", code) from e

    def _drill(self, request: Request) -> Scenario:
        id_ = request.path_params["drill"]
        found = catalogue.drills().get(id_)
        if found is None:
            raise Problem(404, "not_found", f"훈련 {id_}이 없습니다 · no drill {id_}", "drill", id_)
        return found

    # --- the service, schools, drills ---------------------------------------------------------------------

    async def health(self, request: Request) -> Response:
        courses = [s.course for s in self.control.sessions.values()]
        away = any(c.hub_state == "away" for c in courses if c.state in OPEN)
        return JSONResponse({
            "status": "ok", "sessions": len(courses), "hub": "away" if away else "ok", "hub_http": self.control.hub,
            "version": version("safezone"), "map": self._map_kind(), "lab": self.control.lab,
        })  # fmt: skip

    def _map_kind(self) -> str:
        return "real" if self.control.has_real_map else "schematic"

    async def openapi(self, request: Request) -> Response:
        return JSONResponse(document())

    async def schools(self, request: Request) -> Response:
        q = request.query_params.get("q", "").strip()
        limit = max(1, min(SCHOOLS_MAX, whole_number(request.query_params.get("limit", "20"), "limit")))
        schools = await run_in_threadpool(all_schools, self.control.map_dir)
        found = [s for s in schools if all(word in f"{s.name} {s.code} {s.gu}" for word in q.split())]
        found.sort(key=lambda s: (not s.name.removeprefix("서울").startswith(q), s.name))
        kind = self._map_kind()
        items = [
            {"code": s.code, "name": s.name, "gu": s.gu, "lon": s.lon, "lat": s.lat, "pupils": s.pupils, "map": kind}
            for s in found[:limit]
        ]  # fmt: skip
        return JSONResponse({"items": items, "total": len(found)})

    async def school_map(self, request: Request) -> Response:
        return JSONResponse(self.control.streets.of(self._school(request).code).row())

    async def fetch_map(self, request: Request) -> Response:
        school = await run_in_threadpool(self._school, request)
        if self.control.map_source is not None:
            raise Problem(
                409, "wrong_state",
                f"이 프로그램은 지도를 정해 놓고 시작했습니다(--map-source {self.control.map_source}). 그 선택 없이 다시 시작하세요. · "
                f"started with --map-source {self.control.map_source}; start again without it",
            )  # fmt: skip
        return JSONResponse(self.control.streets.fetch(school, self.control.map_dir).row(), 202)

    async def drills(self, request: Request) -> Response:
        return JSONResponse({"items": [catalogue.shown(s) for s in catalogue.drills().values()]})

    async def drill(self, request: Request) -> Response:
        return JSONResponse(catalogue.shown(self._drill(request)))

    async def pack(self, request: Request) -> Response:
        q, name = request.query_params, ""
        given = q.get("lead") or str(LEAD_SEAT)
        if not given.isascii() or not given.isdigit() or not 1 <= int(given[:4]) <= 40:
            raise invalid("1에서 40까지의 정수입니다 · an integer from 1 to 40", "lead", given)
        drill = catalogue.shown(self._drill(request), int(given))
        if q.get("school"):
            found = [s for s in all_schools(self.control.map_dir) if s.code == q["school"]]
            if not found:
                raise invalid("모르는 학교 코드입니다 · unknown school code", "school", q["school"])
            name = found[0].name
        day, lang, start = q.get("date", ""), language_of(request), q.get("start", "")
        try:
            start = clock(start) if start else ""
        except BadStart as e:
            raise invalid(str(e), "start", start) from None
        room, english = q.get("class", "")[:20], q.get("english") == "1"
        try:
            pack = pack_document(drill, name, day, room, lang, start, english)
        except ValueError:
            raise bad_day(day) from None
        pdf = await run_in_threadpool(to_pdf, pack)
        return _paper(pdf, paper_name(day, name, drill["title"]["ko"], "인쇄물"))

    # --- sessions and what people do in them --------------------------------------------------------------

    async def open(self, request: Request) -> Response:
        body = await body_of(request)
        session = await run_in_threadpool(self.control.open, body)
        return JSONResponse(public(session.course, with_tokens=True), 201)

    async def list(self, request: Request) -> Response:
        courses = [s.course for s in self.control.sessions.values()]
        code = request.query_params.get("join")
        if code is not None:
            joined = [c for c in courses if hmac.compare_digest(c.join.encode(), code.encode())]
            return JSONResponse({"items": [public(c, with_tokens=True) for c in joined if not c.over]})
        live = [public(c, with_tokens=False) for c in courses]
        ids = {s["session"] for s in live}
        records = await run_in_threadpool(read_records, self.control.results)
        old = [shown_of(r) for r in records if r["session"] not in ids]
        items = sorted([*live, *old], key=lambda s: str(s["created_at"]), reverse=True)
        return JSONResponse({"items": items})

    async def get(self, request: Request) -> Response:
        live = self._live(request)
        if live is not None:
            return JSONResponse(public(live.course, with_tokens=True))
        return JSONResponse(shown_of(await self._record(request)) | {"tokens": {}})

    def simple(self, act: Callable[[Session], None]) -> Handler:
        """A call that does one thing and answers the state."""

        async def call(request: Request) -> Response:
            session = self._session(request)
            await run_in_threadpool(act, session)
            return JSONResponse(status(session.course))

        return call

    def end(self, session: Session) -> None:
        """Not a call, but what the call does."""
        session.end()
        self.control.keep_report(session.id)

    async def speed(self, request: Request) -> Response:
        session, body = self._session(request), await body_of(request)
        x = body.get("x")
        if not isinstance(x, int | float) or isinstance(x, bool):
            raise invalid("수입니다 · a number", "x", x)
        if x == TURBO and not self.control.lab:
            raise invalid("1에서 60까지입니다 · from 1 to 60", "x", x)
        await run_in_threadpool(session.set_speed, float(x))
        return JSONResponse(status(session.course))

    async def inject(self, request: Request) -> Response:
        session, body = self._session(request), await body_of(request)
        seat = body.get("seat")
        if seat is not None and (not isinstance(seat, int) or isinstance(seat, bool)):
            raise invalid("자리 번호입니다 · a seat number", "seat", seat)
        row = await run_in_threadpool(session.inject, text_of(body, "inject"), seat)
        return JSONResponse(row)

    async def skip(self, request: Request) -> Response:
        session, body = self._session(request), await body_of(request)
        return JSONResponse(await run_in_threadpool(session.skip, text_of(body, "inject")))

    async def rollcall(self, request: Request) -> Response:
        session, body = self._session(request), await body_of(request)
        seats = body.get("seats")
        if not isinstance(seats, list) or not all(isinstance(s, dict) for s in seats):
            raise invalid("자리들의 목록입니다 · a list of seats", "seats", seats)
        return JSONResponse(await run_in_threadpool(session.call_roll, seats))

    async def note(self, request: Request) -> Response:
        body = await body_of(request)
        text, by = text_of(body, "text"), text_of(body, "by", required=False) or "observer"
        return JSONResponse(await self._written(request, lambda e: e.add_note(text, by)), 201)

    async def rate(self, request: Request) -> Response:
        body = await body_of(request)
        objective, evidence = text_of(body, "objective"), text_of(body, "evidence", required=False)
        rating = body.get("rating")
        return JSONResponse(await self._written(request, lambda e: e.rate(objective, rating, evidence)))

    async def improve(self, request: Request) -> Response:
        body = await body_of(request)
        text, owner, due = (
            text_of(body, "text"),
            *(text_of(body, name, required=False) for name in ("owner", "due")),
        )
        return JSONResponse(await self._written(request, lambda e: e.improve(text, owner, due)), 201)

    async def drop_improvement(self, request: Request) -> Response:
        n = request.path_params["n"]
        if not n.isdigit():
            raise Unknown(n)
        await self._written(request, lambda e: e.drop_improvement(int(n)))
        return Response(status_code=204)

    async def _written(self, request: Request, act: Callable[[Evaluation], T]) -> T:
        """Something that an observer writes down, also of a drill of an earlier run."""
        return await run_in_threadpool(self.control.write_down, request.path_params["session"], act)

    # --- what people see ----------------------------------------------------------------------------------

    async def state(self, request: Request) -> Response:
        live = self._live(request)
        return JSONResponse(state_of(await self._record(request)) if live is None else status(live.course))

    async def agents(self, request: Request) -> Response:
        live = self._live(request)
        if live is not None:
            return JSONResponse({"items": await run_in_threadpool(agents_of, live.course)})
        record = await self._record(request)
        return JSONResponse({"items": await run_in_threadpool(kept_agents, Path(record["folder"]))})

    async def map(self, request: Request) -> Response:
        live = self._live(request)
        if live is None:
            return await self._kept(request, MAP)
        schematic = live.stage.schematic or request.query_params.get("schematic") == "1"
        places = await run_in_threadpool(places_of, live.scene, live.course.cameras, schematic)
        return JSONResponse(places)

    async def replay(self, request: Request) -> Response:
        live = self._live(request)
        if live is None or live.course.over:
            return await self._kept(request, REPLAY)
        return JSONResponse(await run_in_threadpool(replay_of, live.course))

    async def _kept(self, request: Request, name: str) -> Response:
        """A file of a session that is over."""
        live = self._live(request)
        if live is not None:
            await run_in_threadpool(live.wait_written)
            folder = live.course.folder
        else:
            folder = Path((await self._record(request))["folder"])
        path = folder / name
        if not path.is_file():
            raise Problem(404, "not_found", f"{name}이 남아 있지 않습니다 · {name} was not kept")
        return Response(path.read_bytes(), media_type="application/json")

    async def cameras(self, request: Request) -> Response:
        course, q = self._session(request).course, request.query_params
        try:
            spot = (float(q["lon"]), float(q["lat"])) if "lon" in q and "lat" in q else None
        except ValueError:
            raise invalid("도 단위의 수입니다 · degrees", "lon, lat", f"{q['lon']}, {q['lat']}") from None
        return JSONResponse({"items": camera_rows(course.scene, course.cameras, spot)})

    async def view(self, request: Request) -> Response:
        course, id_ = self._session(request).course, request.path_params["camera"]
        camera = next((c for c in course.cameras if c.name == id_), None)
        if camera is None:
            raise Problem(404, "not_found", f"카메라 {id_}가 없습니다 · no camera {id_}", "camera", id_)
        width = max(160, min(1920, whole_number(request.query_params.get("w", "640"), "w")))
        svg = await run_in_threadpool(camera_svg, course.scene, camera, course.now, width)
        return Response(svg, media_type="image/svg+xml", headers={"cache-control": "no-store"})

    async def report_json(self, request: Request) -> Response:
        record = await self._record(request)
        record.pop("folder", None)
        record.pop("owner", None)
        return JSONResponse(record)

    async def report_html(self, request: Request) -> Response:
        id_, lang = request.path_params["session"], language_of(request)

        def make() -> str:
            return report_html(*self.control.printed(id_), lang)

        return Response(await run_in_threadpool(make), media_type="text/html")

    async def report_pdf(self, request: Request) -> Response:
        id_, lang = request.path_params["session"], language_of(request)

        def make() -> tuple[bytes, str]:
            record, earlier = self.control.printed(id_)
            return report_pdf(record, earlier, lang), file_name(record)

        return _paper(*await run_in_threadpool(make))

    async def stream(self, request: Request) -> Response:
        given = request.headers.get("last-event-id") or request.query_params.get("last_event_id")
        last = None if given is None else max(0, whole_number(given, "Last-Event-ID"))
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        session = self._live(request)
        if session is None:
            past = over(await self._record(request), last)
            return Response(past, media_type="text/event-stream", headers=headers)
        after = session.course.timeline.last if last is None else last
        with_frames = request.query_params.get("frames") != "0"
        return StreamingResponse(
            live(session.course, session.frames, after, with_frames),
            media_type="text/event-stream",
            headers=headers,
        )

    # --- the lab ------------------------------------------------------------------------------------------

    async def lab(self, request: Request) -> Response:
        self._session(request)
        return JSONResponse({"real_press": "POST lab/real-press"})

    async def real_press(self, request: Request) -> Response:
        session = self._session(request)
        await run_in_threadpool(session.press_real_bell)
        return JSONResponse({"pressed": True}, 202)


def _paper(pdf: bytes, name: str) -> Response:
    """A PDF under a name that says what it is; the plain one is for what cannot read the other."""
    plain = "".join(c for c in name if c.isascii())
    said = f"inline; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
    return Response(pdf, media_type="application/pdf", headers={"content-disposition": said})

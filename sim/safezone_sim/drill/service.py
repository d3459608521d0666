"""The twin's control service: sessions by name, as HTTP. What each call means is in ``CONTROL.md``."""

import asyncio
import contextlib
import hmac
import json
import logging
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from safezone_sim.drill import catalogue
from safezone_sim.drill.camera_view import Figure, View, can_see, render
from safezone_sim.drill.casting import NoPart
from safezone_sim.drill.document import paper_name
from safezone_sim.drill.geo import places_of
from safezone_sim.drill.hours import BadStart, clock, start_of
from safezone_sim.drill.openapi import NEW_SESSION, document
from safezone_sim.drill.pack import pack_pdf
from safezone_sim.drill.record import (
    MAP,
    REPLAY,
    agents_of,
    kept_agents,
    prepared,
    read_picture,
    read_records,
    record_of,
    replay_of,
    shown_of,
    state_of,
    write_report,
)
from safezone_sim.drill.report import file_name, report_html, report_pdf
from safezone_sim.drill.rollcall import BadSeat
from safezone_sim.drill.scene import TROUBLE
from safezone_sim.drill.session import TURBO, Invalid, Session, Unknown, WrongState, new_session_id
from safezone_sim.drill.stage import ClassRoom, set_stage
from safezone_sim.drill.streets import Streets
from safezone_sim.map.errors import MapError
from safezone_sim.scenario import Scenario
from safezone_sim.schools import School, SchoolError, all_schools, find_school
from safezone_sim.twin.broker import BrokerError
from safezone_sim.twin.hubapi import HubError
from safezone_sim.world import WorldError

log = logging.getLogger("safezone.drill")

BODY_MAX = 256 * 1024
POLL_S = 0.05
COMMENT_S = 10.0
KEPT_S = 2 * 3600.0  # so long after its end a drill can still be rated and noted
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


@dataclass
class Control:
    """What the service works with. ``lab``: the call that presses a real bell is there; ``turbo``: speeds beyond 60."""

    hub: str
    hub_token: str
    token: str
    results: Path
    map_dir: Path | None = None
    map_source: str | None = None
    lab: bool = False
    streets: Streets = field(default_factory=Streets)
    sessions: dict[str, Session] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _reopening: threading.Lock = field(default_factory=threading.Lock)
    _paper: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "paper"))

    def session(self, id_: str) -> Session:
        """A session of this run; Problem for one that there is not."""
        found = self.sessions.get(id_)
        if found is None:
            raise Problem(404, "not_found", f"훈련 {id_}이 없습니다 · no session {id_}", "session", id_)
        return found

    def record(self, id_: str) -> dict[str, Any]:
        """The record of a session of this run or an earlier one."""
        if id_ in self.sessions:
            return {**record_of(self.sessions[id_]), "folder": str(self.sessions[id_].folder)}
        for record in read_records(self.results):
            if record["session"] == id_:
                return record
        raise Problem(404, "not_found", f"훈련 {id_}이 없습니다 · no session {id_}", "session", id_)

    def printed(self, id_: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """What the report of a session is made of: its record with the map picture, and the earlier ones."""
        if id_ in self.sessions:
            self.sessions[id_].wait_written()
        record = self.record(id_)
        return record | {"picture": read_picture(Path(record["folder"]))}, self.earlier(record)

    def earlier(self, record: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Ended sessions of the same school, drill and kind before this one, newest first: a rehearsal is no drill to compare with."""
        return [
            r for r in read_records(self.results)
            if r["school"]["code"] == record["school"]["code"] and r["drill"]["id"] == record["drill"]["id"]
            and r["session"] != record["session"] and str(r["created_at"]) <= str(record["created_at"]) and r["started_t"] is not None
            and r["rehearsal"] == record["rehearsal"]
        ]  # fmt: skip

    def keep_report(self, session: Session) -> None:
        """Has the report of an ended drill written into its folder, one after the other; ``close`` waits for it."""
        self._paper.submit(self._write_report, session)

    def _write_report(self, session: Session) -> None:
        if session.state == "ended" and session.started:
            try:
                write_report(*self.printed(session.id), session.folder)
            except Exception:  # the record is kept, and the report can be had from it
                log.exception("drill %s: the report was not written", session.id)

    def open(self, body: Mapping[str, Any]) -> Session:
        """Prepares a session; takes some seconds."""
        known = set(NEW_SESSION["properties"])
        for name in set(body) - known:
            raise Problem(
                422, "invalid", f"모르는 항목입니다. {sorted(known)} · unknown member", name, body[name]
            )
        scenario = catalogue.drills().get(str(body.get("drill")))
        if scenario is None:
            ids = ", ".join(catalogue.drills())
            raise Problem(
                422, "invalid", f"{ids} 가운데 하나입니다 · use one of them", "drill", body.get("drill")
            )
        try:
            day = date.fromisoformat(str(body["date"])) if body.get("date") else date.today()
        except ValueError:
            raise Problem(
                422, "invalid", "YYYY-MM-DD 꼴이어야 합니다 · give YYYY-MM-DD", "date", body["date"]
            ) from None
        try:
            start = start_of(scenario, body.get("start"))
        except BadStart as e:
            raise Problem(422, "invalid", str(e), "start", body["start"]) from None
        school, seed, speed = str(body.get("school", "")), body.get("seed", 1), body.get("speed", 1)
        if not isinstance(seed, int) or seed < 0:
            raise Problem(422, "invalid", "0 이상의 정수입니다 · an integer from 0", "seed", seed)
        owner = body.get("owner")
        if owner is not None and (not isinstance(owner, str) or not 1 <= len(owner) <= 200):
            raise Problem(
                422, "invalid", "200자까지의 글입니다 · text of up to 200 characters", "owner", owner
            )
        if not isinstance(speed, int | float) or not (1 <= speed <= 60 or (self.lab and speed == TURBO)):
            raise Problem(422, "invalid", "1에서 60까지입니다 · from 1 to 60", "speed", speed)
        return self._prepare(
            scenario, new_session_id(school), school, day, start, seed=seed, rehearsal=body.get("rehearsal") is True,
            room=_class_room(body.get("class")), speed=float(speed), owner=owner,
        )  # fmt: skip

    def reopen(self, id_: str) -> None:
        """Prepares once more what an earlier run prepared and nobody began; takes some seconds. Nothing for another session.

        It keeps its name, its day and hour, its class and whose it is. Its zone is a new one, and so are its tokens and its join code.
        """
        if id_ in self.sessions or prepared(self.results, id_) is None:
            return
        with self._reopening:
            found = None if id_ in self.sessions else prepared(self.results, id_)
            if found is None or found[0]["drill"]["id"] not in catalogue.drills():
                return
            (record, path), school = found, found[0]["school"]["code"]
            kept, room = path.read_bytes(), record["class"]
            for old in path.parent.iterdir():
                if old != path:
                    old.unlink()
            try:
                self._prepare(
                    catalogue.drills()[record["drill"]["id"]], id_, school, date.fromisoformat(record["date"]), record.get("starts"),
                    seed=record["seed"], rehearsal=record["rehearsal"],
                    room=ClassRoom(room["grade"], room["class"], len(room["seats"])), speed=record["speed"],
                    owner=record["owner"], created_at=record["created_at"], zone=new_session_id(school),
                )  # fmt: skip
            except Exception:
                path.write_bytes(kept)
                raise

    def _prepare(
        self,
        scenario: Scenario,
        id_: str,
        school: str,
        day: date,
        start: str | None,
        *,
        seed: int,
        rehearsal: bool,
        room: ClassRoom | None,
        speed: float,
        owner: str | None,
        created_at: str | None = None,
        zone: str | None = None,
    ) -> Session:
        try:
            stage = set_stage(
                scenario, id_, school, day, start=start, seed=seed, rehearsal=rehearsal,
                map_dir=self.map_dir, map_source=self.map_source, room=room, zone=zone, lab=self.lab,
            )  # fmt: skip
        except (SchoolError, WorldError, MapError, NoPart) as e:
            raise Problem(422, "invalid", str(e), "school", school) from e
        folder = self.results / school / stage.session
        session = Session(
            stage, self.hub, self.hub_token, folder, speed=speed, owner=owner, created_at=created_at
        )
        try:
            session.prepare()
        except (HubError, BrokerError) as e:
            session.abandon()
            raise Problem(502, "hub", str(e)) from e
        with self._lock:
            self.sessions[session.id] = session
        self.let_go()
        return session

    def let_go(self) -> None:
        """Ended drills leave memory (some 70 MB each) and are read from their folder from then on; nobody can act in them."""
        now = time.monotonic()
        with self._lock:
            old = [
                s for s in self.sessions.values() if s.ended_wall is not None and now - s.ended_wall > KEPT_S
            ]
            for session in old:
                del self.sessions[session.id]
        for session in old:
            session.line.revoke()

    def close(self) -> None:
        """Ends every session, writing what there is."""
        for session in self.sessions.values():
            if session.state not in ("ended", "failed"):
                session.abandon()
                self.keep_report(session)
            session.line.revoke()
        self._paper.shutdown()


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
        ("GET", one, s.get), ("POST", f"{one}/start", s.simple("start")), ("POST", f"{one}/pause", s.simple("pause")),
        ("POST", f"{one}/resume", s.simple("resume")), ("POST", f"{one}/all-clear", s.simple("all_clear")),
        ("POST", f"{one}/end", s.simple("end")), ("POST", f"{one}/speed", s.speed), ("POST", f"{one}/inject", s.inject),
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
    routes += [Route(path, _guarded(control, handler), methods=[method]) for method, path, handler in table]
    return Starlette(routes=routes, exception_handlers={404: _no_such_call, 405: _no_such_call})


async def _no_such_call(request: Request, error: Exception) -> Response:
    return Problem(
        404, "not_found", f"그런 호출이 없습니다 · no such call: {request.method} {request.url.path}"
    ).response()


def _guarded(control: Control, handler: Handler) -> Handler:
    async def guarded(request: Request) -> Response:
        given = request.headers.get("authorization", "").removeprefix("Bearer ") or request.query_params.get(
            "access_token", ""
        )
        if not hmac.compare_digest(given.encode(), control.token.encode()):
            return Problem(
                401, "unauthorized", "제어 토큰이 필요합니다. safezone drill이 알려 줍니다. · needs the control token that safezone drill prints"
            ).response()  # fmt: skip
        try:
            if "session" in request.path_params:
                await run_in_threadpool(control.reopen, request.path_params["session"])
            return await handler(request)
        except Problem as e:
            return e.response()
        except WrongState as e:
            return Problem(409, "wrong_state", str(e)).response()
        except Unknown as e:
            return Problem(404, "not_found", f"없습니다 · not known: {e.args[0]}").response()
        except (Invalid, BadSeat) as e:
            return Problem(422, "invalid", str(e), e.field, e.value).response()

    return guarded


async def _body(request: Request) -> dict[str, Any]:
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > BODY_MAX:
            raise Problem(413, "too_large", f"{BODY_MAX} 바이트까지입니다 · at most {BODY_MAX} bytes")
    try:
        body = json.loads(raw or b"{}")
    except ValueError as e:
        raise Problem(
            422, "invalid", f"JSON이 아닙니다 · not JSON: {e}", "body", raw[:60].decode("utf-8", "replace")
        ) from None
    if not isinstance(body, dict):
        raise Problem(422, "invalid", "JSON 객체여야 합니다 · must be a JSON object", "body", body)
    return body


def _language(request: Request) -> str:
    """In which language paper is asked for. Problem for another."""
    lang = request.query_params.get("lang", "ko")
    if lang not in ("ko", "en"):
        raise Problem(422, "invalid", "ko, en 가운데 하나입니다 · use one of them", "lang", lang)
    return lang


def _paper(pdf: bytes, name: str) -> Response:
    """A PDF under a name that says what it is; the plain one is for what cannot read the other."""
    plain = "".join(c for c in name if c.isascii())
    said = f"inline; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
    return Response(pdf, media_type="application/pdf", headers={"content-disposition": said})


def _class_room(given: Any) -> ClassRoom | None:
    """Whose class drills: grade 1 to 6, class 1 to 30, size 5 to 40. Problem for anything else."""
    if given is None:
        return None
    limits = {"grade": (1, 6), "class": (1, 30), "size": (5, 40)}
    if not isinstance(given, dict) or set(given) != set(limits):
        raise Problem(
            422,
            "invalid",
            "grade, class, size가 모두 있어야 합니다 · give grade, class and size",
            "class",
            given,
        )
    for name, (low, high) in limits.items():
        value = given[name]
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise Problem(
                422,
                "invalid",
                f"{low}에서 {high}까지의 정수입니다 · an integer from {low} to {high}",
                f"class.{name}",
                value,
            )
    return ClassRoom(given["grade"], given["class"], given["size"])


def _text(body: Mapping[str, Any], name: str, required: bool = True) -> str:
    value = body.get(name, "")
    if not isinstance(value, str) or len(value) > TEXT_MAX or (required and not value.strip()):
        raise Problem(
            422,
            "invalid",
            f"1자에서 {TEXT_MAX}자까지의 글입니다 · text of up to {TEXT_MAX} characters",
            name,
            value,
        )
    return value.strip()


class _Calls:
    """One method a call."""

    def __init__(self, control: Control) -> None:
        self.control = control

    def _session(self, request: Request) -> Session:
        return self.control.session(request.path_params["session"])

    async def health(self, request: Request) -> Response:
        sessions = self.control.sessions.values()
        away = any(s.hub_state == "away" for s in sessions if s.state in ("ready", "running", "paused"))
        real = bool(self.control.map_dir and list(self.control.map_dir.glob("*.pmtiles")))
        return JSONResponse({
            "status": "ok", "sessions": len(sessions), "hub": "away" if away else "ok", "hub_http": self.control.hub,
            "version": version("safezone"), "map": "real" if real else "schematic", "lab": self.control.lab,
        })  # fmt: skip

    async def openapi(self, request: Request) -> Response:
        return JSONResponse(document())

    async def schools(self, request: Request) -> Response:
        q = request.query_params.get("q", "").strip()
        try:
            limit = max(1, min(1000, int(request.query_params.get("limit", "20"))))
        except ValueError:
            raise Problem(
                422, "invalid", "정수입니다 · an integer", "limit", request.query_params["limit"]
            ) from None
        schools = await run_in_threadpool(all_schools, self.control.map_dir)
        found = [s for s in schools if all(word in f"{s.name} {s.code} {s.gu}" for word in q.split())]
        found.sort(key=lambda s: (not s.name.removeprefix("서울").startswith(q), s.name))
        kind = (
            "real" if self.control.map_dir and list(self.control.map_dir.glob("*.pmtiles")) else "schematic"
        )
        items = [
            {
                "code": s.code,
                "name": s.name,
                "gu": s.gu,
                "lon": s.lon,
                "lat": s.lat,
                "pupils": s.pupils,
                "map": kind,
            }
            for s in found[:limit]
        ]
        return JSONResponse({"items": items, "total": len(found)})

    def _school(self, request: Request) -> School:
        code = request.path_params["school"]
        try:
            return find_school(code, self.control.map_dir)
        except SchoolError as e:
            raise Problem(404, "not_found", str(e), "school", code) from e

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

    def _drill(self, request: Request) -> Any:
        id_ = request.path_params["drill"]
        found = catalogue.drills().get(id_)
        if found is None:
            raise Problem(404, "not_found", f"훈련 {id_}이 없습니다 · no drill {id_}", "drill", id_)
        return found

    async def drill(self, request: Request) -> Response:
        return JSONResponse(catalogue.shown(self._drill(request)))

    async def pack(self, request: Request) -> Response:
        scenario, q = self._drill(request), request.query_params
        name = ""
        if q.get("school"):
            found = [s for s in all_schools(self.control.map_dir) if s.code == q["school"]]
            if not found:
                raise Problem(
                    422, "invalid", "모르는 학교 코드입니다 · unknown school code", "school", q["school"]
                )
            name = found[0].name
        drill, day, lang, start = (
            catalogue.shown(scenario),
            q.get("date", ""),
            _language(request),
            q.get("start", ""),
        )
        try:
            start = clock(start) if start else ""
        except BadStart as e:
            raise Problem(422, "invalid", str(e), "start", start) from None
        try:
            english = q.get("english") == "1"
            pdf = await run_in_threadpool(
                pack_pdf, drill, name, day, q.get("class", "")[:20], lang, start, english
            )
        except ValueError:
            raise Problem(
                422, "invalid", "YYYY-MM-DD 꼴이어야 합니다 · give YYYY-MM-DD", "date", day
            ) from None
        return _paper(pdf, paper_name(day, name, drill["title"]["ko"], "인쇄물"))

    async def open(self, request: Request) -> Response:
        body = await _body(request)
        session = await run_in_threadpool(self.control.open, body)
        return JSONResponse(session.public(with_tokens=True), 201)

    async def list(self, request: Request) -> Response:
        code = request.query_params.get("join")
        if code is not None:
            joined = [
                s
                for s in self.control.sessions.values()
                if hmac.compare_digest(s.join.encode(), code.encode())
            ]
            return JSONResponse(
                {"items": [s.public(with_tokens=True) for s in joined if s.state not in ("ended", "failed")]}
            )
        live = [s.public(with_tokens=False) for s in self.control.sessions.values()]
        ids = {s["session"] for s in live}
        old = [
            shown_of(r)
            for r in await run_in_threadpool(read_records, self.control.results)
            if r["session"] not in ids
        ]
        items = sorted([*live, *old], key=lambda s: str(s["created_at"]), reverse=True)
        return JSONResponse({"items": items})

    async def get(self, request: Request) -> Response:
        id_ = request.path_params["session"]
        if id_ in self.control.sessions:
            return JSONResponse(self.control.sessions[id_].public(with_tokens=True))
        record = await run_in_threadpool(self.control.record, id_)
        return JSONResponse(shown_of(record) | {"tokens": {}})

    def simple(self, what: str) -> Handler:
        """A call that does one thing and answers the state."""

        async def call(request: Request) -> Response:
            session = self._session(request)
            await run_in_threadpool(getattr(session, what))
            if what == "end":
                self.control.keep_report(session)
            return JSONResponse(session.status())

        return call

    async def speed(self, request: Request) -> Response:
        session, body = self._session(request), await _body(request)
        x = body.get("x")
        if not isinstance(x, int | float) or isinstance(x, bool):
            raise Problem(422, "invalid", "수입니다 · a number", "x", x)
        if x == TURBO and not self.control.lab:
            raise Problem(422, "invalid", "1에서 60까지입니다 · from 1 to 60", "x", x)
        await run_in_threadpool(session.set_speed, float(x))
        return JSONResponse(session.status())

    async def inject(self, request: Request) -> Response:
        session, body = self._session(request), await _body(request)
        seat = body.get("seat")
        if seat is not None and (not isinstance(seat, int) or isinstance(seat, bool)):
            raise Problem(422, "invalid", "자리 번호입니다 · a seat number", "seat", seat)
        row = await run_in_threadpool(session.inject, _text(body, "inject"), seat)
        return JSONResponse(row)

    async def skip(self, request: Request) -> Response:
        session, body = self._session(request), await _body(request)
        return JSONResponse(await run_in_threadpool(session.skip, _text(body, "inject")))

    async def state(self, request: Request) -> Response:
        id_ = request.path_params["session"]
        if id_ not in self.control.sessions:
            return JSONResponse(state_of(await run_in_threadpool(self.control.record, id_)))
        return JSONResponse(self._session(request).status())

    async def agents(self, request: Request) -> Response:
        id_ = request.path_params["session"]
        if id_ not in self.control.sessions:
            record = await run_in_threadpool(self.control.record, id_)
            return JSONResponse({"items": await run_in_threadpool(kept_agents, Path(record["folder"]))})
        session = self._session(request)
        return JSONResponse({"items": await run_in_threadpool(agents_of, session)})

    async def map(self, request: Request) -> Response:
        id_ = request.path_params["session"]
        if id_ not in self.control.sessions:
            return await self._kept(id_, MAP)
        session = self._session(request)
        schematic = (
            session.stage.world.map.source.kind == "schematic" or request.query_params.get("schematic") == "1"
        )
        return JSONResponse(await run_in_threadpool(places_of, session, schematic))

    async def _kept(self, id_: str, name: str) -> Response:
        if id_ in self.control.sessions:
            await run_in_threadpool(self.control.sessions[id_].wait_written)
            folder = self.control.sessions[id_].folder
        else:
            folder = Path((await run_in_threadpool(self.control.record, id_))["folder"])
        path = folder / name
        if not path.is_file():
            raise Problem(404, "not_found", f"{name}이 남아 있지 않습니다 · {name} was not kept")
        return Response(path.read_bytes(), media_type="application/json")

    async def cameras(self, request: Request) -> Response:
        session, q = self._session(request), request.query_params
        try:
            spot = (float(q["lon"]), float(q["lat"])) if "lon" in q and "lat" in q else None
        except ValueError:
            raise Problem(
                422, "invalid", "도 단위의 수입니다 · degrees", "lon, lat", f"{q['lon']}, {q['lat']}"
            ) from None
        lon, lat = spot or (0.0, 0.0)
        x, y = session.stage.world.map.frame.to_xy(np.array(lon), np.array(lat)).tolist()
        buildings = session.stage.world.map.buildings
        items = []
        for camera in session.cameras:
            d = camera.device
            lon, lat = session.scene.lonlat(d.x, d.y)
            items.append({
                "id": d.id, "name": d.id.rpartition("-")[2], "lon": lon, "lat": lat, "preset": camera.preset,
                "bearing_deg": dict(d.presets).get(camera.preset, 0.0), "held_for": camera.held_for,
                "presets": [{"id": i, "bearing_deg": b} for i, b in d.presets], "fov_deg": d.fov_deg, "view_m": d.view_m,
                **({"sees": can_see(buildings, d, x, y)} if spot else {}),
            })  # fmt: skip
        return JSONResponse({"items": items})

    async def view(self, request: Request) -> Response:
        session, id_ = self._session(request), request.path_params["camera"]
        camera = next((c for c in session.cameras if c.name == id_), None)
        if camera is None:
            raise Problem(404, "not_found", f"카메라 {id_}가 없습니다 · no camera {id_}", "camera", id_)
        try:
            width = max(160, min(1920, int(request.query_params.get("w", "640"))))
        except ValueError:
            raise Problem(422, "invalid", "정수입니다 · an integer", "w", request.query_params["w"]) from None
        svg = await run_in_threadpool(camera_svg, session, camera.device, camera.preset, width)
        return Response(svg, media_type="image/svg+xml", headers={"cache-control": "no-store"})

    async def rollcall(self, request: Request) -> Response:
        session, body = self._session(request), await _body(request)
        seats = body.get("seats")
        if not isinstance(seats, list) or not all(isinstance(s, dict) for s in seats):
            raise Problem(422, "invalid", "자리들의 목록입니다 · a list of seats", "seats", seats)
        return JSONResponse(await run_in_threadpool(session.call_roll, seats))

    async def note(self, request: Request) -> Response:
        session, body = self._session(request), await _body(request)
        by = _text(body, "by", required=False) or "observer"
        note = await run_in_threadpool(session.add_note, _text(body, "text"), by)
        self.control.keep_report(session)
        return JSONResponse(note, 201)

    async def rate(self, request: Request) -> Response:
        session, body = self._session(request), await _body(request)
        rating = body.get("rating")
        evidence = _text(body, "evidence", required=False)
        rated = await run_in_threadpool(session.rate, _text(body, "objective"), rating, evidence)
        self.control.keep_report(session)
        return JSONResponse(rated)

    async def improve(self, request: Request) -> Response:
        session, body = self._session(request), await _body(request)
        args = (_text(body, "text"), _text(body, "owner", required=False), _text(body, "due", required=False))
        item = await run_in_threadpool(session.improve, *args)
        self.control.keep_report(session)
        return JSONResponse(item, 201)

    async def drop_improvement(self, request: Request) -> Response:
        n = request.path_params["n"]
        if not n.isdigit():
            raise Unknown(n)
        session = self._session(request)
        await run_in_threadpool(session.drop_improvement, int(n))
        self.control.keep_report(session)
        return Response(status_code=204)

    async def report_json(self, request: Request) -> Response:
        record = await run_in_threadpool(self.control.record, request.path_params["session"])
        record.pop("folder", None)
        record.pop("owner", None)
        return JSONResponse(record)

    async def report_html(self, request: Request) -> Response:
        id_, lang = request.path_params["session"], _language(request)

        def make() -> str:
            return report_html(*self.control.printed(id_), lang)

        return Response(await run_in_threadpool(make), media_type="text/html")

    async def report_pdf(self, request: Request) -> Response:
        id_, lang = request.path_params["session"], _language(request)

        def make() -> tuple[bytes, str]:
            record, earlier = self.control.printed(id_)
            return report_pdf(record, earlier, lang), file_name(record)

        return _paper(*await run_in_threadpool(make))

    async def replay(self, request: Request) -> Response:
        id_ = request.path_params["session"]
        if id_ not in self.control.sessions or self.control.sessions[id_].state in ("ended", "failed"):
            return await self._kept(id_, REPLAY)
        return JSONResponse(await run_in_threadpool(replay_of, self._session(request)))

    async def lab(self, request: Request) -> Response:
        self._session(request)
        return JSONResponse({"real_press": "POST lab/real-press"})

    async def real_press(self, request: Request) -> Response:
        session = self._session(request)
        await run_in_threadpool(session.press_real_bell)
        return JSONResponse({"pressed": True}, 202)

    async def stream(self, request: Request) -> Response:
        id_ = request.path_params["session"]
        given = request.headers.get("last-event-id") or request.query_params.get("last_event_id")
        try:
            last = None if given is None else max(0, int(given))
        except ValueError:
            raise Problem(422, "invalid", "정수입니다 · an integer", "Last-Event-ID", given) from None
        frames = request.query_params.get("frames") != "0"
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        if id_ not in self.control.sessions:
            past = over(await run_in_threadpool(self.control.record, id_), last)
            return Response(past, media_type="text/event-stream", headers=headers)
        session = self._session(request)
        after = session.timeline.last if last is None else last
        return StreamingResponse(
            live(session, after, frames), media_type="text/event-stream", headers=headers
        )


def camera_svg(session: Session, device: Any, preset: str, width: int) -> str:
    """What a camera sees now."""
    t, scene = session.now, session.scene
    near = []
    for n, track in enumerate(scene.tracks()):
        x, y = track.position(t)
        if abs(x - device.x) < 120 and abs(y - device.y) < 120:
            flags = scene.flags(n, track, t)
            people = session.stage.world.people
            outdoors = not track.inside(t)
            kind = (
                ("child" if people[n].subscriber else "pupil")
                if n < len(people)
                else scene.extras[n - len(people)].kind
            )
            if outdoors:
                near.append(Figure(x, y, kind, bool(flags & TROUBLE)))
    bearing = dict(device.presets).get(preset, 0.0)
    clock = session.stage.scenario.at(t).strftime("%Y-%m-%d %H:%M:%S")
    view = View(
        device.x, device.y, bearing, device.fov_deg, device.view_m, device.id.rpartition("-")[2], clock
    )
    return render(session.stage.world.map, view, near, width)


def over(record: Mapping[str, Any], after: int | None) -> bytes:
    """The stream of a session of an earlier run: what happened in it, and that it is over."""
    state = state_of(record)
    clock = {k: state[k] for k in ("t", "at", "state", "speed", "phase")}
    events = [] if after is None else record["events"][after:]
    return b"".join([_sse("clock", clock), *(_sse("event", e, e["n"]) for e in events)])


async def live(session: Session, after: int, frames: bool) -> AsyncIterator[bytes]:
    """Clock, frames and events of one session as server-sent events."""
    loop = asyncio.get_running_loop()
    happened = asyncio.Event()

    def wake(_event: Mapping[str, Any]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(happened.set)

    session.timeline.listen(wake)
    session.watchers += 1
    sent: np.ndarray | None = None
    frame_n, told_at, spoke_at, told = -1, 0.0, loop.time(), ("", 0.0)
    try:
        while True:
            out = []
            now = loop.time()
            state = (session.state, session.speed)
            if state != told or (session.state == "running" and now - told_at >= 1.0):
                told, told_at = state, now
                out.append(_sse("clock", {
                    "t": round(session.now, 2), "at": session.at(session.now), "state": session.state, "speed": session.speed,
                    "phase": session.phase, "wall_ms": session.wall_ms(),
                }))  # fmt: skip
            for event in session.timeline.after(after):
                after = event["n"]
                out.append(_sse("event", event, after))
            frame = session.frame
            if frames and frame.n != frame_n:
                frame_n = frame.n
                full = sent is None or len(sent) != len(frame.rows)
                moved = (
                    np.arange(len(frame.rows)) if full else np.flatnonzero((frame.rows != sent).any(axis=1))
                )
                sent = frame.rows
                if full or len(moved):
                    rows = [
                        [i, lon, lat, int(f)]
                        for i, (lon, lat, f) in zip(moved.tolist(), frame.rows[moved].tolist(), strict=True)
                    ]
                    out.append(_sse("frame", {"t": frame.t, "full": full, "a": rows}))
            if out:
                spoke_at = now
                yield b"".join(out)
            elif now - spoke_at > COMMENT_S:
                spoke_at = now
                yield b": still here\n\n"
            if session.state in ("ended", "failed") and after >= session.timeline.last:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(happened.wait(), POLL_S)
            happened.clear()
    finally:
        session.watchers -= 1
        session.timeline.forget(wake)


def _sse(kind: str, data: Mapping[str, Any], id_: int | None = None) -> bytes:
    head = f"id: {id_}\n" if id_ is not None else ""
    return f"{head}event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


__all__ = ["Control", "Problem", "build_service"]

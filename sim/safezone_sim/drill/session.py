"""One drill session: a thread that lets the scene live at a teacher's pace against a hub, and what people do with it.

Everything that changes the drill is done in that thread, one thing after the other; the methods hand it over and wait.
What the twin knows of the trainees it knows from the hub's interface.
"""

import logging
import queue
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from math import hypot
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import simpy

from safezone_sim.devices.camera import Camera
from safezone_sim.devices.envelope import WireTime, secret_bytes
from safezone_sim.devices.fleet import Fleet
from safezone_sim.devices.network import Network
from safezone_sim.drill.hubline import HubLine
from safezone_sim.drill.injects import play
from safezone_sim.drill.masterlist import Case, Line, MasterList
from safezone_sim.drill.measures import by_measure, judged, measured
from safezone_sim.drill.paced import Leaving, Paced
from safezone_sim.drill.realpress import RealBell
from safezone_sim.drill.rollcall import RollCall
from safezone_sim.drill.scene import Scene
from safezone_sim.drill.stage import Passed, Stage, drill_item, lived_until
from safezone_sim.drill.timeline import Timeline
from safezone_sim.drill.units import Unit, drive
from safezone_sim.map.model import FloatArray
from safezone_sim.streams import scalar_stream
from safezone_sim.twin.downlink import Downlink
from safezone_sim.twin.hubapi import HubError, known_items
from safezone_sim.twin.link import Link
from safezone_sim.twin.lockstep import SLICE_S, ZoneClock
from safezone_sim.twin.transcript import Transcript

log = logging.getLogger("safezone.drill")

T = TypeVar("T")
MAX_SPEED = 60.0
TURBO = 3600.0  # for benches: as fast as hub and twin go
STEP_WALL_S = 0.1
FRAME_WALL_S = 0.2
KEEP_ALIVE_WALL_S = 45.0
SEEN_WITHIN_M = 120.0  # a unit sees a child so near
LOOK_S = 15.0  # until it is with the child
SEARCH_S = 90.0
GUIDE_S = 15.0  # so often a unit hears where the child is now
GUIDE_M = 40.0  # it turns when the child is so far from where it was
AHEAD_S = 60.0  # so far the hub may be ahead of the scene
STATUS_WALL_S = 2.0
SAVE_WALL_S = 5.0  # so much of the times may be lost when the twin dies; the timeline is kept event by event
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
STEPS = {"acknowledge": "acknowledge", "dispatch": "dispatch", "on_scene": "on_scene", "note": "note", "mark": "note",
         "resolve": "close", "false_alarm": "close", "call_119": "note", "take": "note"}  # fmt: skip
STEP_WORDS = {
    "acknowledge": ("확인", "acknowledged"), "dispatch": ("출동 지시", "unit sent"), "on_scene": ("현장 도착", "on scene"),
    "note": ("메모", "note"), "mark": ("표시", "marked"), "resolve": ("종결", "resolved"),
    "false_alarm": ("오경보로 종결", "closed as false alarm"), "call_119": ("119에 알림", "119 called"), "take": ("맡음", "taken"),
}  # fmt: skip
RATINGS = ("P", "S", "M", "U")


class WrongState(RuntimeError):
    """The session is in a state in which this cannot be done; the text says in which, and which are needed."""


class Unknown(KeyError):
    """No such inject, objective or item."""


class Invalid(ValueError):
    """A value that cannot be: field, value, remedy."""

    def __init__(self, field_name: str, value: Any, detail: str) -> None:
        super().__init__(detail)
        self.field, self.value = field_name, value


@dataclass
class Frame:
    """Where everybody is, at ``t``: rows of lon, lat, flags by index."""

    n: int = 0
    t: float = 0.0
    rows: FloatArray = field(default_factory=lambda: np.zeros((0, 3)))


def new_session_id(school: str) -> str:
    """The school's code and four letters."""
    return f"{school}-{''.join(secrets.choice(ALPHABET) for _ in range(4))}"


def new_join_code() -> str:
    """With it a trainee takes a role: twelve digits, some 40 bits. Digits are the same on every keyboard, a Korean one too."""
    return "".join(secrets.choice("0123456789") for _ in range(12))


class Session:
    """A drill from its preparation to its report."""

    def __init__(
        self,
        stage: Stage,
        hub: str,
        hub_token: str,
        folder: Path,
        *,
        speed: float = 1.0,
        owner: str | None = None,
        created_at: str | None = None,
    ) -> None:
        self.stage, self.folder = stage, folder
        self.id = stage.session
        self.owner = owner  # whose it is, in the words of whoever opened it; the twin only keeps it
        self.join = new_join_code()
        self.hub = hub
        self.state = "preparing"
        self.failed: str | None = None
        self.created_at = created_at or datetime.now(UTC).isoformat(timespec="seconds")
        self.speed = speed
        self.hub_state = "ok"
        self.started = False
        self.all_clear_t: float | None = None
        self.ended_t: float | None = None
        self.ended_wall: float | None = None  # monotonic, once its record is written
        self.notes: list[dict[str, Any]] = []
        self.ratings: dict[str, dict[str, Any]] = {}
        self.improvements: list[dict[str, Any]] = []
        self.tokens: dict[str, dict[str, Any]] = {}
        self.watchers = 0  # who looks at frames
        self.frame = Frame()
        self.wire_time = WireTime(stage.scenario.midnight)
        folder.mkdir(parents=True, exist_ok=True)
        self.timeline = Timeline(
            folder / "timeline.jsonl", lambda t: stage.scenario.at(t).isoformat(timespec="milliseconds")
        )
        self.rollcall = RollCall(len(stage.seats))
        self.master = MasterList([Line(i, round(stage.due_s(i), 1)) for i in stage.plan.injects])
        self.line = HubLine(hub, hub_token, stage.zone, self._hear)
        self._incidents: dict[str, dict[str, Any]] = {}
        self._seen_steps: dict[str, int] = {}
        # When the clock went back to real time, by the incident that did it.
        self._slowed: dict[str, float] = {}
        self._orphans: list[str] = []  # incidents whose stimulus has not been seen yet
        self._todo: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any] | None]] = queue.SimpleQueue()
        self._wake = threading.Event()
        self._leaving = threading.Event()
        self._ended = threading.Event()
        self._turns: dict[str, int] = {}
        self._framed = self._reported = self._saved = 0.0
        self._announced = ("", -1)
        self._anchor: tuple[float, float] = (0.0, 0.0)
        self._beat = 0.0
        self._thread = threading.Thread(target=self._run, name=f"drill-{self.id}", daemon=True)
        self.real: RealBell | None = None

    # --- preparing ----------------------------------------------------------------------------------------

    def prepare(self, told: Callable[[str, float], None] = lambda step, share: None) -> None:
        """Registers the zone, lives the time before START, and follows the hub. HubError, BrokerError."""
        stage, s = self.stage, self.stage.scenario
        about = self.line.about()
        if "exercise-clock" not in about.get("capabilities", []):
            raise HubError(
                f"hub {self.hub} does not declare the capability exercise-clock; a drill needs its own time there. "
                "Use the bundled hub, or one that declares it."
            )
        mqtt = about["mqtt"]
        keyid, secret = stage.world.keys[f"{stage.zone}-clock"]
        clock = ZoneClock(
            stage.zone, f"{stage.zone}-clock", (keyid, secret_bytes(secret)), stage.exercise, self.wire_time,
            scalar_stream(s.seed, stage.zone, "clock", "link"),
        )  # fmt: skip
        morning = Passed()
        # The class that drills keeps to its room, also where its new grade would have gone home by then.
        keep = () if stage.plan.story == "stays_away" else stage.seats
        self.life = lived_until(s, stage.world, stage.warm_s, keep, morning)
        self.env: simpy.Environment = self.life.env
        self.link = Link(
            str(mqtt["host"]), int(mqtt["port"]), [f"safezone/v1/{stage.zone}/+/+/down"], f"drill-{self.id}"
        )
        told("hub", 0.1)
        items = known_items(about, [*stage.registry, *self.life.absences()])
        text = self.wire_time.text
        self._drill_item = drill_item(
            stage, text(s.start_s), text(stage.start_s + stage.minutes * 60 + 4 * 3600),
            {"id": f"{stage.zone}-clock", "key": {"keyid": keyid, "secret": secret}},
        )  # fmt: skip
        self.line.provision([*items, self._drill_item])
        self.link.open()
        self.transcript = Transcript(self.folder / "transcript.jsonl.gz")
        self.uplink = Paced(
            self.env, self.link, [clock], self.transcript, self._note_away, self._leaving, self._drain
        )
        network = Network(self.env, s.noise, self.uplink, SLICE_S)
        self.fleet = Fleet(self.env, s, stage.world, network, self.wire_time, s.seed)
        self.life.senses = self.fleet
        self.fleet.attach(self.life)
        self.uplink.downlink = Downlink(
            {stage.zone: self.fleet},
            {
                (stage.zone, role, name): secret_bytes(stage.world.keys[name][1])
                for role, name in [*self.fleet.principals, ("clock", f"{stage.zone}-clock")]
            },
            self.wire_time, network, s.noise.message_loss,
            lambda zone, name: scalar_stream(s.seed, zone, name, "downlink"),
        )  # fmt: skip
        self.scene = Scene(stage, self.env, self.life, self.fleet, self.timeline)
        self.scene.ask = self._ask
        self.cameras = [p for p in self.fleet.principals.values() if isinstance(p, Camera)]
        told("warm-up", 0.2)
        self._make_tokens()
        self.line.follow(self.tokens["field"]["token"])
        # The gates tell late, as after a night without network, who went through them since the morning.
        for stay in morning.stays:
            if stay[-1] < self.env.now:
                self.fleet.tag_stay(*stay)
        span = max(1.0, stage.start_s - self.env.now)
        self.uplink.run(
            stage.start_s, progress=lambda t: told("warm-up", 0.2 + 0.8 * (1 - (stage.start_s - t) / span))
        )
        self.line.following.wait(10.0)
        self.state = "ready"
        self.timeline.add(self.env.now, "state", ("준비됨", "ready"))
        self._beat = time.monotonic()
        self._take_frame()
        self._keep()
        self._thread.start()

    def _make_tokens(self) -> None:
        stage = self.stage
        for name, principal in (("desk", "op1"), ("desk2", "op2"), ("supervisor", "sv"), ("field", "field")):
            self._token(name, "operator", stage.principal(principal))
        self._token("school", "school", stage.principal("staff"))
        guardian = stage.lead.guardians[0]
        self._token("guardian", "guardian", guardian)
        self.tokens["guardian"]["child"] = stage.lead.id

    def _token(self, name: str, role: str, principal: str) -> None:
        self.tokens[name] = {"token": self.line.token(role, principal), "principal": principal, "role": role}

    def _ask(self, what: str, body: dict[str, Any]) -> None:
        """Something a person in the drill says to the hub."""
        if what == "report_missing":
            report = {**body, "exercise": self.stage.exercise, "key": f"{self.id}-{secrets.token_hex(4)}"}
            self.line.order(
                "POST", f"/v1/zones/{self.stage.zone}/incidents", report, self.tokens["guardian"]["token"]
            )

    # --- what people do -----------------------------------------------------------------------------------

    # A button is pressed twice, an answer is lost, a second tab presses too: what is so already is done, not refused.

    def start(self) -> None:
        """START. Of a drill that was started it is nothing."""
        self._do(self._start)

    def pause(self) -> None:
        """The clock stands still; nothing if it does already."""
        self._do(lambda: self._switch("running", "paused", ("일시정지", "paused")))

    def resume(self) -> None:
        """The clock goes on; nothing if it does already."""
        self._do(lambda: self._switch("paused", "running", ("다시 시작", "resumed")))

    def set_speed(self, x: float) -> None:
        """Times real time, 1 to 60. Invalid otherwise."""
        if not 1.0 <= x <= MAX_SPEED and x != TURBO:
            raise Invalid("x", x, f"1에서 {MAX_SPEED:.0f}까지입니다. · from 1 to {MAX_SPEED:.0f}")
        self._do(lambda: self._set_speed(x))

    def inject(self, inject: str, seat: int | None = None) -> dict[str, Any]:
        """Fires a line of the list now, by hand. Its row."""
        line = self.master.line(inject)
        if line is None:
            raise Unknown(inject)
        if seat is not None and not 1 <= seat <= len(self.stage.seats):
            n = len(self.stage.seats)
            raise Invalid("seat", seat, f"자리 번호는 1에서 {n}까지입니다. · seats are 1 to {n}")
        self._do(lambda: self._fire_by_hand(line, seat))
        return line.row()

    def skip(self, inject: str) -> dict[str, Any]:
        """A line will not fire by the list."""
        line = self.master.line(inject)
        if line is None:
            raise Unknown(inject)

        def skip() -> None:
            if line.status != "waiting":
                raise WrongState(f"{inject}: {line.status}; waiting이어야 합니다 · needs waiting")
            line.status = "skipped"
            self._say(
                "inject", (f"건너뜀: {line.plan.title.ko}", f"skipped: {line.plan.title.en}"), inject=inject
            )

        self._do(skip)
        return line.row()

    def all_clear(self) -> None:
        """ALL CLEAR: what is still waiting in the list will not come; everybody goes back. A second time it is nothing."""

        def clear() -> None:
            self._need("running", "paused")
            if self.all_clear_t is not None:
                return
            self.all_clear_t = self.env.now
            for line in self.master.lines:
                if line.status == "waiting":
                    line.status = "skipped"
            self._say("all_clear", ("상황 종료", "all clear"))
            self.scene.go_back()

        self._do(clear)

    def end(self) -> None:
        """Ends the drill and writes its record; returns when that is done. A second time it is nothing."""
        if self._thread.ident is None:
            self._finish()
            return
        if self.state not in ("ended", "failed"):
            self._do(self._end)
        self._ended.wait(30.0)

    def wait_written(self) -> None:
        """Of a drill that is over: returns when its record is written, replay and all."""
        if self.state in ("ended", "failed") and self._thread.ident is not None:
            self._ended.wait(30.0)

    def call_roll(self, seats: list[Mapping[str, Any]]) -> dict[str, Any]:
        """Takes a roll call; BadSeat."""

        def take() -> dict[str, Any]:
            self._need("running", "paused")
            before = self.rollcall.complete_t
            self.rollcall.take(seats, self.env.now)
            row = self.rollcall.row()
            whole = self.rollcall.complete_t is not None and before is None
            text = (
                ("인원 확인 완료", "everybody accounted for") if whole
                else (f"인원 확인: {row['here']}/{row['expected']}", f"roll call: {row['here']} of {row['expected']}")
            )  # fmt: skip
            self._say(
                "rollcall",
                text,
                data={k: row[k] for k in ("here", "expected", "missing", "excused", "accounted_s")},
            )
            return row

        return self._do(take)

    def add_note(self, text: str, by: str) -> dict[str, Any]:
        """An observer's note."""
        now = self.now
        note = {"n": len(self.notes) + 1, "t": round(now, 1), "at": self.at(now), "text": text, "by": by}
        self.notes.append(note)
        self.timeline.add(now, "note", (text, text), data={"by": by})
        self.save()
        return note

    def rate(self, objective: str, rating: str | None, evidence: str) -> dict[str, Any]:
        """Rates an objective; None takes the rating back."""
        if all(o.id != objective for o in self.stage.plan.objectives):
            raise Unknown(objective)
        if rating is not None and rating not in RATINGS:
            raise Invalid("rating", rating, "P, S, M, U 가운데 하나입니다. · use one of P, S, M, U")
        if rating is None:
            self.ratings.pop(objective, None)
        else:
            self.ratings[objective] = {"rating": rating, "evidence": evidence}
        self.timeline.add(
            self.now, "rating", (f"평가 {objective}: {rating or '-'}", f"rating {objective}: {rating or '-'}")
        )
        self.save()
        return {"objective": objective, "rating": rating, "evidence": evidence}

    def improve(self, text: str, owner: str, due: str) -> dict[str, Any]:
        """An item to do better next time."""
        n = max((i["n"] for i in self.improvements), default=0) + 1
        item = {"n": n, "text": text, "owner": owner, "due": due}
        self.improvements.append(item)
        self.timeline.add(self.now, "improvement", (text, text))
        self.save()
        return item

    def drop_improvement(self, n: int) -> None:
        if all(i["n"] != n for i in self.improvements):
            raise Unknown(str(n))
        self.improvements = [i for i in self.improvements if i["n"] != n]
        self.save()

    def press_real_bell(self) -> None:
        """A real device beside the drill calls for real; only where the lab is open."""
        if self.real is None:
            about = self.line.about()["mqtt"]
            lab = next(i for i in self.stage.registry if i["id"] == f"{self.stage.zone}-lab-bell")
            self.real = RealBell(
                str(about["host"]), int(about["port"]), self.stage.zone, lab["id"], lab["key"]
            )
        self.real.press()

    # --- what people see ----------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """The drill's time, seconds after midnight."""
        if self.ended_t is not None:
            return self.ended_t
        return float(self.env.now)

    def at(self, t: float) -> str:
        return self.stage.scenario.at(t).isoformat(timespec="milliseconds")

    def wall_ms(self) -> int:
        """Wall time, milliseconds since 1970."""
        return round(datetime.now(UTC).timestamp() * 1000)

    @property
    def elapsed_s(self) -> float:
        return max(0.0, round(self.now - self.stage.start_s, 1)) if self.started else 0.0

    @property
    def phase(self) -> dict[str, Any] | None:
        """The part of the plan that it is now."""
        if not self.started:
            return None
        phases = self.stage.plan.phases
        scale = self.stage.minutes / self.stage.plan.minutes
        minute = self.elapsed_s / 60.0 / scale
        n = next((n for n, p in enumerate(phases) if minute < p.to_min), len(phases) - 1)
        # What happens goes before the clock: no opening once it has begun, no looking back while a child is missing.
        begun = any(line.fired_t is not None and line.plan.kind != "message" for line in self.master.lines)
        if self.all_clear_t is not None:
            n = len(phases) - 1
        elif begun:
            n = max(n, 1)
            if self.scene.found_t is None and self.scene.trouble:
                n = min(n, len(phases) - 2)
        n = max(0, min(n, len(phases) - 1))
        p = phases[n]
        return {"index": n, "title": {"ko": p.title.ko, "en": p.title.en}, "from_min": p.from_min * scale, "to_min": p.to_min * scale}  # fmt: skip

    def public(self, with_tokens: bool) -> dict[str, Any]:
        """The session as the control API shows it."""
        stage, m = self.stage, self.stage.world.map
        school = stage.world.school
        (lon, lat) = self.scene.lonlat(0.0, 0.0) if hasattr(self, "scene") else (school.lon, school.lat)
        west, south = self._corner(-m.radius_m)
        east, north = self._corner(m.radius_m)
        notice = None
        if m.source.kind == "schematic":
            notice = {
                "ko": "이 지도는 우리 학교 지도가 아닙니다. 실제 거리가 아닌, 만들어 낸 약도입니다.",
                "en": "This is not your school's map: a made-up sketch, not real streets.",
            }
        class_ = stage.lead
        shown = {
            "session": self.id,
            "school": {"code": stage.zone.rpartition("-")[0], "name": school.name, "gu": school.gu, "lon": school.lon,
                       "lat": school.lat, "pupils": school.pupils},
            "zone": stage.zone, "exercise": stage.exercise,
            "drill": {"id": stage.plan.id, "title": {"ko": stage.scenario.title.ko, "en": stage.scenario.title.en}},
            "date": stage.scenario.date.isoformat(), "starts": stage.start, "rehearsal": stage.rehearsal, "state": self.state, "failed": self.failed,
            "created_at": self.created_at, "owner": self.owner,
            "map": {"kind": m.source.kind, "attribution": m.source.attribution, "as_of": m.source.as_of,
                    "center": [lon, lat], "bounds": [[west, south], [east, north]], "notice": notice},
            "hub": {"http": self.hub},
            "class": {"grade": class_.grade, "class": class_.class_no, "seats": list(range(1, len(stage.seats) + 1)),
                      "phones": [n for n, i in enumerate(stage.seats, 1) if stage.world.people[i].phone is not None]},
            "child": {"id": class_.id, "name": class_.name, "grade": class_.grade, "class": class_.class_no, "seat": class_.number},
            "report": f"/control/v1/sessions/{self.id}/report.html",
        }  # fmt: skip
        if with_tokens:
            shown["tokens"] = {k: v for k, v in self.tokens.items() if k != "field"}
            shown["join"] = self.join
        return shown

    def _corner(self, metres: float) -> tuple[float, float]:
        f = self.stage.world.map.frame
        return round(metres / f.m_per_deg_lon + f.lon0, 6), round(metres / f.m_per_deg_lat + f.lat0, 6)

    def status(self) -> dict[str, Any]:
        """The state as the control API shows it."""
        now = self.now
        reactions = [e for e in self.timeline.after(0) if e["kind"] not in ("rating", "improvement")][-20:]
        objectives = self.objectives()
        return {
            "session": self.id, "state": self.state, "failed": self.failed, "t": round(now, 2), "at": self.at(now),
            "started_t": self.stage.start_s if self.started else None, "elapsed_s": self.elapsed_s,
            "minutes": self.stage.minutes, "speed": self.speed, "phase": self.phase, "all_clear_t": self.all_clear_t,
            "hub": self.hub_state, "injects": [line.row() for line in self.master.lines], "counts": self.counts(),
            "child": self.child(), "rollcall": self.rollcall.row(),
            "measures": by_measure(objectives),
            "objectives": objectives, "reactions": reactions, "last_event": self.timeline.last,
        }  # fmt: skip

    def objectives(self) -> list[dict[str, Any]]:
        """Each objective with its measure and its rating."""
        plan = self.stage.plan
        record = {
            "started_t": self.stage.start_s if self.started else None, "ended_t": self.ended_t, "events": self.timeline.after(0),
            "rollcall": self.rollcall.row(), "plan": {"objectives": [{"id": o.id, "inject": o.inject} for o in plan.objectives]},
            "cases": self.cases(),
        }  # fmt: skip
        found = []
        for o in plan.objectives:
            row = {
                "id": o.id, "text": {"ko": o.text.ko, "en": o.text.en}, "measure": o.measure, "target_s": o.target_s,
                "result": measured(o, self.master.lines, self.rollcall), **self.ratings.get(o.id, {"rating": None, "evidence": ""}),
            }  # fmt: skip
            found.append(row | {"result": judged(record, row)})
        return found

    def child(self) -> dict[str, Any] | None:
        """The child that the story is about: whether it is missing or found, and where it is."""
        if self.state == "preparing":
            return None
        lead, scene = self.stage.lead, self.scene
        lon, lat = scene.lonlat(*scene.position(lead))
        found = scene.found_t is not None
        missing = lead.index in scene.trouble and not found
        return {"state": "found" if found else "missing" if missing else "well", "lon": lon, "lat": lat}

    def cases(self) -> list[dict[str, Any]]:
        """Every case of the list, with its inject."""
        return [{**vars(case), "inject": line.plan.id} for line in self.master.lines for case in line.cases]

    def counts(self) -> dict[str, int]:
        """How many are where; the last known after the end."""
        if self.state in ("preparing",):
            return {}
        return self.scene.counts()

    # --- in the session's own thread ----------------------------------------------------------------------

    def _do(self, act: Callable[[], T]) -> T:
        """Has something done in the session's thread, and gives its outcome."""
        if self.state in ("ended", "failed"):
            raise WrongState(f"{self.state}: 끝난 훈련입니다 · the drill is over")
        future: Future[T] = Future()
        self._todo.put((act, future))
        self._wake.set()
        return future.result(timeout=60.0)

    def _drain(self) -> None:
        while True:
            try:
                act, future = self._todo.get_nowait()
            except queue.Empty:
                return
            try:
                outcome = act()
            except Exception as e:
                if future is None:
                    log.exception("drill %s: %s", self.id, e)
                else:
                    future.set_exception(e)
            else:
                if future is not None:
                    future.set_result(outcome)

    def _run(self) -> None:
        try:
            while self.state not in ("ended", "failed") and not self._leaving.is_set():
                self._wake.clear()
                self._drain()
                if self.state == "running":
                    self._advance()
                elif time.monotonic() - self._beat > KEEP_ALIVE_WALL_S:
                    # A drill's clock that is silent for ten minutes gives the zone its own time back.
                    self._step(self.env.now + 0.01)
                if self.state in ("ended", "failed"):
                    break
                self._wake.wait(self._until_next_step())
        except Leaving:
            pass
        except Exception as e:  # whatever it was, people must be told, and the record kept
            log.exception("drill %s failed", self.id)
            self.state, self.failed = "failed", f"{type(e).__name__}: {e}"
            self._say("state", (f"훈련 중단: {e}", f"the drill stopped: {e}"))
        finally:
            try:
                self._finish()
            finally:
                self._ended.set()
                self._refuse_rest()

    def _refuse_rest(self) -> None:
        while True:
            try:
                _, future = self._todo.get_nowait()
            except queue.Empty:
                return
            if future is not None:
                future.set_exception(WrongState(f"{self.state}: 끝난 훈련입니다 · the drill is over"))

    def _until_next_step(self) -> float:
        if self.state != "running":
            return 1.0
        if self.speed >= TURBO:
            return 0.0
        return STEP_WALL_S

    def _advance(self) -> None:
        wall, start = self._anchor
        target = start + (time.monotonic() - wall) * self.speed
        if target - self.env.now > 4 * SLICE_S * max(1.0, self.speed / 10):
            # The machine or the hub is slower than that: time goes as fast as it can, and nothing is skipped.
            self._anchor = (time.monotonic(), self.env.now + SLICE_S)
            target = self.env.now + SLICE_S
        deadline, pace = time.monotonic() + STEP_WALL_S, self._anchor
        while self.env.now < target - 0.005 and self.state == "running" and self._anchor is pace:
            self._step(min(target, self.env.now + SLICE_S))
            self._drain()
            if time.monotonic() > deadline:
                break

    def _step(self, t: float) -> None:
        for line in (
            self.master.due(self.env.now, self.scene.found_t is not None) if self.state == "running" else []
        ):
            self._fire(line, "list", None)
        t = max(round(t, 2), round(self.env.now + 0.01, 3))
        self.uplink.step(t)
        self._beat = time.monotonic()
        self._adopt()
        self._notice_cameras()
        wall = time.monotonic()
        if self.watchers and wall - self._framed >= FRAME_WALL_S:
            self._framed = wall
            self._take_frame()
        if wall - self._reported >= STATUS_WALL_S:
            self._reported = wall
            self._report_units()
        if wall - self._saved >= SAVE_WALL_S:
            self._saved = wall
            self.save()

    def _take_frame(self) -> None:
        t, f = self.env.now, self.stage.world.map.frame
        rows = np.array(
            [
                (*track.position(t), self.scene.flags(n, track, t))
                for n, track in enumerate(self.scene.tracks())
            ]
        )
        rows[:, 0] = np.round(rows[:, 0] / f.m_per_deg_lon + f.lon0, 6)
        rows[:, 1] = np.round(rows[:, 1] / f.m_per_deg_lat + f.lat0, 6)
        self.frame = Frame(self.frame.n + 1, round(t, 2), rows)

    def _say(self, kind: str, text: tuple[str, str], **more: Any) -> None:
        self.timeline.add(self.env.now, kind, text, **more)

    def _need(self, *states: str) -> None:
        if self.state not in states:
            needed = " / ".join(states)
            raise WrongState(
                f"지금 상태는 {self.state}, 필요한 상태는 {needed} · it is {self.state}, needs {needed}"
            )

    def _start(self) -> None:
        self._need("ready", "running", "paused")
        if self.started:
            return
        self.started = True
        self.state = "running"
        self._anchor = (time.monotonic(), self.env.now)
        self._say("state", ("훈련 시작", "START"))
        if self.speed > 1.0:
            self._say_speed()
        self.save()  # from now on it is a drill that was begun

    def _switch(self, from_: str, to: str, text: tuple[str, str]) -> None:
        self._need(from_, to)
        if self.state == to:
            return
        self.state = to
        self._anchor = (time.monotonic(), self.env.now)
        self._say("state", text)

    def _set_speed(self, x: float) -> None:
        self._need("ready", "running", "paused")
        if x == self.speed:
            return
        self.speed = x
        self._anchor = (time.monotonic(), self.env.now)
        self._say_speed()

    def _say_speed(self) -> None:
        x = self.speed
        self._say("state", (f"시계 {x:g}배", f"clock at {x:g}×") if x > 1 else ("시계 제 속도", "clock at its own pace"), data={"speed": x})  # fmt: skip

    def _real_time(self) -> None:
        """What people have to answer comes at their own pace. (Benches' full speed stays.)"""
        if 1.0 < self.speed <= MAX_SPEED:
            self._set_speed(1.0)

    def _end(self) -> None:
        self._need("ready", "running", "paused")
        self._say("state", ("훈련 끝", "the drill ends"))
        self.ended_t = float(self.env.now)
        self.state = "ended"

    def _fire_by_hand(self, line: Line, seat: int | None) -> None:
        self._need("running", "paused")
        if line.status != "waiting" and not line.plan.repeatable:
            raise WrongState(f"{line.plan.id}: {line.status}; 한 번만 할 수 있습니다 · it fires once")
        if line.plan.once_safe and self.scene.found_t is None:
            raise WrongState(
                "아이를 찾으면 저절로 나옵니다. 아직 아무도 아이를 만나지 않았습니다 · it comes by itself once the child is found; nobody has met it yet"
            )
        self._fire(line, "hand", seat)

    def _fire(self, line: Line, by: str, seat: int | None) -> None:
        self._real_time()
        line.status, line.fired_t, line.seat = "fired", self.env.now, seat
        line.by = "hand" if by == "hand" else "list"
        title = line.plan.title
        self._say("inject", (title.ko, title.en), inject=line.plan.id,
                  data={"by": line.by, "seat": seat, "kind": line.plan.kind})  # fmt: skip
        if line.plan.kind == "quake" and self.stage.plan.rollcall:
            self.rollcall.ask(self.env.now)
        self.env.process(self._playing(line))

    def _playing(self, line: Line) -> Any:
        yield from play(self.scene, line)
        if not line.cases:
            line.status = "done"

    def _note_away(self, away: bool) -> None:
        now = "away" if away else "ok"
        if now == self.hub_state:
            return
        self.hub_state = now
        if away:
            self._say("hub", ("허브와 연결이 끊겨 기다리는 중", "the hub is away; waiting"))
        else:
            self._say(
                "hub",
                ("허브가 돌아옴, 빠진 것을 다시 보냄", "the hub is back; what it missed was sent again"),
            )
            self._anchor = (time.monotonic(), self.env.now)

    # --- what trainees did, as the hub tells --------------------------------------------------------------

    def _hear(self, incident: dict[str, Any]) -> None:
        self._todo.put((lambda: self._heard(incident), None))
        self._wake.set()

    def _heard(self, incident: dict[str, Any]) -> None:
        id_ = str(incident["id"])
        known = self._incidents.get(id_)
        if known is not None and incident["version"] <= known["version"]:
            return
        self._incidents[id_] = incident
        ours = incident.get("exercise") == self.stage.exercise
        if known is None:
            self._new_incident(incident, ours)
        seen = self._seen_steps.get(id_, 0)
        steps = incident["history"]
        self._seen_steps[id_] = len(steps)
        for step in steps[seen:]:
            self._took_step(incident, step, ours)

    def _new_incident(self, incident: Mapping[str, Any], ours: bool) -> None:
        service, where = str(incident["service"]), incident.get("position") or {}
        place = {k: where[k] for k in ("lon", "lat") if k in where}
        if not ours:
            self.timeline.add(
                self.env.now, "real", ("실제 호출! 훈련이 아닙니다", "A REAL CALL, not part of the drill"),
                incident=incident["id"], data={"service": service}, **place,
            )["exercise"] = False  # fmt: skip
            return
        found = self.master.take(incident["id"], service, incident.get("child"), incident.get("device"))
        told = self._told(incident)
        if 1.0 < self.speed <= MAX_SPEED:
            self._real_time()
            self._slowed[str(incident["id"])] = round(self.env.now, 3)
        if found is not None:
            self._alerted(found[1], incident)
        else:
            self._orphans.append(str(incident["id"]))
        from safezone_sim.drill.words import service_words

        ko, en = service_words(service)
        if found is None:
            # By the standard, what meets the rules of several services is told by each; the hub links them.
            one = next(
                (x for x in map(self.master.case_of, incident.get("linked") or ()) if x is not None), None
            )
            if one is not None:
                title = one[0].plan.title
                ko, en = f"{ko} (같은 일: {title.ko})", f"{en} (one happening with: {title.en})"
        self._say(
            "alert", (f"경보: {ko}", f"alert: {en}"), incident=incident["id"],
            inject=found[0].plan.id if found else None, data={"service": service, "told_t": round(told, 2)}, **place,
        )  # fmt: skip

    def _took_step(self, incident: Mapping[str, Any], step: Mapping[str, Any], ours: bool) -> None:
        action = str(step["action"])
        if not ours or action not in STEPS:
            return
        t = min(self.env.now, max(self.wire_time.seconds(step["at"]), 0.0))
        found = self.master.case_of(str(incident["id"]))
        words = STEP_WORDS[action]
        note = str(step.get("note") or "")
        by = str(step["by"])
        unit = next((u for u in note.split() if u in self.scene.units), None)
        label = "" if unit is None else f": {self.scene.units[unit].name}"
        said = " ".join(word for word in note.split() if word not in self.scene.units)
        if said and action in ("note", "resolve", "false_alarm"):
            label += f": {said}"
        self._say(
            STEPS[action], (words[0] + label, words[1] + label), incident=incident["id"], unit=unit,
            inject=found[0].plan.id if found else None, data={"by": by, "step_t": round(t, 2), "note": note},
        )  # fmt: skip
        if found is not None:
            self._count(*found, action, t)
        if action == "dispatch":
            self._send(incident, unit)
        elif action in ("resolve", "false_alarm"):
            self._release(str(incident["id"]))

    def _count(self, line: Line, case: Case, action: str, t: float) -> None:
        """How far somebody has come with one case."""
        if action in ("acknowledge", "dispatch", "on_scene", "resolve", "false_alarm", "take"):
            case.acknowledged_t = t if case.acknowledged_t is None else case.acknowledged_t
        if action == "dispatch" and case.dispatched_t is None:
            case.dispatched_t = t
        if action == "on_scene" and case.arrived_t is None:
            case.arrived_t = t
        if action in ("resolve", "false_alarm"):
            case.closed_t = t
            if all(c.closed_t is not None for c in line.cases):
                line.status = "done"

    def _adopt(self) -> None:
        """The hub may be a moment ahead of the scene, as at a deadline: its incident finds its stimulus now."""
        for id_ in list(self._orphans):
            incident = self._incidents[id_]
            told = self._told(incident)
            if self.env.now - told > AHEAD_S:
                self._orphans.remove(id_)
                continue
            found = self.master.take(
                id_, str(incident["service"]), incident.get("child"), incident.get("device")
            )
            if found is not None:
                self._orphans.remove(id_)
                self._alerted(found[1], incident)
                for step in incident["history"]:
                    self._count(*found, str(step["action"]), self.wire_time.seconds(step["at"]))

    def _alerted(self, case: Case, incident: Mapping[str, Any]) -> None:
        case.alert_t = max(self._told(incident), case.t)
        case.heard_t = self._slowed.get(str(incident["id"]))

    def _told(self, incident: Mapping[str, Any]) -> float:
        return self.wire_time.seconds(incident.get("told_at") or incident["opened_at"])

    def _send(self, incident: Mapping[str, Any], unit_id: str | None) -> None:
        x, y = self._place_of(incident)
        free = [u for u in self.scene.units.values() if u.incident is None]
        # Who is hurt needs an ambulance first, whoever is not a patrol.
        wanted = "ambulance" if incident.get("medical") else "patrol"
        free = [u for u in free if u.kind == wanted] or [u for u in free if u.kind == "patrol"]
        if unit_id is None:
            if not free:
                self._say(
                    "unit", ("보낼 수 있는 순찰차가 없음", "no patrol is free"), incident=incident["id"]
                )
                return
            unit = min(
                free, key=lambda u: hypot(u.position(self.env.now)[0] - x, u.position(self.env.now)[1] - y)
            )
        else:
            unit = self.scene.units[unit_id]
        unit.incident = str(incident["id"])
        self._say(
            "unit", (f"{unit.name} 출발", f"{unit.name} sets off"), incident=incident["id"], unit=unit.id
        )
        drive(self.env, self.scene.router, unit, (x, y), self._arrived)
        self.env.process(self._guide(unit, unit.process))

    def _guide(self, unit: Unit, order: Any) -> Any:
        """Until it is there, a unit hears over the radio where the child is now, and drives to that."""
        while True:
            yield self.env.timeout(GUIDE_S)
            incident = self._incidents.get(unit.incident or "")
            if incident is None or unit.process is not order or not order.is_alive:
                return
            x, y = self._place_of(incident)
            if hypot(x - unit.goal[0], y - unit.goal[1]) > GUIDE_M:
                drive(self.env, self.scene.router, unit, (x, y), self._arrived, under_way=True)
                order = unit.process

    def _place_of(self, incident: Mapping[str, Any]) -> tuple[float, float]:
        """Where the incident's child is as far as anybody knows now, metres: by its phone, or where it last was."""
        where = incident.get("position")
        f = self.stage.world.map.frame
        if incident.get("child") == self.stage.lead.id and self._told_by_phone():
            return self.scene.position(self.stage.lead)
        if where:
            return (where["lon"] - f.lon0) * f.m_per_deg_lon, (where["lat"] - f.lat0) * f.m_per_deg_lat
        # Nobody knows where the child is: its home is asked first.
        child = next(
            (p for p in self.stage.world.subscribers if p.id == incident.get("child")), self.stage.lead
        )
        home = self.stage.world.places[child.home]
        return home.x, home.y

    def _told_by_phone(self) -> bool:
        """Whether the lead's phone tells the desk where it is."""
        return self.stage.lead.phone is not None and self.stage.lead.index not in self.scene.silent

    def _arrived(self, unit: Unit) -> None:
        incident = unit.incident
        if incident is None:
            return
        x, y = unit.position(self.env.now)
        lon, lat = self.scene.lonlat(x, y)
        self.line.act(incident, "on_scene", unit=unit.id, key=f"{unit.id}-there")
        self._say(
            "arrived",
            (f"{unit.name} 도착", f"{unit.name} is there"),
            incident=incident,
            unit=unit.id,
            lon=lon,
            lat=lat,
        )
        self.env.process(self._look(unit, incident))

    def _look(self, unit: Unit, incident: str) -> Any:
        """On the spot: is the child here? If not, the unit searches until it is seen."""
        lead, scene = self.stage.lead, self.scene
        found = self.master.case_of(incident)
        if found is None or lead.index not in scene.trouble or found[0].plan.kind == "dial":
            return
        case = found[1]
        for n in range(20):
            if lead.index in scene.safe or unit.incident != incident:
                return
            x, y = unit.position(self.env.now)
            cx, cy = scene.position(lead)
            if hypot(cx - x, cy - y) <= SEEN_WITHIN_M:
                break
            if n == 0:
                self._say("unit", (f"{unit.name}: 이곳에 없음, 주변을 수색", f"{unit.name}: not here, searching"),
                          incident=incident, unit=unit.id)  # fmt: skip
            yield self.env.timeout(GUIDE_S if self._told_by_phone() else SEARCH_S)
            reached = self.env.event()
            drive(
                self.env, scene.router, unit, scene.position(lead), partial(_succeed, reached), under_way=True
            )
            yield reached
        yield self.env.timeout(LOOK_S)
        if lead.index in scene.safe:
            return
        scene.find(lead, unit)
        for line in self.master.lines:
            for other in line.cases:
                if other.child == lead.id or other is case:
                    other.found_t = other.found_t or self.env.now
        if scene.evacuated:
            scene.join_assembly(lead)

    def _release(self, incident: str) -> None:
        for unit in self.scene.units.values():
            if unit.incident == incident:
                unit.incident = None
                base = (unit.track.x[0], unit.track.y[0])
                drive(self.env, self.scene.router, unit, base, lambda u: None)

    def _notice_cameras(self) -> None:
        for camera in self.cameras:
            told = self._turns.get(camera.name, 0)
            for turn in camera.turns[told:]:
                lon, lat = self.scene.lonlat(camera.device.x, camera.device.y)
                bearing = dict(camera.device.presets)[turn["preset"]]
                short = camera.name.rpartition("-")[2]
                self._say(
                    "camera", (f"카메라 {short} 회전", f"camera {short} turns"), camera=camera.name, preset=turn["preset"],
                    incident=turn["incident"], lon=lon, lat=lat, data={"bearing_deg": bearing},
                )  # fmt: skip
            self._turns[camera.name] = len(camera.turns)

    def _report_units(self) -> None:
        for unit in self.scene.units.values():
            if unit.incident is not None and unit.track.moved_within(self.env.now - 5.0, self.env.now):
                lon, lat = self.scene.lonlat(*unit.position(self.env.now))
                self.line.order(
                    "PUT", f"/v1/units/{unit.id}/status", {"available": False, "lat": lat, "lon": lon}
                )

    # --- the end ------------------------------------------------------------------------------------------

    def _keep(self) -> None:
        """What is to be found should the twin die in mid-drill: the record so far, and the places."""
        from safezone_sim.drill.record import write_map

        write_map(self)
        self.save()

    def save(self) -> None:
        """Writes the record so far, whole or not at all."""
        from safezone_sim.drill.record import write_record

        write_record(self)

    def _finish(self) -> None:
        """Gives the zone its own time back, writes record and replay, and lets go of everything."""
        from safezone_sim.drill.record import write_replay

        last = float(self.env.now) if hasattr(self, "env") else 0.0
        # What was prepared for another day and not begun waits for the next run of the service.
        waits = self.state == "ready" and self._leaving.is_set()
        if not waits:
            self.ended_t = last if self.ended_t is None else self.ended_t
            if self.state not in ("failed",):
                self.state = "ended"
        try:
            if hasattr(self, "scene"):
                if not waits:
                    write_replay(self)
                self.save()
        finally:
            if hasattr(self, "_drill_item") and self.hub_state == "ok":
                try:
                    self.line.put({**self._drill_item, "closes_at": self.wire_time.text(last - 1.0)})
                except HubError as e:
                    log.warning("drill %s: not closed on the hub: %s", self.id, e)
            self.line.close()
            if self.real is not None:
                self.real.close()
            if hasattr(self, "link"):
                self.link.close()
            if hasattr(self, "transcript"):
                self.transcript.close()
            self.ended_wall = time.monotonic()

    def abandon(self) -> None:
        """The service stops: ends the session wherever it is, writing what there is."""
        if self._thread.ident is None:
            self._finish()
            return
        self._leaving.set()
        self._wake.set()
        self._ended.wait(15.0)


def _succeed(event: simpy.Event, unit: Unit) -> None:
    if not event.triggered:
        event.succeed(unit)

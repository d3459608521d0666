"""One drill session: a thread that lets the scene live at a teacher's pace against a hub, and what people do with it.

Everything that changes the drill is done in that thread, one thing after the other; the methods hand it over and wait.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Generator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

from safezone_sim.drill.cameras import Turns
from safezone_sim.drill.course import Course
from safezone_sim.drill.errands import Errands
from safezone_sim.drill.evaluation import Evaluation, Papers
from safezone_sim.drill.frames import Frames
from safezone_sim.drill.hubline import HubLine
from safezone_sim.drill.incidents import Incidents
from safezone_sim.drill.injects import play
from safezone_sim.drill.masterlist import Line, MasterList
from safezone_sim.drill.paced import Leaving
from safezone_sim.drill.patrols import Incident, Patrols
from safezone_sim.drill.realpress import RealBell
from safezone_sim.drill.record import write_map, write_record, write_replay
from safezone_sim.drill.refusals import Invalid, Unknown, WrongState
from safezone_sim.drill.rollcall import RollCall
from safezone_sim.drill.stage import Stage
from safezone_sim.drill.states import OPEN, State
from safezone_sim.drill.timeline import Timeline
from safezone_sim.drill.zone import open_zone
from safezone_sim.twin.broker import BrokerError
from safezone_sim.twin.hubapi import HubError
from safezone_sim.twin.lockstep import SLICE_S

log = logging.getLogger("safezone.drill")

T = TypeVar("T")
MAX_SPEED = 60.0
TURBO = 3600.0  # for benches: as fast as hub and twin go
STEP_WALL_S = 0.1
IDLE_WALL_S = 1.0
FRAME_WALL_S = 0.2
KEEP_ALIVE_WALL_S = 45.0
STATUS_WALL_S = 2.0
SAVE_WALL_S = 5.0  # so much of the times may be lost when the twin dies; the timeline is kept event by event
WRITTEN_WITHIN_S = 30.0
LEFT_WITHIN_S = 15.0
NOT_AGAIN = {
    "skipped": "건너뛴 상황입니다 · it was skipped",
    "ended": "상황이 이미 끝났습니다 · the situation is over",
    "unneeded": "이제 필요 없는 상황입니다. 알릴 일이 이미 알려졌습니다 · no longer needed: what it tells is known",
}


def new_join_code() -> str:
    """With it a trainee takes a role: twelve digits, some 40 bits. Digits are the same on every keyboard, a Korean one too."""
    return "".join(secrets.choice("0123456789") for _ in range(12))


class Session:
    """A drill from its preparation to its report. HubError, BrokerError where its zone cannot be opened."""

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
        self.id, self.stage = stage.session, stage
        self.errands = Errands(self.id)
        self._leaving = threading.Event()
        folder.mkdir(parents=True, exist_ok=True)
        self.zone = open_zone(
            stage, HubLine(hub, hub_token, stage.zone, self._hear), folder,
            Timeline(folder / "timeline.jsonl", stage.at),
            away=self._note_away, leaving=self._leaving, idle=self.errands.drain,
        )  # fmt: skip
        self.scene = self.zone.scene
        self.master = MasterList([Line(i, round(stage.due_s(i), 1)) for i in stage.plan.injects])
        self.course = Course(
            scene=self.scene, cameras=self.zone.cameras, master=self.master, rollcall=RollCall(len(stage.seats)), folder=folder,
            hub=hub, tokens=self.zone.tokens, join=new_join_code(), owner=owner,
            created_at=created_at or datetime.now(UTC).isoformat(timespec="seconds"), speed=speed,
        )  # fmt: skip
        course = self.course
        self.evaluation = Evaluation(Papers(
            [o.id for o in stage.plan.objectives], course.notes, course.ratings, course.improvements, course.timeline,
            now=lambda: course.now, at=stage.at, save=self.save,
        ))  # fmt: skip
        self.frames = Frames(self.scene)
        known: dict[str, Incident] = {}
        self._patrols = Patrols(self.scene, self.zone.line, self.master, known)
        self.incidents = Incidents(
            self.scene, self.master, self.zone.wire_time, known, self._patrols, self._real_time
        )
        self._turns = Turns(self.scene, self.zone.cameras)
        self.ended_wall: float | None = None  # monotonic, once its record is written
        self._written = threading.Event()
        self._saving = threading.Lock()
        self._framed = self._reported = self._saved = self._beat = 0.0
        self._anchor: tuple[float, float] = (0.0, 0.0)
        self._thread = threading.Thread(target=self._run, name=f"drill-{self.id}", daemon=True)
        self._real_bell: RealBell | None = None

    def prepare(self) -> None:
        """Lives the time before START, and is ready. HubError, BrokerError, and then the session is over."""
        try:
            self.zone.give_tokens()
            self.zone.warm_up()
        except (HubError, BrokerError):
            # It never was a drill, and leaves no record of one.
            self.zone.close(hub_is_there=self.course.hub_state == "ok")
            self.revoke()
            raise
        self.course.state = "ready"
        self._say("state", ("준비됨", "ready"))
        self._beat = time.monotonic()
        self.frames.take()
        # What is to be found should the twin die in mid-drill: the places, and the record so far.
        write_map(self.course)
        self.save()
        self._thread.start()

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
        line = self._line(inject)
        if seat is not None and not 1 <= seat <= len(self.stage.seats):
            n = len(self.stage.seats)
            raise Invalid("seat", seat, f"자리 번호는 1에서 {n}까지입니다. · seats are 1 to {n}")
        self._do(lambda: self._fire_by_hand(line, seat))
        return line.row()

    def skip(self, inject: str) -> dict[str, Any]:
        """A line will not fire by the list. Its row."""
        line = self._line(inject)
        self._do(lambda: self._skip(line))
        return line.row()

    def all_clear(self) -> None:
        """ALL CLEAR: what is still waiting in the list will not come; everybody goes back. A second time it is nothing."""
        self._do(self._clear)

    def call_roll(self, seats: list[Mapping[str, Any]]) -> dict[str, Any]:
        """Takes a roll call; Invalid. Its row."""
        return self._do(lambda: self._call_roll(seats))

    def end(self) -> None:
        """Ends the drill and writes its record; returns when that is done. A second time it is nothing."""
        if self._thread.ident is None:
            self._finish()
            return
        if not self.course.over:
            self._do(self._end)
        self._written.wait(WRITTEN_WITHIN_S)

    def wait_written(self) -> None:
        """Of a drill that is over: returns when its record is written, replay and all."""
        if self.course.over and self._thread.ident is not None:
            self._written.wait(WRITTEN_WITHIN_S)

    def abandon(self) -> None:
        """The service stops: ends the session wherever it is, writing what there is."""
        if self._thread.ident is None:
            self._finish()
            return
        self._leaving.set()
        self.errands.wake.set()
        self._written.wait(LEFT_WITHIN_S)

    def revoke(self) -> None:
        """Ends the session's tokens: nobody looks at the hub with them any more."""
        self.zone.line.revoke()

    def press_real_bell(self) -> None:
        """A real device beside the drill calls for real; only where the lab is open."""
        if self._real_bell is None:
            about = self.zone.line.about()["mqtt"]
            lab = next(i for i in self.stage.registry if i["id"] == f"{self.stage.zone}-lab-bell")
            self._real_bell = RealBell(
                str(about["host"]), int(about["port"]), self.stage.zone, lab["id"], lab["key"]
            )
        self._real_bell.press()

    def save(self) -> None:
        """Writes the record so far, whole or not at all. From any thread: the drill's own, or that of an observer's note."""
        with self._saving:
            write_record(self.course)

    # --- handed to the session's own thread ---------------------------------------------------------------

    def _do(self, act: Callable[[], T]) -> T:
        """Has something done in the session's thread, and gives its outcome."""
        if self.course.over:
            raise self._is_over()
        return self.errands.do(act)

    def _is_over(self) -> WrongState:
        return WrongState(f"{self.course.state}: 끝난 훈련입니다 · the drill is over")

    def _hear(self, incident: Incident) -> None:
        self.errands.put(lambda: self.incidents.hear(incident))

    def _line(self, inject: str) -> Line:
        line = self.master.line(inject)
        if line is None:
            raise Unknown(inject)
        return line

    def _need(self, *states: State) -> None:
        state = self.course.state
        if state not in states:
            needed = " / ".join(states)
            raise WrongState(f"지금 상태는 {state}, 필요한 상태는 {needed} · it is {state}, needs {needed}")

    def _say(self, kind: str, text: tuple[str, str], **more: Any) -> None:
        self.scene.tell(kind, text, **more)

    def _start(self) -> None:
        self._need(*OPEN)
        if self.course.started:
            return
        self.course.started = True
        self.course.state = "running"
        self._pace_from_now()
        self._say("state", ("훈련 시작", "START"))
        if self.course.speed > 1.0:
            self._say_speed()
        self.save()  # from now on it is a drill that was begun

    def _switch(self, from_: State, to: State, text: tuple[str, str]) -> None:
        self._need(from_, to)
        if self.course.state == to:
            return
        self.course.state = to
        self._pace_from_now()
        self._say("state", text)

    def _set_speed(self, x: float) -> None:
        self._need(*OPEN)
        if x == self.course.speed:
            return
        self.course.speed = x
        self._pace_from_now()
        self._say_speed()

    def _say_speed(self) -> None:
        x = self.course.speed
        self._say("state", (f"시계 {x:g}배", f"clock at {x:g}×") if x > 1 else ("시계 1배속", "clock at real time"), data={"speed": x})  # fmt: skip

    def _real_time(self) -> bool:
        """What people have to answer comes at their own pace; whether the clock ran faster. (Benches' full speed stays.)"""
        fast = 1.0 < self.course.speed <= MAX_SPEED
        if fast:
            self._set_speed(1.0)
        return fast

    def _clear(self) -> None:
        self._need("running", "paused")
        if self.course.all_clear_t is not None:
            return
        self.course.all_clear_t = self.scene.env.now
        self.master.end()
        self._say("all_clear", ("상황 종료", "all clear"))
        self.scene.go_back()

    def _call_roll(self, seats: list[Mapping[str, Any]]) -> dict[str, Any]:
        self._need("running", "paused")
        rollcall = self.course.rollcall
        before = rollcall.complete_t
        rollcall.take(seats, self.scene.env.now)
        row = rollcall.row()
        whole = rollcall.complete_t is not None and before is None
        text = (
            ("인원 확인 완료", "everybody accounted for") if whole
            else (f"인원 확인: {row['here']}/{row['expected']}", f"roll call: {row['here']} of {row['expected']}")
        )  # fmt: skip
        told = ("here", "expected", "missing", "excused", "accounted_s")
        self._say("rollcall", text, data={k: row[k] for k in told})
        return row

    def _skip(self, line: Line) -> None:
        if line.status != "waiting":
            raise WrongState(f"{line.plan.id}: {line.status}; waiting이어야 합니다 · needs waiting")
        line.status = "skipped"
        title = line.plan.title
        self._say("inject", (f"건너뜀: {title.ko}", f"skipped: {title.en}"), inject=line.plan.id)

    def _fire_by_hand(self, line: Line, seat: int | None) -> None:
        self._need("running", "paused")
        if line.status != "waiting" and not line.plan.repeatable:
            raise WrongState(
                f"{line.plan.id}: {line.status}; {NOT_AGAIN.get(line.status, '한 번만 할 수 있습니다 · it fires once')}"
            )
        if line.plan.once_safe and self.scene.found_t is None:
            raise WrongState(
                "아이를 찾으면 저절로 나옵니다. 아직 아무도 아이를 만나지 않았습니다 · it comes by itself once the child is found; nobody has met it yet"
            )
        self._fire(line, "hand", seat)

    def _fire(self, line: Line, by: Literal["list", "hand"], seat: int | None) -> None:
        self._real_time()
        line.status, line.fired_t, line.seat, line.by = "fired", self.scene.env.now, seat, by
        title = line.plan.title
        self.master.known(line.plan.id)
        self._say("inject", (title.ko, title.en), inject=line.plan.id,
                  data={"by": by, "seat": seat, "kind": line.plan.kind})  # fmt: skip
        if line.plan.kind == "quake" and self.stage.plan.rollcall:
            self.course.rollcall.ask(self.scene.env.now)
        self.scene.env.process(self._playing(line))

    def _playing(self, line: Line) -> Generator[Any, Any, None]:
        yield from play(self.scene, line)
        if not line.cases:
            line.status = "done"

    def _note_away(self, away: bool) -> None:
        now = "away" if away else "ok"
        if now == self.course.hub_state:
            return
        self.course.hub_state = now
        if away:
            self._say("hub", ("허브와 연결이 끊겨 기다리는 중", "the hub is away; waiting"))
        else:
            self._say(
                "hub",
                ("허브가 돌아옴, 빠진 것을 다시 보냄", "the hub is back; what it missed was sent again"),
            )
            self._pace_from_now()

    def _end(self) -> None:
        self._need(*OPEN)
        self._say("state", ("훈련 끝", "the drill ends"))
        self.master.end()
        self.course.ended_t = self.course.now
        self.course.state = "ended"

    # --- the thread: pacing -------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self.course.over and not self._leaving.is_set():
                self.errands.wake.clear()
                self.errands.drain()
                if self.course.state == "running":
                    self._advance()
                elif time.monotonic() - self._beat > KEEP_ALIVE_WALL_S:
                    # A drill's clock that is silent for ten minutes gives the zone its own time back.
                    self._step(self.scene.env.now + 0.01)
                if self.course.over:
                    break
                self.errands.wake.wait(self._until_next_step())
        except Leaving:
            pass
        except Exception as e:  # whatever it was, people must be told, and the record kept
            log.exception("drill %s failed", self.id)
            self.course.state, self.course.failed = "failed", f"{type(e).__name__}: {e}"
            self._say("state", (f"훈련 중단: {e}", f"the drill stopped: {e}"))
        finally:
            try:
                self._finish()
            finally:
                self._written.set()
                self.errands.refuse(self._is_over())

    def _until_next_step(self) -> float:
        if self.course.state != "running":
            return IDLE_WALL_S
        return 0.0 if self.course.speed >= TURBO else STEP_WALL_S

    def _pace_from_now(self) -> None:
        self._anchor = (time.monotonic(), self.scene.env.now)

    def _advance(self) -> None:
        wall, start = self._anchor
        env, speed = self.scene.env, self.course.speed
        target = start + (time.monotonic() - wall) * speed
        if target - env.now > 4 * SLICE_S * max(1.0, speed / 10):
            # The machine or the hub is slower than that: time goes as fast as it can, and nothing is skipped.
            target = env.now + SLICE_S
            self._anchor = (time.monotonic(), target)
        deadline, pace = time.monotonic() + STEP_WALL_S, self._anchor
        while env.now < target - 0.005 and self.course.state == "running" and self._anchor is pace:
            self._step(min(target, env.now + SLICE_S))
            self.errands.drain()
            if time.monotonic() > deadline:
                break

    def _step(self, t: float) -> None:
        now = self.scene.env.now
        if self.course.state == "running":
            for line in self.master.due(now, self.scene.found_t):
                self._fire(line, "list", None)
        self.zone.step(max(round(t, 2), round(now + 0.01, 3)))
        self._beat = time.monotonic()
        self.incidents.adopt()
        self._turns.notice()
        wall = time.monotonic()
        if self.frames.watchers and wall - self._framed >= FRAME_WALL_S:
            self._framed = wall
            self.frames.take()
        if wall - self._reported >= STATUS_WALL_S:
            self._reported = wall
            self._patrols.report()
        if wall - self._saved >= SAVE_WALL_S:
            self._saved = wall
            self.save()

    def _finish(self) -> None:
        """Writes record and replay, gives the zone its own time back, and lets go of everything."""
        course = self.course
        # What was prepared for another day and not begun waits for the next run of the service.
        waits = course.state == "ready" and self._leaving.is_set()
        if not waits:
            course.ended_t = course.now
            if course.state != "failed":
                course.state = "ended"
        try:
            if not waits:
                write_replay(course)
            self.save()
        finally:
            self.zone.close(hub_is_there=course.hub_state == "ok")
            if self._real_bell is not None:
                self._real_bell.close()
            self.ended_wall = time.monotonic()

"""The register of drills: which there are, in this run and from earlier ones, how one is opened and when it is let go."""

import logging
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from safezone_sim.drill import catalogue
from safezone_sim.drill.booking import Booking, booked_before, booking_of
from safezone_sim.drill.casting import NoPart
from safezone_sim.drill.evaluation import Evaluation
from safezone_sim.drill.guard import Problem, invalid
from safezone_sim.drill.record import (
    evaluation_of,
    is_name,
    prepared,
    read_picture,
    read_records,
    record_of,
    write_report,
)
from safezone_sim.drill.session import Session
from safezone_sim.drill.stage import set_stage
from safezone_sim.drill.streets import Streets
from safezone_sim.map.errors import MapError
from safezone_sim.schools import SchoolError
from safezone_sim.twin.broker import BrokerError
from safezone_sim.twin.hubapi import HubError
from safezone_sim.world import WorldError

log = logging.getLogger("safezone.drill")

T = TypeVar("T")

KEPT_S = 30 * 60.0  # so long after its end a drill stays in memory, and the tokens of its people good


@dataclass
class Control:
    """What the service works with. ``lab``: the call that presses a real bell is there, and full speed."""

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
    _noting: threading.Lock = field(default_factory=threading.Lock)
    _queued: set[str] = field(
        default_factory=set
    )  # whose report is to be written and is not being written yet
    _paper: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "paper"))

    @property
    def has_real_map(self) -> bool:
        """Whether map data stand beside the program."""
        return bool(self.map_dir and list(self.map_dir.glob("*.pmtiles")))

    def session(self, id_: str) -> Session:
        """A session of this run; Problem for one that there is not."""
        found = self.sessions.get(id_)
        if found is None:
            raise _no_session(id_)
        return found

    def record(self, id_: str) -> dict[str, Any]:
        """The record of a session of this run or an earlier one, with its ``folder``. Problem."""
        live = self.sessions.get(id_)
        if live is not None:
            return {**record_of(live.course), "folder": str(live.course.folder)}
        found = read_records(self.results, session=id_) if is_name(id_) else []
        if not found:
            raise _no_session(id_)
        return found[0]

    def printed(self, id_: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """What the report of a session is made of: its record with the map picture, and the earlier ones."""
        live = self.sessions.get(id_)
        if live is not None:
            live.wait_written()
        record = self.record(id_)
        return record | {"picture": read_picture(Path(record["folder"]))}, self.earlier(record)

    def earlier(self, record: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Ended sessions of the same school, drill and kind before this one, newest first: a rehearsal is no drill to compare with."""
        return [
            r for r in read_records(self.results, school=record["school"]["code"])
            if r["drill"]["id"] == record["drill"]["id"]
            and r["session"] != record["session"] and str(r["created_at"]) <= str(record["created_at"]) and r["started_t"] is not None
            and r["rehearsal"] == record["rehearsal"]
        ]  # fmt: skip

    def write_down(self, id_: str, act: Callable[[Evaluation], T]) -> T:
        """What an observer writes of a drill of this run or an earlier one; its report follows. Problem, Unknown, Invalid."""
        live = self.sessions.get(id_)
        if live is not None:
            outcome = act(live.evaluation)
        else:
            with self._noting:
                outcome = act(evaluation_of(self.record(id_)))
        self.keep_report(id_)
        return outcome

    def keep_report(self, id_: str) -> None:
        """Has the report of an ended drill written into its folder, one after the other; ``close`` waits for it."""
        with self._lock:
            if id_ in self._queued:
                return
            self._queued.add(id_)
        self._paper.submit(self._write_report, id_)

    def _write_report(self, id_: str) -> None:
        with self._lock:
            self._queued.discard(id_)
        try:
            record, earlier = self.printed(id_)
            if record["state"] == "ended" and record["started_t"] is not None:
                write_report(record, earlier, Path(record["folder"]))
        except Exception:  # the record is kept, and the report can be had from it
            log.exception("drill %s: the report was not written", id_)

    def open(self, body: Mapping[str, Any]) -> Session:
        """Prepares a session; takes some seconds. Problem."""
        return self._prepare(booking_of(body, self.lab))

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
            record, path = found
            for old in path.parent.iterdir():
                if old != path:
                    old.unlink()
            self._prepare(booked_before(record))

    def _prepare(self, wanted: Booking) -> Session:
        try:
            stage = set_stage(
                wanted.scenario, wanted.session, wanted.school, wanted.day, start=wanted.start, seed=wanted.seed, rehearsal=wanted.rehearsal,
                map_dir=self.map_dir, map_source=self.map_source, room=wanted.room, zone=wanted.zone, lab=self.lab,
            )  # fmt: skip
        except (SchoolError, WorldError, MapError, NoPart) as e:
            raise invalid(str(e), "school", wanted.school) from e
        folder = self.results / wanted.school / wanted.session
        try:
            session = Session(
                stage, self.hub, self.hub_token, folder,
                speed=wanted.speed, owner=wanted.owner, created_at=wanted.created_at,
            )  # fmt: skip
            session.prepare()
        except (HubError, BrokerError) as e:
            if wanted.zone is None:  # else its record stands there, for the next try
                shutil.rmtree(folder, ignore_errors=True)
            raise Problem(502, "hub", str(e)) from e
        with self._lock:
            self.sessions[session.id] = session
        self.let_go()
        return session

    def let_go(self) -> None:
        """Ended drills leave memory (some 70 MB each) and are read from their folder from then on; nobody can act in them, but rate and note."""
        now = time.monotonic()
        with self._lock:
            old = [
                s for s in self.sessions.values() if s.ended_wall is not None and now - s.ended_wall > KEPT_S
            ]
            for session in old:
                del self.sessions[session.id]
        for session in old:
            session.revoke()

    def close(self) -> None:
        """Ends every session, writing what there is."""
        for session in self.sessions.values():
            if not session.course.over:
                session.abandon()
                self.keep_report(session.id)
            session.revoke()
        self._paper.shutdown()


def _no_session(id_: str) -> Problem:
    return Problem(404, "not_found", f"훈련 {id_}이 없습니다 · no session {id_}", "session", id_)

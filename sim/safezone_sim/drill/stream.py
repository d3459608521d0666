"""A drill as server-sent events: its clock, its events, and frames."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

from safezone_sim.drill.course import Course
from safezone_sim.drill.frames import Frames
from safezone_sim.drill.record import state_of
from safezone_sim.drill.views import phase
from safezone_sim.map.model import FloatArray

POLL_S = 0.05
CLOCK_S = 1.0
COMMENT_S = 10.0


def over(record: Mapping[str, Any], after: int | None) -> bytes:
    """The stream of a session of an earlier run: what happened in it, and that it is over."""
    state = state_of(record)
    clock = {k: state[k] for k in ("t", "at", "state", "speed", "phase")}
    events = [] if after is None else record["events"][after:]
    return b"".join([_sse("clock", clock), *(_sse("event", e, e["n"]) for e in events)])


async def live(course: Course, frames: Frames, after: int, with_frames: bool) -> AsyncIterator[bytes]:
    """Clock, frames and events of a session of this run; events from number ``after`` on."""
    loop, timeline = asyncio.get_running_loop(), course.timeline
    happened = asyncio.Event()

    def wake(_event: Mapping[str, Any]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(happened.set)

    timeline.listen(wake)
    frames.watchers += with_frames
    seen: FloatArray | None = None
    frame_n, told_at, spoke_at, told = -1, 0.0, loop.time(), ("", 0.0)
    try:
        while True:
            out = []
            now = loop.time()
            state = (course.state, course.speed)
            if state != told or (course.state == "running" and now - told_at >= CLOCK_S):
                told, told_at = state, now
                out.append(_sse("clock", _clock(course)))
            for event in timeline.after(after):
                after = event["n"]
                out.append(_sse("event", event, after))
            frame = frames.latest
            if with_frames and frame.n != frame_n:
                full, rows = frame.since(seen)
                frame_n, seen = frame.n, frame.rows
                if full or rows:
                    out.append(_sse("frame", {"t": frame.t, "full": full, "a": rows}))
            if out:
                spoke_at = now
                yield b"".join(out)
            elif now - spoke_at > COMMENT_S:
                spoke_at = now
                yield b": still here\n\n"
            if course.over and after >= timeline.last:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(happened.wait(), POLL_S)
            happened.clear()
    finally:
        frames.watchers -= with_frames
        timeline.forget(wake)


def _clock(course: Course) -> dict[str, Any]:
    """``wall_ms``: wall time, milliseconds since 1970."""
    return {
        "t": round(course.now, 2), "at": course.stage.at(course.now), "state": course.state, "speed": course.speed,
        "phase": phase(course), "wall_ms": round(datetime.now(UTC).timestamp() * 1000),
    }  # fmt: skip


def _sse(kind: str, data: Mapping[str, Any], id_: int | None = None) -> bytes:
    head = f"id: {id_}\n" if id_ is not None else ""
    return f"{head}event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()

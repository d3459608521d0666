"""One capacity run: register zones as they are needed, raise the rate until it fails, go beyond, see it recover."""

import json
import math
import time
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from safezone_sim.capacity.gauges import family, this_machine
from safezone_sim.capacity.outcome import Outcome, row_of
from safezone_sim.capacity.plan import Segment
from safezone_sim.capacity.ramp import (
    FAILS,
    HOLDS,
    INCONCLUSIVE,
    Limits,
    Ramp,
    overload_verdict,
    recovery_s,
    standard_limits,
    verdict,
)
from safezone_sim.capacity.recording import Recording, clock
from safezone_sim.capacity.spread import Part, Spread, shared_out
from safezone_sim.capacity.target import Target
from safezone_sim.capacity.zones import Ground, grounds
from safezone_sim.twin.hubapi import HubApi, HubError, known_items

CAPACITY_VERSION = 1
SIGN_S = 60e-6  # for writing one message before the start, until a step has shown how long it takes
CONNECT_S = 0.004  # for one connection
MARGIN_S = 1.5
SETTLE_MAX_S = 30.0
CALM = 0.5  # of the knee: the load while it recovers
TRIES_LATE = 3

Row = dict[str, Any]


@dataclass(frozen=True)
class Terms:
    """How a run is done. Seconds, messages a second."""

    scales: tuple[float, ...] = (1.0, 3.0, 10.0)
    seconds: float = 30.0
    drain_s: float = 20.0
    emergencies: float = 5.0
    children_max: int = 20_000
    rate_max: float = 20_000.0
    refine: int = 3
    beyond: tuple[float, ...] = (3.0, 10.0)
    beyond_s: float = 15.0
    recover_s: float = 60.0
    limits: Limits = field(default_factory=standard_limits)


class CapacityRun:
    """The live parts. ``told`` gets a line for people as each thing happens, ``step`` each measured row."""

    def __init__(
        self,
        recording: Recording,
        target: Target,
        api: HubApi,
        spread: Spread,
        terms: Terms,
        *,
        watched: Mapping[str, Sequence[int]] | None = None,
        told: Callable[[str], None] = lambda text: None,
        step: Callable[[Row], None] = lambda row: None,
    ) -> None:
        self._recording, self._target, self._api, self._spread = recording, target, api, spread
        self._terms, self._watched, self._told, self._step = terms, watched or {}, told, step
        self.run_id = f"capacity-{int(time.time()):x}"
        self._about = api.about()
        self._grounds = grounds(recording, self.run_id)
        self._registered: list[Ground] = []
        self._sign_s = SIGN_S
        self.provisioned_s = 0.0
        self.items = 0

    # ------------------------------------------------------------------- the run

    def run(self, keep: Callable[[Row], None] = lambda result: None) -> Row:
        """All of it. ``keep`` gets the result so far after every step, so that an interrupted run leaves what it has."""
        terms = self._terms
        result = self._frame()
        base = self._base_rate()
        ramp = Ramp([scale * base for scale in terms.scales], terms.rate_max, terms.refine)
        for rate in ramp:
            row = self._measured(rate)
            ramp.told(rate, row["verdict"])
            result["steps"].append(row)
            self._step(row)
            keep(result)
            if row["verdict"] == FAILS:
                row["settled_s"] = self._settle()
        held = [row["rate_per_s"] for row in result["steps"] if row["verdict"] == HOLDS]
        result["knee_per_s"] = max(held) if held else None
        result["knee_is_lower_bound"] = bool(held) and ramp.failed is None
        result["ended_by"] = ramp.stopped or ("failure" if ramp.failed is not None else "all rates held")
        result["verdict"] = self._verdict(result)
        keep(result)
        if held and ramp.failed is not None:
            for factor in terms.beyond:
                row = self._beyond(max(held), factor)
                result["beyond"].append(row)
                self._step(row)
                keep(result)
                self._settle()
            found = [row["recovery_s"] for row in result["beyond"]]
            result["recovery_s"] = max(found) if found and None not in found else None
        result["ended"] = True
        keep(result)
        return result

    def close_drills(self) -> None:
        """The run's drills end: what is still sent under them is nobody's."""
        now = time.time()
        for ground in self._registered:
            self._api.put(ground.closed_drill(now))

    def _frame(self) -> Row:
        recording, terms = self._recording, self._terms
        return {
            "capacity_version": CAPACITY_VERSION,
            "run": self.run_id,
            "made_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "hub": {
                "mqtt": self._target.url,
                "api": self._api.base,
                **{k: self._about.get(k) for k in ("name", "version", "standard", "hub_id")},
            },
            "machine": this_machine(),
            "profile": {
                "from": clock(recording.start_s),
                "until": clock(recording.end_s),
                "recording": recording.name,
                "schools": len(recording.zones),
                "children": recording.children,
                "messages": recording.messages,
                "mean_per_s": round(recording.messages / max(1.0, recording.end_s - recording.start_s), 2),
                "window_s": terms.seconds,
                "window_from": clock(recording.busiest(terms.seconds)),
            },
            "load": {
                "open_loop": True,
                "scales": list(terms.scales),
                "children_max": terms.children_max,
                "emergencies_per_s": terms.emergencies,
                "connections": "two a zone: one for all its devices, one for all its recipients (gateways)",
                "generators": self._spread.size,
                "drain_s": terms.drain_s,
            },
            "limits_ms": terms.limits.as_ms(),
            "steps": [],
            "knee_per_s": None,
            "knee_is_lower_bound": False,
            "ended_by": "",
            "verdict": INCONCLUSIVE,
            "beyond": [],
            "recovery_s": None,
            "ended": False,
        }

    @staticmethod
    def _verdict(result: Row) -> str:
        """Of the whole run: a knee between a rate that held and one that failed, or inconclusive."""
        if result["knee_per_s"] is None:
            return FAILS if any(row["verdict"] == FAILS for row in result["steps"]) else INCONCLUSIVE
        return INCONCLUSIVE if result["ended_by"] == INCONCLUSIVE else HOLDS

    # ------------------------------------------------------------------- a step

    def _measured(self, rate: float) -> Row:
        segment = self._segment(rate, self._terms.seconds, 0.0)
        out = self._sent([segment])
        row = self._row(out, segment, rate)
        row["verdict"], row["why"] = verdict(row, self._terms.limits)
        return row

    def _beyond(self, knee: float, factor: float) -> Row:
        """So many times the knee, then half of it: what is lost, and how long it takes to be well again."""
        terms = self._terms
        over = self._segment(knee * factor, terms.beyond_s, 0.0)
        calm = self._segment(knee * CALM, terms.recover_s, terms.beyond_s)
        out = self._sent([over, calm], judged_s=terms.beyond_s)
        row = self._row(out, over, knee * factor)
        row["offered_per_s"] = round(sum(out.sent_by_s[: int(terms.beyond_s)]) / terms.beyond_s, 1)
        row["rate_per_s"], row["factor"] = row["offered_per_s"], factor
        row["calm_per_s"] = round(knee * CALM, 1)
        row["recovery_s"] = recovery_s(out.sent_by_s, out.well_by_s, int(terms.beyond_s))
        inside = out.receipts_by_s[: int(terms.beyond_s)]
        row["receipts_per_s"] = round(sum(inside) / terms.beyond_s, 1)
        row["verdict"], row["why"] = overload_verdict(row, terms.limits)
        return row

    def _row(self, out: Outcome, segment: Segment, asked: float) -> Row:
        zones = self._registered[: segment.zones]
        per_s = out.offered / segment.seconds
        return {
            "rate_per_s": round(per_s, 1),
            "reached_per_s": round(out.judged_sent / max(segment.seconds, out.judged_until_s), 1),
            "asked_per_s": round(asked, 1),
            "zones": segment.zones,
            "children": sum(ground.recorded.children for ground in zones),
            "speedup": round(segment.speedup, 3),
            "seconds": segment.seconds,
            **row_of(out),
        }

    def _sent(self, segments: Sequence[Segment], judged_s: float | None = None) -> Outcome:
        """Registers what is missing, sends, and adds up; again when the writing was not done in time."""
        terms, recording = self._terms, self._recording
        zones = tuple(self._zones(max(s.zones for s in segments)))
        expected = sum(self._count(s) for s in segments)
        for _ in range(TRIES_LATE):
            wait = MARGIN_S + expected / self._spread.size * self._sign_s + 2 * len(zones) * CONNECT_S
            whole = Part(
                zones, tuple(segments), self._target, (recording.start_s, recording.end_s), terms.emergencies,
                time.time() + wait, int(time.time() * 1000), terms.drain_s,
                (terms.limits.routine_s, terms.limits.emergency_s),
                watched={name: [p for pid in pids for p in family(pid)] if name == "database" else list(pids)
                         for name, pids in self._watched.items()},
                judged_s=judged_s,
            )  # fmt: skip
            parts = self._spread.run(shared_out(whole, self._spread.size))
            total = Outcome()
            for part in parts:
                total.add(part)
            if not total.late_s:
                break
            # The plan was not written when the clock started. Its lag says so; try again with more time.
            self._sign_s *= 2
            self._told(
                f"메시지 준비가 {total.late_s:.1f}초 늦음 · messages were written {total.late_s:.1f} s late; again"
            )
        return total

    def _settle(self) -> float | None:
        """Wait until the hub has worked off what lies there: small loads until one is in time. Seconds, or None."""
        began = time.monotonic()
        while time.monotonic() - began < SETTLE_MAX_S:
            out = self._sent([self._segment(1.0, 3.0, 0.0)])
            row = row_of(out)
            if verdict(row, self._terms.limits)[0] == HOLDS:
                return round(time.monotonic() - began, 1)
        return None

    # ------------------------------------------------------------------- how much is how many

    def _base_rate(self) -> float:
        """Messages a second of the recorded schools in their busiest stretch."""
        seconds = min(self._terms.seconds, self._recording.end_s - self._recording.start_s)
        window = self._recording.busiest(seconds)
        return max(
            0.1, sum(_count_in(z.said, window, window + seconds) for z in self._recording.zones) / seconds
        )

    def _segment(self, rate: float, seconds: float, starts_s: float) -> Segment:
        """As many zones as make the rate at the recorded pace; beyond ``children_max`` the morning runs faster."""
        recording = self._recording
        window = recording.busiest(seconds)
        counts = [_count_in(z.said, window, window + seconds) for z in recording.zones]
        need, zones, children = rate * seconds, 0, 0
        while need > 0:
            recorded = recording.zones[zones % len(counts)]
            if children + recorded.children > self._terms.children_max and zones:
                break
            need -= counts[zones % len(counts)]
            children += recorded.children
            zones += 1
            if zones % len(counts) == 0 and not sum(counts):
                break
        if need <= 0:
            return Segment(starts_s, seconds, zones, window)
        speedup = 1.0
        for _ in range(8):
            found = self._count(Segment(starts_s, seconds, zones, self._window(seconds * speedup), speedup))
            speedup *= rate * seconds / max(1, found)
        return Segment(starts_s, seconds, zones, self._window(seconds * speedup), speedup)

    def _window(self, seconds: float) -> float:
        return self._recording.busiest(seconds)

    def _count(self, segment: Segment) -> int:
        """How many recorded messages a segment holds."""
        recording, length = self._recording, segment.seconds * segment.speedup
        span = recording.end_s - recording.start_s
        turns, total = len(recording.zones), 0
        for n, zone in enumerate(recording.zones):
            copies = len(range(n, segment.zones, turns))
            if not copies:
                continue
            whole, rest = divmod(length, span)
            here = int(whole) * len(zone.said)
            end = segment.window_s + rest
            here += _count_in(zone.said, segment.window_s, min(end, recording.end_s))
            if end > recording.end_s:
                here += _count_in(zone.said, recording.start_s, recording.start_s + end - recording.end_s)
            total += copies * here
        return total

    # ------------------------------------------------------------------- registering

    def _zones(self, count: int) -> list[Ground]:
        """The first so many zones, known to the hub."""
        missing = count - len(self._registered)
        if missing > 0:
            began, now = time.monotonic(), time.time()
            for n, ground in enumerate(islice(self._grounds, missing)):
                if n % 10 == 0:
                    self._told(f"등록 · registering: {len(self._registered) + 1}/{count} zones")
                items = known_items(self._about, ground.items(now))
                self._api.provision(items)
                self._registered.append(ground)
                self.items += len(items)
            self.provisioned_s += time.monotonic() - began
        return self._registered[:count]


def _count_in(said: Sequence[Any], start: float, end: float) -> int:
    return bisect_left(said, end, key=_t) - bisect_left(said, start, key=_t)


def _t(said: Any) -> float:
    return float(said.t)


def write_result(folder: Path, result: Row) -> None:
    """``capacity.json``: whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / ".capacity.json"
    partial.write_text(
        json.dumps(result, ensure_ascii=False, indent=1, default=_plain) + "\n", encoding="utf-8"
    )
    partial.replace(folder / "capacity.json")


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    raise TypeError(f"no JSON: {value!r}")


__all__ = ["CAPACITY_VERSION", "CapacityRun", "HubError", "Terms", "write_result"]

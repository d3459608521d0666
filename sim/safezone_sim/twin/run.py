"""One run from scenario to results: worlds, life, equipment, hub, record, judgement, report.

Wiring only; each part's behaviour lives with the part.
"""

import hashlib
import json
import os
import platform
import random
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import simpy

from safezone_sim.devices.envelope import WireTime, secret_bytes
from safezone_sim.devices.fleet import Fleet
from safezone_sim.devices.network import Network, Uplink
from safezone_sim.judge import score
from safezone_sim.judge.files import write_record
from safezone_sim.life.model import Life
from safezone_sim.life.truth import truth_sha256
from safezone_sim.map import load_map
from safezone_sim.records import PathAnswer, Query, RunRecord, Samples
from safezone_sim.report import write_report
from safezone_sim.scenario import Scenario, ScenarioError
from safezone_sim.schools import find_school
from safezone_sim.streams import scalar_stream
from safezone_sim.twin.broker import Connection
from safezone_sim.twin.downlink import Downlink
from safezone_sim.twin.hubapi import HubApi, HubError, known_items
from safezone_sim.twin.hubprocess import HubAddress, HubProcess
from safezone_sim.twin.link import Link
from safezone_sim.twin.lockstep import SLICE_S, Lockstep, ZoneClock
from safezone_sim.twin.queries import draw_queries, planned_outings
from safezone_sim.twin.realtime import Realtime
from safezone_sim.twin.shift import ShiftedDay
from safezone_sim.twin.transcript import Transcript
from safezone_sim.twin.unheard import Unheard
from safezone_sim.world import build_world
from safezone_sim.world.model import SchoolWorld

# Routine messages arrive with the slice: its first instant is already ticked, so they need no tick of their own.
ROUTINE_GRID_S = SLICE_S
# After the last moment of the day, so long for messages on their way to arrive.
DRAIN_S = 30.0
DRAIN_REALTIME_S = 10.0

Progress = Callable[[str, float, float], None]  # stage, done, total


@dataclass(frozen=True)
class RunOptions:
    """What a run needs beside its scenario. ``speed`` None: as fast as the hub goes."""

    out: Path
    map_dir: Path | None = None
    map_source: str | None = None
    hub: str = "bundled"  # "bundled" | "none" | URL of a hub's HTTP interface
    hub_command: Sequence[str] = ()
    hub_options: Sequence[str] = ()
    hub_token: str | None = None
    speed: float | None = None
    keep_hub_state: bool = False
    report: bool = True
    crash_at: Sequence[float] = ()  # seconds after midnight; bundled hub only
    command: str = ""
    progress: Progress = field(default=lambda stage, done, total: None)


@dataclass(frozen=True)
class RunResult:
    """What a run gave. ``summary`` is the content of summary.json."""

    out: Path
    summary: Mapping[str, Any]
    truth_sha256: str
    notices_sha256: str


def run_scenario(scenario: Scenario, options: RunOptions) -> RunResult:
    """Runs one scenario and writes ``options.out``. Raises ScenarioError, HubError, BrokerError, HubStalled."""
    wall_started = time.monotonic()
    _check_options(scenario, options)
    final = options.out
    _check_place(final)
    # An earlier run stays until this one is whole.
    out = final.with_name(f".{final.name}.partial")
    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)
    options = replace(options, out=out)
    worlds = _build_worlds(scenario, options)
    run = _Run(scenario, worlds, options)
    try:
        run.prepare()
        run.drive()
    finally:
        run.close()
    options.progress("judge", 0, 1)
    record = run.record()
    truth_digest = truth_sha256({w.zone: life.digest() for w, life in zip(worlds, run.lives, strict=True)})
    notices_digest = notices_sha256(record.receptions)
    scores = score(record)
    summary = scores.summary(
        scenario=scenario,
        map_source=worlds[0].map.source,
        truth_sha256=truth_digest,
        simulated_seconds=scenario.end_s - scenario.start_s,
        wall_seconds=round(time.monotonic() - wall_started, 2),
        messages=run.transcript.up + run.transcript.down,
    )
    summary["notices_sha256"] = notices_digest
    summary["hub"] = options.hub
    write_record(out, record)
    _write_json(out / "reactions.json", run.reactions())
    _write_json(
        out / "manifest.json", _manifest(scenario, options, worlds, run, truth_digest, notices_digest)
    )
    _write_json(out / "summary.json", summary)
    if options.report:
        options.progress("report", 0, 1)
        write_report(out, record, summary, world_views=worlds, scores=scores)
    summary["wall_seconds"] = round(time.monotonic() - wall_started, 2)
    _write_json(out / "summary.json", summary)
    if final.exists():
        shutil.rmtree(final)
    out.rename(final)
    return RunResult(final, summary, truth_digest, notices_digest)


def notices_sha256(receptions: Iterable[Any]) -> str:
    """Digest of what every recipient was told, repeats left out: who, what, when it happened, when it was sent."""
    rows = sorted(
        json.dumps(
            [
                r.zone,
                r.recipient,
                r.message["type"],
                r.message["time"],
                {k: v for k, v in r.message["data"].items() if k != "text"},
            ],
            sort_keys=True,
            ensure_ascii=False,
        )
        for r in receptions
        if not r.repeat
    )
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def _check_place(out: Path) -> None:
    """Only an empty folder or an earlier run may be replaced."""
    if out.exists() and (
        not out.is_dir() or (any(out.iterdir()) and not (out / "transcript.jsonl.gz").is_file())
    ):
        raise ScenarioError(
            f"--out {out} exists and is no earlier run. Name a new folder, or empty that one yourself."
        )


def _check_options(scenario: Scenario, options: RunOptions) -> None:
    if options.speed is not None and options.speed <= 0:
        raise ScenarioError(f"--speed {options.speed} is not above 0. Give a factor such as 1 or 60, or max.")
    if options.crash_at and options.hub != "bundled":
        raise ScenarioError(
            "crashes can be played only with --hub bundled: the twin ends no process of others."
        )


def _build_worlds(scenario: Scenario, options: RunOptions) -> list[SchoolWorld]:
    worlds = []
    for n, code in enumerate(scenario.schools):
        options.progress("map", n, len(scenario.schools))
        school = find_school(code, options.map_dir)
        street_map = load_map(
            school.lon,
            school.lat,
            scenario.map.radius_m,
            map_dir=options.map_dir,
            source=options.map_source,
            progress=lambda what, done, total: options.progress(what, done, total),
        )
        worlds.append(build_world(scenario, school, street_map, map_dir=options.map_dir))
    return worlds


class _Run:
    """The live parts of one run and the order they are started, driven and closed in."""

    def __init__(self, scenario: Scenario, worlds: Sequence[SchoolWorld], options: RunOptions) -> None:
        self._scenario = scenario
        self._worlds = worlds
        self._options = options
        self._process: HubProcess | None = None
        self._api: HubApi | None = None
        self._connection: Connection | Link | None = None
        self._queries: list[Query] = []
        self._paths: list[PathAnswer] = []
        self._drills: list[dict[str, Any]] = []
        self._provisioned = False
        self.crashes: list[float] = []
        self._crash_at = sorted(options.crash_at)
        self.transcript = Transcript(options.out / "transcript.jsonl.gz")
        self.hub_about: Mapping[str, Any] = {}
        self.hub_stats: dict[str, Any] = {}
        self.env = simpy.Environment(initial_time=scenario.start_s)

    def prepare(self) -> None:
        """Starts or finds the hub, and builds everything that lives on the clock."""
        scenario, worlds = self._scenario, self._worlds
        address = self._start_hub()
        self._exercise_clock = "exercise-clock" in self.hub_about.get("capabilities", [])
        self._choose_speed()
        self._shifted: ShiftedDay | None = None
        if address is not None and not self._exercise_clock:
            self._shifted = ShiftedDay.starting(scenario, datetime.now(UTC))
        # A hub of others may remember an earlier run: its sequence numbers and ids must not come again.
        self._epoch = 1 if self._options.hub in ("bundled", "none") else int(time.time())
        self._salt = "" if self._epoch == 1 else f"-{self._epoch}"
        self.wire_time = WireTime(self._shifted.midnight if self._shifted else scenario.midnight)
        self.uplink = self._make_uplink(address)
        grid = 0.0 if isinstance(self.uplink, Realtime) else ROUTINE_GRID_S
        self.network = Network(self.env, scenario.noise, self.uplink, grid)
        self.fleets = {
            w.zone: Fleet(
                self.env, scenario, w, self.network, self.wire_time, scenario.seed, self._epoch, self._salt
            )
            for w in worlds
        }
        self.lives = [Life(self.env, scenario, w, self.fleets[w.zone]) for w in worlds]
        for world, life in zip(worlds, self.lives, strict=True):
            self.fleets[world.zone].attach(life)
        self._registry = {
            w.zone: self._registry_of(w, life) for w, life in zip(worlds, self.lives, strict=True)
        }
        self.downlink = Downlink(
            self.fleets,
            {
                (w.zone, role, name): secret_bytes(w.keys[name][1])
                for w in worlds
                for role, name in [*self.fleets[w.zone].principals, ("clock", f"{w.zone}-clock")]
            },
            self.wire_time,
            self.network,
            scenario.noise.message_loss,
            lambda zone, name: scalar_stream(scenario.seed, zone, name, "downlink"),
        )
        if isinstance(self.uplink, Lockstep | Realtime):
            self.uplink.downlink = self.downlink

    # -- starting ---------------------------------------------------------------------------------

    def _start_hub(self) -> HubAddress | None:
        options = self._options
        if options.hub == "none":
            return None
        options.progress("hub", 0, 1)
        if options.hub == "bundled":
            self._process = HubProcess(options.hub_command, options.out / "hub", options.hub_options)
            address = self._process.start()
            self._api = HubApi(address.http, address.token)
            self.hub_about = self._api.about()
            return address
        self._api = HubApi(options.hub, options.hub_token)
        self.hub_about = self._api.about()
        try:
            mqtt = self.hub_about["mqtt"]
            return HubAddress(str(mqtt["host"]), int(mqtt["port"]), options.hub, options.hub_token)
        except (KeyError, TypeError, ValueError) as e:
            raise HubError(
                f"hub {options.hub}: GET /v1/hub names no mqtt host and port ({e!r}). Add mqtt: {{host, port}} to its answer."
            ) from e

    def _choose_speed(self) -> None:
        speed = self._options.speed
        if self._options.hub == "none" or self._exercise_clock or speed == 1:
            return
        raise ScenarioError(
            f"hub {self._options.hub} does not declare the capability exercise-clock, so --speed "
            f"{'max' if speed is None else speed} is impossible. Use --speed 1: the day then starts now."
        )

    def _make_uplink(self, address: HubAddress | None) -> Uplink:
        if address is None:
            return Unheard(self.env, self.transcript)
        filters = [f"safezone/v1/{w.zone}/+/+/down" for w in self._worlds]
        where = (address.mqtt_host, address.mqtt_port, filters, f"twin-{os.getpid()}")
        if not self._exercise_clock:
            self._connection = Connection(*where)
            self._connection.open()
            return Realtime(self.env, self._connection, self.transcript)
        s = self._scenario
        clocks = []
        for w in self._worlds:
            name = f"{w.zone}-clock"
            keyid, secret = w.keys[name]
            clocks.append(
                ZoneClock(
                    w.zone,
                    name,
                    (keyid, secret_bytes(secret)),
                    s.drill_id(w.zone),
                    self.wire_time,
                    scalar_stream(s.seed, w.zone, name, "link" + self._salt),
                    self._epoch,
                )
            )
        self._connection = Link(*where)
        self._connection.open()
        return Lockstep(self.env, self._connection, clocks, self.transcript, self._revive)

    def _registry_of(self, world: SchoolWorld, life: Life) -> list[Mapping[str, Any]]:
        s = self._scenario
        items = known_items(self.hub_about, [*world.registry, *life.absences()])
        if self._shifted is not None:
            items = [self._shifted.registry_item(item) for item in items]
        drill: dict[str, Any] = {
            "kind": "drill",
            "id": s.drill_id(world.zone),
            "zone": world.zone,
            "opens_at": self.wire_time.text(s.start_s - 3600),
            "closes_at": self.wire_time.text(s.end_s + 3600),
        }
        if self._exercise_clock:
            keyid, secret = world.keys[f"{world.zone}-clock"]
            drill["clock"] = {"id": f"{world.zone}-clock", "key": {"keyid": keyid, "secret": secret}}
        self._drills.append(drill)
        return [*items, drill]

    # -- driving ----------------------------------------------------------------------------------

    def drive(self) -> None:
        """Provisions the hub and lives the day."""
        s = self._scenario
        if self._api is not None:
            for n, zone in enumerate(self._registry):
                self._options.progress("provision", n, len(self._registry))
                self._api.provision(self._registry[zone])
                self._provisioned = True
        by_instant = draw_queries(
            s.seed,
            s.location_queries if self._api is not None else 0,
            {
                (w.zone, child): span
                for w, life in zip(self._worlds, self.lives, strict=True)
                for child, span in planned_outings(life).items()
            },
            SLICE_S,
            s.start_s,
        )
        pending = sorted(by_instant)

        def due(t: float) -> bool:
            return bool(pending) and pending[0] <= t + 1e-9

        def ask(t: float) -> None:
            while due(t):
                for zone, child in by_instant[pending.pop(0)]:
                    self._ask(zone, child, t)

        end = s.end_s + (DRAIN_REALTIME_S if isinstance(self.uplink, Realtime) else DRAIN_S)

        def progress(t: float) -> None:
            self._options.progress("day", min(t, s.end_s) - s.start_s, s.end_s - s.start_s)

        if isinstance(self.uplink, Lockstep):
            pause = 0.0 if self._options.speed is None else 1.0 / self._options.speed
            self.uplink.run(
                end, pause=pause, at_slice=due, after_sync=ask, crash=self._maybe_crash, progress=progress
            )
        elif isinstance(self.uplink, Realtime):
            self.uplink.run(end, at_slice=due, after_sync=ask, progress=progress)
        else:
            while self.env.now < end:
                self.env.run(until=min(end, self.env.now + 600.0))
                progress(self.env.now)
        self._ask_paths()

    def _ask(self, zone: str, child: str, t: float) -> None:
        assert self._api is not None
        n = self._scenario.schools.index(zone)
        person = next(p for p in self._worlds[n].subscribers if p.id == child)
        x, y = self.lives[n].position(person, t)
        frame = self._worlds[n].map.frame
        lon, lat = x / frame.m_per_deg_lon + frame.lon0, y / frame.m_per_deg_lat + frame.lat0
        answer = self._api.position(child)
        self._queries.append(Query(zone, child, t, lat, lon, person.phone is not None, answer))

    def _ask_paths(self) -> None:
        if self._api is None:
            return
        rng = random.Random(self._scenario.seed)
        for world in self._worlds:
            people = [p.id for p in world.subscribers]
            for child in sorted(rng.sample(people, min(20, len(people)))):
                points = self._api.path(child)
                if points is not None:
                    self._paths.append(PathAnswer(world.zone, child, list(points)))
            self.hub_stats[world.zone] = self._api.stats(world.zone)

    def _maybe_crash(self, t: float) -> None:
        if self._process is None or not self._crash_at or t < self._crash_at[0]:
            return
        self.crashes.append(self._crash_at.pop(0))
        # Somewhere in the middle of the slice's work, wherever the hub happens to be.
        time.sleep(random.random() * 0.01)
        self._process.kill()

    def _revive(self) -> None:
        if self._process is not None and not self._process.alive:
            self._process.start()

    def close(self) -> None:
        """Closes the drills, then ends what this run started, and nothing else; whatever fails on the way."""
        with ExitStack() as stack:
            if self._process is not None:
                stack.callback(self._leave_hub)
                stack.callback(self._process.stop)
            if self._api is not None:
                stack.callback(self._api.close)
            if self._connection is not None:
                stack.callback(self._connection.close)
            stack.callback(self.transcript.close)
            if self._api is not None and self._provisioned and (self._process is None or self._process.alive):
                stack.callback(self._close_drills)

    def _close_drills(self) -> None:
        """Gives the zones their own time back: a hub left in a drill would treat tomorrow as today."""
        assert self._api is not None
        for drill in self._drills:
            self._api.put({**drill, "closes_at": self.wire_time.text(self.env.now - 1.0)})

    def _leave_hub(self) -> None:
        hub_dir = self._options.out / "hub"
        if not self._options.keep_hub_state and hub_dir.exists():
            log = hub_dir / "hub.log"
            if log.exists():
                shutil.copy(log, self._options.out / "hub.log")
            shutil.rmtree(hub_dir)

    # -- what is left behind ----------------------------------------------------------------------

    def record(self) -> RunRecord:
        """Everything the judge reads."""
        fleets = list(self.fleets.values())

        def joined(samples: list[Samples]) -> Samples:
            return Samples(
                [x for s in samples for x in s.stays],
                [x for s in samples for x in s.fixes],
                [x for s in samples for x in s.presses],
            )

        return RunRecord(
            scenario={
                **msgspec.to_builtins(self._scenario),
                "wire_midnight": (
                    self._shifted.midnight if self._shifted else self._scenario.midnight
                ).isoformat(),
            },
            registry={zone: [_without_keys(i) for i in items] for zone, items in self._registry.items()},
            truth=sorted((e for life in self.lives for e in life.truth), key=lambda e: (e.t, e.id)),
            tracks=[t for life in self.lives for t in life.tracks()],
            ideal=joined([f.ideal for f in fleets]),
            realised=joined([f.realised for f in fleets]),
            faults=[x for f in fleets for x in f.faults],
            receptions=sorted(
                (r for f in fleets for r in f.receptions), key=lambda r: (r.t, r.recipient, r.message["id"])
            ),
            queries=self._queries,
            paths=self._paths,
        )

    def reactions(self) -> dict[str, Any]:
        """Whatever depended on the hub: repeats, losses, rejections, cameras."""
        outboxes = [p.outbox for f in self.fleets.values() for p in f.principals.values()]
        reactions: dict[str, Any] = {
            "device_repeats": sum(o.repeats for o in outboxes),
            "positions_superseded": sum(o.dropped for o in outboxes),
            "down_lost": self.downlink.lost,
            "down_forged": self.downlink.forged,
            "down_altered_repeats": self.downlink.altered_repeats,
            "down_invalid": self.downlink.invalid,
            "rejected": self.downlink.rejected,
            "camera_turns": [turn for f in self.fleets.values() for turn in f.camera_turns],
            "crashes": self.crashes,
            "resent_after_crash": getattr(self.uplink, "resent", 0),
            "hub_stats": self.hub_stats,
        }
        return reactions


def _without_keys(item: Mapping[str, Any]) -> dict[str, Any]:
    """A registry item without its secrets: results are shown to people."""
    out = {k: v for k, v in item.items() if k != "key"}
    if "clock" in out:
        out["clock"] = {"id": out["clock"]["id"]}
    return out


def _manifest(
    scenario: Scenario,
    options: RunOptions,
    worlds: Sequence[SchoolWorld],
    run: _Run,
    truth_digest: str,
    notices_digest: str,
) -> dict[str, Any]:
    return {
        "safezone": version("safezone"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "command": options.command or " ".join(sys.argv),
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "scenario": msgspec.to_builtins(scenario),
        "hub": {"how": options.hub, "options": list(options.hub_options), "about": dict(run.hub_about)},
        "speed": options.speed or "max",
        "maps": [
            {
                "school": w.school.code,
                "kind": w.map.source.kind,
                "source": Path(w.map.source.source).name
                if "://" not in w.map.source.source
                else w.map.source.source,
                "sha256": w.map.source.sha256,
                "attribution": w.map.source.attribution,
                "as_of": w.map.source.as_of,
            }
            for w in worlds
        ],
        "truth_sha256": truth_digest,
        "notices_sha256": notices_digest,
        "messages": {"up": run.transcript.up, "down": run.transcript.down},
    }


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n", encoding="utf-8")

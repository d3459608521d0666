"""A drill's zone at the hub, from its opening to its closing: registered, its equipment alive, its clock in step with the hub's.

How fast its time goes, and what happens in it, is the session's business.
"""

import logging
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import simpy

from safezone_sim.devices.camera import Camera
from safezone_sim.devices.envelope import WireTime, secret_bytes
from safezone_sim.devices.fleet import Fleet
from safezone_sim.devices.network import Network
from safezone_sim.drill.hubline import HubLine
from safezone_sim.drill.paced import Paced
from safezone_sim.drill.scene import Scene
from safezone_sim.drill.stage import Passed, Stage, drill_item, lived_until
from safezone_sim.drill.timeline import Timeline
from safezone_sim.streams import scalar_stream
from safezone_sim.twin.broker import BrokerError
from safezone_sim.twin.downlink import Downlink
from safezone_sim.twin.hubapi import HubError, known_items
from safezone_sim.twin.link import Link
from safezone_sim.twin.lockstep import SLICE_S, ZoneClock
from safezone_sim.twin.transcript import Transcript

log = logging.getLogger("safezone.drill")

FOLLOWS_WITHIN_S = 10.0
OPEN_AFTER_S = 4 * 3600.0  # so long after its planned end the hub still takes it for a drill
# Name, role at the hub, principal; the guardian is the lead's.
ROLES = (("desk", "operator", "op1"), ("desk2", "operator", "op2"), ("supervisor", "operator", "sv"),
         ("field", "operator", "field"), ("school", "school", "staff"))  # fmt: skip


@dataclass(frozen=True)
class Zone:
    """An open zone. ``tokens``: of those who take part, by name, once they were given."""

    line: HubLine
    env: simpy.Environment
    wire_time: WireTime
    scene: Scene
    cameras: Sequence[Camera]
    tokens: dict[str, dict[str, Any]]
    _fleet: Fleet
    _uplink: Paced
    _passed: Passed
    _give_back: Callable[[], None]
    _held: ExitStack

    def give_tokens(self) -> None:
        """Everybody who takes part can speak to the hub from now on. HubError."""
        stage = self.scene.stage
        for name, role, principal in ROLES:
            self._give_token(name, role, stage.principal(principal))
        self._give_token("guardian", "guardian", stage.lead.guardians[0])
        self.tokens["guardian"]["child"] = stage.lead.id
        self.scene.ask = self._ask

    def warm_up(self) -> None:
        """Follows the hub, and lives the time before START."""
        self.line.follow(self.tokens["field"]["token"])
        # The gates tell late, as after a night without network, who went through them since the morning.
        for stay in self._passed.stays:
            if stay[-1] < self.env.now:
                self._fleet.tag_stay(*stay)
        self._uplink.run(self.scene.stage.start_s)
        self.line.following.wait(FOLLOWS_WITHIN_S)

    def step(self, t: float) -> None:
        """Lives up to ``t``, later than now; returns when the hub has done its part."""
        self._uplink.step(t)

    def close(self, hub_is_there: bool) -> None:
        """Gives the zone its own time back, and lets go of everything. Its tokens stay good."""
        with self._held:
            if hub_is_there:
                self._give_back()

    def _give_token(self, name: str, role: str, principal: str) -> None:
        self.tokens[name] = {"token": self.line.token(role, principal), "principal": principal, "role": role}

    def _ask(self, what: str, body: Mapping[str, Any]) -> None:
        """Something a person in the drill says to the hub."""
        if what == "report_missing":
            stage = self.scene.stage
            report = {**body, "exercise": stage.exercise, "key": f"{stage.session}-{secrets.token_hex(4)}"}
            self.line.order(
                "POST", f"/v1/zones/{stage.zone}/incidents", report, self.tokens["guardian"]["token"]
            )


def open_zone(
    stage: Stage,
    line: HubLine,
    folder: Path,
    timeline: Timeline,
    *,
    away: Callable[[bool], None],
    leaving: threading.Event,
    idle: Callable[[], None],
) -> Zone:
    """Registers the zone at the hub and puts its scene together. HubError, BrokerError, and then nothing is left open.

    ``away``, ``leaving``, ``idle``: as of ``Paced``.
    """
    s, wire_time = stage.scenario, WireTime(stage.scenario.midnight)
    with ExitStack() as held:
        held.callback(line.close)
        about = line.about()
        if "exercise-clock" not in about.get("capabilities", []):
            raise HubError(
                f"hub {line.base} does not declare the capability exercise-clock; a drill needs its own time there. "
                "Use the bundled hub, or one that declares it."
            )
        name = f"{stage.zone}-clock"
        keyid, secret = stage.world.keys[name]
        clock = ZoneClock(
            stage.zone, name, (keyid, secret_bytes(secret)), stage.exercise, wire_time,
            scalar_stream(s.seed, stage.zone, "clock", "link"),
        )  # fmt: skip
        passed = Passed()
        # The class that drills keeps to its room, also where its new grade would have gone home by then.
        keep = () if stage.plan.story == "stays_away" else stage.seats
        life = lived_until(s, stage.world, stage.warm_s, keep, passed)
        env: simpy.Environment = life.env
        mqtt = about["mqtt"]
        link = Link(
            str(mqtt["host"]), int(mqtt["port"]), [f"safezone/v1/{stage.zone}/+/+/down"], f"drill-{stage.session}"
        )  # fmt: skip
        held.callback(link.close)
        items = known_items(about, [*stage.registry, *life.absences()])
        item = drill_item(
            stage, wire_time.text(s.start_s), wire_time.text(stage.start_s + stage.minutes * 60 + OPEN_AFTER_S),
            {"id": name, "key": {"keyid": keyid, "secret": secret}},
        )  # fmt: skip

        def give_back() -> None:
            """Its drill is over since a moment ago."""
            try:
                line.put({**item, "closes_at": wire_time.text(float(env.now) - 1.0)})
            except HubError as e:
                log.warning("drill %s: not closed on the hub: %s", stage.session, e)

        try:
            line.provision([*items, item])
            link.open()
        except (HubError, BrokerError):
            give_back()
            raise
        transcript = Transcript(folder / "transcript.jsonl.gz")
        held.callback(transcript.close)
        uplink = Paced(env, link, [clock], transcript, away, leaving, idle)
        network = Network(env, s.noise, uplink, SLICE_S)
        fleet = Fleet(env, s, stage.world, network, wire_time, s.seed)
        life.senses = fleet
        fleet.attach(life)
        uplink.downlink = Downlink(
            {stage.zone: fleet},
            {
                (stage.zone, role, principal): secret_bytes(stage.world.keys[principal][1])
                for role, principal in [*fleet.principals, ("clock", name)]
            },
            wire_time, network, s.noise.message_loss,
            lambda zone, principal: scalar_stream(s.seed, zone, principal, "downlink"),
        )  # fmt: skip
        scene = Scene(stage, env, life, fleet, timeline)
        cameras = [p for p in fleet.principals.values() if isinstance(p, Camera)]
        return Zone(
            line=line, env=env, wire_time=wire_time, scene=scene, cameras=cameras, tokens={}, _fleet=fleet, _uplink=uplink,
            _passed=passed, _give_back=give_back, _held=held.pop_all(),
        )  # fmt: skip

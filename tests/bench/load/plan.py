"""What is sent when: a schedule made, written and signed before the clock starts.

Routine messages come at even intervals, spread over the principals by a seeded draw; emergencies at
a rate of their own. Nothing here depends on answers: that is what makes the loop open.
"""

import random
from array import array
from dataclasses import dataclass, field

from safezone_sim.capacity.wire import publish

from .district import District, lat_lon
from .signing import Ids, Principal, iso

# Shares of the routine load: a pilot day is mostly positions and sightings.
MIX = (("phone.located", 0.55), ("tag.sighted", 0.35), ("device.status", 0.10))
EMERGENCIES = ("tag.called", "bell.pressed", "phone.called")
URGENT_CONNECTIONS = 4


@dataclass
class Plan:
    """Rows in order of time. ``packets`` are whole MQTT packets."""

    due: array = field(default_factory=lambda: array("d"))  # s from the start
    connection: array = field(default_factory=lambda: array("H"))
    emergency: bytearray = field(default_factory=bytearray)
    packets: list[bytes] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    principals: list[list[Principal]] = field(default_factory=list)  # by connection
    urgent: int = 0  # connections below this carry emergencies only


def make_plan(
    district: District,
    *,
    rate: float,
    emergencies: float,
    seconds: float,
    connections: int,
    starts_at: float,
    epoch: int,
    seed: int,
    offset: float = 0.0,
) -> Plan:
    """``rate`` and ``emergencies`` are messages a second; ``starts_at`` is the wall time of the first."""
    plan, rng, ids = Plan(), random.Random(seed), Ids(seed)
    plan.urgent = min(URGENT_CONNECTIONS, connections - 1)
    plan.principals = [[] for _ in range(connections)]
    writer = _Writer(district, epoch, rng, plan)
    packet_ids = [0] * connections
    moments = _moments(rate, emergencies, seconds)
    for at, is_emergency in moments:
        t = starts_at + at + offset
        id_ = ids.next(t)
        principal, type_, data = writer.emergency(t) if is_emergency else writer.routine(t)
        connection = writer.connection[principal]
        packet_ids[connection] = packet_ids[connection] % 65535 + 1
        plan.due.append(at)
        plan.connection.append(connection)
        plan.emergency.append(is_emergency)
        plan.ids.append(id_)
        payload = principal.write(id_, type_, data, t)
        plan.packets.append(publish(principal.topic, payload, packet_ids[connection]))
    return plan


def _moments(rate: float, emergencies: float, seconds: float) -> list[tuple[float, bool]]:
    routine = [(n / rate, False) for n in range(int(rate * seconds))] if rate else []
    urgent = (
        [((n + 0.5) / emergencies, True) for n in range(int(emergencies * seconds))] if emergencies else []
    )
    return sorted(routine + urgent)


class _Writer:
    """The data of each message, from principals that keep to their connection."""

    def __init__(self, district: District, epoch: int, rng: random.Random, plan: Plan) -> None:
        self._district, self._rng = district, rng
        zone = district.zone
        children = range(district.children)

        def principals(ids: tuple[str, ...] | list[str]) -> list[Principal]:
            return [Principal(zone, "dev", id_, epoch) for id_ in ids]

        # One phone and one reader in eight are kept for emergencies.
        self._phones = principals([f"p-{district.child_ids[n]}" for n in children if n % 8])
        self._called = principals([f"p-{district.child_ids[n]}" for n in children if not n % 8])
        self._readers = principals([p for n, p in enumerate(district.pole_ids) if n % 8])
        self._relays = principals([p for n, p in enumerate(district.pole_ids) if not n % 8])
        self._bells = principals(district.bell_ids)
        self._routine_children = [n for n in children if n % 8]
        self._urgent_children = [n for n in children if not n % 8]
        self._statuses = self._phones + self._readers
        self._types = [name for name, _ in MIX]
        self._weights = [share for _, share in MIX]
        self._n, self._stays = 0, 0
        self._press = epoch % 1_000_000_000 * 1000
        self.connection: dict[Principal, int] = {}
        urgent = self._called + self._relays + self._bells
        calm = self._phones + self._readers
        for n, principal in enumerate(urgent):
            self._put(plan, principal, n % plan.urgent)
        for n, principal in enumerate(calm):
            self._put(plan, principal, plan.urgent + n % (len(plan.principals) - plan.urgent))

    def _put(self, plan: Plan, principal: Principal, connection: int) -> None:
        self.connection[principal] = connection
        plan.principals[connection].append(principal)

    def routine(self, t: float) -> tuple[Principal, str, str]:
        rng = self._rng
        type_ = rng.choices(self._types, self._weights)[0]
        if type_ == "phone.located":
            n = rng.randrange(len(self._phones))
            x, y = self._district.on_the_way(self._routine_children[n])
            at = lat_lon(x + rng.gauss(0, 6), y + rng.gauss(0, 6))
            data = (
                f'{{"lat":{at["lat"]},"lon":{at["lon"]},"accuracy_m":15,"fix_source":"gps",'
                f'"fixed_at":"{iso(t)}","moving":true,"battery_pct":71}}'
            )
            return self._phones[n], type_, data
        if type_ == "tag.sighted":
            self._stays += 1
            # A child passes the two poles of its own way, again and again.
            child = rng.choice(self._routine_children)
            tag = f"t-{self._district.child_ids[child]}"
            data = (
                f'{{"tag":"{tag}","antenna":"a","stay":"s-{self._press}-{self._stays}","phase":"start",'
                f'"first_at":"{iso(t)}","last_at":"{iso(t)}","reads":1,"rssi_peak_dbm":-61}}'
            )
            return self._readers[(5 * child + rng.randrange(2)) % len(self._readers)], type_, data
        sender = rng.choice(self._statuses)
        data = f'{{"online":true,"battery_pct":64,"queue_depth":0,"clock":"{iso(t)}","interval_s":240}}'
        return sender, type_, data

    def emergency(self, t: float) -> tuple[Principal, str, str]:
        """Each one a press of its own."""
        self._n += 1
        press, kind = self._press + self._n, EMERGENCIES[self._n % len(EMERGENCIES)]
        turn = self._n // len(EMERGENCIES)
        if kind == "tag.called":
            tag = f"t-{self._district.child_ids[self._urgent_children[turn % len(self._urgent_children)]]}"
            relay = self._relays[turn % len(self._relays)]
            return relay, kind, f'{{"tag":"{tag}","press":{press},"pressed_at":"{iso(t)}","antenna":"a"}}'
        if kind == "bell.pressed":
            return self._bells[turn % len(self._bells)], kind, f'{{"press":{press},"pressed_at":"{iso(t)}"}}'
        phone = self._called[turn % len(self._called)]
        return phone, kind, f'{{"dialled_at":"{iso(t)}","call":"call-{press}"}}'

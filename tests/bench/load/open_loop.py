"""The generator's process: sends a plan on its schedule, however slow the answers are, and measures.

    python tests/bench/load/open_loop.py --port 1883 --rate 2000 --emergencies 5 --seconds 10

Latency counts from the *intended* moment, so a sender held up by the broker shows in the figures
instead of hiding (coordinated omission). The process judges itself as well: when its own loop came
late to the schedule (p99 over 50 ms) or its core was full, the verdict is ``inconclusive``.
One JSON object on stdout.
"""

import argparse
import contextlib
import json
import os
import select
import socket
import sys
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from safezone_model import MESSAGES

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from load import latency, wire
    from load.district import District
    from load.plan import Plan, make_plan
    from load.signing import Ids, Principal, iso
else:
    from . import latency, wire
    from .district import District
    from .plan import Plan, make_plan
    from .signing import Ids, Principal, iso

TICK_S = 0.002
RESOLVE_S = 5.0  # after so long the desk is done with an incident
LAG_LIMIT_S = 0.050
_DESK_ACTS = "incident.action" if "incident.action" in MESSAGES else ""
CPU_LIMIT = 0.90
SIGN_S = 40e-6  # allowed for making one message before the start


class _Receipt(msgspec.Struct, gc=False):
    id: str
    status: str = ""


class _Evidence(msgspec.Struct, gc=False):
    id: str


class _Data(msgspec.Struct, gc=False):
    receipts: list[_Receipt] = []
    evidence: list[_Evidence] = []
    incident: str = ""
    preset: str = ""


class _Down(msgspec.Struct, gc=False):
    id: str
    type: str
    data: _Data


class Connection:
    """A non-blocking connection that keeps what the kernel would not take."""

    def __init__(self, host: str, port: int, client_id: str, filters: Iterable[str]) -> None:
        self.socket = socket.create_connection((host, port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = wire.Reader()
        self.waiting = b""
        wanted = list(filters)
        self.socket.sendall(wire.connect(client_id) + b"".join(_subscriptions(wanted)))
        needed = -(-len(wanted) // _FILTERS_A_PACKET)
        while self.reader.connack is None or self.reader.subacks < needed:
            chunk = self.socket.recv(65536)
            if not chunk or self.reader.connack not in (None, 0):
                raise OSError(f"the broker refused the connection: {self.reader.connack}")
            self.reader.feed(chunk)
        self.socket.setblocking(False)

    def send(self, data: bytes) -> None:
        if self.waiting:
            self.waiting += data
            self.push()
            return
        try:
            sent = self.socket.send(data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            self.waiting = data[sent:]

    def push(self) -> None:
        """Try again what was left."""
        with contextlib.suppress(BlockingIOError):
            self.waiting = self.waiting[self.socket.send(self.waiting) :]


_FILTERS_A_PACKET = 50


def _subscriptions(filters: list[str]) -> Iterable[bytes]:
    for n, start in enumerate(range(0, len(filters), _FILTERS_A_PACKET)):
        yield wire.subscribe(n + 1, *filters[start : start + _FILTERS_A_PACKET])


class Generator:
    """Everything that happens between the first message and the last answer."""

    def __init__(
        self, district: District, plan: Plan, host: str, port: int, epoch: int, *, answers: bool
    ) -> None:
        self._district, self._plan = district, plan
        self._answers = answers
        # Receipts of many principals come down one connection: a gateway's, not a phone's own.
        self._connections = [
            Connection(host, port, f"load-{epoch}-{n}", [p.down for p in group] if answers else [])
            for n, group in enumerate(plan.principals)
        ]
        self._urgent = self._connections[: plan.urgent]
        self._calm = self._connections[plan.urgent :]
        self.index = {id_: n for n, id_ in enumerate(plan.ids)}
        n = len(plan.ids)
        self.sent_at, self.blocked = [0.0] * n, 0
        self.receipt_at, self.told_at = [0.0] * n, [0.0] * n
        self.statuses: dict[str, int] = {}
        self.notices, self.repeats, self.turned = 0, 0, 0
        self._told: set[str] = set()
        self._ids, self._epoch = Ids(epoch), epoch
        self._people: dict[str, Principal] = {}
        self._packet_id = 0
        self.watch: dict[str, list[int]] = {}  # what else to take the CPU time of, while sending
        self._incidents: set[str] = set()
        self._to_resolve: deque[tuple[float, str, Principal]] = deque()
        if answers:
            zone = district.zone
            filters = [f"safezone/v1/{zone}/{role}/+/down" for role in ("desk", "guardian")]
            filters += [f"safezone/v1/{zone}/dev/{camera}/down" for camera in district.camera_ids]
            self._recipients = Connection(host, port, f"load-{epoch}-told", filters)
            self._urgent.append(self._recipients)
        self._decode = msgspec.json.Decoder(_Down).decode

    def run(self, starts: float, seconds: float, drain_s: float) -> dict[str, Any]:
        """``starts`` on the monotonic clock. Ends when all is receipted, or ``drain_s`` after the last."""
        due = self._plan.due
        urgent_poll, calm_poll = select.epoll(), select.epoll()
        by_fd = {c.socket.fileno(): c for c in self._connections + self._urgent}
        for connection in self._urgent:
            urgent_poll.register(connection.socket.fileno(), select.EPOLLIN)
        for connection in self._calm:
            calm_poll.register(connection.socket.fileno(), select.EPOLLIN)
        at, n, turn = 0, len(due), 0
        clock = time.monotonic
        while clock() < starts:
            time.sleep(min(0.01, max(0.0, starts - clock())))
        cpu, wall = time.process_time(), clock()
        machine, watched = _machine_ticks(), _ticks_of(self.watch)
        cpu_sending, busy, shares = 0.0, 0.0, dict.fromkeys(self.watch, 0.0)
        end = starts + seconds + drain_s
        while True:
            now = clock()
            if at < n and due[at] <= now - starts:
                upto = bisect_right(due, now - starts, at)
                self._send(at, upto, now - starts)
                at = upto
                if at == n:
                    cpu_sending = (time.process_time() - cpu) / (clock() - wall)
                    busy = _busy_since(machine)
                    ticks = (clock() - wall) * os.sysconf("SC_CLK_TCK")
                    after = _ticks_of(self.watch)
                    shares = {name: round((after[name] - watched[name]) / ticks, 3) for name in watched}
            turn += 1
            for fd, _ in urgent_poll.poll(0) if turn % 2 else ():
                self._receive(by_fd[fd])
            if turn % 2 == 0:
                for fd, _ in calm_poll.poll(0):
                    self._receive(by_fd[fd])
            for connection in self._connections:
                if connection.waiting:
                    connection.push()
                    self.blocked += 1
            self._resolve(now)
            if at == n and (now > end or (now > starts + seconds and self._all_answered())):
                break
            wait = TICK_S - (clock() - now)
            if wait > 0.0005:
                for fd, _ in urgent_poll.poll(wait):
                    self._receive(by_fd[fd])
        return {**self._result(starts, seconds, cpu_sending, busy), "cores": shares}

    def close(self) -> None:
        for connection in {*self._connections, *self._urgent}:
            connection.socket.close()

    def _all_answered(self) -> bool:
        return not self._answers or sum(self.statuses.values()) >= len(self._plan.ids)

    def _send(self, start: int, upto: int, now: float) -> None:
        plan, grouped = self._plan, {}
        for n in range(start, upto):
            self.sent_at[n] = now
            grouped.setdefault(plan.connection[n], []).append(plan.packets[n])
        # Emergencies first: their connections have the low numbers.
        for connection in sorted(grouped):
            self._connections[connection].send(b"".join(grouped[connection]))

    def _receive(self, connection: Connection) -> None:
        try:
            chunk = connection.socket.recv(262144)
        except BlockingIOError:
            return
        if not chunk:
            raise OSError("the broker closed a connection")
        now = time.monotonic()
        arrived = connection.reader.feed(chunk)
        if not arrived:
            return
        connection.send(b"".join([wire.puback(a.packet_id) for a in arrived if a.packet_id]))
        for topic, payload, _ in arrived:
            down = self._decode(payload)
            if down.type == "receipt":
                self._note_receipts(down.data.receipts, now)
            elif down.type in ("alert", "notice", "camera.turn"):
                self._note_told(topic, down, now, connection)

    def _note_receipts(self, receipts: list[_Receipt], now: float) -> None:
        for receipt in receipts:
            n = self.index.get(receipt.id)
            if n is not None and not self.receipt_at[n]:
                self.receipt_at[n] = now
                self.statuses[receipt.status] = self.statuses.get(receipt.status, 0) + 1

    def _note_told(self, topic: str, down: _Down, now: float, connection: Connection) -> None:
        _, _, zone, role, id_, _ = topic.split("/")
        who = self._people.setdefault(f"{role}/{id_}", Principal(zone, role, id_, self._epoch))
        wall = time.time()
        if down.id in self._told:
            self.repeats += 1
        self._told.add(down.id)
        if down.type == "camera.turn":
            self.turned += 1
            answer = {"preset": down.data.preset, "bearing_deg": 0, "command": down.id}
            self._say(who, "camera.state", answer, wall, connection)
            return
        self.notices += 1
        if down.type == "alert":
            for evidence in down.data.evidence:
                n = self.index.get(evidence.id)
                if n is not None and not self.told_at[n]:
                    self.told_at[n] = now
        self._say(who, "ack", {"notice": down.id, "received_at": iso(wall)}, wall, connection)
        incident = down.data.incident
        if down.type == "alert" and incident and incident not in self._incidents and _DESK_ACTS:
            self._incidents.add(incident)
            self._say(who, _DESK_ACTS, {"incident": incident, "action": "acknowledge"}, wall, connection)
            self._to_resolve.append((now + RESOLVE_S, incident, who))

    def _resolve(self, now: float) -> None:
        """A desk does not leave incidents lying: or the hub would rightly remind it of each again and again."""
        while self._to_resolve and self._to_resolve[0][0] <= now:
            _, incident, who = self._to_resolve.popleft()
            action = {"incident": incident, "action": "resolve"}
            self._say(who, _DESK_ACTS, action, time.time(), self._recipients)

    def _say(
        self, who: Principal, type_: str, data: dict[str, Any], wall: float, connection: Connection
    ) -> None:
        self._packet_id = self._packet_id % 65535 + 1
        payload = who.write_json(self._ids.next(wall), type_, data, wall)
        connection.send(wire.publish(who.topic, payload, self._packet_id))

    # ------------------------------------------------------------------- what came of it

    def _result(self, starts: float, seconds: float, cpu: float, machine: float) -> dict[str, Any]:
        plan, n = self._plan, len(self._plan.ids)
        lag = sorted(self.sent_at[k] - plan.due[k] for k in range(n))
        lag_p99 = lag[int(0.99 * (n - 1))] if n else 0.0
        receipts = [self.receipt_at[k] - starts for k in range(n) if self.receipt_at[k]]
        half = seconds / 2
        routine, urgent, told = [], [], []
        for k in range(n):
            if self.receipt_at[k]:
                (urgent if plan.emergency[k] else routine).append(self.receipt_at[k] - starts - plan.due[k])
            if plan.emergency[k] and self.told_at[k]:
                told.append(self.told_at[k] - starts - plan.due[k])
        emergencies = sum(plan.emergency)
        reasons = []
        if lag_p99 > LAG_LIMIT_S:
            reasons.append(f"the sender came late: p99 {lag_p99 * 1000:.0f} ms behind its schedule")
        if cpu > CPU_LIMIT:
            reasons.append(f"the sender's core was full: {cpu:.0%}")
        return {
            "verdict": "inconclusive" if reasons else "measured",
            "why": reasons,
            "offered": n,
            "offered_per_s": round(n / seconds, 1),
            "emergencies": emergencies,
            "receipts": len(receipts),
            # In the second half of the sending: the pace that held, not the one of the first seconds.
            "receipts_per_s": round(sum(half <= t < seconds for t in receipts) / (seconds - half), 1),
            "unreceipted_at_end": n - sum(t <= seconds for t in receipts),
            "statuses": self.statuses,
            "alerts_for_emergencies": len(told),
            "notices": self.notices,
            "notice_repeats": self.repeats,
            "routine_receipt": latency.summary(routine),
            "emergency_receipt": latency.summary(urgent),
            "emergency_alert": latency.summary(told),
            "pubacks": sum(c.reader.pubacks for c in self._connections),
            "sender": {
                "lag_p50_ms": round(lag[n // 2] * 1000, 2) if n else 0.0,
                "lag_p99_ms": round(lag_p99 * 1000, 2),
                "lag_max_ms": round(lag[-1] * 1000, 2) if n else 0.0,
                "cpu": round(cpu, 3),
                "machine_busy": round(machine, 3),
                "held_up_by_broker": self.blocked,
            },
        }


def _machine_ticks() -> tuple[float, float]:
    """Busy and total ticks of all cores."""
    ticks = [float(v) for v in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


def _busy_since(before: tuple[float, float]) -> float:
    """Share of the machine's cores that were busy."""
    busy, total = _machine_ticks()
    return (busy - before[0]) / max(1.0, total - before[1])


def _ticks_of(watch: dict[str, list[int]]) -> dict[str, float]:
    """Clock ticks that each group of processes has used."""
    used = dict.fromkeys(watch, 0.0)
    for name, pids in watch.items():
        for pid in pids:
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                used[name] += int(fields[11]) + int(fields[12])
    return used


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--rate", type=float, default=1000.0, help="routine messages a second")
    parser.add_argument("--emergencies", type=float, default=5.0, help="a second")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--drain", type=float, default=20.0, help="at most so long for the last answers")
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--children", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--watch", action="append", default=[], help="NAME=PID,PID: take their CPU time too")
    parser.add_argument("--no-answers", action="store_true", help="send only: for the bare broker")
    args = parser.parse_args()
    district = District(children=args.children)
    total = args.seconds * (args.rate + args.emergencies)
    made_in = 1.0 + total * SIGN_S + 0.01 * args.connections
    starts_wall, starts = time.time() + made_in, time.monotonic() + made_in
    epoch = int(time.time() * 1000)
    plan = make_plan(
        district, rate=args.rate, emergencies=args.emergencies, seconds=args.seconds,
        connections=args.connections, starts_at=starts_wall, epoch=epoch, seed=args.seed + epoch,
    )  # fmt: skip
    generator = Generator(district, plan, args.host, args.port, epoch, answers=not args.no_answers)
    for text in args.watch:
        name, _, pids = text.partition("=")
        generator.watch[name] = [int(pid) for pid in pids.split(",") if pid]
    late = time.monotonic() - starts
    result = generator.run(max(starts, time.monotonic() + 0.2), args.seconds, args.drain)
    generator.close()
    result["made_late_s"] = round(max(0.0, late), 2)
    print(json.dumps(result))


if __name__ == "__main__":
    main()

"""Sends a plan on its schedule, however slow the answers are, repeats as devices do, answers as people do, and measures.

Latency counts from the *intended* moment, so a sender held up by the broker shows in the figures instead of hiding
(coordinated omission). A device repeats what got no receipt, by the standard's timing; the schedule waits for nothing.
"""

import heapq
import select
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from safezone_model import MESSAGES, timing

from safezone_sim.capacity import wire
from safezone_sim.capacity.connection import Connection
from safezone_sim.capacity.gauges import Gauges
from safezone_sim.capacity.plan import NO_PRESS, Plan
from safezone_sim.capacity.signing import Ids, Principal, iso
from safezone_sim.capacity.target import Target

TICK_S = 0.002
RESOLVE_S = 5.0  # after so long the desk is done with an incident
REPEATS_A_TICK = 1000
RECONNECTS_A_TICK = 5
_ACTION = "incident.action" if "incident.action" in MESSAGES else ""
_RETRY = timing()["receipt_retry_s"]


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


@dataclass
class Observed:
    """What came of a plan, row by row. Times in seconds from its start; 0.0 for what never happened."""

    plan: Plan
    sent_at: list[float]
    receipt_at: list[float]
    told_at: list[float]  # by press: when a desk had its alert
    pressed_at: list[float]  # by press: when its first message was due
    statuses: dict[str, int] = field(default_factory=dict)
    guardian_s: list[float] = field(default_factory=list)  # from the newest message a notice cites
    notices: int = 0
    notice_repeats: int = 0
    turned: int = 0
    repeats: int = 0
    blocked: int = 0
    connections_lost: int = 0
    pubacks: int = 0
    cpu: float = 0.0  # of the sender's core, while it sent
    shares: dict[str, float] = field(default_factory=dict)
    rss_mb: dict[str, float] = field(default_factory=dict)


class Generator:
    """Everything that happens between the first message and the last answer.

    ``person(zone, role, id)`` gives whoever answers, with key and drill. ``answers`` off: send only.
    """

    def __init__(
        self,
        plan: Plan,
        target: Target,
        epoch: int,
        person: Callable[[str, str, str], Principal],
        *,
        name: str = "load",
        answers: bool = True,
        repeats: bool = True,
        gauges: dict[str, list[int]] | None = None,
    ) -> None:
        self._plan, self._target, self._person = plan, target, person
        self._answers, self._repeats = answers, repeats
        self._name, self._watched = f"{name}-{epoch}", gauges or {}
        self._connections: list[Connection | None] = []
        self._poll, self._urgent_poll = select.epoll(), select.epoll()
        self._by_fd: dict[int, int] = {}
        self._blocked: set[int] = set()
        self._broken: deque[int] = deque()
        for n in range(len(plan.filters)):
            self._connections.append(None)
            self._open(n)
        self.index = {id_: n for n, id_ in enumerate(plan.ids)}
        rows = len(plan.ids)
        self.seen = Observed(plan, [0.0] * rows, [0.0] * rows, [0.0] * plan.presses, [0.0] * plan.presses)
        for n in range(rows):
            press = plan.press[n]
            if press != NO_PRESS and not self.seen.pressed_at[press]:
                self.seen.pressed_at[press] = plan.due[n]
        self._receipted = 0
        self._first_tries: deque[tuple[float, int]] = deque()
        self._later_tries: list[tuple[float, int, float]] = []
        self._told: set[str] = set()
        self._ids = Ids(epoch)
        self._people: dict[str, Principal] = {}
        self._packet_id = 0
        self._incidents: set[str] = set()
        self._to_resolve: deque[tuple[float, str, Principal, int]] = deque()
        self._decode = msgspec.json.Decoder(_Down).decode
        self._starts = 0.0

    def run(self, starts: float, seconds: float, drain_s: float) -> Observed:
        """``starts`` on the monotonic clock. Ends when all is receipted and told, or ``drain_s`` after the last."""
        due, seen = self._plan.due, self.seen
        at, n, turn = 0, len(due), 0
        clock, self._starts = time.monotonic, starts
        while clock() < starts:
            time.sleep(min(0.01, max(0.0, starts - clock())))
        cpu, wall, gauges = time.process_time(), clock(), Gauges(self._watched)
        end, sending = starts + seconds + drain_s, True
        while True:
            now = clock()
            if at < n and due[at] <= now - starts:
                upto = bisect_right(due, now - starts, at)
                self._send(at, upto, now - starts)
                at = upto
            if sending and now - starts >= seconds and at == n:
                sending = False
                seen.cpu = (time.process_time() - cpu) / max(1e-9, clock() - wall)
                seen.shares, seen.rss_mb = gauges.shares(), gauges.rss_mb()
            if self._repeats:
                self._send_again(now)
            turn += 1
            for fd, _ in self._urgent_poll.poll(0):
                self._receive(self._by_fd.get(fd))
            if turn % 2 == 0:
                for fd, _ in self._poll.poll(0, 256):
                    self._receive(self._by_fd.get(fd))
            self._push_blocked()
            self._mend()
            self._resolve(now)
            if at == n and (now > end or (now > starts + seconds and self._all_answered())):
                break
            wait = TICK_S - (clock() - now)
            if wait > 0.0005:
                for fd, _ in self._urgent_poll.poll(wait):
                    self._receive(self._by_fd.get(fd))
        seen.pubacks = sum(c.reader.pubacks for c in self._connections if c is not None)
        return seen

    def close(self) -> None:
        for connection in self._connections:
            if connection is not None:
                connection.close()
        self._poll.close()
        self._urgent_poll.close()

    # ------------------------------------------------------------------- connections

    def _open(self, n: int) -> None:
        filters = self._plan.filters[n] if self._answers else []
        connection = Connection(self._target, f"{self._name}-{n}", filters)
        self._connections[n] = connection
        fd = connection.socket.fileno()
        self._by_fd[fd] = n
        (self._urgent_poll if n < self._plan.urgent else self._poll).register(fd, select.EPOLLIN)

    def _lose(self, n: int) -> None:
        """The broker cut it: what was under way on it is repeated like anything without a receipt."""
        connection = self._connections[n]
        if connection is None:
            return
        fd = connection.socket.fileno()
        (self._urgent_poll if n < self._plan.urgent else self._poll).unregister(fd)
        del self._by_fd[fd]
        connection.close()
        self._connections[n] = None
        self._blocked.discard(n)
        self._broken.append(n)
        self.seen.connections_lost += 1

    def _mend(self) -> None:
        for _ in range(min(RECONNECTS_A_TICK, len(self._broken))):
            n = self._broken.popleft()
            try:
                self._open(n)
            except OSError:
                self._broken.append(n)
                return

    def _put(self, n: int, data: bytes) -> None:
        connection = self._connections[n]
        if connection is None:
            return
        try:
            if not connection.send(data):
                self._blocked.add(n)
        except OSError:
            self._lose(n)

    def _push_blocked(self) -> None:
        for n in list(self._blocked):
            connection = self._connections[n]
            self.seen.blocked += 1
            try:
                if connection is None or connection.push():
                    self._blocked.discard(n)
            except OSError:
                self._lose(n)

    def _all_answered(self) -> bool:
        return not self._answers or (self._receipted >= len(self._plan.ids) and all(self.seen.told_at))

    # ------------------------------------------------------------------- sending

    def _send(self, start: int, upto: int, now: float) -> None:
        plan, grouped = self._plan, dict[int, list[bytes]]()
        for n in range(start, upto):
            self.seen.sent_at[n] = now
            grouped.setdefault(plan.connection[n], []).append(plan.packets[n])
            if self._repeats:
                self._first_tries.append((now + _RETRY["first"], n))
        for connection in sorted(grouped):
            self._put(connection, b"".join(grouped[connection]))

    def _send_again(self, now: float) -> None:
        """What got no receipt in time, byte for byte: after 2 s, then doubling."""
        at, receipt_at = now - self._starts, self.seen.receipt_at
        first, later = self._first_tries, self._later_tries
        for _ in range(REPEATS_A_TICK):
            if first and first[0][0] <= at:
                _, n = first.popleft()
                wait = float(_RETRY["first"])
            elif later and later[0][0] <= at:
                _, n, wait = heapq.heappop(later)
            else:
                return
            if receipt_at[n]:
                continue
            self.seen.repeats += 1
            self._put(self._plan.connection[n], self._plan.packets[n])
            longest = _RETRY["max_emergency" if self._plan.emergency[n] else "max_routine"]
            wait = min(longest, wait * _RETRY["factor"])
            heapq.heappush(later, (at + wait, n, wait))

    # ------------------------------------------------------------------- hearing

    def _receive(self, n: int | None) -> None:
        connection = self._connections[n] if n is not None else None
        if connection is None or n is None:
            return
        try:
            arrived = connection.receive()
        except OSError:
            self._lose(n)
            return
        if not arrived:
            return
        now = time.monotonic()
        self._put(n, b"".join([wire.puback(a.packet_id) for a in arrived if a.packet_id]))
        for topic, payload, _ in arrived:
            down = self._decode(payload)
            if down.type == "receipt":
                self._note_receipts(down.data.receipts, now - self._starts)
            elif down.type in ("alert", "notice", "camera.turn"):
                self._note_told(topic, down, now, n)

    def _note_receipts(self, receipts: list[_Receipt], at: float) -> None:
        seen = self.seen
        for receipt in receipts:
            n = self.index.get(receipt.id)
            if n is not None and not seen.receipt_at[n]:
                seen.receipt_at[n] = at
                self._receipted += 1
                seen.statuses[receipt.status] = seen.statuses.get(receipt.status, 0) + 1

    def _note_told(self, topic: str, down: _Down, now: float, connection: int) -> None:
        _, _, zone, role, id_, _ = topic.split("/")
        seen, wall = self.seen, time.time()
        who = self._people.get(topic)
        if who is None:
            who = self._people[topic] = self._person(zone, role, id_)
        if down.type == "camera.turn":
            seen.turned += 1
            answer = {"preset": down.data.preset, "bearing_deg": 0, "command": down.id}
            self._say(who, "camera.state", answer, wall, connection)
            return
        key = f"{id_} {down.id}"
        if key in self._told:
            seen.notice_repeats += 1
        else:
            self._told.add(key)
            seen.notices += 1
            self._note_evidence(down, now - self._starts, role)
        self._say(who, "ack", {"notice": down.id, "received_at": iso(wall)}, wall, connection)
        incident = down.data.incident
        if (
            down.type == "alert"
            and incident
            and role == "desk"
            and incident not in self._incidents
            and _ACTION
        ):
            self._incidents.add(incident)
            self._say(who, _ACTION, {"incident": incident, "action": "acknowledge"}, wall, connection)
            self._to_resolve.append((now + RESOLVE_S, incident, who, connection))

    def _note_evidence(self, down: _Down, at: float, role: str) -> None:
        newest = -1.0
        for evidence in down.data.evidence:
            n = self.index.get(evidence.id)
            if n is None:
                continue
            newest = max(newest, self._plan.due[n])
            press = self._plan.press[n]
            if role == "desk" and press != NO_PRESS and not self.seen.told_at[press]:
                self.seen.told_at[press] = at
        if role == "guardian" and newest >= 0:
            self.seen.guardian_s.append(at - newest)

    def _resolve(self, now: float) -> None:
        """A desk does not leave incidents lying: or the hub would rightly remind it of each again and again."""
        while self._to_resolve and self._to_resolve[0][0] <= now:
            _, incident, who, connection = self._to_resolve.popleft()
            self._say(who, _ACTION, {"incident": incident, "action": "resolve"}, time.time(), connection)

    def _say(self, who: Principal, type_: str, data: dict[str, Any], wall: float, connection: int) -> None:
        self._packet_id = self._packet_id % 65535 + 1
        payload = who.write_json(self._ids.next(wall), type_, data, wall)
        self._put(connection, wire.publish(who.topic, payload, self._packet_id))

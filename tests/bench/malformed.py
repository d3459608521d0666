"""A million malformed messages against a running hub: no crash, each counted with its reason, nothing grows.

    python tests/bench/malformed.py [--messages 1000000] [--seed 1]

Mutations of the model's valid examples (load/mutations.py), about half of them with a valid signature so that
the deep checks are reached. After every few hundred a valid message goes out on the same connection; its receipt says that
the hub has worked through everything before it, and is the only pacing. At the end the books must balance:
what was sent = what the hub counts as rejected, by reason, over all zones and those it does not know
+ accepted + duplicate. Then one real press must still reach the desk.
"""

import argparse
import base64
import json
import socket
import sys
import tempfile
import time
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import harness
from hubproc import HubProcess
from load.district import District
from load.mutations import Mutations
from load.signing import Ids, Principal, iso
from safezone_model import MESSAGES
from safezone_sim.capacity import wire

CHUNK = 250
AHEAD = 4
RECEIPT_S = 60.0
SAMPLES_MAX = 1000
SAMPLE_BYTES_MAX = 512
# After a tenth of the messages caches are warm; a database's page cache may still fill (64 MiB).
GROWTH_MAX_MIB = 96.0


@dataclass
class Outcome:
    """Of one run. ``faults`` is empty when all is well."""

    sent: int = 0
    valid: int = 0
    counted: dict[str, int] = field(default_factory=dict)
    unknown_zone_counted: bool = True
    ways: dict[str, int] = field(default_factory=dict)
    rss_mib: list[float] = field(default_factory=list)
    samples: dict[str, int] = field(default_factory=dict)
    sample_reasons: dict[str, int] = field(default_factory=dict)
    other: dict[str, int] = field(default_factory=dict)
    took_s: float = 0.0
    faults: list[str] = field(default_factory=list)


def examples() -> list[tuple[str, str, dict[str, Any]]]:
    """Type, a role that may send it, and data of every valid example of a message up."""
    found = []
    folder = files("safezone_model") / "examples" / "messages"
    for type_, kind in MESSAGES.items():
        if kind.direction != "up" or type_ == "clock.tick":
            continue  # the clock of a drill is trusted with the time; nobody but it is registered for that
        for path in sorted((folder / type_ / "valid").iterdir(), key=lambda p: p.name):
            data = json.loads(path.read_text(encoding="utf-8"))
            found += [(type_, role, data) for role in kind.roles if role != "clock"]
    return found


class _Talker:
    """One blocking connection that publishes, and hears what comes down."""

    def __init__(self, port: int, zone: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._reader, self._packet_id = wire.Reader(), 0
        self.receipted: set[str] = set()
        self.alerts: list[dict[str, Any]] = []
        self._socket.sendall(
            wire.connect("malformed")
            + wire.subscribe(1, f"safezone/v1/{zone}/dev/hall/down", f"safezone/v1/{zone}/desk/+/down")
        )
        while not self._reader.subacks:
            self._take(10.0)

    def send(self, messages: list[tuple[str, bytes]]) -> None:
        packets = []
        for topic, payload in messages:
            self._packet_id = self._packet_id % 65535 + 1
            packets.append(wire.publish(topic, payload, self._packet_id))
        self._socket.settimeout(RECEIPT_S)
        self._socket.sendall(b"".join(packets))

    def wait_for(self, id_: str, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while id_ not in self.receipted:
            if time.monotonic() > deadline:
                return False
            self._take(max(0.01, deadline - time.monotonic()))
        return True

    def wait_for_alert(self, id_: str, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not any(e["id"] == id_ for a in self.alerts for e in a["data"]["evidence"]):
            if time.monotonic() > deadline:
                return False
            self._take(max(0.01, deadline - time.monotonic()))
        return True

    def _take(self, seconds: float) -> None:
        self._socket.settimeout(seconds)
        try:
            chunk = self._socket.recv(1 << 18)
        except TimeoutError:
            return
        if not chunk:
            raise ConnectionError("the broker closed the connection")
        arrived = self._reader.feed(chunk)
        if arrived:
            self._socket.sendall(b"".join(wire.puback(a.packet_id) for a in arrived if a.packet_id))
        for message in arrived:
            down = json.loads(message.payload)
            if down["type"] == "receipt":
                self.receipted.update(r["id"] for r in down["data"]["receipts"])
            elif down["type"] == "alert":
                self.alerts.append(down)

    def close(self) -> None:
        self._socket.close()


def run(
    messages: int, seed: int, folder: Path, progress: Any = None, options: tuple[str, ...] = ()
) -> Outcome:
    """The whole proof against a hub of its own."""
    outcome, now = Outcome(), time.time()
    district = District(children=8, poles=8, bells=4, cameras=2, now=now)
    hub = HubProcess(folder / "state", options)
    talker: _Talker | None = None
    epoch = int(now)
    recent: list[tuple[str, bytes]] = []
    try:
        hub.start()
        hub.register(district.items())
        before = _counts(hub, district.zone, outcome)
        talker = _Talker(hub.broker_address[1], district.zone)
        mutations = Mutations(district, examples(), seed, now, epoch)
        outcome.ways = mutations.counts
        valid, ids = Principal(district.zone, "dev", "hall", epoch), Ids(seed + 1)
        marks: list[str] = []
        began = time.monotonic()
        for start in range(0, messages, CHUNK):
            chunk = [next(mutations) for _ in range(min(CHUNK, messages - start))]
            recent = (recent + chunk)[-3 * AHEAD * CHUNK :]
            marks.append(ids.next(time.time()))
            t = time.time()
            status = {"online": True, "mains": True, "queue_depth": 0, "clock": iso(t), "interval_s": 120}
            chunk.append((valid.topic, valid.write_json(marks[-1], "device.status", status, t)))
            talker.send(chunk)
            outcome.sent += len(chunk)
            outcome.valid += 1
            if len(marks) > AHEAD and not talker.wait_for(marks[-1 - AHEAD], RECEIPT_S):
                outcome.faults.append(
                    f"no receipt of a valid message within {RECEIPT_S:.0f} s, after {outcome.sent} messages"
                )
                break
            if start // CHUNK % max(1, messages // CHUNK // 100) == 0:
                outcome.rss_mib.append(round(hub.rss_mib(), 1))
                if progress is not None:
                    progress(outcome)
        if not outcome.faults and not talker.wait_for(marks[-1], RECEIPT_S):
            outcome.faults.append(f"no receipt of the last valid message within {RECEIPT_S:.0f} s")
        outcome.took_s = round(time.monotonic() - began, 1)
        if not outcome.faults:
            _judge(outcome, hub, district, before)
            _press(outcome, talker, district, ids, epoch)
    except (ConnectionError, TimeoutError) as error:
        outcome.faults.append(f"the connection broke after {outcome.sent} messages: {error}")
    finally:
        if not hub.alive():
            outcome.faults.append(f"THE HUB ENDED after {outcome.sent} messages: {hub.tail()[-800:]}")
        if talker is not None:
            talker.close()
        hub.close()
    if outcome.faults:
        kept = [{"topic": t, "payload_b64": base64.b64encode(p).decode()} for t, p in recent]
        harness.write("malformed-last-messages", {"seed": seed, "messages": kept})
    return outcome


def _counts(hub: HubProcess, zone: str, outcome: Outcome) -> dict[str, int]:
    """What the hub counted so far, over the zone and the messages of no zone."""
    found: dict[str, int] = {}
    for each in (zone, "-"):
        stats = hub.stats(each)
        if stats is None:
            outcome.unknown_zone_counted = False
            continue
        for reason, n in stats["rejected"].items():
            found[f"rejected.{reason}"] = found.get(f"rejected.{reason}", 0) + n
        for name in ("accepted", "duplicate"):
            found[name] = found.get(name, 0) + stats.get(name, 0)
        for name, n in stats.get("other", {}).items():
            outcome.other[name] = n
    return found


def _judge(outcome: Outcome, hub: HubProcess, district: District, before: dict[str, int]) -> None:
    after = _counts(hub, district.zone, outcome)
    outcome.counted = {name: n - before.get(name, 0) for name, n in sorted(after.items())}
    total = sum(outcome.counted.values())
    if not outcome.unknown_zone_counted:
        outcome.faults.append(
            "this hub has no /v1/zones/-/stats: messages of unknown zones cannot be counted"
        )
    elif total != outcome.sent:
        outcome.faults.append(f"sent {outcome.sent}, but {total} counted")
    for zone in (district.zone, "-"):
        answer = hub.http.get(f"/v1/zones/{zone}/rejections", params={"limit": 1000})
        rows = answer.json()["items"]
        outcome.samples[zone] = len(rows)
        for row in rows:
            outcome.sample_reasons[row["reason"]] = outcome.sample_reasons.get(row["reason"], 0) + 1
        longest = max((len(base64.b64decode(row["bytes_b64"])) for row in rows), default=0)
        if len(rows) > SAMPLES_MAX or longest > SAMPLE_BYTES_MAX:
            outcome.faults.append(f"zone {zone}: {len(rows)} samples of up to {longest} bytes kept")
    rss = outcome.rss_mib
    warm, last = rss[len(rss) // 10], max(rss[-max(1, len(rss) // 10) :])
    if last - warm > GROWTH_MAX_MIB:
        outcome.faults.append(f"memory grew from {warm} to {last} MiB")
    if outcome.other.get("rule_error"):
        outcome.faults.append(f"{outcome.other['rule_error']} errors in rules")
    status, body = hub.health()
    if status != 200:
        outcome.faults.append(f"/healthz says {status} {body}")


def _press(outcome: Outcome, talker: _Talker, district: District, ids: Ids, epoch: int) -> None:
    """The hub still does what it is for."""
    t, pole = time.time(), Principal(district.zone, "dev", district.pole_ids[0], epoch)
    id_ = ids.next(t)
    data = {"tag": f"t-{district.child_ids[1]}", "press": 1, "pressed_at": iso(t)}
    talker.send([(pole.topic, pole.write_json(id_, "tag.called", data, t))])
    if not talker.wait_for_alert(id_, 10.0):
        outcome.faults.append("a real press after all that did not reach the desk within 10 s")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    def progress(outcome: Outcome) -> None:
        if len(outcome.rss_mib) % 10 == 1:
            print(f"  {outcome.sent} sent, hub {outcome.rss_mib[-1]} MiB", flush=True)

    with tempfile.TemporaryDirectory(prefix="safezone-malformed-") as name:
        outcome = run(args.messages, args.seed, Path(name), progress)
    print_outcome(outcome)
    print(harness.write("malformed", {"messages": args.messages, "seed": args.seed, **vars(outcome)}))
    sys.exit(bool(outcome.faults))


def print_outcome(outcome: Outcome) -> None:
    print(
        f"sent {outcome.sent} in {outcome.took_s} s ({outcome.sent / max(0.1, outcome.took_s):.0f}/s), {outcome.valid} of them marks"
    )
    for name, n in outcome.counted.items():
        print(f"  {name:<28}{n:>9}")
    print(f"  {'sum':<28}{sum(outcome.counted.values()):>9}")
    rss = outcome.rss_mib
    if rss:
        print(
            f"  memory of the hub: {rss[0]} MiB at first, {rss[len(rss) // 10]} after a tenth, {rss[-1]} at the end"
        )
    print(f"  samples kept: {outcome.samples}, by reason {outcome.sample_reasons}")
    for fault in outcome.faults:
        print(f"  WRONG: {fault}")


if __name__ == "__main__":
    main()

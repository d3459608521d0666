"""The generator's process of the benches: a plan over one district, sent by the product's generator.

    python tests/bench/load/open_loop.py --port 1883 --rate 2000 --emergencies 5 --seconds 10

The process judges itself: when its own loop came late to the schedule (p99 over 50 ms) or its core was full, the
verdict is ``inconclusive``. Nothing is repeated here: a rate holds only if every message got its receipt at once.
One JSON object on stdout.
"""

import argparse
import json
import sys
import time
from array import array
from pathlib import Path
from typing import Any

from safezone_sim.capacity import latency
from safezone_sim.capacity.generator import Generator, Observed
from safezone_sim.capacity.plan import NO_PRESS
from safezone_sim.capacity.plan import Plan as Sendable
from safezone_sim.capacity.ramp import CPU_LIMIT, LAG_LIMIT_MS
from safezone_sim.capacity.target import Target

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from load.district import District
    from load.plan import Plan, make_plan
    from load.signing import Principal
else:
    from .district import District
    from .plan import Plan, make_plan
    from .signing import Principal

SIGN_S = 40e-6  # allowed for making one message before the start


def sendable(district: District, plan: Plan) -> Sendable:
    """The plan as the product's generator takes it: one connection more, the first, for all who are told."""
    zone, made = district.zone, Sendable()
    told = [f"safezone/v1/{zone}/{role}/+/down" for role in ("desk", "guardian")]
    told += [f"safezone/v1/{zone}/dev/{camera}/down" for camera in district.camera_ids]
    # Receipts of many principals come down one connection: a gateway's, not a phone's own.
    made.filters = [told, *([p.down for p in group] for group in plan.principals)]
    made.urgent = plan.urgent + 1
    made.due, made.packets, made.ids = plan.due, plan.packets, plan.ids
    made.connection = array("L", [connection + 1 for connection in plan.connection])
    made.emergency = plan.emergency
    for is_emergency in plan.emergency:
        made.press.append(made.presses if is_emergency else NO_PRESS)
        made.presses += is_emergency
    return made


def result(seen: Observed, seconds: float) -> dict[str, Any]:
    """What came of it, and whether the sender itself was the bottleneck."""
    plan, n = seen.plan, len(seen.plan.ids)
    lag = sorted(seen.sent_at[k] - plan.due[k] for k in range(n))
    lag_p99 = lag[int(0.99 * (n - 1))] if n else 0.0
    receipts = [at for at in seen.receipt_at if at]
    half = seconds / 2
    routine, urgent = [], []
    for k in range(n):
        if seen.receipt_at[k]:
            (urgent if plan.emergency[k] else routine).append(seen.receipt_at[k] - plan.due[k])
    told = [at - due for at, due in zip(seen.told_at, seen.pressed_at, strict=True) if at]
    reasons = []
    if lag_p99 * 1000 > LAG_LIMIT_MS:
        reasons.append(f"the sender came late: p99 {lag_p99 * 1000:.0f} ms behind its schedule")
    if seen.cpu > CPU_LIMIT:
        reasons.append(f"the sender's core was full: {seen.cpu:.0%}")
    shares = dict(seen.shares)
    return {
        "verdict": "inconclusive" if reasons else "measured",
        "why": reasons,
        "offered": n,
        "offered_per_s": round(n / seconds, 1),
        "emergencies": plan.presses,
        "receipts": len(receipts),
        # In the second half of the sending: the pace that held, not the one of the first seconds.
        "receipts_per_s": round(sum(half <= t < seconds for t in receipts) / (seconds - half), 1),
        "unreceipted_at_end": n - sum(t <= seconds for t in receipts),
        "statuses": seen.statuses,
        "alerts_for_emergencies": len(told),
        "notices": seen.notices,
        "notice_repeats": seen.notice_repeats,
        "routine_receipt": latency.summary(routine),
        "emergency_receipt": latency.summary(urgent),
        "emergency_alert": latency.summary(told),
        "pubacks": seen.pubacks,
        "sender": {
            "lag_p50_ms": round(lag[n // 2] * 1000, 2) if n else 0.0,
            "lag_p99_ms": round(lag_p99 * 1000, 2),
            "lag_max_ms": round(lag[-1] * 1000, 2) if n else 0.0,
            "cpu": round(seen.cpu, 3),
            "machine_busy": shares.pop("machine", 0.0),
            "held_up_by_broker": seen.blocked,
        },
        "cores": shares,
    }


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
    watched = {}
    for text in args.watch:
        name, _, pids = text.partition("=")
        watched[name] = [int(pid) for pid in pids.split(",") if pid]
    generator = Generator(
        sendable(district, plan), Target(args.host, args.port), epoch,
        lambda zone, role, id_: Principal(zone, role, id_, epoch + 1), answers=not args.no_answers, repeats=False,
        gauges=watched,
    )  # fmt: skip
    late = time.monotonic() - starts
    seen = generator.run(max(starts, time.monotonic() + 0.2), args.seconds, args.drain)
    generator.close()
    print(json.dumps({**result(seen, args.seconds), "made_late_s": round(max(0.0, late), 2)}))


if __name__ == "__main__":
    main()

"""How many events a second the hub makes durable while emergencies stay quick, and what the broker alone does.

    python tests/bench/throughput.py [--store sqlite|postgresql] [--broker embedded|mosquitto]
                                     [--rates 2000,4000,…] [--seconds 20] [--emergencies 5]

Open loop: every message is made and signed before the clock starts and goes out at its intended moment;
latencies count from that moment. A rate *holds* when the generator itself was not the bottleneck, every message
got its receipt, p99 of emergencies (press to receipt, press to the desk's alert) is below the limit, and routine
did not fall behind. After the ramp the gap between the highest rate that held and the lowest that did not is
halved ``--refine`` times. In the same run the same generator sends through the broker alone to a subscriber
that only counts; the fraction of the two is the result that compares between machines.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import harness
from hubproc import HubProcess, children_of
from load.district import District
from servers import BareBroker, Mosquitto, Postgres

HERE = Path(__file__).parent
GENERATOR = [sys.executable, str(HERE / "load" / "open_loop.py")]
COUNTER = [sys.executable, str(HERE / "load" / "counter.py")]
BEHIND_S = 1.0
FAILURES_ENOUGH = 2


def generate(port: int, rate: float, args: argparse.Namespace, *more: str) -> dict[str, Any]:
    """One run of the generator's process."""
    command = [
        *GENERATOR, "--port", str(port), "--rate", str(rate), "--seconds", str(args.seconds), "--drain", str(args.drain),
        "--emergencies", str(args.emergencies), "--connections", str(args.connections), "--children", str(args.children),
        *more,
    ]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=args.seconds * 4 + 180
    )
    if done.returncode:
        raise SystemExit(f"the generator failed at {rate:g}/s:\n{done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def faults_of(row: dict[str, Any], limit_ms: float) -> list[str]:
    """Why a rate did not hold; empty when it did."""
    found = []
    if row["verdict"] != "measured":
        found.append("inconclusive: " + "; ".join(row["why"]))
    if row["statuses"].get("accepted", 0) != row["offered"]:
        found.append(f"{row['offered'] - row['statuses'].get('accepted', 0)} without a receipt")
    if row["alerts_for_emergencies"] != row["emergencies"]:
        found.append(
            f"{row['emergencies'] - row['alerts_for_emergencies']} emergencies without an alert in time"
        )
    p99 = {name: row[name].get("p99_ms", 0.0) for name in ("emergency_receipt", "emergency_alert")}
    found += [f"{name} p99 {ms:.0f} ms" for name, ms in p99.items() if ms >= limit_ms]
    offered = row["offered_per_s"]
    if row["unreceipted_at_end"] > BEHIND_S * offered or row["receipts_per_s"] < 0.98 * offered:
        found.append(f"fell behind: {row['receipts_per_s']:.0f} of {row['offered_per_s']:.0f} a second")
    return found


def through_hub(
    rate: float, hub: HubProcess, others: dict[str, list[int]], args: argparse.Namespace
) -> dict[str, Any]:
    """One rate, with the share of a core that each part took while it lasted."""
    groups = {
        "hub": [hub.pid],
        "broker": children_of(hub.pid) + others["broker"],
        "database": others["database"],
    }
    watch = [f"--watch={name}={','.join(map(str, pids))}" for name, pids in groups.items() if pids]
    row = generate(hub.broker_address[1], rate, args, *watch)
    row["rate"] = rate
    row["hub_rss_mib"] = round(hub.rss_mib(), 1)
    row["faults"] = faults_of(row, args.limit_ms)
    row["holds"] = not row["faults"]
    _print_row(row)
    return row


def through_broker(rate: float, port: int, args: argparse.Namespace) -> dict[str, Any]:
    """The bare broker at one rate, counted by a trivial subscriber."""
    counter = subprocess.Popen(
        [*COUNTER, "--port", str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert counter.stdout is not None and counter.stdin is not None
    try:
        if counter.stdout.readline() != "ready\n":
            raise SystemExit("the counting subscriber could not subscribe")
        sent = generate(
            port,
            rate,
            argparse.Namespace(**{**vars(args), "seconds": args.bare_seconds, "drain": 2.0}),
            "--no-answers",
        )
        time.sleep(1.0)
        counter.stdin.close()
        counted = json.loads(counter.stdout.readline())
    finally:
        counter.wait(10)
        counter.stdout.close()
    steady = counted["a_second"][1 : max(2, int(args.bare_seconds))]
    row = {
        "rate": rate,
        "verdict": sent["verdict"],
        "why": sent["why"],
        "sent": sent["offered"],
        "counted": counted["messages"],
        "per_s": round(sum(steady) / len(steady), 1) if steady else 0.0,
        "sender_cpu": sent["sender"]["cpu"],
    }
    row["holds"] = row["counted"] == row["sent"] and row["per_s"] >= 0.98 * sent["offered_per_s"]
    print(
        f"  bare broker {rate:>8.0f}/s: counted {row['per_s']:>8.0f}/s, {row['counted']} of {row['sent']}"
        f"{'' if row['verdict'] == 'measured' else ' (' + row['verdict'] + ')'}",
        flush=True,
    )
    return row


def ramp(rates: list[float], refine: int, measure: Any) -> list[dict[str, Any]]:
    """Rising rates until two in a row do not hold, then halve the gap."""
    rows: list[dict[str, Any]] = []
    failures = 0
    for rate in rates:
        rows.append(measure(rate))
        failures = 0 if rows[-1]["holds"] else failures + 1
        if failures == FAILURES_ENOUGH:
            break
    for _ in range(refine):
        best = best_of(rows)
        above = [r["rate"] for r in rows if not r["holds"] and r["rate"] > best]
        if not above or not best:
            break
        rows.append(measure(round((best + min(above)) / 2)))
    return rows


def best_of(rows: list[dict[str, Any]]) -> float:
    """The highest rate that held."""
    return max((float(r["rate"]) for r in rows if r["holds"]), default=0.0)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--store", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--broker", choices=["embedded", "mosquitto"], default="embedded")
    parser.add_argument("--rates", default="2000,4000,6000,8000,10000,12000")
    parser.add_argument("--bare-rates", default="5000,10000,20000,30000,40000")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--bare-seconds", type=float, default=5.0)
    parser.add_argument("--drain", type=float, default=20.0)
    parser.add_argument("--emergencies", type=float, default=5.0)
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--children", type=int, default=400)
    parser.add_argument("--limit-ms", type=float, default=250.0)
    parser.add_argument("--refine", type=int, default=2)
    parser.add_argument("--hub-option", action="append", default=[], help="given to the hub as it is")
    args = parser.parse_args()
    options: list[str] = list(args.hub_option)
    others: dict[str, list[int]] = {"broker": [], "database": []}
    with tempfile.TemporaryDirectory(prefix="safezone-throughput-") as name:
        folder = Path(name)
        servers: list[Any] = []
        hub: HubProcess | None = None
        try:
            broker = None
            if args.broker == "mosquitto":
                broker = Mosquitto(folder / "mosquitto")
                servers.append(broker)
                broker.start()
                options += ["--broker", broker.url]
                others["broker"] = broker.pids
            postgres = None
            if args.store == "postgresql":
                postgres = Postgres(folder / "postgres")
                servers.append(postgres)
                postgres.start()
                options += ["--store", postgres.dsn]
            hub = HubProcess(folder / "state", options)
            hub.start()
            if broker is not None:
                hub.broker_address = ("127.0.0.1", broker.port)
            hub.register(District(children=args.children, now=time.time()).items())
            others["database"] = postgres.pids if postgres is not None else []
            print(f"hub with {args.store} and {args.broker} broker, {args.children} children", flush=True)
            running = hub
            rows = ramp(
                [float(r) for r in args.rates.split(",")],
                args.refine,
                lambda rate: through_hub(rate, running, others, args),
            )
            hub.stop()
            bare: Any = broker
            if bare is None:
                bare = BareBroker(folder / "bare")
                servers.append(bare)
            bare_rows = ramp(
                [float(r) for r in args.bare_rates.split(",")],
                0,
                lambda rate: through_broker(rate, bare.port, args),
            )
        finally:
            if hub is not None:
                hub.close()
            for server in servers:
                server.close()
    best, bare_best = best_of(rows), max((r["per_s"] for r in bare_rows), default=0.0)
    bounded = [r for r in bare_rows if r["verdict"] != "measured"]
    inconclusive = [r["rate"] for r in rows if r["verdict"] != "measured"]
    print(
        f"highest rate that holds: {best:.0f} durable events/s with emergencies below {args.limit_ms:.0f} ms at p99"
    )
    if bare_best:
        print(
            f"bare broker: {bare_best:.0f}/s{' or more, the sender was full' if bounded else ''}; fraction {best / bare_best:.2f}"
        )
    if inconclusive:
        print(
            f"INCONCLUSIVE at {', '.join(f'{r:.0f}' for r in inconclusive)}/s: the generator was the bottleneck"
        )
    print(
        harness.write(
            f"throughput-{args.store}-{args.broker}",
            {
                "store": args.store, "broker": args.broker, "seconds": args.seconds, "children": args.children,
                "connections": args.connections, "limit_ms": args.limit_ms, "highest_that_holds": best,
                "bare_broker_per_s": bare_best, "fraction": round(best / bare_best, 3) if bare_best else None,
                "rows": rows, "bare_rows": bare_rows,
            },
        )
    )  # fmt: skip
    sys.exit(0 if best and not inconclusive else 1)


def _print_row(row: dict[str, Any]) -> None:
    def cell(name: str) -> str:
        r = row[name]
        return f"{r.get('p50_ms', 0):>8.1f}{r.get('p99_ms', 0):>9.1f}{r.get('p99_9_ms', 0):>9.1f}"

    if not getattr(_print_row, "headed", False):
        _print_row.headed = True  # type: ignore[attr-defined]
        three = f"{'p50':>8}{'p99':>9}{'p99.9':>9}"
        print(f"{'':>17}|{'routine receipt ms':^26}|{'emergency receipt ms':^26}|{'emergency alert ms':^26}|")
        print(
            f"{'rate':>8}{'durable':>9}|{three}|{three}|{three}|{'hub':>6}{'broker':>7}{'sender':>7}{'lag p99':>8}  holds"
        )
    cores = row["cores"]
    print(
        f"{row['rate']:>8.0f}{row['receipts_per_s']:>9.0f}|{cell('routine_receipt')}|{cell('emergency_receipt')}|"
        f"{cell('emergency_alert')}|{cores['hub']:>6.0%}{cores.get('broker', 0):>7.0%}{row['sender']['cpu']:>7.0%}{row['sender']['lag_p99_ms']:>8.1f}  "
        f"{'yes' if row['holds'] else 'no: ' + '; '.join(row['faults'])}",
        flush=True,
    )


if __name__ == "__main__":
    main()

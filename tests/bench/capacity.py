"""The bundled hub's knee beside its own generator, on each store and broker, alone and as two shards.

    python tests/bench/capacity.py --messages results/pilot [--only sqlite-embedded,postgresql-mosquitto,shards-2] [-- OPTION …]

Each is one ``safezone capacity``, whose results lie under ``--out``. What comes after ``--`` is given to it as it is.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from servers import Mosquitto, Postgres

SETUPS = {
    "sqlite-embedded": (False, False, 1),
    "sqlite-mosquitto": (False, True, 1),
    "postgresql-embedded": (True, False, 1),
    "postgresql-mosquitto": (True, True, 1),
    "shards-2": (True, True, 2),
}


def measure(name: str, messages: Path, out: Path, more: list[str]) -> dict[str, Any]:
    """One setup; the content of its capacity.json."""
    on_postgres, on_mosquitto, shards = SETUPS[name]
    with tempfile.TemporaryDirectory(prefix="safezone-capacity-") as folder:
        Path(folder).chmod(0o755)
        servers: list[Any] = []
        command = [
            sys.executable,
            "-m",
            "safezone_cli",
            "capacity",
            "--messages",
            str(messages),
            "--out",
            str(out / name),
        ]
        try:
            if on_mosquitto:
                broker = Mosquitto(Path(folder) / "mosquitto")
                servers.append(broker)
                broker.start()
                command += ["--broker", broker.url, "--watch", f"broker={broker.pids[0]}"]
            if on_postgres:
                postgres = Postgres(Path(folder) / "postgres")
                servers.append(postgres)
                postgres.start()
                command += ["--store", postgres.dsn, "--watch", f"database={postgres.pids[0]}"]
            if shards > 1:
                command += ["--shards", str(shards)]
            subprocess.run([*command, *more], check=False)
        finally:
            for server in reversed(servers):
                server.close()
    result: dict[str, Any] = json.loads((out / name / "capacity.json").read_text())
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=Path, required=True)
    parser.add_argument("--only", default=",".join(SETUPS))
    parser.add_argument("--out", type=Path, default=Path("results/bench/capacity"))
    args, more = parser.parse_known_args()
    for name in args.only.split(","):
        print(f"== {name}", flush=True)
        result = measure(name, args.messages, args.out, [option for option in more if option != "--"])
        print(
            f"{name}: knee {result['knee_per_s']}, recovery {result['recovery_s']} s, {result['verdict']}",
            flush=True,
        )


if __name__ == "__main__":
    main()

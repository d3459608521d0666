"""Runs the conformance suite against the hub of somebody else (``hub.js``) on Mosquitto, as its vendor would.

    python tests/bench/independent/run.py --out results/bench/independent [-k TC-HUB-CALL] [-n 2]

Broker, bundle and packages of npm go into a temporary folder; what the hub claims is ``ics.toml`` beside this file. Prints
what came of every case that did not pass and is applicable. Exit status: that of ``safezone conform run``.
"""

import argparse
import contextlib
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from safezone_conformance.folder import Folder
from safezone_conformance.verdicts import Verdict

sys.path.insert(0, str(Path(__file__).parents[1]))

from hubproc import free_port
from servers import Mosquitto, ServerFailed, wait_for_port

HERE = Path(__file__).parent
SAFEZONE = [str(Path(sys.executable).with_name("safezone"))]
START_S = 30.0


@contextlib.contextmanager
def process(command: list[str], log: Path) -> Iterator[None]:
    """Runs while the block does; ended by its id."""
    with log.open("wb") as file:
        running = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        yield
    finally:
        running.terminate()
        running.wait(15)


def prepared(folder: Path) -> None:
    """The hub with what it needs: the vendor's bundle and its packages."""
    for name in ("hub.js", "package.json"):
        shutil.copy(HERE / name, folder)
    subprocess.run(
        [*SAFEZONE, "model", "bundle", "--out", str(folder / "bundle")], check=True, stdout=subprocess.DEVNULL
    )
    subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund"], cwd=folder, check=True)


def write_ixit(folder: Path, broker: str, api: int, token: str) -> Path:
    """That of ``safezone conform init``, with the three lines that this system needs."""
    subprocess.run(
        [*SAFEZONE, "conform", "init", "--role", "hub", "--out", str(folder)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    ixit = folder / "ixit.toml"
    text = ixit.read_text()
    for old, new in (
        ("mqtt://127.0.0.1:1883", broker),
        ("http://127.0.0.1:8080", f"http://127.0.0.1:{api}"),
        ("env:SAFEZONE_HUB_TOKEN", "file:token"),
    ):
        assert text.count(f'"{old}"') == 1, old
        text = text.replace(f'"{old}"', f'"{new}"')
    ixit.write_text(text)
    (folder / "token").write_text(token)
    shutil.copy(HERE / "ics.toml", folder)
    return ixit


def print_table(out: Path) -> None:
    kept = list(Folder(out).kept())
    for one in kept:
        if one.verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.SKIPPED):
            bad = [f for f in one.findings if not f.ok and f.level == "MUST"]
            first = f"{bad[0].requirement}: {bad[0].expected} — {bad[0].got}" if bad else one.why
            print(f"{one.verdict:<13} {one.case:<40} {first[:200]}")
    print(dict(Counter(str(one.verdict) for one in kept)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("results/bench/independent"))
    parser.add_argument(
        "--ics", type=Path, default=HERE / "ics.toml", help="another claim than the hub's own"
    )
    parser.add_argument("-k", dest="expression", default="")
    parser.add_argument("-n", dest="workers", default="2")
    args = parser.parse_args()
    role = tomllib.loads(args.ics.read_text())["role"]
    assert role == "hub", role
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as running:
        folder, api, token = Path(name), free_port(), secrets.token_urlsafe(24)
        prepared(folder)
        if missing := Mosquitto.missing():
            sys.exit(f"{missing}: apt-get install mosquitto")
        broker = Mosquitto(folder / "mosquitto")
        running.callback(broker.close)
        broker.start()
        hub = [
            "node",
            str(folder / "hub.js"),
            "--mqtt",
            broker.url,
            "--http",
            str(api),
            "--token",
            token,
        ]
        running.enter_context(process(hub, folder / "hub.out"))
        try:
            wait_for_port(api, seconds=START_S)
        except ServerFailed as error:
            sys.exit(f"{error}:\n{(folder / 'hub.out').read_text()[-2000:]}")
        ixit = write_ixit(folder, broker.url, api, token)
        command = [
            *SAFEZONE,
            "conform",
            "run",
            "--ics",
            str(folder / "ics.toml"),
            "--ixit",
            str(ixit),
            "--out",
            str(args.out),
        ]
        shutil.copy(args.ics, folder / "ics.toml")
        began = time.monotonic()
        status = subprocess.run(
            [*command, "-n", args.workers, *(["-k", args.expression] if args.expression else [])]
        ).returncode
        print(f"{time.monotonic() - began:.1f} s, exit status {status}")
        shutil.copy(folder / "hub.out", args.out / "hub.out")
        print_table(args.out)
        return status


if __name__ == "__main__":
    sys.exit(main())

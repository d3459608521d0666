"""Keeps the zoo's hubs: starts them through a zygote, and runs cases of the suite against them over the wire."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

from safezone_conformance.case import Case, by_id, cases
from safezone_conformance.proforma import Ics, Ixit, fields_of, items_of
from safezone_conformance.session import HubSession, Lanes, Result, settings_from

from safezone_zoo.again import order
from safezone_zoo.mutant import Change, Mutant
from safezone_zoo.zygote import TOKEN, free_port

NONCE = b"zoo nonce: not secret, always it"
LIMITS = {
    "limits.network_s": 2.0,
    "absence.margin_s": 0.4,
}  # a busy machine must not kill the clean reference


# Webhooks and text messages come to the suite's own server, and what fails is tried again soon.
CHANNELS = """
[sms]
kind = "http"
url = "http://127.0.0.1:{port}/sms"
sender = "0212"
[sms.answer]
message_id = "id"
[webhook]
allow_private = true
timeout_s = 5
[retry.urgent]
first_s = 0.3
max_s = 2
[retry.routine]
first_s = 0.3
max_s = 2
"""


class StableError(RuntimeError):
    """A hub of the zoo did not start; the message holds its log's end."""


@dataclass(frozen=True)
class Kept:
    """One running hub of the zoo."""

    mutant: str
    mqtt: str
    http: str
    restart_command: str
    hooks_port: int = 0  # where the hub sends text messages

    def ixit(self, **values: Any) -> Ixit:
        """As a vendor would fill it in; ``values`` by table.name with __ for the dot."""
        found = {f.key: f.default for f in fields_of("hub")}
        found |= {
            "mqtt.url": self.mqtt,
            "http.url": self.http,
            "http.token": TOKEN,
            "restart.command": self.restart_command,
            "hooks.port": self.hooks_port,
            "sms.sink": bool(self.hooks_port),
        }
        found |= LIMITS | {k.replace("__", "."): v for k, v in values.items()}
        return Ixit("hub", found)


def ics() -> Ics:
    """The bundled hub claims everything."""
    names = {"vendor": "safezone", "product": "reference hub", "version": "0"}
    return Ics("hub", names, frozenset(i.name for i in items_of("hub")))


class Stable:
    """A zygote and its hubs. Use as a context."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="safezone-zoo-"))
        self._socket = str(self.folder / "zygote")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "safezone_zoo.zygote", self._socket], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            raise StableError("the zygote did not start")

    def __enter__(self) -> "Stable":
        return self

    def __exit__(self, *_: object) -> None:
        order(self._socket, {"do": "end"})
        self._process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def hub(
        self, mutant: str = "", options: Iterable[str] = (), changes: Iterable[Change] = ()
    ) -> Iterator[Kept]:
        """A hub with this defect, or with these changes under that name, or the clean reference. StableError."""
        changes = list(changes)
        folder = Path(tempfile.mkdtemp(prefix=f"{mutant or 'clean'}-", dir=self.folder))
        options, hooks_port = list(options), 0
        if "--channels" not in options:
            hooks_port = free_port()
            channels = folder / "channels.toml"
            channels.write_text(CHANNELS.format(port=hooks_port))
            options += ["--channels", str(channels)]
        try:
            wanted: dict[str, object] = {"do": "start", "folder": str(folder), "options": list(options)}
            wanted |= {"changes": [astuple(c) for c in changes]} if changes else {"mutant": mutant}
            answer = order(self._socket, wanted)
            if not answer.get("ok"):
                raise StableError(f"{mutant or 'the clean hub'}: {answer.get('why')}")
            again = f"{sys.executable} -S {Path(__file__).with_name('again.py')} {self._socket} {folder}"
            yield Kept(mutant, str(answer["mqtt"]), str(answer["http"]), again, hooks_port)
        finally:
            order(self._socket, {"do": "stop", "folder": str(folder)})
            shutil.rmtree(folder, ignore_errors=True)


def open_session(kept: Kept, **ixit: Any) -> HubSession:
    """A session that takes for granted what the zoo knows: the hub's name, and that it shares this machine's clock."""
    values = kept.ixit(**ixit)
    return HubSession(ics(), values, NONCE, replace(settings_from(ics(), values), hub_id="hub"))


def run_cases(kept: Kept, chosen: Iterable[Case], lanes: int = 12, **ixit: Any) -> list[Result]:
    """Run cases against a hub of the zoo."""
    chosen = list(chosen)
    session = open_session(kept, **ixit)
    try:
        running = Lanes(session.run, chosen, lanes)
        return [running.result(case) for case in chosen]
    finally:
        session.close()


def try_mutant(stable: Stable, one: Mutant) -> tuple[bool, Result]:
    """Whether the case named fails it by the requirement named; by a SHOULD, whether it warns."""
    with stable.hub(one.name) as kept:
        [result] = run_cases(kept, [cases()[one.kills]])
    failed = {f.requirement for f in result.outcome.findings if not f.ok}
    must = by_id()[one.reason].level == "MUST"
    return (result.outcome.verdict == "FAIL" or not must) and one.reason in failed, result

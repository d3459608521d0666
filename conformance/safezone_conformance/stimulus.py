"""Asks for what the wire cannot do: a press, a tag in the field, a look at a lamp. Verbs: ``conformance/stimulus.md``.

A ``Stimulus`` answers one request at a time. ``Answers`` reads them from a file, ``Command`` asks a program,
``drivers.operator`` a person; ``Chain`` puts a file before one of the others.
"""

import contextlib
import json
import os
import queue
import subprocess
import threading
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

PROTOCOL = 1
UNSUPPORTED = "unsupported"
LINE_MAX = 65536

Request = Mapping[str, Any]  # do, device, args, within_s
Reply = dict[str, Any]  # ok, seen or why


class StimulusError(Exception):
    """The way of the IXIT cannot be used; the message says what helps."""


class Stimulus(Protocol):
    """Whoever answers. ``ask`` blocks until it is done, or ``within_s`` has passed."""

    def ask(self, request: Request) -> Reply: ...
    def close(self) -> None: ...


def not_done(why: str = UNSUPPORTED) -> Reply:
    return {"ok": False, "why": why}


def as_reply(value: Any) -> Reply:
    """What somebody answered, in the one form that is recorded."""
    if not isinstance(value, Mapping) or not isinstance(value.get("ok"), bool):
        return not_done("a reply without ok true or false")
    if not value["ok"]:
        return not_done(str(value.get("why") or "no reason given")[:500])
    seen = value.get("seen")
    return {"ok": True, "seen": dict(seen) if isinstance(seen, Mapping) else {}}


class Nobody:
    """Answers everything with «unsupported»."""

    def ask(self, request: Request) -> Reply:
        return not_done()

    def close(self) -> None:
        pass


# From a file


@dataclass
class Answer:
    """One entry of the file. ``left``: how often it may still answer, None without end."""

    do: str
    args: Mapping[str, Any]
    reply: Reply
    after_s: float
    left: int | None

    def fits(self, request: Request) -> bool:
        given = request["args"]
        return self.do == request["do"] and all(n in given and given[n] == v for n, v in self.args.items())


@dataclass
class Answers:
    """Answers from a file; None of them fits: «unsupported»."""

    rows: list[Answer] = field(default_factory=list)

    def knows(self, request: Request) -> bool:
        return any(r.fits(request) and r.left != 0 for r in self.rows)

    def ask(self, request: Request) -> Reply:
        for row in self.rows:
            if row.fits(request) and row.left != 0:
                if row.left is not None:
                    row.left -= 1
                if row.after_s:
                    time.sleep(row.after_s)
                return dict(row.reply)
        return not_done()

    def close(self) -> None:
        pass


def read_answers(path: Path) -> Answers:
    """StimulusError says what is wrong with the file."""
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
        rows = content["answer"]
        found = [
            Answer(str(r["do"]), dict(r.get("args", {})), as_reply({"ok": True, **r}), float(r.get("after_s", 0)), r.get("times"))
            for r in rows
        ]  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StimulusError(f"stimulus.answers = {str(path)!r}: cannot be read: {error!r}") from None
    return Answers(found)


@dataclass
class Chain:
    """The file first; what it does not answer goes on."""

    first: Answers
    then: Stimulus

    def ask(self, request: Request) -> Reply:
        return self.first.ask(request) if self.first.knows(request) else self.then.ask(request)

    def close(self) -> None:
        self.then.close()


# A program


class Command:
    """A program that speaks the line protocol, started once. Its replies are matched by number."""

    def __init__(self, command: str, environment: Mapping[str, str], log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log.open("a", encoding="utf-8")
        self._process = subprocess.Popen(
            command, shell=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
            env={**os.environ, **environment}, text=True, encoding="utf-8", errors="replace",
        )  # fmt: skip
        self._replies: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._number = 0
        self._turn = threading.Lock()
        assert self._process.stdin is not None and self._process.stdout is not None
        self._in: IO[str] = self._process.stdin
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._reader.start()

    def _read(self, out: IO[str]) -> None:
        for line in out:
            try:
                reply = json.loads(line) if len(line) <= LINE_MAX else None
            except ValueError:
                reply = None
            if isinstance(reply, dict) and isinstance(reply.get("n"), int):
                self._replies.put(reply)
            else:
                self._note(f"dropped: {line[:500].rstrip()}")
        self._replies.put(None)

    def _note(self, text: str) -> None:
        self._log.write(f"{text}\n")
        self._log.flush()

    def ask(self, request: Request) -> Reply:
        with self._turn:
            self._number += 1
            deadline = time.monotonic() + float(request["within_s"])
            try:
                self._in.write(json.dumps({"n": self._number, **request}, ensure_ascii=False) + "\n")
                self._in.flush()
            except (OSError, ValueError):
                return self._ended()
            while True:
                try:
                    reply = self._replies.get(timeout=max(0.0, deadline - time.monotonic()))
                except queue.Empty:
                    self._note(f"no reply to {self._number} {request['do']} within {request['within_s']} s")
                    return not_done(f"no reply within {request['within_s']:.0f} s")
                if reply is None:
                    self._replies.put(None)
                    return self._ended()
                if reply["n"] == self._number:
                    return as_reply(reply)
                self._note(f"too late, dropped: reply to {reply['n']}")

    def _ended(self) -> Reply:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)  # its output closes a moment before it is gone
        return not_done(
            f"the stimulus command has ended (exit code {self._process.poll()}); see {self._log.name}"
        )

    def close(self) -> None:
        """End the program: its input closes, then it is stopped."""
        with contextlib.suppress(OSError):
            self._in.close()
        for signal in (None, self._process.terminate, self._process.kill):
            if signal is not None:
                signal()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5.0)
                break
        self._log.close()


def open_stimulus(
    values: Mapping[str, Any], environment: Mapping[str, str], out: Path, presets: Sequence[str] = ()
) -> Stimulus:
    """As the IXIT says. StimulusError."""
    from safezone_conformance.drivers.operator import Operator

    file = str(values["stimulus.answers"])
    answers = read_answers(Path(file)) if file else Answers()
    way = values["stimulus.way"]
    if way == "answers":
        if not file:
            raise StimulusError("stimulus.way = 'answers': stimulus.answers names no file")
        return answers
    if way == "command":
        if not values["stimulus.command"]:
            raise StimulusError(
                "stimulus.way = 'command': stimulus.command is empty (conformance/stimulus.md)"
            )
        return Chain(answers, Command(str(values["stimulus.command"]), environment, out / "stimulus.log"))
    try:
        operator = Operator(
            str(values["stimulus.host"]), int(values["stimulus.port"]), out / "operator.json", presets
        )
    except OSError as error:
        raise StimulusError(
            f"the operator's page cannot listen on {values['stimulus.host']}:{values['stimulus.port']}: {error}"
        ) from None
    return Chain(answers, operator)


__all__ = [
    "PROTOCOL", "UNSUPPORTED", "Answers", "Chain", "Command", "Nobody", "Reply", "Request", "Stimulus", "StimulusError",
    "as_reply", "not_done", "open_stimulus", "read_answers",
]  # fmt: skip

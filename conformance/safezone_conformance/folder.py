"""The folder of a run: its head, one exchange and one verdict a case. Written case by case, so a broken-off run resumes."""

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from safezone_conformance.case import Case
from safezone_conformance.execution import Outcome
from safezone_conformance.record import Record, read_record
from safezone_conformance.settings import Settings
from safezone_conformance.verdicts import Finding, Verdict

HEAD, CASES = "run.json", "cases"
SUITE_PACKAGES = ("safezone_conformance", "safezone_model")


class BadFolder(ValueError):
    """A folder that holds no run, or another one; the message says what helps."""


@dataclass(frozen=True)
class Head:
    """What is true of the whole run. ``nonce``: hexadecimal. Times: seconds since 1970 by the tester's clock."""

    nonce: str
    began_at: float
    role: str
    implementation: Mapping[str, str]
    has: tuple[str, ...]
    settings: Mapping[str, Any]
    hub_id: str
    offset_s: float
    suite_version: str
    suite_digest: str
    catalogue_digest: str
    subjects_at: float = 0.0
    standard: str = "v1"
    lab_nonce: Mapping[str, Any] | None = None

    def case_settings(self) -> Settings:
        """As cases got them."""
        plain = {k: v for k, v in self.settings.items() if k != "has"}
        return Settings(
            **{
                **plain,
                "has": frozenset(self.has),
                "hub_id": self.hub_id,
                "subjects_at": self.subjects_at,
                "offset_s": self.offset_s,
            }
        )


@dataclass(frozen=True)
class Kept:
    """One case's verdict as it is stored."""

    case: str
    verdict: Verdict
    why: str
    findings: tuple[Finding, ...]
    began_at: float
    took_s: float
    left: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def outcome(self) -> Outcome:
        return Outcome(self.verdict, self.findings, self.why)


def file_name(case: str) -> str:
    """A case's name as a file name: ``TC-HUB-CALL-01[a b]`` → ``TC-HUB-CALL-01~a_b``."""
    return re.sub(r"[^A-Za-z0-9._~-]", "_", case.replace("[", "~").rstrip("]"))


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(temporary, 0o644)
    os.replace(temporary, path)


def dumps(value: Any) -> str:
    """JSON as the folder writes it."""
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


@dataclass(frozen=True)
class Folder:
    """A run's folder on disk."""

    path: Path

    def write_head(self, head: Head) -> None:
        write_whole(self.path / HEAD, dumps(asdict(head)))

    def exists(self) -> bool:
        """Whether a run was made into it."""
        return (self.path / HEAD).exists()

    def head(self) -> Head:
        """BadFolder if there is none, or if it cannot be read."""
        try:
            content = json.loads((self.path / HEAD).read_text(encoding="utf-8"))
            return Head(**{**content, "has": tuple(content["has"])})
        except FileNotFoundError:
            raise BadFolder(f"{self.path}: no {HEAD} here: no run was made into this folder") from None
        except (ValueError, TypeError, KeyError) as error:
            raise BadFolder(f"{self.path / HEAD}: cannot be read: {error}") from None

    def keep(self, case: Case, outcome: Outcome, record: Record, left: tuple[str, ...] = ()) -> None:
        """Store one case. The exchange first: a verdict never stands without it."""
        name = file_name(case.name)
        write_whole(self.path / CASES / f"{name}.jsonl", "\n".join(record.lines()) + "\n")
        row = {
            "case": case.name, "verdict": outcome.verdict.value, "why": outcome.why, "began_at": record.began_at,
            "took_s": record.ended_at, "left": list(left), "findings": [asdict(f) for f in outcome.findings],
        }  # fmt: skip
        write_whole(self.path / CASES / f"{name}.json", dumps(row))

    def kept(self) -> Iterator[Kept]:
        """All stored verdicts, by name. BadFolder on one that cannot be read."""
        for path in sorted((self.path / CASES).glob("*.json")):
            yield self.kept_in(path)

    @staticmethod
    def kept_in(path: Path) -> Kept:
        """One stored verdict. BadFolder."""
        try:
            row = json.loads(path.read_text(encoding="utf-8"))
            findings = tuple(Finding(**f) for f in row["findings"])
            return Kept(
                row["case"], Verdict(row["verdict"]), row["why"], findings, row["began_at"], row["took_s"], tuple(row["left"])
            )  # fmt: skip
        except (ValueError, TypeError, KeyError) as error:
            raise BadFolder(f"{path}: cannot be read: {error!r}") from None

    def record(self, case: str) -> Record:
        """A case's exchange. BadRecord or FileNotFoundError."""
        return read_record((self.path / CASES / f"{file_name(case)}.jsonl").read_text(encoding="utf-8"))


def suite_version() -> str:
    try:
        return version("safezone")
    except PackageNotFoundError:
        return "unknown"


def _walk(root: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    for entry in sorted(root.iterdir(), key=lambda e: e.name):
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _walk(entry, f"{name}/")
        elif not entry.name.endswith(".pyc"):
            yield name, entry.read_bytes()


def _digest(package: str) -> str:
    whole = hashlib.sha256()
    for name, content in _walk(files(package)):
        whole.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    return whole.hexdigest()


@cache
def suite_digest() -> str:
    """SHA-256 over every file of the suite as it is installed here."""
    return _digest("safezone_conformance")


@cache
def catalogue_digest() -> str:
    """SHA-256 over every file of the standard as it is installed here."""
    return _digest("safezone_model")

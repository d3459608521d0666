"""Reads the tables of a settings file and gathers everything that is wrong with them, not only the first.

Each fault names field, value and remedy. What may be a secret is never shown: values of fields named
so, and everything of a URL but its scheme and host.
"""

import os
import re
import ssl
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from safezone_hub.channels.http_client import BadUrl, parse_target, trust

_HIDDEN = re.compile(r"pass|secret|token|key|credential", re.IGNORECASE)
_SHOWN_CHARACTERS = 60
_REQUIRED: Any = object()


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in the file."""

    field: str
    value: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.field} = {self.value}: {self.remedy}" if self.value else f"{self.field}: {self.remedy}"


class SettingsError(ValueError):
    """All faults of a file."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in faults))


class Section:
    """One table. Every member is asked for by name; ``close`` finds those that nobody asked for."""

    def __init__(self, name: str, table: Mapping[str, Any], faults: list[Fault], folder: Path) -> None:
        self._name, self._table, self._faults, self._folder = name, table, faults, folder
        self._asked: set[str] = set()

    def __contains__(self, key: object) -> bool:
        return key in self._table

    def fault(self, key: str, remedy: str, value: object = None) -> None:
        self._faults.append(Fault(self._path(key), "" if value is None else _shown(key, value), remedy))

    def text(self, key: str, default: Any = _REQUIRED, most: int = 1000) -> str:
        value = self._get(key, default)
        if value is None:
            return ""
        if not isinstance(value, str) or (not value and default is _REQUIRED) or len(value) > most:
            self.fault(key, f"give a text of 1 to {most} characters", value)
            return ""
        return value

    def choice(self, key: str, choices: Collection[str], default: Any = _REQUIRED) -> str:
        value = self._get(key, default)
        if value is not None and value not in choices:
            self.fault(key, "give one of " + ", ".join(f'"{choice}"' for choice in choices), value)
        return str(value)

    def flag(self, key: str, default: bool) -> bool:
        value = self._get(key, default)
        if not isinstance(value, bool):
            self.fault(key, "give true or false", value)
            return default
        return value

    def number(self, key: str, default: Any, least: float, most: float) -> float:
        value = self._get(key, default)
        if value is None:
            return least
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            self.fault(key, f"give a number from {least:g} to {most:g}", value)
            return least
        return float(value)

    def whole(self, key: str, default: Any, least: int, most: int) -> int:
        value = self._get(key, default)
        if value is None:
            return least
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.fault(key, f"give a whole number from {least} to {most}", value)
            return least
        return value

    def port(self, default: Any = _REQUIRED) -> int:
        return self.whole("port", default, 1, 65_535)

    def texts(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        value = self._get(key, default)
        if not isinstance(value, list | tuple) or not all(isinstance(item, str | int) for item in value):
            self.fault(key, 'give a list of texts, such as ["DELIVRD"]', value)
            return default
        return tuple(str(item) for item in value)

    def url(self, key: str, default: Any = _REQUIRED) -> str:
        value = self.text(key, default)
        if value:
            try:
                parse_target(value.replace("{id}", "0"))
            except BadUrl as error:
                self.fault(key, f"{error}; give https://host/path", value)
        return value

    def secret(self, key: str, required: bool = True) -> str | None:
        """The content of the file ``{key}_file`` or of the environment variable ``{key}_env``."""
        file_key, env_key = f"{key}_file", f"{key}_env"
        file_name, variable = self._get(file_key, None), self._get(env_key, None)
        if file_name is not None and variable is not None:
            self.fault(env_key, f"give {file_key} or {env_key}, not both")
        elif file_name is not None:
            return self._read_secret(file_key, file_name)
        elif variable is not None:
            if isinstance(variable, str) and os.environ.get(variable, "").strip():
                return os.environ[variable].strip()
            self._faults.append(
                Fault(self._path(env_key), repr(variable), "set this environment variable for the hub")
            )
        elif required:
            self.fault(file_key, f"missing: name the file that holds it, or its variable as {env_key}")
        return None

    def _read_secret(self, key: str, file_name: object) -> str | None:
        remedy = "give the path of a file with the secret on its only line, readable by the hub"
        shown = repr(file_name)
        if isinstance(file_name, str) and file_name:
            try:
                secret = (self._folder / file_name).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
                self._faults.append(Fault(self._path(key), shown, f"{reason}; {remedy}"))
                return None
            if secret and "\n" not in secret:
                return secret
        self._faults.append(Fault(self._path(key), shown, remedy))
        return None

    def tls_trust(self, key: str = "ca_file") -> ssl.SSLContext:
        """Whom TLS trusts: the machine's authorities, and those of the file ``ca_file`` if there is one."""
        name = self.text(key, "")
        try:
            return trust(str(self._folder / name) if name else None)
        except (OSError, ssl.SSLError) as error:
            self.fault(key, f"{error.strerror or 'not certificates'}; give a file of PEM certificates", name)
            return trust(None)

    def section(self, key: str) -> "Section | None":
        """The table under ``key``, if it is there."""
        value = self._get(key, None)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.fault(key, f"write a table: [{self._path(key)}]", value)
            return None
        return Section(self._path(key), value, self._faults, self._folder)

    def members(self) -> dict[str, Any]:
        """All members, whatever their names."""
        self._asked.update(self._table)
        return dict(self._table)

    def close(self) -> None:
        """Refuse members that nobody asked for."""
        for key in self._table:
            if key in self._asked:
                continue
            if f"{key}_file" in self._asked:
                self.fault(key, f"secrets do not stand in this file: use {key}_file or {key}_env", "…")
            else:
                known = ", ".join(sorted(self._asked))
                self.fault(key, f"not known here; known: {known}", self._table[key])

    def _get(self, key: str, default: Any) -> Any:
        self._asked.add(key)
        if key in self._table:
            return self._table[key]
        if default is _REQUIRED:
            self.fault(key, "missing: add it")
            return None
        return default

    def _path(self, key: str) -> str:
        return f"{self._name}.{key}" if self._name else key


def _shown(key: str, value: object) -> str:
    if _HIDDEN.search(key):
        return "…"
    if isinstance(value, str):
        if "://" in value:
            scheme, host = value.partition("://")[0], ""
            try:
                host = urlsplit(value).hostname or ""
            except ValueError:
                host = ""
            value = f"{scheme}://{host}/…"
        elif "@" in value:
            value = "…@" + value.rpartition("@")[2]
        return repr(value[:_SHOWN_CHARACTERS] + ("…" if len(value) > _SHOWN_CHARACTERS else ""))
    if isinstance(value, bool | int | float):
        return str(value).lower()
    return f"a {type(value).__name__}"

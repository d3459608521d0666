"""Checks one file of a vendor against the model and says in both languages what is wrong and what helps.

A help for people at a desk; neither the hub's codec nor the suite's verdict. It proves no MAC: that needs the key.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jsonschema import ValidationError

from safezone_model.figures import Text, wire
from safezone_model.loader import MESSAGES, REGISTRY_KINDS, load_schema, timing, validator

_MAC_AT_END = re.compile(rb',"mac":"[A-Za-z0-9_-]{43}"\}\Z')
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})"
)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where (JSON pointer), the value found, and what helps."""

    field: str
    value: str
    message: Text
    remedy: Text


class NotJson(ValueError):
    """The bytes are not one JSON object by the rules of the standard."""

    def __init__(self, ko: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(ko, en)


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "…"


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in names if names.count(name) > 1)
        raise NotJson(f"멤버 {doubled!r}가 두 번 나온다", f"the member {doubled!r} occurs twice")
    return members


def _no_constant(name: str) -> object:
    raise NotJson(f"{name}은 JSON이 아니다", f"{name} is no JSON")


def _depth(value: object) -> int:
    deepest, level = 0, [value]
    while level:
        containers = [v for v in level if isinstance(v, dict | list)]
        deepest += bool(containers)
        level = [x for v in containers for x in (v.values() if isinstance(v, dict) else v)]
    return deepest


def parse(payload: bytes) -> Any:
    """The JSON value of a payload. NotJson says which rule of the standard it breaks."""
    try:
        value = json.loads(
            payload.decode("utf-8"), object_pairs_hook=_no_doubles, parse_constant=_no_constant
        )
    except UnicodeDecodeError:
        raise NotJson("UTF-8이 아니다", "not UTF-8") from None
    except json.JSONDecodeError as error:
        spot = f"{error.lineno}:{error.colno}"
        raise NotJson(f"JSON이 아니다({spot}): {error.msg}", f"not JSON ({spot}): {error.msg}") from None
    except RecursionError:
        raise NotJson("중첩이 너무 깊다", "nested too deeply") from None
    if not isinstance(value, dict):
        raise NotJson("JSON 객체가 아니다", "not a JSON object")
    limit = wire()["limits"]["nesting_max"]
    if _depth(value) > limit:
        raise NotJson(f"중첩이 {limit}단계를 넘는다", f"nested deeper than {limit} levels")
    return value


def _explain(error: ValidationError) -> tuple[Text, Text]:
    """What the schema says, and what helps."""
    want = error.validator_value
    shown = _shown(want)
    match error.validator:
        case "required":
            name = next(n for n in want if n not in error.instance)
            return Text(f"{name}이(가) 없다", f"{name} is missing"), Text(
                f"{name}을(를) 넣는다", f"add {name}"
            )
        case "additionalProperties":
            extra = sorted(set(error.instance) - set(error.schema.get("properties", {})))
            names = ", ".join(extra)
            known = ", ".join(error.schema.get("properties", {}))
            return (
                Text(f"모르는 멤버: {names}", f"unknown member: {names}"),
                Text(f"빼거나 고친다. 아는 멤버: {known}", f"remove or correct it; known: {known}"),
            )
        case "enum":
            choices = ", ".join(map(str, want))
            return Text("허용된 값이 아니다", "not an allowed value"), Text(
                f"하나를 쓴다: {choices}", f"use one of {choices}"
            )
        case "const":
            return Text(f"값은 {shown}이어야 한다", f"must be {shown}"), Text(
                f"{shown}을 쓴다", f"write {shown}"
            )
        case "type":
            return Text(f"종류가 {shown}이어야 한다", f"must be of type {shown}"), Text(
                f"{shown}으로 적는다", f"write it as {shown}"
            )
        case "format":
            return Text("달력에 없는 날이다", "no such day in the calendar"), Text(
                "실제로 있는 날을 적는다", "write a day that exists"
            )
        case "pattern":
            return Text("꼴이 맞지 않는다", "has the wrong form"), Text(
                f"이 꼴로 적는다: {want}", f"use the form {want}"
            )
    return (
        Text(f"{error.validator} {shown}을(를) 어긴다", f"breaks {error.validator} {shown}"),
        Text(f"{error.validator} {shown}을(를) 지킨다", f"keep to {error.validator} {shown}"),
    )


def _pointer(parts: Iterator[str | int]) -> str:
    return "".join(f"/{p}" for p in parts) or "/"


def _impossible_times(value: object, at: tuple[str | int, ...] = ()) -> Iterator[Problem]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _impossible_times(inner, (*at, name))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _impossible_times(inner, (*at, i))
    elif isinstance(value, str) and _TIME.fullmatch(value):
        try:
            datetime.fromisoformat(value)
        except ValueError:
            yield Problem(
                _pointer(iter(at)),
                _shown(value),
                Text("달력에 없는 시각이다", "no such instant in the calendar"),
                Text("실제로 있는 날짜와 시각을 적는다", "write a date and time that exist"),
            )


def problems(schema: str, value: object, under: str = "") -> list[Problem]:
    """What is wrong with a value by one schema, in order of place; ``under`` is put before every pointer."""
    errors = sorted(validator(schema).iter_errors(value), key=lambda e: [str(p) for p in e.absolute_path])
    malformed = {tuple(e.absolute_path) for e in errors if e.validator == "pattern"}
    found = [
        Problem(under + _pointer(iter(e.absolute_path)), _shown(e.instance), *_explain(e))
        for e in errors
        if e.validator != "format" or tuple(e.absolute_path) not in malformed
    ]
    if not found:
        found = [Problem(under + p.field, p.value, p.message, p.remedy) for p in _impossible_times(value)]
    return found


def schema_of(value: Mapping[str, Any]) -> str | None:
    """The schema that a value names by itself: envelope, handover, statistics, or its registry kind. None if it names none."""
    if "specversion" in value:
        return "envelope"
    for name in ("handover", "statistics"):
        if value.get("schema") == load_schema(name)["$id"]:
            return name
    kind = value.get("kind")
    return f"registry/{kind}" if kind in REGISTRY_KINDS else None


def check_envelope(payload: bytes, value: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with a whole message: size, place of the mac, envelope, type and data."""
    found = problems("envelope", value)
    limit = timing()["message_max_bytes"]
    if len(payload) > limit:
        found.append(
            Problem(
                "/",
                f"{len(payload)} bytes",
                Text("본문이 너무 크다", "the payload is too large"),
                Text(f"{limit}바이트 이하로 나눈다", f"split it to {limit} bytes at most"),
            )
        )
    if "mac" in value and not _MAC_AT_END.search(payload.rstrip(b"\r\n")):
        found.append(
            Problem(
                "/mac",
                _shown(value["mac"]),
                Text(
                    "mac이 규정된 꼴의 마지막 멤버가 아니다", "mac is not the last member in the exact form"
                ),
                Text(',"mac":"…"} 로 끝낸다', 'end the payload with ,"mac":"…"}'),
            )
        )
    name = value.get("type")
    if isinstance(name, str) and name not in MESSAGES:
        known = ", ".join(MESSAGES)
        found.append(
            Problem(
                "/type",
                _shown(name),
                Text("모르는 메시지 종류", "unknown message type"),
                Text(f"하나를 쓴다: {known}", f"use one of {known}"),
            )
        )
    elif isinstance(name, str) and isinstance(value.get("data"), dict):
        found += problems(f"messages/{name}", value["data"], under="/data")
    return found


def check(payload: bytes, schema: str | None = None) -> tuple[str, list[Problem]]:
    """Check a payload against the schema named, or the one it names itself. Returns that name and what is wrong.

    NotJson if it is no JSON object; LookupError if no schema is named and none can be told.
    """
    value = parse(payload)
    name = schema or schema_of(value)
    if name is None:
        raise LookupError("the file names no schema: no envelope (specversion) and no known registry kind")
    return name, check_envelope(payload, value) if name == "envelope" else problems(name, value)

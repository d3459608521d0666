"""ICS and IXIT: what a vendor claims, and what the suite must know to test it. Written, read and checked here.

The fields are data (``ICS_ITEMS``, ``IXIT_FIELDS``); ``conform init`` prints them as commented TOML, and reading checks
against the same list. A secret may be given as ``env:NAME`` or ``file:PATH``; secrets never reach the evidence.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safezone_model import Text

ROLES = ("hub", "reader", "tag", "bell", "camera", "phone")


@dataclass(frozen=True)
class IcsItem:
    """One question. ``status``: m (mandatory), o (optional), c (the condition of some requirements)."""

    name: str
    roles: tuple[str, ...]
    status: str
    text: Text


@dataclass(frozen=True)
class IxitField:
    """One value. ``type``: text, number, choice, secret or flag; ``unit`` for numbers; ``choices`` for choice."""

    table: str
    name: str
    roles: tuple[str, ...]
    type: str
    default: Any
    text: Text
    unit: str = ""
    choices: tuple[str, ...] = ()
    needed: bool = False

    @property
    def key(self) -> str:
        return f"{self.table}.{self.name}"


def _hub(name: str, ko: str, en: str, status: str = "m") -> IcsItem:
    return IcsItem(name, ("hub",), status, Text(ko, en))


ICS_ITEMS: tuple[IcsItem, ...] = (
    _hub(
        "everyday",
        "등하교·귀가·학원 알림 (9.3–9.6)",
        "everyday services: school, home, academy, not arrived (9.3–9.6)",
    ),
    _hub(
        "danger",
        "위험지역·경로 이탈·태그 침묵 (9.7–9.9)",
        "danger areas, route deviation, silent tags (9.7–9.9)",
    ),
    _hub("location", "위치 조회 (11.3)", "location queries (11.3)"),
    _hub("cameras", "카메라 (8.7)", "cameras (8.7)"),
    _hub("device-health", "장치의 건강과 시계 (6.1, 12.1)", "device health and clocks (6.1, 12.1)"),
    _hub("drills", "훈련의 표시 (7.1)", "marking of drills (7.1)"),
    _hub("exercise-clock", "훈련 시계 (7.2)", "exercise clock (7.2)", "o"),
    _hub("incidents", "사건의 처리 (14)", "work on incidents (14)"),
    _hub("missing", "실종 신고와 탐색 (9.13, 14.3)", "reports of missing children, search (9.13, 14.3)"),
    _hub("escalation", "격상 (15)", "escalation (15)"),
    _hub("dispatch", "출동과 기관 (16)", "dispatch and agencies (16)"),
    _hub("webhooks", "웹훅 (17.2)", "webhooks (17.2)"),
    _hub("sms", "문자 (17.1)", "text messages (17.1)"),
    _hub("email", "전자우편 (17.1)", "e-mail (17.1)"),
    _hub(
        "deliveries",
        "전달의 상태와 틀린 알림 (17.3, 17.4)",
        "state of deliveries, wrong notices (17.3, 17.4)",
    ),
    _hub("streams", "스트림 (11.6)", "streams (11.6)"),
    _hub("etags", "쪽과 ETag (11.5)", "pages and ETags (11.5)"),
    _hub("csv-import", "CSV 등록 (11.2)", "registration by CSV (11.2)"),
    _hub("tokens", "토큰과 역할 (18.1, 18.2)", "tokens and roles (18.1, 18.2)"),
    _hub("enrolment", "학부모의 등록 (18.3)", "enrolment of parents (18.3)"),
    _hub("privacy", "동의, 사실 기록, 파기 (13, 19.1, 19.2)", "consent, facts, erasure (13, 19.1, 19.2)"),
    _hub("audit", "해시 사슬 (19.3)", "hash chain (19.3)"),
    _hub("statistics", "통계 (19.4)", "statistics (19.4)"),
    _hub("metrics", "metrics와 운영 조회 (11.4)", "metrics and operation (11.4)"),
    IcsItem("gate", ("reader",), "c", Text("바깥·안쪽 안테나가 있다", "has an outer and an inner antenna")),
    IcsItem("gateway", ("reader",), "c", Text("게이트웨이 뒤에서 동작한다", "works behind a gateway")),
    IcsItem(
        "press-counter",
        ("reader", "tag"),
        "c",
        Text("태그에 누름 계수기가 있다", "the tag has a press counter"),
    ),
    IcsItem(
        "no-press-counter",
        ("reader", "tag"),
        "c",
        Text("태그에 누름 계수기가 없다", "the tag has no press counter"),
    ),
    IcsItem(
        "battery", ("reader", "bell", "camera", "phone"), "c", Text("배터리로 동작한다", "runs on a battery")
    ),
    IcsItem("mains", ("reader", "bell", "camera"), "c", Text("상용 전원을 쓴다", "uses mains power")),
)

IXIT_FIELDS: tuple[IxitField, ...] = (
    IxitField("mqtt", "url", ("hub",), "text", "mqtt://127.0.0.1:1883", Text("시험 대상의 브로커", "broker of the system under test"), needed=True),
    IxitField("mqtt", "username", ROLES, "text", "", Text("시험기의 계정, 없으면 빈 값", "the tester's account, empty if none")),
    IxitField("mqtt", "password", ROLES, "secret", "", Text("그 비밀번호: env:이름 또는 file:경로", "its password: env:NAME or file:PATH")),
    IxitField("mqtt", "ca", ROLES, "text", "", Text("브로커 인증서의 CA 파일", "CA file of the broker's certificate")),
    IxitField("http", "url", ("hub",), "text", "http://127.0.0.1:8080", Text("HTTP 접속의 주소", "address of the HTTP interface"), needed=True),
    IxitField("http", "token", ("hub",), "secret", "env:SAFEZONE_HUB_TOKEN", Text("서비스 토큰(admin)", "service token (admin)"), needed=True),
    IxitField("http", "ca", ("hub",), "text", "", Text("HTTPS 인증서의 CA 파일", "CA file of the HTTPS certificate")),
    IxitField("limits", "time_scale", ROLES, "number", 1.0, Text("모든 시간 제한에 곱한다", "multiplies every time limit"), "×"),
    IxitField("limits", "network_s", ROLES, "number", 0.5, Text("모든 시간 제한에 더하는 망 지연", "network delay added to every limit"), "s"),
    IxitField("absence", "proof", ("hub",), "choice", "fence", Text("오지 않음의 증명: 울타리 메시지 또는 기한까지", "absence is proved by a fence message, or by the whole deadline"), choices=("fence", "deadline")),
    IxitField("absence", "margin_s", ROLES, "number", 0.5, Text("울타리 뒤에 기다리는 시간", "waited after the fence"), "s"),
    IxitField("subjects", "provisioning", ("hub",), "choice", "api", Text("시험 대상자의 등록: api 또는 csv(미리 들여옴)", "subjects are registered by the api, or imported beforehand from a csv"), choices=("api", "csv")),
    IxitField("subjects", "prefix", ROLES, "text", "ct", Text("모든 시험 id의 앞머리", "begins every id of the suite")),
    IxitField("hooks", "host", ("hub",), "text", "127.0.0.1", Text("시험기가 웹훅을 받는 주소", "address on which the tester takes webhooks")),
    IxitField("hooks", "port", ("hub",), "number", 0, Text("그 포트, 0이면 빈 것", "its port, 0 takes a free one")),
    IxitField("hooks", "public", ("hub",), "text", "", Text("시험 대상이 보는 그 주소", "that address as the system under test sees it")),
    IxitField("sms", "sink", ("hub",), "flag", False, Text("시험 대상이 문자를 시험기의 웹훅 주소 아래 /sms로 POST한다(200과 {\"id\"}로 답한다)", "the system's text messages are POSTed to the tester, at hooks.public + /sms (answered by 200 and {\"id\"})")),
    IxitField("restart", "command", ("hub",), "text", "", Text("시험 대상을 강제로 죽이고 다시 켜는 명령, 없으면 복구 시험은 해당 없음", "command that kills the system hard and starts it again; without one recovery is not applicable")),
)  # fmt: skip


class ProformaError(ValueError):
    """An ICS or IXIT that cannot be used. ``problems``: each names the field, the value and what helps."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Ics:
    """What a vendor claims. ``has``: the items answered with yes."""

    role: str
    implementation: Mapping[str, str]
    has: frozenset[str]


@dataclass(frozen=True)
class Ixit:
    """How to reach and handle the system under test. ``values``: by ``table.name``, secrets resolved."""

    role: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    def public(self) -> dict[str, Any]:
        """Everything but the secrets, for the evidence."""
        hidden = {f.key for f in IXIT_FIELDS if f.type == "secret"}
        return {k: v for k, v in self.values.items() if k not in hidden}


def items_of(role: str) -> tuple[IcsItem, ...]:
    return tuple(i for i in ICS_ITEMS if role in i.roles)


def fields_of(role: str) -> tuple[IxitField, ...]:
    return tuple(f for f in IXIT_FIELDS if role in f.roles)


def _load(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProformaError(
            [f"{path}: cannot be read: {error.strerror}. Write one with: safezone conform init"]
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProformaError([f"{path}: not TOML: {error}"]) from None


def read_ics(path: Path) -> Ics:
    """ProformaError lists everything that is wrong."""
    content = _load(path)
    role = str(content.get("role", ""))
    if role not in ROLES:
        raise ProformaError([f"{path}: role = {role!r}: write one of {', '.join(ROLES)}"])
    answers = content.get("supports", {})
    known = {i.name: i for i in items_of(role)}
    problems = [
        f"{path}: supports.{n}: no such item; known: {', '.join(known)}" for n in answers if n not in known
    ]
    problems += [
        f"{path}: supports.{n} = {answers.get(n)!r}: write true or false"
        for n in known
        if not isinstance(answers.get(n), bool)
    ]
    implementation = {k: str(v) for k, v in content.get("implementation", {}).items()}
    problems += [
        f"{path}: implementation.{n}: missing; write who made what, in which version"
        for n in ("vendor", "product", "version")
        if not implementation.get(n)
    ]
    if problems:
        raise ProformaError(problems)
    return Ics(role, implementation, frozenset(n for n, yes in answers.items() if yes))


def read_ixit(path: Path, role: str) -> Ixit:
    """ProformaError lists everything that is wrong. Secrets are looked up (env:NAME, file:PATH)."""
    content = _load(path)
    values: dict[str, Any] = {}
    problems = []
    known = {f.key: f for f in fields_of(role)}
    for table, rows in content.items():
        if not isinstance(rows, Mapping):
            if table != "role":
                problems.append(f"{path}: {table}: no such table")
            continue
        problems += [f"{path}: {table}.{n}: no such field" for n in rows if f"{table}.{n}" not in known]
    for key, spec in known.items():
        value = content.get(spec.table, {}).get(spec.name, spec.default)
        wrong = _wrong(spec, value)
        if wrong:
            problems.append(f"{path}: {key} = {value!r}: {wrong}")
            continue
        try:
            values[key] = _secret(value, path.parent) if spec.type == "secret" else value
        except OSError as error:
            problems.append(f"{path}: {key} = {value!r}: {error}")
        if spec.needed and not values.get(key):
            problems.append(f"{path}: {key}: missing; {spec.text.en}")
    if problems:
        raise ProformaError(problems)
    return Ixit(role, values)


def _wrong(spec: IxitField, value: Any) -> str:
    match spec.type:
        case "number" if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
            return f"write a number of {spec.unit or 'at least 0'}, not below 0"
        case "choice" if value not in spec.choices:
            return f"write one of {', '.join(spec.choices)}"
        case "flag" if not isinstance(value, bool):
            return "write true or false"
        case "text" | "secret" if not isinstance(value, str):
            return 'write a text in "quotes"'
    return ""


def _secret(value: str, folder: Path) -> str:
    if value.startswith("env:"):
        found = os.environ.get(value[4:], "")
        if not found:
            raise OSError(f"the environment has no {value[4:]}")
        return found
    if value.startswith("file:"):
        return (folder / value[5:]).read_text(encoding="utf-8").strip()
    return value


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else '"' + str(value).replace('"', '\\"') + '"'


def write_ics(role: str) -> str:
    """A commented ICS to be filled in."""
    lines = ["# ICS: 구현이 따른다고 밝히는 것 · what the implementation claims. 이것은 시험 결과가 아니다 · no test result.",
             f'role = "{role}"', "", "[implementation]", 'vendor = ""', 'product = ""', 'version = ""', "",
             "# m 필수 · mandatory, o 선택 · optional, c 조건 · condition", "[supports]"]  # fmt: skip
    for item in items_of(role):
        lines += [
            f"# [{item.status}] {item.text.ko} · {item.text.en}",
            f"{item.name} = {_toml(item.status == 'm')}",
        ]
    return "\n".join(lines) + "\n"


def write_ixit(role: str) -> str:
    """A commented IXIT to be filled in."""
    lines, table = ["# IXIT: 시험에 필요한 값 · what the suite must know to test it."], ""
    for spec in fields_of(role):
        if spec.table != table:
            table = spec.table
            lines += ["", f"[{table}]"]
        unit = f" [{spec.unit}]" if spec.unit else ""
        choices = f" ({' | '.join(spec.choices)})" if spec.choices else ""
        lines += [f"# {spec.text.ko} · {spec.text.en}{unit}{choices}", f"{spec.name} = {_toml(spec.default)}"]
    return "\n".join(lines) + "\n"

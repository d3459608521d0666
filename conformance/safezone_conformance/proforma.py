"""ICS and IXIT: what a vendor claims, and what the suite must know to test it. Written, read and checked here.

The fields are data (``ICS_ITEMS``, ``IXIT_FIELDS``); ``conform init`` prints them as commented TOML, and reading checks
against the same list. A secret may be given as ``env:NAME`` or ``file:PATH``; secrets never reach the evidence.
"""

import os
import tomllib
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safezone_model import Text

ROLES = ("hub", "reader", "tag", "bell", "camera", "phone")
EQUIPMENT = ROLES[1:]


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
    _hub("streets", "길의 등록 (registry-streets, 7.2)", "takes streets (registry-streets, 7.2)", "o"),
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
    _hub("metrics", "metrics, 통계·거부·학생 조회 (11.4)", "metrics, stats, rejections, pupils (11.4)"),
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
    IcsItem(
        "exercise",
        EQUIPMENT[0:1] + EQUIPMENT[2:],
        "o",
        Text("훈련의 메시지를 표시할 수 있다 (7.1)", "can mark messages of a drill (7.1)"),
    ),
    IcsItem(
        "store-reset",
        EQUIPMENT[0:1] + EQUIPMENT[2:],
        "c",
        Text(
            "저장을 지우거나 바꿀 수 있다 (공장 초기화)", "its store can be lost or exchanged (factory reset)"
        ),
    ),
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
    IxitField("limits", "longest_wait_s", ("hub",), "number", 240.0, Text("훈련 시계가 없는 허브에서 시험 하나가 실제로 기다리는 가장 긴 시간. 넘으면 SKIPPED", "without an exercise clock a case really waits; one that would wait longer than this is SKIPPED"), "s"),
    IxitField("absence", "proof", ("hub",), "choice", "fence", Text("오지 않음의 증명: 울타리 메시지 또는 기한까지", "absence is proved by a fence message, or by the whole deadline"), choices=("fence", "deadline")),
    IxitField("absence", "margin_s", ROLES, "number", 0.5, Text("울타리 뒤에 기다리는 시간", "waited after the fence"), "s"),
    IxitField("subjects", "provisioning", ("hub",), "choice", "api", Text("시험 대상자의 등록: api 또는 csv(미리 들여옴)", "subjects are registered by the api, or imported beforehand from a csv"), choices=("api", "csv")),
    IxitField("subjects", "prefix", ROLES, "text", "ct", Text("모든 시험 id의 앞머리", "begins every id of the suite")),
    IxitField("hooks", "host", ("hub",), "text", "127.0.0.1", Text("시험기가 웹훅을 받는 주소", "address on which the tester takes webhooks")),
    IxitField("hooks", "port", ("hub",), "number", 0, Text("그 포트, 0이면 빈 것", "its port, 0 takes a free one")),
    IxitField("hooks", "public", ("hub",), "text", "", Text("시험 대상이 보는 그 주소", "that address as the system under test sees it")),
    IxitField("sms", "sink", ("hub",), "flag", False, Text("시험 대상이 문자를 시험기의 웹훅 주소 아래 /sms로 POST한다(200과 {\"id\"}로 답한다)", "the system's text messages are POSTed to the tester, at hooks.public + /sms (answered by 200 and {\"id\"})")),
    IxitField("restart", "command", ("hub",), "text", "", Text("시험 대상을 강제로 죽이고 다시 켜는 명령, 없으면 복구 시험은 해당 없음", "command that kills the system hard and starts it again; without one recovery is not applicable")),
    IxitField("broker", "url", EQUIPMENT, "text", "", Text("장치가 붙는 브로커(mqtt://, mqtts://). 비우면 시험기가 브로커를 연다", "broker the device connects to (mqtt://, mqtts://); empty: the suite runs one of its own")),
    IxitField("broker", "host", EQUIPMENT, "text", "127.0.0.1", Text("시험기의 브로커가 듣는 주소", "address on which the suite's own broker listens")),
    IxitField("broker", "port", EQUIPMENT, "number", 18830, Text("그 포트, 0이면 빈 것", "its port, 0 takes a free one")),
    IxitField("broker", "certificate", EQUIPMENT, "text", "", Text("시험기 브로커의 TLS 인증서(PEM), 비우면 TLS 없음", "TLS certificate (PEM) of the suite's own broker; empty: no TLS")),
    IxitField("broker", "private_key", EQUIPMENT, "text", "", Text("그 인증서의 개인 키 파일(PEM)", "its private key file (PEM)")),
    IxitField("device", "zone", EQUIPMENT, "text", "", Text("장치가 등록된 구역(태그는 골든 리더기의)", "zone of the device (for a tag: of the golden reader)"), needed=True),
    IxitField("device", "id", EQUIPMENT, "text", "", Text("장치의 id(태그는 골든 리더기의)", "id of the device (for a tag: of the golden reader)"), needed=True),
    IxitField("device", "keyid", EQUIPMENT, "text", "", Text("그 키의 keyid", "keyid of its key"), needed=True),
    IxitField("device", "secret", EQUIPMENT, "secret", "env:SAFEZONE_DEVICE_SECRET", Text("그 키, base64url: env:이름 또는 file:경로", "its key, base64url: env:NAME or file:PATH"), needed=True),
    IxitField("device", "hub_id", EQUIPMENT, "text", "hub-1", Text("시험기가 내세우는 허브 id", "hub id that the suite plays")),
    IxitField("device", "antennas", ("reader", "tag"), "text", "a:single", Text("안테나와 그 쪽: 이름:outer|inner|single, 빈칸으로 나눔", "antennas and their sides: name:outer|inner|single, apart by spaces"), needed=True),
    IxitField("device", "tags", ("reader", "tag"), "text", "", Text("시험에 쓸 태그의 id, 빈칸으로 나눔. 첫째에 단추가 있다. 문을 30개가 지나려면 30개. 태그의 시험에서는 첫째가 시험 대상", "ids of tags at hand, apart by spaces; the first has a button; 30 for the crowd at a gate. In a test of a tag the first is the one under test"), needed=True),
    IxitField("device", "unknown_tag", ("reader",), "text", "", Text("리더기가 모르는 태그의 id", "id of a tag the reader does not know")),
    IxitField("device", "golden_tag", ("tag",), "text", "", Text("골든 리더기와 짝인 골든 태그의 id", "id of the golden tag that goes with the golden reader"), needed=True),
    IxitField("device", "range_m", ("tag",), "number", 4.0, Text("그 안테나의 등록된 range_m", "registered range_m of its antenna"), "m"),
    IxitField("device", "presets", ("camera",), "text", "", Text("프리셋과 방위: 이름:도, 빈칸으로 나눔. 셋 이상", "presets and bearings: name:degrees, apart by spaces; three or more"), needed=True),
    IxitField("device", "stuck_s", ("bell",), "number", 30.0, Text("이만큼 눌려 있으면 걸린 단추로 알린다", "held this long the button is reported as stuck"), "s"),
    IxitField("device", "self_test_every_s", ("bell",), "number", 86400.0, Text("자가 시험의 간격", "interval of its self-test"), "s"),
    IxitField("device", "start_s", EQUIPMENT, "number", 60.0, Text("켠 뒤 접속할 때까지의 시간", "from power on until it is connected, at most"), "s"),
    IxitField("device", "reconnect_s", EQUIPMENT, "number", 60.0, Text("망이 돌아온 뒤 접속할 때까지의 시간", "from the network's return until it is connected again, at most"), "s"),
    IxitField("phases", "at_once_s", EQUIPMENT, "number", 2.0, Text("«곧바로»로 치는 시간", "what counts as «at once»"), "s"),
    IxitField("phases", "offline_s", EQUIPMENT, "number", 3600.0, Text("오랜 단절의 길이. 3600보다 짧으면 보고서에 적힌다", "length of the long outage; shorter than 3600 is said in the report"), "s"),
    IxitField("phases", "repeats_s", EQUIPMENT, "number", 190.0, Text("수신증 없이 반복을 지켜보는 시간. 130보다 짧으면 보고서에 적힌다", "how long repeats are watched without a receipt; shorter than 130 is said in the report"), "s"),
    IxitField("phases", "heartbeat_s", EQUIPMENT, "number", 600.0, Text("상태 보고 하나를 기다리는 가장 긴 시간. 600보다 짧으면 보고서에 적힌다", "longest wait for one device.status; shorter than 600 is said in the report"), "s"),
    IxitField("phases", "still_s", ("phone",), "number", 620.0, Text("가만히 둔 전화를 지켜보는 시간. 310보다 짧으면 보고서에 적힌다", "how long a phone at rest is watched; shorter than 310 is said in the report"), "s"),
    IxitField("phases", "fixes", ("phone",), "number", 40, Text("정확도의 정직함을 보는 위치의 수. 40보다 적으면 보고서에 적힌다", "fixes from which honesty is judged; fewer than 40 is said in the report")),
    IxitField("phases", "step_s", ("phone",), "number", 30.0, Text("움직일 때 한 걸음의 시간. 30보다 짧으면 보고서에 적힌다", "time of one step when moving; shorter than 30 is said in the report"), "s"),
    IxitField("stimulus", "way", EQUIPMENT, "choice", "operator", Text("자극의 방법: 프로그램, 사람, 답 파일", "who answers: a program, a person, a file"), choices=("command", "operator", "answers")),
    IxitField("stimulus", "command", EQUIPMENT, "text", "", Text("자극 프로그램을 켜는 명령 (conformance/stimulus.md)", "command that starts the stimulus program (conformance/stimulus.md)")),
    IxitField("stimulus", "answers", EQUIPMENT, "text", "", Text("답 파일(TOML 또는 JSON)", "file of answers (TOML or JSON)")),
    IxitField("stimulus", "host", EQUIPMENT, "text", "127.0.0.1", Text("시험원 쪽의 주소", "address of the operator's page")),
    IxitField("stimulus", "port", EQUIPMENT, "number", 8765, Text("그 포트, 0이면 빈 것", "its port, 0 takes a free one")),
    IxitField("stimulus", "patience_s", EQUIPMENT, "number", 600.0, Text("자극 하나를 기다리는 시간(그 일 자체의 시간에 더한다). 사람이면 600, 프로그램이면 30", "waited for one stimulus, over the time it takes itself; 600 for a person, 30 for a program"), "s"),
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
        secrets = [
            str(self.values[k]) for k in sorted(hidden & set(self.values)) if len(str(self.values[k])) >= 8
        ]

        def clean(value: Any) -> Any:  # a command may name a secret, too
            for secret in secrets if isinstance(value, str) else ():
                value = value.replace(secret, "(secret)")
            return value

        return {k: clean(v) for k, v in self.values.items() if k not in hidden}


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
    has = frozenset(n for n, yes in answers.items() if yes)
    problems += [f"{path}: supports: {words}" for words in _contradictions(role, has)]
    if problems:
        raise ProformaError(problems)
    return Ics(role, implementation, has)


def _contradictions(role: str, has: Collection[str]) -> Iterator[str]:
    """Claims that no thing can make: the standard's conditions come in pairs."""
    mine = {i.name for i in items_of(role)}
    if {"press-counter", "no-press-counter"} <= mine and ("press-counter" in has) == (
        "no-press-counter" in has
    ):
        yield "press-counter, no-press-counter: one of the two is true, not both and not neither"
    if {"battery", "mains"} <= mine and not {"battery", "mains"} & set(has):
        yield "battery, mains: at least one is true: the device runs on something"


def read_proformas(ics_file: Path, ixit_file: Path) -> tuple[Ics, Ixit]:
    """ICS and IXIT of one system. ProformaError lists everything that is wrong with either, and where they disagree."""
    problems: list[str] = []
    ics, ixit, role = None, None, ""
    try:
        ics = read_ics(ics_file)
        role = ics.role
    except ProformaError as error:
        problems += error.problems
        with suppress(ProformaError):
            role = str(_load(ics_file).get("role", ""))
    if role in ROLES:
        try:
            ixit = read_ixit(ixit_file, role)
        except ProformaError as error:
            problems += error.problems
    if ics is None or ixit is None:
        raise ProformaError(problems)
    problems += [f"{ixit_file}: {words}" for words in _disagreements(ics, ixit)]
    if problems:
        raise ProformaError(problems)
    return ics, ixit


def _disagreements(ics: Ics, ixit: Ixit) -> Iterator[str]:
    antennas = str(ixit.values.get("device.antennas", ""))
    sides = [side for _, _, side in (word.partition(":") for word in antennas.split())]
    wrong = [
        word
        for word, side in zip(antennas.split(), sides, strict=True)
        if side not in ("outer", "inner", "single")
    ]
    if wrong:
        yield f"device.antennas = {antennas!r}: {', '.join(wrong)}: write name:outer, name:inner or name:single"
    elif ics.role == "reader" and ("gate" in ics.has) != ({"outer", "inner"} <= set(sides)):
        yield (
            f"device.antennas = {antennas!r}, and the ICS has gate = {str('gate' in ics.has).lower()}: "
            "a gate has an outer and an inner antenna, and nothing else has"
        )


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
            continue
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

"""The privacy report: duties, inventory, facts, retention, images, and the draft of an impact assessment.

Generated from the standard's law and schemas, the hub's own inventory and access table, and the counts that the caller
gives. It says what the hub does and what it can not know; it is no legal advice, and says so first.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from safezone_model.figures import Text, text_of

from safezone_hub.privacy.assessment import assessment, images
from safezone_hub.privacy.document import Block, Bullets, Document, Heading, Paragraph, Table, both, joined
from safezone_hub.privacy.done import done, retention
from safezone_hub.privacy.held import held
from safezone_hub.privacy.values import HubFacts, InForce, PrivacyModel, filled, moment, number

READ = "read"
_STATUS = {
    READ: both("원문에서 읽음", "read in the text"),
    "unverified": both("확인되지 않음", "unverified"),
    "period unverified": both("기간은 확인되지 않음", "period unverified"),
    "duty read, default ours": both("의무는 읽음, 기본값은 허브의 것", "duty read, default ours"),
}


def report(model: PrivacyModel, in_force: InForce, facts: HubFacts, now: float) -> Document:
    """The whole document. ``now``: seconds since 1970. KeyError when a duty of the law has no entry in duties.toml."""
    return Document(
        (
            *_front(model, facts, now),
            *_duties(model, in_force),
            *held(model, in_force),
            *done(model, facts),
            *retention(model, in_force, facts, now),
            *images(model, in_force),
            *assessment(model),
        )
    )


def _front(model: PrivacyModel, facts: HubFacts, now: float) -> Iterable[Block]:
    yield Heading(1, both("개인정보·위치정보 보호 보고서", "Report on privacy and location data"))
    zones = ", ".join(f"{name} ({id_})" if name else id_ for id_, name in sorted(facts.zones.items())) or "-"
    yield Paragraph(both(f"구역: {zones}", f"Zones: {zones}"))
    made = moment(now, facts.timezone)
    yield Paragraph(
        both(
            f"작성 시각: {made}. 등록된 어린이 {facts.children}명.",
            f"Made at {made}. Children registered: {facts.children}.",
        )
    )
    yield Paragraph(
        both(
            "이 문서는 법률 자문이 아닙니다. 허브가 스스로 아는 것만 적었으며, 법의 해석과 확인되지 않은 값은 운영자가 확인해야 합니다.",
            "This document is not legal advice. It says only what the hub knows of itself; the reading of the law and the "
            "values marked unverified are for the operator to confirm.",
        ),
        warning=True,
    )
    unread = [
        both(
            f"{duty['article']['ko']}: {duty['ko']} 기본값 «{duty['default']['ko']}» ({_status(duty).ko})",
            f"{duty['article']['en']}: {duty['en']} Default «{duty['default']['en']}» ({_status(duty).en})",
        )
        for duty in model.law.values()
        if duty["status"] != READ
    ]
    yield Paragraph(both("운영자가 확인할 것:", "For the operator to confirm:"))
    yield Bullets(tuple(unread))


def _duties(model: PrivacyModel, in_force: InForce) -> Iterable[Block]:
    yield Heading(2, both("법의 의무와 허브", "Duties of the law, and the hub"))
    rows = []
    for name, duty in model.law.items():
        own = model.duties[name]
        rows.append(
            (
                text_of(duty["article"]),
                text_of(duty),
                _value(name, duty, in_force),
                _status(duty),
                text_of(own["how"]),
                joined(own["where"], "; ") if own["where"] else "-",
            )
        )
    yield Table(
        (
            both("조문", "article"),
            both("의무", "duty"),
            both("지금 값", "value in force"),
            both("확인", "status"),
            both("허브가 지키는 방법", "how the hub fulfils it"),
            both("볼 곳", "where to look"),
        ),
        tuple(rows),
    )


def _status(duty: Mapping[str, Any]) -> Text:
    status = str(duty["status"])
    return _STATUS.get(status, both(status, status))


def _value(name: str, duty: Mapping[str, Any], in_force: InForce) -> Text:
    """The value in force; beside it the law's default, where they differ."""
    default = text_of(duty["default"])
    off = both("끔(시험용)", "off (for tests)")
    switches = {"consent": in_force.consent_required, "security": in_force.encrypted}
    if name in switches:
        return default if switches[name] else _differs(off, default)
    numbers = {
        "retention": (in_force.retention_h, both("위치와 경로 {n}시간", "{n} h for positions and paths")),
        "fact_records": (in_force.fact_months, both("{n}개월", "{n} months")),
        "rescue_log": (in_force.rescue_months, both("기록 {n}개월", "log kept {n} months")),
        "retention_longest": (in_force.longest_years, both("최장 {n}년", "at most {n} years")),
    }
    if name in numbers:
        value, words = numbers[name]
        if value != float(duty["value"]):
            return _differs(filled(words, n=number(value)), default)
    return default


def _differs(value: Text, default: Text) -> Text:
    return both(f"{value.ko} (기본값 {default.ko})", f"{value.en} (default {default.en})")

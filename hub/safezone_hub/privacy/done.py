"""The sections «what was done» and «consent, deletion, retention»: counts and ages, of nobody in particular."""

from collections.abc import Iterable

from safezone_model.figures import Text

from safezone_hub.privacy.document import Block, Heading, Paragraph, Said, Table, both
from safezone_hub.privacy.values import NOTHING, HubFacts, InForce, PrivacyModel, moment, number

SLACK_H = 1.0  # destroying goes in slices; so long a delay is no fault
HOURS_A_MONTH = 30.44 * 24


def done(model: PrivacyModel, facts: HubFacts) -> Iterable[Block]:
    inventory = model.inventory
    yield Heading(2, both("무엇을 했는가", "What was done"))
    yield Paragraph(
        both(
            "허브가 스스로 적은 수집·이용·제공·열람·긴급구조·영상 열람 사실의 수입니다.",
            "Counts of the records of collection, use, provision, access, rescue and camera views that the hub wrote itself.",
        )
    )
    if not facts.facts:
        yield Paragraph(both("기록이 없습니다.", "There are none."))
        return
    rows = tuple(
        (
            each.month,
            inventory.word("facts", each.fact),
            inventory.word("roles", each.recipient) if each.recipient else "-",
            inventory.word("bases", each.basis) if each.basis else "-",
            str(each.count),
        )
        for each in facts.facts
    )
    head = (
        both("달", "month"),
        both("사실", "fact"),
        both("받은 쪽", "to"),
        both("근거", "basis"),
        both("건수", "count"),
    )
    yield Table(head, rows)


def retention(model: PrivacyModel, in_force: InForce, facts: HubFacts, now: float) -> Iterable[Block]:
    inventory = model.inventory
    yield Heading(2, both("동의, 삭제, 보관", "Consent, deletion, retention"))
    known = [key for key in inventory.words["consents"] if key in facts.consents]
    others = [key for key in facts.consents if key not in known]
    yield Table(
        (both("동의 상태", "consent"), both("어린이", "children")),
        tuple((inventory.word("consents", key), str(facts.consents[key])) for key in known + sorted(others)),
    )
    yield Paragraph(
        both(
            f"아직 끝나지 않은 삭제 요청: {facts.pending_erasures}건.",
            f"Deletions asked for and not finished: {facts.pending_erasures}.",
        )
    )
    rows = [
        _age_row(both("위치", "positions"), facts.oldest_position_at, in_force.retention_h, facts, now),
        _age_row(
            both("메시지 내용", "bodies of messages"), facts.oldest_body_at, in_force.retention_h, facts, now
        ),
        _age_row(
            both("사실 기록", "records of fact"),
            facts.oldest_fact_at,
            in_force.fact_months * HOURS_A_MONTH,
            facts,
            now,
        ),
    ]
    yield Table(
        (
            both("자료", "data"),
            both("가장 오래된 것", "oldest"),
            both("나이(시간)", "age (h)"),
            both("기간(시간)", "period (h)"),
            both("판정", "verdict"),
        ),
        tuple(rows),
    )
    yield Paragraph(
        both(
            "사건과 이의 제기, 가입 절차의 기록은 허브가 저절로 지우지 않습니다. 보관 기간은 운영자가 정해야 합니다.",
            "Incidents, complaints and enrolments are not deleted by themselves; how long to keep them is for the operator to decide.",
        )
    )
    if facts.chain:
        yield Paragraph(
            both(f"기록 사슬의 마지막 점검: {facts.chain}", f"Last audit of the chain: {facts.chain}")
        )


def _age_row(
    what: Text, oldest: float | None, period_h: float, facts: HubFacts, now: float
) -> tuple[Said, ...]:
    if oldest is None:
        return (what, NOTHING, "-", number(round(period_h)), both("지킴", "kept to"))
    age_h = (now - oldest) / 3600
    verdict = both("지킴", "kept to") if age_h <= period_h + SLACK_H else both("넘김", "EXCEEDED")
    return (what, moment(oldest, facts.timezone), f"{age_h:.1f}", number(round(period_h)), verdict)

"""The test specification in the form of TTA's: item, purpose, requirements, precondition, procedure, criteria. Generated."""

from collections.abc import Iterator
from itertools import groupby

from safezone_model import Text, clauses
from safezone_model.catalogue import roles

from safezone_conformance.case import Case, by_id, cases
from safezone_conformance.coverage import coverage
from safezone_conformance.proforma import ICS_ITEMS

WORDS = {
    "title": Text("u-서울안전존 시험 규격", "u-Seoul Safe Zone test specification"),
    "note": Text("시험에서 만들어진 문서이다. TTA의 문서가 아니다.", "Generated from the cases. No document of TTA."),
    "item": Text("시험항목", "Test item"),
    "purpose": Text("시험목적", "Purpose"),
    "requirements": Text("참조 요구사항", "Requirements"),
    "before": Text("사전조건", "Precondition"),
    "steps": Text("시험절차", "Procedure"),
    "criteria": Text("판정기준", "Criteria"),
    "rows": Text("변형", "Rows"),
    "needs": Text("ICS", "ICS"),
    "registered": Text("시험 구역이 등록되어 있고 시계의 차이를 쟀다.", "The zone of the case is registered and the clock was measured."),
    "reasons": Text("시험하지 않는 요구사항", "Requirements that are not tested"),
    "purpose_of": Text("다음을 확인한다:", "To verify:"),
    "count": Text("시험 {cases}개(변형 포함 {rows}), 요구사항 {verified}개를 확인하고 {excused}개에는 까닭이 있다.", "{cases} cases ({rows} with their rows) verify {verified} requirements; {excused} have a written reason."),
}  # fmt: skip


def specification(language: str, role: str | None = None) -> str:
    """Markdown in one language, for one role or for all."""
    return "\n".join(_lines(language, role)) + "\n"


def _lines(language: str, role: str | None) -> Iterator[str]:
    def say(name: str) -> str:
        return WORDS[name].of(language)

    chosen = [c for c in cases().values() if role is None or role in c.roles]
    covered = coverage()
    mine = {r for c in chosen for r in c.verifies}
    yield f"# {say('title')}"
    yield ""
    yield say("note")
    yield ""
    ids = {c.id for c in chosen}
    excused = [r for r in covered.excused if role is None or role in r.roles or r.role == role]
    yield say("count").format(cases=len(ids), rows=len(chosen), verified=len(mine), excused=len(excused))
    yield ""
    order = list(clauses())
    by_clause = sorted(chosen, key=lambda c: (order.index(c.clauses[0]) if c.clauses else 0, c.id, c.row))
    for clause, group in groupby(by_clause, key=lambda c: c.clauses[0]):
        yield f"## {clause} {clauses()[clause].of(language)}"
        yield ""
        for _, rows in groupby(group, key=lambda c: c.id):
            yield from _case(list(rows), language)
    yield f"## {say('reasons')}"
    yield ""
    for requirement in excused:
        assert requirement.why_not_tested is not None
        yield f"- **{requirement.id}** {requirement.text.of(language)} — {requirement.why_not_tested.of(language)}"


def _case(rows: list[Case], language: str) -> Iterator[str]:
    def say(name: str) -> str:
        return WORDS[name].of(language)

    one = rows[0]
    yield f"### {one.id} {one.title.of(language)}"
    yield ""
    tested = ", ".join(roles()[r].title.of(language) for r in one.roles)
    yield f"| {say('item')} | {one.id} ({tested}) |"
    yield "|---|---|"
    purpose = " ".join(by_id()[r].text.of(language) for r in one.verifies)
    yield f"| {say('purpose')} | {say('purpose_of')} {_cell(purpose)} |"
    yield f"| {say('requirements')} | {', '.join(one.verifies)} |"
    before = [say("registered"), *(b.of(language) for b in one.before)]
    yield f"| {say('before')} | {_cell('<br>'.join(before))} |"
    if one.needs:
        texts = {i.name: i.text for i in ICS_ITEMS}
        needs = [f"`{n}` {texts[n].of(language) if n in texts else ''}".strip() for n in one.needs]
        yield f"| {say('needs')} | {_cell(', '.join(needs))} |"
    yield f"| {say('steps')} | {_cell('<br>'.join(f'{n}. {s.of(language)}' for n, s in enumerate(one.steps, 1)))} |"
    if one.row:
        yield f"| {say('rows')} | {_cell(', '.join(f'`{r.row}`' for r in rows))} |"
    yield f"| {say('criteria')} | {_cell('<br>'.join(f'{n}. {c.of(language)}' for n, c in enumerate(one.criteria, 1)))} |"
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")

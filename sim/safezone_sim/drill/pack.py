"""The printed pack of a drill: plan, master list, role cards, parents' letter, checklist, the rehearsal of one person."""

from collections.abc import Mapping
from typing import Any

from safezone_sim.drill.document import (
    Block,
    Cards,
    Checks,
    Document,
    Heading,
    PageBreak,
    Para,
    Table,
    day_words,
    duration,
    to_pdf,
)

LETTER_KO = (
    "학부모님께\n\n안녕하십니까. {when} ____시에 {school}에서 어린이 안전 훈련을 합니다.\n\n{what}\n\n"
    "이 훈련에서는 어떤 실제 기관(112, 119)에도, 어떤 보호자의 전화기에도 알림이 가지 않습니다. 훈련에 나오는 아이와 사건은 모두 지어낸 것이며, "
    "학생의 이름과 사진은 저장하지 않습니다. 아이가 집에서 훈련 이야기를 하면 무엇을 배웠는지 함께 이야기해 주십시오. "
    "불안해하는 아이가 있으면 담임에게 미리 알려 주시면 곁에서 돕겠습니다.\n\n{school}장 (직인 생략)"
)
LETTER_EN = (
    "Dear parents,\n\n{when} {school} holds a child-safety drill.\n\n{what}\n\nNothing in this drill reaches a real agency (112, 119) or any parent's "
    "telephone. Every child and event in it is invented; no pupil's name or picture is stored. If your child speaks of the drill at home, please talk about what it "
    "has learned. If your child is easily frightened, tell the class teacher beforehand, and an adult will be at its side.\n\n{school}"
)


def pack_pdf(drill: Mapping[str, Any], school: str, day: str, language: str = "both") -> bytes:
    """The pack as one PDF. ``drill`` as the control API shows it; ``school`` and ``day`` may be empty: then lines to fill in."""
    return to_pdf(pack_document(drill, school, day, language))


def pack_document(drill: Mapping[str, Any], school: str, day: str, language: str = "both") -> Document:
    """Everything a teacher prints for one drill. ``language``: ko, en or both; the letter is in both in any case."""

    def _both(text: Mapping[str, str]) -> str:
        return f"{text['ko']}\n{text['en']}" if language == "both" else text[language]

    def _line(text: Mapping[str, str]) -> str:
        return f"{text['ko']} · {text['en']}" if language == "both" else text[language]

    title = drill["title"]
    of = school or "____________초등학교"
    when, when_en = day_words(day) if day else ("____년 __월 __일", "____-__-__")
    blocks: list[Block] = [
        Heading(_both(title)), Para(f"{of} · {when} · {drill['minutes']:.0f}분 (minutes)"),
        Para(_both(drill["summary"])), Heading("목표 · Objectives", 2),
        Table(("목표 · Objective", "목표 시간 · Target"), [(_both(o["text"]), duration(o["target_s"], language) if o["target_s"] else "관찰 · observed") for o in drill["objectives"]], (75, 25)),
        Heading("수업 계획 · Plan", 2),
        Table(
            ("분 · min", "어디에 선다\nWho stands where", "학생\nPupils", "컴퓨터가 하는 일\nThe twin plays", "훈련 참가자\nTrainees"),
            [(f"{p['from_min']:.0f}–{p['to_min']:.0f}\n{_both(p['title'])}", *(_both(p[k]) for k in ("where", "pupils", "twin", "trainees"))) for p in drill["plan"]],
            (14, 20, 22, 22, 22),
        ),
        PageBreak(), Heading("상황 목록 · Master list", 2),
        Table(
            ("분 · min", "상황 · Inject", "기대하는 행동 · Expected", "누가 · Who", "실제 시각 · Actual"),
            [(f"{i['at_min']:g}" if i["auto"] else "손으로\nby hand", _both(i["title"]), _both(i["expect"]), _both(i["who"]), "") for i in drill["injects"]],
            (9, 27, 34, 16, 14),
        ),
        PageBreak(), Heading("역할 카드 (오려서 나눠 줌) · Role cards", 2), Cards([(_line(r["title"]), _both(r["does"])) for r in drill["roles"]]),
        PageBreak(), Heading("점검표 · Checklist", 2), Checks([_both(c) for c in drill["checklist"]]),
        Heading(f"{drill['rehearsal_minutes']:.0f}분 혼자 해 보는 리허설 · One person's rehearsal", 2), Checks([f"{n}. {_both(r)}" for n, r in enumerate(drill["rehearsal"], 1)]),
        PageBreak(), Heading("가정통신문", 2), Para(LETTER_KO.format(when=when, school=of, what=drill["letter"]["ko"])),
        PageBreak(), Heading("Letter to parents", 2), Para(LETTER_EN.format(when=f"On {when_en}", school=of, what=drill["letter"]["en"])),
    ]  # fmt: skip
    return Document(title["ko"], "훈련 · EXERCISE — 인쇄용 묶음 · printed pack", blocks)

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
    SignOff,
    Table,
    Words,
)
from safezone_sim.drill.hours import hh_mm
from safezone_sim.scenario import clock_seconds

LETTER = (
    "학부모님께\n\n안녕하십니까. {when} {time}부터 {school} {room}에서 어린이 안전 훈련을 합니다.\n\n{what}\n\n"
    "이 훈련에서는 어떤 실제 기관(112, 119)에도, 어떤 보호자의 전화기에도 알림이 가지 않습니다. 훈련에 나오는 아이와 사건은 모두 지어낸 것이며, "
    "학생의 이름과 사진은 저장하지 않습니다. 다만 훈련 중이라도 누군가 실제 기기로 도움을 청하면 그 호출은 훈련과 섞이지 않고 실제로 전해집니다. 아이가 집에서 훈련 이야기를 하면 무엇을 배웠는지 함께 이야기해 주십시오. "
    "불안해하는 아이가 있으면 담임에게 미리 알려 주시면 곁에서 돕겠습니다.\n\n문의: 담임 ____________, 전화 ____________\n\n\n____년 ____월 ____일\n\n{school}장   (서명 또는 직인)",
    "Dear parents,\n\non {when}, from {time}, {school} ({room}) holds a child-safety drill.\n\n{what}\n\nNothing in this drill reaches a real agency (112, 119) or any parent's "
    "telephone. Every child and event in it is invented; no pupil's name or picture is stored. Should anybody call for help with a real device meanwhile, that call is kept apart from the drill and goes through for real. If your child speaks of the drill at home, please talk about what it "
    "has learned. If your child is easily frightened, tell the class teacher beforehand, and an adult will be at your child's side.\n\nQuestions: class teacher ____________, telephone ____________\n\n\nDate: ____________\n\nThe principal of {school}   (signature)",
)  # fmt: skip


def pack_document(
    drill: Mapping[str, Any],
    school: str,
    day: str,
    room: str = "",
    language: str = "ko",
    start: str = "",
    english: bool = False,
) -> Document:
    """Everything a teacher prints for one drill, in one language. The letter to parents is in Korean, and in English too where
    that is asked for or is the language of the pack.

    ``drill`` as the control API shows it; ``school``, ``day``, ``room`` (grade-class, as 4-2) and ``start`` (HH:MM) may be empty:
    then there are lines to fill in. ValueError for a day that is none.
    """
    say = Words(language)
    blocks: list[Block] = [
        SignOff(say(("결재", "sign")), [say(x) for x in (("담당", "Teacher"), ("교감", "Deputy"), ("교장", "Principal"))]),
        Heading(say(("훈련 계획서", "Drill plan"))), Heading(say(drill["title"]), 2),
        Para(f"{_school(school, say)} {_room(room, say)} · {_day(day, say)} {start} · {say.duration(60 * drill['minutes'])}"),
        Para(say(drill["summary"])), Heading(say(("목표", "Objectives")), 2),
        Table(
            [say(x) for x in (("목표", "Objective"), ("목표 시간", "Target"))],
            [(say(o["text"]), say.duration(o["target_s"]) if o["target_s"] else say(("보고 평가", "observed"))) for o in drill["objectives"]],
            (75, 25),
        ),
        Heading(say(("수업 계획", "Plan")), 2),
        Table(
            [say(x) for x in (("분", "min"), ("어디에 선다", "Who stands where"), ("학생", "Pupils"), ("화면 속 상황", "On the screen"), ("훈련 참가자", "Trainees"))],
            [(f"{p['from_min']:.0f}–{p['to_min']:.0f}{_at(start, p['from_min'])}\n{say(p['title'])}", *(say(p[k]) for k in ("where", "pupils", "twin", "trainees"))) for p in drill["plan"]],
            (14, 20, 22, 22, 22),
        ),
        Heading(say(("상황 목록", "Master list")), 2),
        Table(
            [say(x) for x in (("분", "min"), ("상황", "Inject"), ("기대하는 행동", "Expected"), ("누가", "Who"), ("실제 시각", "Actual"))],
            [(_when(i, start, say), say(i["title"]), say(i["expect"]), say(i["who"]), "") for i in drill["injects"]],
            (9, 27, 34, 16, 14),
        ),
        PageBreak(), Heading(say(("역할 카드 (오려서 나눠 줌)", "Role cards (to cut out)")), 2),
        Cards([(say(r["title"]), say(r["does"])) for r in drill["roles"]]),
        PageBreak(), Heading(say(("준비 점검표", "Checklist")), 2), Checks([say(c) for c in drill["checklist"]]),
        Heading(say(("혼자 해 보는 5분 리허설", "Rehearsal of one person")), 2), Checks([f"{n}. {say(r)}" for n, r in enumerate(drill["rehearsal"], 1)]),
        Heading(say(("알아 둘 것", "Good to know")), 2),
        Para(say((
            "사람이 빠르거나 느리면 상황도 그만큼 앞당겨지거나 늦춰지고, 아이를 찾은 뒤에 필요 없어진 상황은 나오지 않는다. "
            "훈련 중이라도 실제 기기로 한 호출은 훈련과 섞이지 않고 빨갛게 나오며 실제로 전해진다.",
            "What happens follows what people do, and nobody tells of a child that has been found. A call from a real device during the drill is kept apart, "
            "shows in red and goes through for real.",
        ))),
    ]  # fmt: skip
    for of in dict.fromkeys((language, "ko", *(["en"] if english else []))):
        words = Words(of)
        text = words(LETTER).format(
            when=_day(day, words),
            time=_time(start, words),
            school=_school(school, words),
            room=_room(room, words),
            what=drill["letter"][of],
        )
        calm = words(("안전 훈련을 알려 드리는 글입니다. 실제로 일어난 일은 없습니다.", "This letter is about a safety exercise. Nothing has happened."))  # fmt: skip
        blocks += [PageBreak(calm), Heading(words(("가정통신문", "Letter to parents"))), Heading(words(("어린이 안전 훈련 안내", "A child-safety drill at school")), 2), Para(text)]  # fmt: skip
    return Document(say(drill["title"]), say(("훈련 — 인쇄물", "EXERCISE — to print")), blocks, language)


def _school(name: str, say: Words) -> str:
    return name or say(("____________초등학교", "____________ school"))


def _day(day: str, say: Words) -> str:
    return say.day(day) if day else say(("____년 __월 __일 (   )", "____-__-__"))


def _time(start: str, say: Words) -> str:
    if not start:
        return say(("____시 ____분", "____:____"))
    return say((f"{int(start[:2])}시 {start[3:]}분", start))


def _at(start: str, minute: float) -> str:
    """The clock's time of a minute of the drill, on a line of its own; nothing if it is not known when it begins."""
    return f"\n{hh_mm(clock_seconds(start) + 60.0 * minute)}" if start else ""


def _when(inject: Mapping[str, Any], start: str, say: Words) -> str:
    """When an inject comes: at a minute, by hand, or once the child is found."""
    if not inject["auto"]:
        return say(("손으로", "by hand"))
    if inject["once_safe"]:
        return say(("찾으면 곧", "once found"))
    return f"{inject['at_min']:g}{_at(start, inject['at_min'])}"


def _room(room: str, say: Words) -> str:
    grade, _, number = room.partition("-")
    if not (grade.isdigit() and number.isdigit()):
        grade, number = "__", "__"
    return say((f"{grade}학년 {number}반", f"grade {grade}, class {number}"))

"""The after-action report from a drill's record: pure functions from record to document.

Form and words follow what exercise evaluators use: objectives, what was observed, ratings P, S, M, U with evidence, items to improve.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from safezone_sim.drill.clock import between, hms, reading
from safezone_sim.drill.document import (
    Bars,
    Block,
    Document,
    Heading,
    Notice,
    Para,
    Picture,
    SignOff,
    Table,
    Words,
    paper_name,
    to_html,
    to_pdf,
)
from safezone_sim.drill.measures import fast_stretches, uncounted
from safezone_sim.drill.states import OPEN
from safezone_sim.drill.words import RATINGS

NOT_IN_TIMELINE = ("rating", "improvement", "agent")
SEOUL = ZoneInfo("Asia/Seoul")
EARLIER = 4

Record = Mapping[str, Any]


def report_html(record: Record, earlier: Sequence[Record], language: str = "ko") -> str:
    """The report as one HTML file."""
    return to_html(report_document(record, earlier, language))


def report_pdf(record: Record, earlier: Sequence[Record], language: str = "ko") -> bytes:
    """The report as PDF."""
    return to_pdf(report_document(record, earlier, language))


def file_name(record: Record) -> str:
    """What a saved report is called."""
    return paper_name(held_on(record), record["school"]["name"], record["drill"]["title"]["ko"])


def report_document(record: Record, earlier: Sequence[Record], language: str = "ko") -> Document:
    """``language``: ko or en. ``record["picture"]``: the map, if there is one."""
    say = Words(language)
    title = f"{record['school']['name']} · {say(record['drill']['title'])}"
    blocks: list[Block] = [
        SignOff(say(("결재", "sign")), [say(x) for x in (("담당", "Teacher"), ("교감", "Deputy"), ("교장", "Principal"))]),
        Heading(say(("훈련 결과 보고서", "After-action report"))), Heading(say(record["drill"]["title"]), 2),
    ]  # fmt: skip
    if held_on(record) != record["date"]:
        blocks.append(Para(say((
            f"{say.day(record['date'])}에 하기로 한 훈련을 {say.day(held_on(record))}에 했습니다.",
            f"Planned for {say.day(record['date'])}, held on {say.day(held_on(record))}.",
        ))))  # fmt: skip
    if record["map"]["notice"]:
        blocks.append(Notice(say(record["map"]["notice"])))
    if record["state"] != "ended":
        blocks.append(
            Notice(
                say(
                    (
                        "훈련이 끝나지 않았습니다. 지금까지의 기록입니다.",
                        "The drill is not over: this is the record so far.",
                    )
                )
            )
        )
    blocks += [*_facts(record, say), Heading(say(("목표", "Objectives")), 2)]
    blocks.append(_objectives(record, say))
    if fast_stretches(record):
        blocks.append(Para(say((
            "배속 구간에서 사람이 한 일(확인, 출동 지시, 종결, 인원 확인)은 목표 시간과 견주지 않는다.",
            "What people did while the clock ran fast (acknowledge, dispatch, close, roll call) is not compared with its target.",
        )), dim=True))  # fmt: skip
    if record.get("picture"):
        blocks += [Heading(say(("지도", "On the map")), 2), Picture(record["picture"], language)]
    if record["plan"]["rollcall"] or record["rollcall"]["asked_t"] is not None or _counted(record):
        blocks += [Heading(say(("인원 확인", "Roll call")), 2), _rollcall(record, say)]
        if record.get("subscribers"):
            blocks.append(Para(say((
                f"인원 확인은 참가 학급만 센다. 전교생은 {record['pupils']}명이며, 그 가운데 안전존에 가입한 {record['subscribers']}명만 학교 화면에 나온다(모두 지어낸 아이).",
                f"The roll call counts the class that drills. The school has {record['pupils']} pupils; the {record['subscribers']} of them who subscribe are those on the school page (all invented).",
            )), dim=True))  # fmt: skip
    blocks += [Heading(say(("메모", "Notes")), 2), *_notes(record, say)]
    blocks += [Heading(say(("고칠 것", "Improvement items")), 2), *_improvements(record, say)]
    blocks.append(Heading(say(("걸린 시간", "Times")), 2))
    bars = [
        (say(o["text"]), o["result"]["s"], o["target_s"], None if uncounted(record, o) else o["result"]["met"])
        for o in record["objectives"] if o["result"] is not None
    ]  # fmt: skip
    blocks.append(Bars(bars, language))
    blocks.append(Para(say((
        "막대는 걸린 시간, 세로선은 목표. 훈련의 시계로 잰 시간이며 일시정지한 동안은 세지 않는다. 경보는 일이 일어난 때부터, 확인과 출동 지시는 경보부터, 도착은 출동 지시부터 잰다. 배속 중에 온 경보는 시계가 1배속으로 돌아온 때부터 잰다.",
        "Bars are times taken, marks the targets, by the drill's clock; pauses do not count. Notice is measured from what happened, acknowledge and dispatch from the alert, arrival from the dispatch. An alert that came while the clock ran fast counts from when the clock was back at real time.",
    )), dim=True))  # fmt: skip
    blocks += [
        Heading(say(("지난 훈련과 견주기", "Compared with earlier drills")), 2),
        *_compared(record, earlier, say),
    ]
    blocks += [Heading(say(("상황 목록", "Master list")), 2), _injects(record, say)]
    blocks += [Heading(say(("일어난 순서 (자동 기록)", "Timeline (recorded)")), 2), _timeline(record, say)]
    blocks.append(Para(say((
        "훈련에 나오는 어린이와 보호자와 사건은 모두 지어낸 것입니다. 학생의 이름은 저장하지 않습니다.",
        "Children, guardians and events of the drill are invented. No pupil's name is stored.",
    )) + "\n" + record["map"]["attribution"], dim=True))  # fmt: skip
    band = say(("훈련", "EXERCISE")) + f" — {record['school']['name']} · {say.day(held_on(record))}"
    return Document(title, band, blocks, language)


def _facts(record: Record, say: Words) -> list[Block]:
    taken = None
    if record["started_t"] is not None and record["ended_t"] is not None:
        taken = between(record["started_t"], record["ended_t"])
    kind = (
        ("혼자 해 보는 5분 리허설", "rehearsal of one person (5 minutes)")
        if record["rehearsal"]
        else ("본 훈련", "full drill")
    )
    real = [e for e in record["events"] if e["kind"] == "real"]
    rows = [
        (say(("학교", "School")), f"{record['school']['name']} ({record['school']['gu']})"),
        (say(("실제로 한 때", "Held")), _held(record, say)),
        (say(("계획한 때", "Planned for")), f"{say.day(record['date'])} {record.get('starts') or ''}".strip()),
        (say(("훈련 속 시각", "Time in the drill")), _span(record["started_t"], record["ended_t"])),
        (say(("종류", "Kind")), say(kind)),
        (say(("걸린 시간", "Length")), _length(record, taken, say)),
        (say(("참가 학급", "Class")), say(_class_words(record["class"]))),
        (say(("작성자", "Written by")), say(("____________________ (서명)", "______________ (signature)"))),
    ]  # fmt: skip
    blocks: list[Block] = [
        Table(("",) * 4, [(*a, *b) for a, b in zip(rows[::2], rows[1::2], strict=True)], (13, 37, 15, 35))
    ]
    more = [
        (say(("지도", "Map")), say(("실제 거리", "real streets") if record["map"]["kind"] == "real" else ("약도 (우리 학교 지도 아님)", "schematic, not your school's map"))),
    ]  # fmt: skip
    if fast_stretches(record):
        said = [
            say((f"{_span(a, b)} {x:g}배", f"{_span(a, b)} at {x:g}×")) for a, b, x in fast_stretches(record)
        ]
        more.append((say(("배속 구간", "Faster than real time")), ", ".join(said)))
    if real:
        more.append(
            (
                say(("실제 호출", "Real calls")),
                "× " + say((f"훈련 중 실제 호출 {len(real)}건", f"{len(real)} during the drill")),
            )
        )
    return [*blocks, Table(("", ""), more, (13, 87))]


def _class_words(room: Mapping[str, Any]) -> tuple[str, str]:
    seats = len(room["seats"])
    ko = f"{room['grade']}학년 {room['class']}반, {seats}명"
    return ko, f"grade {room['grade']}, class {room['class']}, {seats} pupils"


def held_between(record: Record) -> tuple[datetime, datetime] | None:
    """When people really did it, by the wall's clock of Seoul: START and END. None for a drill that nobody began.

    What was written after the end (ratings, notes) is no part of it.
    """
    walls = [
        (e, datetime.fromisoformat(e["wall"]).astimezone(SEOUL)) for e in record["events"] if "wall" in e
    ]
    states = {e["text"]["en"]: w for e, w in walls if e["kind"] == "state"}
    if "START" not in states:
        return None
    during = [w for e, w in walls if e["kind"] not in (*NOT_IN_TIMELINE, "note")]
    return states["START"], states.get("the drill ends") or max(during)


def held_on(record: Record) -> str:
    """The day on which it was really held, YYYY-MM-DD; the planned day of a drill that nobody began."""
    held = held_between(record)
    return record["date"] if held is None else held[0].date().isoformat()


def _held(record: Record, say: Words) -> str:
    held = held_between(record)
    if held is None:
        return "–"
    first, last = held
    return f"{say.day(first.date().isoformat())} {first:%H:%M}–{last:%H:%M}"


def _length(record: Record, taken: float | None, say: Words) -> str:
    """By the drill's clock, and how long people really were at it."""
    held, said = held_between(record), say.duration(taken)
    if held is None or taken is None:
        return said
    really = say.duration((held[1] - held[0]).total_seconds())
    return say((f"훈련 시계 {said} · 실제로 {really}", f"drill clock {said} · really {really}"))


def _span(a: float | None, b: float | None) -> str:
    return "–" if a is None or b is None else f"{hms(a)}–{hms(b)}"


def _result(record: Record, o: Mapping[str, Any], say: Words) -> str:
    r = o["result"]
    if r is None:
        return "–"
    if r["s"] is None and r["open"] and record["state"] in OPEN:
        return "– " + say(("진행 중", "under way"))
    if r["met"] is None and r["s"] is None:
        return "– " + say(("일어나지 않음", "did not happen"))
    if r["s"] is None:
        return "× " + say(("하지 못함", "not done"))
    said = say.duration(r["s"])
    if r["open"]:
        said += " (" + say((f"{r['open']}건은 못 함", f"{r['open']} not done")) + ")"
    elif uncounted(record, o):
        return f"– {said} (" + say(("배속 구간", "clock ran fast")) + ")"
    return ("✓ " if r["met"] else "× ") + said


def _objectives(record: Record, say: Words) -> Table:
    rows = []
    for o in record["objectives"]:
        rating = o["rating"]
        rated = "–" if rating is None else say(RATINGS[rating])
        rows.append(
            (
                say(o["text"]),
                say.duration(o["target_s"]) if o["target_s"] else "–",
                _result(record, o, say),
                rated,
                o["evidence"] or "–",
            )
        )
    head = [
        say(x)
        for x in (
            ("목표", "Objective"),
            ("목표 시간", "Target"),
            ("결과", "Result"),
            ("평가", "Rating"),
            ("근거", "Evidence"),
        )
    ]
    return Table(head, rows, (30, 13, 17, 17, 23))


def _counted(record: Record) -> list[Mapping[str, Any]]:
    return [e for e in record["events"] if e["kind"] == "rollcall"]


def _rollcall(record: Record, say: Words) -> Block:
    r, none = record["rollcall"], say(("없음", "none"))

    def seats(numbers: Sequence[int]) -> str:
        said = ", ".join(f"{n}번" for n in numbers), "seat " + ", ".join(map(str, numbers))
        return say(said) if numbers else none

    whole = r["accounted_s"] is not None
    judged = next((o for o in record["objectives"] if o["measure"] == "accounted"), None)
    if whole:
        result = say.duration(r["accounted_s"]) if judged is None else _result(record, judged, say)
    else:
        result = "× " + say(("모두 확인하지 못함", "not all were accounted for"))
    rows = [
        (say(("모두 확인될 때까지", "Until all were accounted for")), result),
        (say(("나온 사람", "Present")), say((f"{r['expected']}명 가운데 {r['here']}명", f"{r['here']} of {r['expected']}"))),
        (say(("끝까지 안 보인 번호", "Missing at the end")), seats(r["missing"])),
        (say(("한동안 안 보인 번호", "Missing for a while")), _for_a_while(record, say) or none),
        (say(("미리 빠진 번호", "Excused")), seats(r["excused"])),
        (say(("세지 않은 번호", "Not counted")), seats(r["uncounted"])),
    ]  # fmt: skip
    return Table(("", ""), rows, (1, 2))


def _for_a_while(record: Record, say: Words) -> str:
    """Who was missed and then found: seat, from when to when."""
    since: dict[int, float] = {}
    told = []
    for e in _counted(record):
        missing = e["data"]["missing"]
        for seat in [n for n in since if n not in missing]:
            a, b = since.pop(seat), e["t"]
            told.append(
                say((f"{seat}번", f"seat {seat}")) + f" {_span(a, b)} ({say.duration(between(a, b))})"
            )
        for seat in missing:
            since.setdefault(seat, e["t"])
    return ", ".join(told)


def _compared(record: Record, earlier: Sequence[Record], say: Words) -> list[Block]:
    if not earlier:
        return [
            Para(
                say(
                    (
                        "이 학교의 이 훈련은 처음입니다. 다음 보고서부터 이 결과와 견줍니다.",
                        "The first such drill of this school; the next report will compare with it.",
                    )
                )
            )
        ]
    shown = list(earlier[:EARLIER])
    head = [
        say(("목표", "Objective")),
        say(("이번", "This one")),
        *(held_on(r) + ("\n" + say(("리허설", "rehearsal")) if r["rehearsal"] else "") for r in shown),
    ]
    rows = []
    for o in record["objectives"]:
        if o["result"] is None:
            continue
        old = [next((x for x in r["objectives"] if x["id"] == o["id"]), None) for r in shown]
        cells = [
            "–" if x is None or x["result"] is None else _result(r, x, say)
            for r, x in zip(shown, old, strict=True)
        ]
        rows.append((say(o["text"]), _result(record, o, say), *cells))
    return [Table(head, rows, (30, *(18 for _ in range(len(shown) + 1))))]


def _clock(record: Record, t: float | None, say: Words) -> str:
    """The drill's clock, and how long after START."""
    if t is None:
        return "–"
    past = 0.0 if record["started_t"] is None else between(record["started_t"], t)
    return hms(t) if not past else f"{hms(t)} (+{say.duration(past)})"


def _injects(record: Record, say: Words) -> Table:
    status = {
        "waiting": ("오지 않음", "not fired"),
        "fired": ("종결 안 됨", "not closed"),
        "done": ("마침", "done"),
        "skipped": ("손으로 건너뜀", "skipped by hand"),
        "ended": ("그 전에 상황이 끝남", "the situation ended before"),
        "unneeded": ("필요 없어짐 (이미 알려짐)", "no longer needed (known by then)"),
    }
    unused = ("쓰지 않음", "not used")  # one that a hand alone would have fired
    rows = [
        (_clock(record, i["fired_t"], say), say(i["title"]), say(i["expect"]), say(i["who"]),
         say(unused if not i["auto"] and i["status"] in ("waiting", "ended") else status[i["status"]]) + ("" if i["by"] != "hand" else "\n" + say(("손으로", "by hand"))))
        for i in record["injects"]
    ]  # fmt: skip
    head = [
        say(x)
        for x in (
            ("때", "When"),
            ("상황", "Inject"),
            ("기대한 행동", "Expected"),
            ("누가", "Who"),
            ("상태", "Status"),
        )
    ]
    return Table(head, rows, (12, 28, 34, 15, 11))


WHO = {"op1": ("112 상황실", "112 desk"), "op2": ("112 상황실 2", "112 desk 2"), "sv": ("112 팀장", "112 supervisor"),
       "field": ("현장 순찰", "patrol"), "staff": ("학교", "school"), "observer": ("관찰자", "observer")}  # fmt: skip


def _by(name: str, say: Words) -> str:
    known = WHO.get(name.rpartition("-")[2])
    return say(known) if known else name


def _words_of(record: Record, e: Mapping[str, Any]) -> str:
    """What a person wrote in the control room, without the units' numbers that the pages put there."""
    written = str(e.get("data", {}).get("note") or "").split()
    return " ".join(w for w in written if not w.startswith(f"{record['zone']}-"))


def _said(record: Record, e: Mapping[str, Any], say: Words) -> str:
    """An event with what was written with it; records of earlier versions keep the two apart."""
    text, words = say(e["text"]), _words_of(record, e)
    return text if not words or text.endswith(words) else f"{text}: {words}"


def _notes(record: Record, say: Words) -> list[Block]:
    """Notes of observers, and what the control room wrote down and closed with."""
    rows = [(n["t"], _by(n["by"], say), n["text"]) for n in record["notes"]]
    rows += [
        (e["t"], _by(e["data"]["by"], say), _said(record, e, say))
        for e in record["events"]
        if e["kind"] in ("note", "close") and e.get("incident") and _words_of(record, e)
    ]
    if not rows:
        return [Para(say(("메모가 없습니다.", "No notes.")))]
    shown = [(_clock(record, t, say), who, text) for t, who, text in sorted(rows, key=lambda r: float(r[0]))]
    return [Table([say(("때", "When")), say(("누가", "Who")), say(("내용", "Note"))], shown, (24, 16, 60))]


def _improvements(record: Record, say: Words) -> list[Block]:
    items = record["improvements"]
    blocks: list[Block] = []
    if items:
        rows = [(str(i["n"]), i["text"], i["owner"] or "–", i["due"] or "–") for i in items]
        blocks.append(
            Table(
                ["#", say(("고칠 것", "What")), say(("맡을 사람", "Owner")), say(("언제까지", "By"))],
                rows,
                (6, 58, 20, 16),
            )
        )
    over = record["state"] not in OPEN  # before that nothing is missed for good
    judged = [o for o in record["objectives"] if o["result"] is not None and not uncounted(record, o)]
    missed = [o for o in judged if over and o["result"]["met"] is False]
    if missed:
        words = "; ".join(say(o["text"]) for o in missed)
        blocks.append(Para(say(("이루지 못한 목표: ", "Objectives not met: ")) + words))
    if not blocks:
        blocks.append(Para(say(("적은 것이 없습니다.", "None written down."))))
    return blocks


def _timeline(record: Record, say: Words) -> Table:
    # What people did is heard of a moment after it was done.
    shown = sorted(
        (e for e in record["events"] if e["kind"] not in NOT_IN_TIMELINE), key=lambda e: reading(e["t"])
    )
    counts = [n for n, e in enumerate(shown) if e["kind"] == "rollcall"]
    # Of the taps of a roll call the first and the last are enough, and those by which somebody was missed or found.
    kept = {*counts[:1], *counts[-1:]}
    for before, n in pairwise(counts):
        if shown[n]["data"]["missing"] != shown[before]["data"]["missing"]:
            kept.add(n)
    rows = []
    for n, e in enumerate(shown):
        if e["kind"] == "rollcall" and n not in kept:
            continue
        text = _said(record, e, say) if e["kind"] in ("note", "close") else say(e["text"])
        missing = ", ".join(map(str, e.get("data", {}).get("missing") or ()))
        if missing:
            text += say((f", 안 보임 {missing}번", f", missing: seat {missing}"))
        if e["kind"] == "note" and not e.get("incident"):
            text = say(("관찰자: ", "observer: ")) + text
        rows.append((_clock(record, e["t"], say), ("× " + text) if e["kind"] == "real" else text))
    return Table([say(("때", "When")), say(("일", "What"))], rows, (24, 76))

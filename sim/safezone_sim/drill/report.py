"""The after-action report from a drill's record: pure functions from record to document.

Form and words follow what exercise evaluators use: objectives, what was observed, ratings P, S, M, U with evidence, items to improve.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from safezone_sim.drill.document import (
    Bars,
    Block,
    Document,
    Heading,
    Notice,
    Para,
    Table,
    day_words,
    duration,
    to_html,
    to_pdf,
)

RATINGS = {
    "P": ("어려움 없이 해냄", "performed without challenges"), "S": ("조금 어려움", "some challenges"),
    "M": ("크게 어려움", "major challenges"), "U": ("해내지 못함", "unable to perform"),
}  # fmt: skip
MEASURES = {
    "notice": ("알아챔", "to notice"), "acknowledge": ("확인", "to acknowledge"), "dispatch": ("출동 지시", "to dispatch"),
    "arrive": ("도착", "to arrive"), "found": ("아이가 안전해짐", "until the child is safe"),
    "accounted": ("모두 확인", "until all are accounted for"), "close": ("종결", "to close"),
}  # fmt: skip
NOT_IN_TIMELINE = ("rating", "improvement", "agent")
EARLIER = 4
RUNNING = ("ready", "running", "paused")
KST = timezone(timedelta(hours=9))

Record = Mapping[str, Any]


def report_html(record: Record, earlier: Sequence[Record], language: str = "both") -> str:
    """The report as one HTML file."""
    return to_html(report_document(record, earlier, language))


def report_pdf(record: Record, earlier: Sequence[Record], language: str = "both") -> bytes:
    """The report as PDF."""
    return to_pdf(report_document(record, earlier, language))


def report_document(record: Record, earlier: Sequence[Record], language: str = "both") -> Document:
    """``language``: ko, en or both, Korean first."""
    say = _Words(language)
    title = f"{record['school']['name']} · {say(record['drill']['title'])}"
    blocks: list[Block] = [Heading(say(("훈련 결과 보고서", "After-action report"))), Heading(title, 2)]
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
    blocks += [Table(("", ""), _facts(record, say), (1, 3)), Heading(say(("목표", "Objectives")), 2)]
    blocks += [_objectives(record, say), Heading(say(("걸린 시간", "Times")), 2)]
    bars = [
        (say((o["text"]["ko"], o["text"]["en"])) if language != "both" else o["text"]["ko"], o["result"]["s"], o["target_s"], o["result"]["met"])
        for o in record["objectives"] if o["result"] is not None
    ]  # fmt: skip
    blocks.append(Bars(bars))
    blocks.append(Para(say((
        "막대는 걸린 시간, 세로선은 목표. 훈련의 시계로 잰 초이며 일시정지한 동안은 세지 않는다. 알아챔은 일이 일어난 때부터, 확인과 출동 지시는 경보부터, 도착은 출동 지시부터 잰다.",
        "Bars are times taken, marks the targets, in seconds of the drill's clock; pauses do not count. Notice is measured from what happened, acknowledge and dispatch from the alert, arrival from the dispatch.",
    )), dim=True))  # fmt: skip
    if record["plan"]["rollcall"] or record["rollcall"]["asked_t"] is not None:
        blocks += [Heading(say(("인원 확인", "Roll call")), 2), _rollcall(record, say)]
    blocks += [
        Heading(say(("지난 훈련과 견주기", "Compared with earlier drills")), 2),
        *_compared(record, earlier, say),
    ]
    blocks += [Heading(say(("상황 목록", "Master list")), 2), _injects(record, say)]
    blocks += [Heading(say(("적어 둔 것", "Notes")), 2), *_notes(record, say)]
    blocks += [Heading(say(("고칠 것", "Improvement items")), 2), *_improvements(record, say)]
    blocks += [
        Heading(say(("확인", "Signed")), 2),
        Table(
            [say(x) for x in (("작성", "Written by"), ("교감", "Vice principal"), ("교장", "Principal"))],
            [("\n\n", "\n\n", "\n\n")],
            (1, 1, 1),
        ),
    ]
    blocks += [Heading(say(("일어난 순서 (자동 기록)", "Timeline (recorded)")), 2), _timeline(record, say)]
    blocks.append(Para(say((
        "모든 사람과 사건은 지어낸 것입니다. 학생의 이름은 이 시스템에 저장되지 않습니다.",
        "All people and events are invented. No pupil's name is stored by this system.",
    )) + "\n" + record["map"]["attribution"], dim=True))  # fmt: skip
    band = "훈련 · EXERCISE — " + record["school"]["name"] + " · " + record["date"]
    return Document(title, band, blocks, "en" if language == "en" else "ko")


class _Words:
    """Chooses or joins the languages."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, text: tuple[str, str] | Mapping[str, str]) -> str:
        ko, en = (text["ko"], text["en"]) if isinstance(text, Mapping) else text
        if self.language == "ko" or ko == en:
            return ko
        return en if self.language == "en" else f"{ko}\n{en}"

    def duration(self, seconds: float | None) -> str:
        return duration(seconds, self.language)


def _facts(record: Record, say: _Words) -> list[tuple[str, str]]:
    taken = None
    if record["started_t"] is not None and record["ended_t"] is not None:
        taken = record["ended_t"] - record["started_t"]
    kind = (
        ("혼자 해 보는 5분 리허설", "rehearsal of one person (5 minutes)")
        if record["rehearsal"]
        else ("본 훈련", "full drill")
    )
    real = [e for e in record["events"] if e["kind"] == "real"]
    rows = [
        (say(("학교", "School")), f"{record['school']['name']} ({record['school']['gu']})"),
        (say(("날짜", "Date")), say(day_words(record["date"]))),
        (say(("실제로 한 때", "Held at")), _held(record)),
        (say(("종류", "Kind")), say(kind)),
        (say(("길이", "Length")), say.duration(taken)),
        (say(("참가 학급", "Class")), say(_class_words(record["class"]))),
        (say(("지도", "Map")), say(("실제 거리", "real streets") if record["map"]["kind"] == "real" else ("약도 (우리 학교 지도 아님)", "schematic, not your school's map"))),
    ]  # fmt: skip
    if any(x > 1 for x in _speeds(record)):
        fastest = max(_speeds(record))
        rows.append(
            (
                say(("배속", "Speed")),
                say(
                    (
                        f"일부를 {fastest:g}배속으로 진행함: 그동안의 시간은 훈련 시계의 초",
                        f"parts ran at up to {fastest:g} times real time; those times are seconds of the drill's clock",
                    )
                ),
            )
        )
    if real:
        rows.append(
            (
                say(("실제 호출", "Real calls")),
                "× " + say((f"훈련 중 실제 호출 {len(real)}건", f"{len(real)} during the drill")),
            )
        )
    return rows


def _class_words(room: Mapping[str, Any]) -> tuple[str, str]:
    seats = len(room["seats"])
    ko = f"{room['grade']}학년 {room['class']}반, {seats}자리"
    return ko, f"grade {room['grade']}, class {room['class']}, {seats} seats"


def _speeds(record: Record) -> list[float]:
    """The speeds at which the drill's clock ran, in order; empty for real time throughout."""
    return [
        e["data"]["speed"] for e in record["events"] if e["kind"] == "state" and "speed" in e.get("data", {})
    ]


def _result(o: Mapping[str, Any], say: _Words, running: bool = False) -> str:
    r = o["result"]
    if r is None:
        return "–"
    if r["s"] is None and r["open"] and running:
        return "– " + say(("진행 중", "under way"))
    if r["met"] is None:
        return "– " + say(("일어나지 않음", "did not happen"))
    said = say.duration(r["s"])
    if r["open"]:
        said += " (" + say((f"{r['open']}건 남음", f"{r['open']} open")) + ")"
    return ("✓ " if r["met"] else "× ") + said


def _objectives(record: Record, say: _Words) -> Table:
    rows = []
    for o in record["objectives"]:
        rating = o["rating"]
        rated = "–" if rating is None else f"{rating} {say(RATINGS[rating])}"
        rows.append(
            (
                say(o["text"]),
                say.duration(o["target_s"]) if o["target_s"] else "–",
                _result(o, say, record["state"] in RUNNING),
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


def _rollcall(record: Record, say: _Words) -> Block:
    r = record["rollcall"]
    seats = ", ".join(map(str, r["missing"])) or "–"
    whole = r["accounted_s"] is not None
    rows = [
        (say(("모두 확인될 때까지", "Until all were accounted for")), ("✓ " if whole else "× ") + say.duration(r["accounted_s"])),
        (say(("나온 사람", "Present")), f"{r['here']} / {r['expected']}"),
        (say(("끝까지 빠진 자리", "Seats missing to the end")), seats),
        (say(("한때 안 보인 자리", "Seats missing for a time")), _missed(record)),
        (say(("미리 빠진 자리", "Excused seats")), ", ".join(map(str, r["excused"])) or "–"),
        (say(("세지 않은 자리", "Seats not counted")), ", ".join(map(str, r["uncounted"])) or "–"),
    ]  # fmt: skip
    return Table(("", ""), rows, (1, 2))


def _missed(record: Record) -> str:
    seen = {
        s for e in record["events"] if e["kind"] == "rollcall" for s in e.get("data", {}).get("missing") or ()
    }
    return ", ".join(map(str, sorted(seen))) or "–"


def _held(record: Record) -> str:
    """When people really did it: wall time, Korea."""
    walls = [
        datetime.fromisoformat(e["wall"]).astimezone(KST) for e in record["events"] if e["kind"] == "state"
    ]
    return f"{walls[0]:%Y-%m-%d %H:%M}–{walls[-1]:%H:%M}" if walls else "–"


def _compared(record: Record, earlier: Sequence[Record], say: _Words) -> list[Block]:
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
        *(f"{r['date']}\n{'연습 · rehearsal' if r['rehearsal'] else ''}".strip() for r in shown),
    ]
    rows = []
    for o in record["objectives"]:
        if o["result"] is None:
            continue
        old = [next((x for x in r["objectives"] if x["id"] == o["id"]), None) for r in shown]
        rows.append((say(o["text"]), _result(o, say), *("–" if x is None else _result(x, say) for x in old)))
    return [Table(head, rows, (30, *(18 for _ in range(len(shown) + 1))))]


def _clock(record: Record, t: float | None) -> str:
    if t is None:
        return "–"
    past = t - (record["started_t"] if record["started_t"] is not None else t)
    sign = "-" if past < -0.5 else "+"
    return f"{int(t) // 3600:02d}:{int(t) // 60 % 60:02d}:{int(t) % 60:02d}\n({sign}{int(abs(past)) // 60}:{int(abs(past)) % 60:02d})"


def _injects(record: Record, say: _Words) -> Table:
    status = {
        "waiting": ("오지 않음", "not fired"),
        "fired": ("진행", "fired"),
        "done": ("끝남", "done"),
        "skipped": ("건너뜀", "skipped"),
    }
    rows = [
        (_clock(record, i["fired_t"]), say(i["title"]), say(i["expect"]), say(i["who"]),
         say(status[i["status"]]) + ("" if i["by"] != "hand" else "\n" + say(("손으로", "by hand"))))
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


def _notes(record: Record, say: _Words) -> list[Block]:
    if not record["notes"]:
        return [Para(say(("적어 둔 것이 없습니다.", "No notes.")))]
    who = {"observer": say(("관찰자", "observer"))}
    rows = [(_clock(record, n["t"]), who.get(n["by"], n["by"]), n["text"]) for n in record["notes"]]
    return [Table([say(("때", "When")), say(("누가", "Who")), say(("내용", "Note"))], rows, (14, 16, 70))]


def _improvements(record: Record, say: _Words) -> list[Block]:
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
    over = record["state"] not in RUNNING  # before that nothing is missed for good
    missed = [
        o for o in record["objectives"] if over and o["result"] is not None and o["result"]["met"] is False
    ]
    if missed:
        words = "; ".join(o["text"]["ko"] if say.language != "en" else o["text"]["en"] for o in missed)
        blocks.append(Para(say(("이루지 못한 목표: ", "Objectives not met: ")).split("\n")[0] + words))
    if not blocks:
        blocks.append(Para(say(("적은 것이 없습니다.", "None written down."))))
    return blocks


def _timeline(record: Record, say: _Words) -> Table:
    rows = []
    shown = [e for e in record["events"] if e["kind"] not in NOT_IN_TIMELINE]
    for n, e in enumerate(shown):
        # Of a roll call in progress the last count before something else is enough, unless a seat is missing.
        following = shown[n + 1] if n + 1 < len(shown) else None
        data = e.get("data", {})
        if (
            e["kind"] == "rollcall"
            and following is not None
            and following["kind"] == "rollcall"
            and not data.get("missing")
        ):
            continue
        text = say(e["text"])
        if e["kind"] == "rollcall" and data.get("missing"):
            text += "\n" + say(
                (
                    f"안 보임: {', '.join(map(str, data['missing']))}번",
                    f"missing: seats {', '.join(map(str, data['missing']))}",
                )
            )
        if data.get("note") and e["kind"] in ("note", "close"):
            text += f": {data['note']}"
        rows.append((_clock(record, e["t"]), ("× " + text) if e["kind"] == "real" else text))
    return Table([say(("때", "When")), say(("일", "What"))], rows, (15, 85))

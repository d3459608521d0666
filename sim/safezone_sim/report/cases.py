"""Every miss, late notice and false notice as a line of the report, grouped by cause, worst first."""

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct
from safezone_model import SERVICES

from safezone_sim.judge.rows import Row, Stray
from safezone_sim.judge.verdicts import Scores
from safezone_sim.judge.wording import clock
from safezone_sim.report.incidents import child_names


class Group(NamedTuple):
    """A kind of case: key, Korean and English heading, and what it means."""

    key: str
    ko: str
    en: str
    meaning_ko: str
    meaning_en: str


GROUPS = (
    Group("missed", "허브가 알리지 않음", "Missed by the hub",
          "근거가 제때 허브에 닿았는데 통지가 없었다.", "The evidence reached the hub in time, and no notice came."),
    Group("false_hub", "허브의 허위 통지", "False notices by the hub",
          "장비가 보인 것으로는 할 수 없는 말이다.", "What equipment showed did not warrant them."),
    Group("late", "늦은 통지", "Late notices",
          "드러난 때부터 한도를 넘겨 닿았다.", "They came over the limit after the truth became observable."),
    Group("duplicate", "중복 통지", "Duplicates",
          "이미 알린 일을 다른 통지로 또 알렸다.", "Told before, by another notice."),
    Group("equipment_failed", "장비 고장·잡음으로 전달되지 않음", "Not told: equipment failed",
          "잡음이 없었다면 드러났을 일이다.", "Without faults and noise it would have shown."),
    Group("false_equipment", "장비 때문에 생긴 허위 통지", "False notices: misled by equipment",
          "실제 표본이 그렇게 보였다.", "The real samples showed it so."),
    Group("coverage_gap", "장비 공백으로 전달되지 않음", "Not told: coverage gap",
          "잡음이 전혀 없어도 지금의 장비로는 드러나지 않는다.", "Even with no noise the equipment in use would not show it."),
    Group("false_coverage", "배치 때문에 생긴 허위 통지", "False notices: by placement",
          "잡음이 없어도 지금의 배치로는 그렇게 보인다.", "Even without noise it looks so, as placed."),
)  # fmt: skip


class Case(Struct, frozen=True):
    """One line: the same event told (or not) alike to several recipients is one case."""

    group: str
    time: str
    service: str
    service_ko: str
    service_en: str
    zone: str
    who: str
    name: str
    recipients: list[str]
    ko: str
    en: str


def cases(scores: Scores) -> list[Case]:
    """All cases, in order of group and time."""
    alike: dict[tuple[str, str, str], list[Row | Stray]] = defaultdict(list)
    for row in scores.rows:
        if row.verdict != "delivered":
            alike[row.verdict, row.event.id, row.role].append(row)
        elif row.late:
            alike["late", row.event.id, row.role].append(row)
    for stray in scores.strays:
        if stray.fate != "near_bell":
            key = "duplicate" if stray.fate == "duplicate" else f"false_{stray.cause}"
            about = (
                f"{stray.notice.service} {stray.notice.child or stray.notice.device} {stray.notice.event_at}"
            )
            alike[key, about, stray.role].append(stray)
    names = child_names(scores)
    order = {g.key: n for n, g in enumerate(GROUPS)}
    made = [
        (order[key], _moment(like[0]), _case(key, like, scores, names)) for (key, _, _), like in alike.items()
    ]
    return [case for _, _, case in sorted(made, key=lambda m: (m[0], m[1], m[2].who, m[2].recipients))]


def _moment(case: Row | Stray) -> float:
    return case.event.t if isinstance(case, Row) else case.notice.t


def _case(group: str, alike: list[Row | Stray], scores: Scores, names: Mapping[str, str]) -> Case:
    first = alike[0]
    about = first.event if isinstance(first, Row) else first.notice
    service = SERVICES[about.service]
    text = scores.explain(first)
    recipients = sorted(c.recipient if isinstance(c, Row) else c.notice.recipient for c in alike)
    return Case(
        group, clock(_moment(first)), about.service, service.title_ko, service.title_en, about.zone,
        about.child or about.device or "", names.get(about.child or "", ""), recipients, text.ko, text.en,
    )  # fmt: skip

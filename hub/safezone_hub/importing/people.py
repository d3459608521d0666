"""Rows of planned absences, units that can be sent, school staff and operators."""

from datetime import date, timedelta

from safezone_hub.importing.draft import Draft, Row
from safezone_hub.importing.placing import child_of, near_school

ABSENCE_DAYS_MAX = 60


def read_absence(row: Row, draft: Draft) -> None:
    if not row.has("child", "date") or "until" in row.faulty:
        return
    child = child_of(draft, row["child"])
    if child is None:
        row.fault("child", "등록되지 않은 어린이다.", "no such child is registered")
        return
    first = date.fromisoformat(row["date"])
    days = (date.fromisoformat(row.get("until", row["date"])) - first).days + 1
    if not 1 <= days <= ABSENCE_DAYS_MAX:
        row.fault(
            "until",
            f"첫날부터 {ABSENCE_DAYS_MAX}일 안의 날짜를 쓴다.",
            f"use a day within {ABSENCE_DAYS_MAX} days of the first",
        )
        return
    for n in range(days):
        day = (first + timedelta(n)).isoformat()
        before = draft.seen_before("absence", (child, day), row.line)
        if before is not None:
            row.fault("date", f"{before}번째 줄에 이미 있다: {day}.", f"on line {before} already: {day}")
        elif (child, day) in draft.absences:
            row.fault("date", f"이미 등록된 결석이다: {day}.", f"registered already: {day}")
        else:
            draft.add(
                row, "absence", draft.derived_id("absence", f"abs-{child}-{day}"), child=child, date=day,
                reason=row.get("reason"),
            )  # fmt: skip


def read_unit(row: Row, draft: Draft) -> None:
    id_ = draft.own_id(row, "u")
    if row.has("lat", "lon"):
        near_school(row, draft, "lat", "lon")
    if row.has("agency") and draft.known.get("agency", row["agency"]) is None:
        row.fault("agency", "등록되지 않은 기관이다.", "no such agency is registered")
    if not row.ok:
        return
    draft.add(
        row, "unit", id_, name=row["name"], type=row["type"], lat=row["lat"], lon=row["lon"],
        nature=row.get("nature", "real"), agency=row.get("agency"),
    )  # fmt: skip


def read_staff(row: Row, draft: Draft) -> None:
    id_ = draft.own_id(row, "s")
    if row.ok:
        draft.add(row, "staff", id_, name=row["name"], nature=row.get("nature", "real"))


def read_operator(row: Row, draft: Draft) -> None:
    id_ = draft.own_id(row, "o")
    if row.has("desk") and draft.known.get("desk", row["desk"]) is None:
        row.fault("desk", "등록되지 않은 상황실이다.", "no such desk is registered")
    if row.ok:
        draft.add(
            row,
            "operator",
            id_,
            name=row["name"],
            desk=row["desk"],
            rank=row["rank"],
            nature=row.get("nature", "real"),
        )

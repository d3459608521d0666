"""A report as JSON (schema: the standard's ``statistics``) and as CSV."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from safezone_hub.statistics.report import PER_CHILD_DAYS, Report
from safezone_hub.statistics.tables import ALL

SCHEMA_ID = "urn:safezone:v1:statistics"
VERSION = 1
BOM = "\ufeff"
WITHHELD_MARK = "x"
COLUMNS = (
    "zone", "zone_name", "opened_on", "exercise", "level", "from", "to", "days", "child_days", "covered_pct",
    "table", "by", "column", "value", "rate_per_1000", "low95", "high95",
)  # fmt: skip

_DEFINITIONS = {
    "count": (
        "센 수. 문턱보다 작으면(0 포함) 가린다.",
        "Number counted. Hidden when below the threshold (0 included).",
    ),
    "small": (
        "문턱보다 작은 수. CSV에서는 «<문턱»으로 쓴다.",
        "A number below the threshold; in CSV «<threshold».",
    ),
    "withheld": (
        "문턱보다 작은 다른 수를 계산해 낼 수 없도록 함께 가린 수. CSV에서는 «x»로 쓴다.",
        "A number hidden along with others so that none below the threshold can be computed; in CSV «x».",
    ),
    "child_days": (
        "등록된 어린이 수를 날마다 더해 문턱의 배수로 반올림한 것. 비율의 분모.",
        "Enrolled children, summed over the days and rounded to a multiple of the threshold; what rates are of.",
    ),
    "covered_pct": (
        "태그나 휴대전화로 살필 수 있었던 어린이·일의 비율, 5 % 구간.",
        "Share of child-days on which the child could be heard of by tag or phone, as a bin of 5 %.",
    ),
    "rate": (
        "1,000 어린이·일당 건수. low와 high는 정확한 푸아송 95 % 구간(Garwood).",
        "Per 1,000 child-days; low and high are the exact Poisson 95 % interval (Garwood).",
    ),
    "level": (
        "total: 전체 기간. before·after: 구역 운영 시작일 앞·뒤. month·week·day: 달·주(월요일부터)·날. 달이나 운영 시작일을 넘는 주는 나누어 적는다.",
        "total: the whole period. before, after: before and after the zone's opening date. month, week (from Monday), day. A week that crosses the end of a month or the opening date is cut there.",
    ),
    "mark": (
        "장난(prank)과 반복(repeat)으로 표시된 사건. 둘 다이면 장난으로 센다.",
        "Incidents marked as prank or repeat; both counts as prank.",
    ),
    "answers": (
        "사건이 열린 때부터 확인·출동·현장 도착·종결까지 걸린 시간(초)의 구간 [이상, 미만]. n은 건수의 구간 [이상, 이하]. 건수가 문턱보다 적으면 없다.",
        "Seconds from the opening to acknowledged, dispatched, on scene and closed, as bins [from, below]; n is a bin of the number of cases [from, to]. Missing below the threshold.",
    ),
    "comparison": (
        "운영 시작 뒤의 비율을 앞의 비율로 나눈 것. low와 high는 정확한 95 % 구간.",
        "Rate after the opening divided by the rate before, with its exact 95 % interval.",
    ),
    "exercise": (
        "훈련에서 열린 사건. 다른 모든 수에서는 빠져 있다.",
        "Incidents of drills. They are left out of every other number.",
    ),
}  # fmt: skip


def to_json(report: Report) -> bytes:
    """The report with its definitions, UTF-8."""
    return msgspec.json.encode(as_dict(report))


def as_dict(report: Report) -> dict[str, Any]:
    return {
        "schema": SCHEMA_ID,
        "version": VERSION,
        "zone": dict(report.zone),
        "period": {"from": report.period.first.isoformat(), "to": report.period.last.isoformat()},
        "threshold": report.threshold,
        "rate_per": PER_CHILD_DAYS,
        "rows": list(report.rows),
        "comparison": list(report.comparison),
        "exercise": list(report.exercise),
        "definitions": {name: {"ko": ko, "en": en} for name, (ko, en) in _DEFINITIONS.items()},
    }


def to_csv(report: Report, bom: bool = False) -> bytes:
    """One line a number (RFC 4180, UTF-8, CRLF). ``bom``: a byte order mark, by which Excel knows it is UTF-8.

    Hidden numbers are «<5» (with the threshold for 5) or «x». A text that a spreadsheet would take for a formula gets
    an apostrophe before it.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for line in _lines(report):
        writer.writerow([_harmless(line.get(name)) for name in COLUMNS])
    return ((BOM if bom else "") + out.getvalue()).encode()


def _lines(report: Report) -> Iterator[dict[str, Any]]:
    zone = report.zone
    common = {"zone": zone["id"], "zone_name": zone["name"], "opened_on": zone["opened_on"]}
    for row in report.rows:
        head = common | _head(row, "no")
        yield from _table_lines(row, head, report.threshold)
        for service, steps in row.get("answers", {}).items():
            for step, found in steps.items():
                for name, span in (found or {}).items():
                    yield head | {
                        "table": f"answer_{step}_{name}",
                        "by": "service",
                        "column": service,
                        "value": _span(span),
                    }
    for each in report.comparison:
        yield common | {
            "exercise": "no",
            "level": "after/before",
            "from": report.period.first.isoformat(),
            "to": report.period.last.isoformat(),
            "table": "rate_ratio",
            "by": "service",
            "column": each["service"],
            "value": each["ratio"],
            "low95": each["low"],
            "high95": each["high"],
        }
    for row in report.exercise:
        yield from _table_lines(row, common | _head(row, "yes"), report.threshold)


def _head(row: Mapping[str, Any], exercise: str) -> dict[str, Any]:
    covered = row.get("covered_pct")
    return {
        "exercise": exercise,
        "covered_pct": _span(covered) if covered else None,
        **{name: row.get(name) for name in ("level", "from", "to", "days", "child_days")},
    }


def _table_lines(row: Mapping[str, Any], head: dict[str, Any], threshold: int) -> Iterator[dict[str, Any]]:
    for table, breakdowns in row["tables"].items():
        for by, columns in breakdowns.items():
            for column, cell in ({ALL: columns} if by == ALL else columns).items():
                hidden = {"small": f"<{threshold}", "withheld": WITHHELD_MARK}.get(cell.get("hidden"))
                yield head | {
                    "table": table,
                    "by": by,
                    "column": column,
                    "value": hidden or cell["count"],
                    "rate_per_1000": cell.get("rate"),
                    "low95": cell.get("low"),
                    "high95": cell.get("high"),
                }


def _span(span: list[int | None]) -> str:
    low, high = span
    return f"{low}+" if high is None else f"{low}..{high}"


def _harmless(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value

"""19.4: statistics for sharing. Small numbers are looked for as whoever reads the figures could: by subtraction."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from safezone_conformance.case import case
from safezone_conformance.cases.hub._people import position
from safezone_conformance.hub_bench import Answer, HubBench
from safezone_conformance.town import NAMES, TIMEZONE, Town

CHILDREN = 6
CALLS, PHONE_CALLS, BELLS = 7, 6, 2  # the last too few to be shown
SCHOOLFUL = Town(children=CHILDREN, parts=("pole", "bell", "desk"))


def asked(t: HubBench, more: str = "", who: str = "admin") -> Answer:
    """The statistics of the month that goes on."""
    month = datetime.fromtimestamp(t.now(), ZoneInfo(TIMEZONE)).strftime("%Y-%m")
    return t.http("GET", f"/v1/zones/{t.zone}/statistics?from={month}{more}", who=who)


def given_figures(t: HubBench) -> list[str]:
    """Calls of every sort, some of them few; the ids of their incidents."""
    incidents: list[str] = []
    sent = [t.tag_called("pole", f"t{n % CHILDREN + 1}", 1 + n // CHILDREN) for n in range(CALLS)]
    sent += [t.phone_called(f"p{n % CHILDREN + 1}", f"call-{n}") for n in range(PHONE_CALLS)]
    sent += [t.bell_pressed("bell", n + 1) for n in range(BELLS)]
    t.accepted(*sent)
    wanted = CALLS + PHONE_CALLS + BELLS
    until = t.line.stamp() + t.allowed(15.0)
    while len(incidents) < wanted and t.take(until) is not None:
        incidents = sorted({str(d.data.get("incident")) for d in t.downs("desk/d112", "alert")})
    t.given(len(incidents) >= wanted, f"{wanted} incidents: {len(incidents)}")
    position(t, "c1")
    return incidents


def given_statistics(t: HubBench) -> Mapping[str, Any]:
    answer = asked(t)
    t.given(answer.status == 200, f"the statistics: {answer.status} {answer.body[:200]!r}")
    found: Mapping[str, Any] = answer.json
    return found


Cell = tuple[str, ...]  # part, level, from, to, table, breakdown, column


def cells(document: Mapping[str, Any]) -> Iterator[tuple[Cell, Mapping[str, Any], Mapping[str, Any]]]:
    """Every number of the tables, with its row: key, cell, row."""
    for part in ("rows", "exercise"):
        for row in document[part]:
            for table, splits in row["tables"].items():
                for split, columns in splits.items():
                    for column, cell in ({"all": columns} if split == "all" else columns).items():
                        yield (part, row["level"], row["from"], row["to"], table, split, column), cell, row


def sums(document: Mapping[str, Any], keys: set[Cell]) -> list[tuple[Cell, list[Cell]]]:
    """What adds up: the columns of a split to the total, and the rows that tile a row to that row."""
    found: list[tuple[Cell, list[Cell]]] = []
    splits = sorted({key[:6] for key in keys if key[5] != "all"})
    for split in splits:
        total = (*split[:5], "all", "all")
        if total in keys:
            found.append((total, sorted(k for k in keys if k[:6] == split)))
    for part in ("rows", "exercise"):
        spans = [(r["level"], r["from"], r["to"], r["days"]) for r in document[part]]
        for level, first, last, days in spans:
            for finer in sorted({s[0] for s in spans if s[0] != level}):
                inside = [s for s in spans if s[0] == finer and first <= s[1] and s[2] <= last]
                if (
                    len(inside) > 0
                    and sum(s[3] for s in inside) == days
                    and (finer, first, last, days) not in inside
                ):
                    for key in sorted(k for k in keys if k[:4] == (part, level, first, last)):
                        parts = [(part, *s[:3], *key[4:]) for s in inside]
                        if all(p in keys for p in parts):
                            found.append((key, parts))
    return found


def worked_out(document: Mapping[str, Any]) -> list[tuple[Cell, int]]:
    """Hidden numbers below the threshold that the shown ones give away: bounds drawn tighter until nothing moves."""
    threshold = int(document["threshold"])
    top = 10**9
    low: dict[Cell, int] = {}
    high: dict[Cell, int] = {}
    for key, cell, _ in cells(document):
        if cell["count"] is not None:
            low[key] = high[key] = int(cell["count"])
        else:
            low[key], high[key] = 0, threshold - 1 if cell.get("hidden") == "small" else top
    hidden = [key for key, cell, _ in cells(document) if cell["count"] is None]
    everything = sums(document, set(low))
    for _ in range(50):
        moved = False
        for total, parts in everything:
            floor, ceiling = sum(low[p] for p in parts), sum(high[p] for p in parts)
            for key, least, most in (
                (total, floor, ceiling),
                *((p, low[total] - (ceiling - high[p]), high[total] - (floor - low[p])) for p in parts),
            ):
                if least > low[key] or most < high[key]:
                    low[key], high[key], moved = max(low[key], least), min(high[key], most), True
        if not moved:
            break
    return [(key, low[key]) for key in hidden if low[key] == high[key] < threshold]


@case(
    "TC-HUB-AUD-05",
    ko="통계에는 사람이나 사건을 가리키는 것이 없고 CSV와 JSON의 내용은 같다",
    en="The statistics point to nobody and to no incident, and CSV and JSON hold the same content",
    verifies=["HUB-AUD-005", "HUB-AUD-008"],
    needs=["statistics"],
    town=SCHOOLFUL,
    slow_s=4.0,
    before=[("구역에 어린이 여섯이 있다", "the zone has six children")],
    steps=[
        (
            "여섯 어린이의 태그와 휴대전화, 벨로 긴급호출을 낸다",
            "calls are made by tags and phones of six children, and by the bell",
        ),
        (
            "이달의 통계를 JSON으로, 이어서 CSV로 읽는다",
            "the statistics of this month are read as JSON, then as CSV",
        ),
    ],
    criteria=[
        (
            "둘 다 어린이, 보호자, 사건의 id와 이름이 없다",
            "neither holds an id or name of a child, guardian or incident",
        ),
        (
            "JSON에서 보이는 수, 비율, 구간, child_days는 모두 CSV에 있고, CSV에는 JSON에 없는 수가 없다. CSV는 날짜와 표와 열의 이름을 말한다",
            "every number, rate, interval and child_days that JSON shows is in the CSV, which holds no number that is not in JSON; it names days, tables and columns",
        ),
    ],
)
def nobody(t: HubBench) -> None:
    incidents = given_figures(t)
    figures = asked(t)
    t.given(figures.status == 200, f"the statistics: {figures.status} {figures.body[:200]!r}")
    table = asked(t, "&format=csv")
    t.require("HUB-AUD-008", table.status == 200, "200 for CSV", table.status, seen=table)
    words = [f"{NAMES[n - 1]}{n}" for n in range(1, CHILDREN + 1)]
    words += [f"보호자 g{n}" for n in range(1, CHILDREN + 1)] + incidents
    words += [t.id(f"{kind}{n}") for kind in ("c", "g") for n in range(1, CHILDREN + 1)]
    for form, answer in (("JSON", figures), ("CSV", table)):
        held = [word for word in words if word.encode() in answer.body]
        t.check("HUB-AUD-005", not held, f"no id or name in the {form}", held, seen=answer)
    hold_the_same(t, figures.json, table)


def numbers(values: Sequence[Any]) -> set[float]:
    """Those that are numbers, as numbers."""
    found = set()
    for value in values:
        try:
            found.add(round(float(value), 6))
        except (TypeError, ValueError):
            continue
    return found


def hold_the_same(t: HubBench, document: Mapping[str, Any], answer: Answer) -> None:
    """The CSV of this answer against the JSON."""
    kind = answer.headers.get("content-type", "")
    t.check("HUB-AUD-008", kind.partition(";")[0].strip() == "text/csv", "text/csv", kind, seen=answer)
    lines = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"))))
    texts = [text for line in lines for text in line]
    in_csv = numbers(texts)
    shown: list[Any] = [row["child_days"] for row in document["rows"]]
    named: set[str] = set()
    for key, cell, _ in cells(document):
        shown += [cell.get(name) for name in ("count", "rate", "low", "high")]
        if cell["count"] is not None:
            named |= {key[1], key[2], key[3], key[4], key[6]} - {"all"}
    for each in document["comparison"]:
        shown += [each["ratio"], each["low"], each["high"]]
    lost = sorted(numbers(shown) - in_csv)
    t.check("HUB-AUD-008", not lost, "every number of the JSON in the CSV", lost, seen=answer)
    allowed = numbers([*shown, *_leaves(document)])
    invented = sorted(in_csv - allowed)
    t.check(
        "HUB-AUD-008", not invented, "no number in the CSV that is not in the JSON", invented, seen=answer
    )
    body = answer.body.decode("utf-8-sig")
    unnamed = sorted(word for word in named if word not in body)
    t.check("HUB-AUD-008", not unnamed, "days, tables and columns named in the CSV", unnamed, seen=answer)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


@case(
    "TC-HUB-AUD-06",
    ko="문턱보다 작은 수는 보이지도 셈해 낼 수도 없고, 비율에는 분모와 구간이 있다",
    en="Numbers below the threshold are neither shown nor to be worked out; rates come with denominator and interval",
    verifies=["HUB-AUD-006", "HUB-AUD-007"],
    needs=["statistics"],
    town=SCHOOLFUL,
    before=[("구역에 어린이 여섯이 있다", "the zone has six children")],
    steps=[
        (f"태그 호출 {CALLS}번, 전화 호출 {PHONE_CALLS}번, 벨 호출 {BELLS}번을 낸다",
         f"{CALLS} tag calls, {PHONE_CALLS} phone calls and {BELLS} bell calls are made"),
        ("이달의 통계를 읽는다", "the statistics of this month are read"),
    ],
    criteria=[
        ("보이는 수는 모두 threshold 이상이다. 합계와 부분의 뺄셈을 거듭해도 가린 작은 수가 하나로 정해지지 않는다",
         "every number shown is at least threshold; however often totals and parts are subtracted, no hidden small number is found"),
        ("벨 호출의 수는 가려져 있다", "the number of bell calls is hidden"),
        (
            "비율이 있는 칸에는 low와 high가, 그 줄에 child_days가 있다. 비율은 수를 child_days로 나눈 것이고 구간 안에 있다",
            "where there is a rate there are low and high, its row has child_days, and the rate is the number divided by them, within the interval",
        ),
    ],
)  # fmt: skip
def not_to_be_found(t: HubBench) -> None:
    given_figures(t)
    document = given_statistics(t)
    threshold = document["threshold"]
    t.check("HUB-AUD-006", threshold >= 2, "a threshold of 2 or more", threshold)
    small = [
        (key, cell["count"])
        for key, cell, _ in cells(document)
        if cell["count"] is not None and cell["count"] < threshold
    ]
    small += [((row["level"], row["from"], "child_days"), row["child_days"]) for row in document["rows"]
              if row["child_days"] is not None and row["child_days"] < threshold]  # fmt: skip
    t.check("HUB-AUD-006", not small, f"no number below {threshold}", small)
    given_away = worked_out(document)
    t.check("HUB-AUD-006", not given_away, "no hidden number that can be worked out", given_away[:5])
    if threshold > BELLS:
        bells = [
            cell
            for key, cell, _ in cells(document)
            if key[0] == "rows" and key[1] == "total" and key[4:] == ("incidents", "service", "bell_call")
        ]
        t.check(
            "HUB-AUD-006", all(c["count"] is None for c in bells), f"the {BELLS} bell calls hidden", bells
        )
    hold_rates(t, document)


def hold_rates(t: HubBench, document: Mapping[str, Any]) -> None:
    """Every rate with what it is of, and its interval."""
    rates = [(key, cell, row) for key, cell, row in cells(document) if "rate" in cell]
    t.given(bool(rates), "some rate is shown")
    for key, cell, row in rates:
        days = row.get("child_days")
        t.check("HUB-AUD-007", bool(days) and "low" in cell and "high" in cell, f"child_days, low and high with the rate at {key}",
                {"child_days": days, **cell})  # fmt: skip
        if days and "low" in cell and "high" in cell:
            rate = cell["count"] / days * document["rate_per"]
            fits = (
                abs(rate - cell["rate"]) <= 0.01 * rate
                and cell["low"] <= cell["rate"] <= cell["high"]
                and cell["low"] < cell["high"]
            )
            t.check("HUB-AUD-007", fits, f"a rate of {rate:.2f} within its interval at {key}", dict(cell))

"""The whole report: what is counted, what is written, and an attack on what is published."""

import csv
import io
import json
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from safezone_hub.statistics import Period, summarise, to_csv, to_json
from safezone_hub.statistics.intervals import poisson_interval, rate_ratio
from safezone_hub.statistics.rows import tree
from safezone_hub.statistics.times import summary
from safezone_model import validator
from scipy.stats import binom, poisson

from tests.statistics.attack import read_table, spans

SEOUL = ZoneInfo("Asia/Seoul")
ZONE = {"kind": "zone", "id": "z1", "zone": "z1", "name": "영문초등학교", "timezone": "Asia/Seoul"}
MARCH = Period.months("2026-03")
VALID = validator("statistics")


def at(day: date, clock: str = "12:00", plus_s: float = 0.0) -> float:
    hour, minute = map(int, clock.split(":"))
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=SEOUL).timestamp() + plus_s


def incident(day: date, service: str = "tag_call", clock: str = "12:00", **more: Any) -> dict[str, Any]:
    return {
        "zone": "z1", "service": service, "class": "emergency", "opened_at": at(day, clock), "acknowledged_at": None,
        "dispatched_at": None, "on_scene_at": None, "closed_at": None, "outcome": "resolved", "marks": [],
        "exercise": None, **more,
    }  # fmt: skip


def days_of(period: Period, enrolled: int = 200, **more: Any) -> list[dict[str, Any]]:
    return [
        {
            "date": day.isoformat(),
            "child_days": {"enrolled": enrolled, "covered": enrolled * 93 // 100},
            **more,
        }
        for day in period.days()
    ]


def published(report: Any) -> dict[str, Any]:
    """As a reader of the JSON sees it, after the schema has passed it."""
    body: dict[str, Any] = json.loads(to_json(report))
    assert [error.message for error in VALID.iter_errors(body)] == []
    return body


def row(body: dict[str, Any], level: str, start: str = "") -> dict[str, Any]:
    return next(r for r in body["rows"] if r["level"] == level and r["from"].startswith(start))


def lines(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def busy_month(seed: int, period: Period = MARCH) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A month of invented incidents and counts, some services rare, some daily."""
    random = np.random.default_rng(seed)
    rates = {"tag_call": 0.3, "bell_call": 0.1, "route_deviation": 1.5, "tag_silent": 0.6, "danger_entry": 0.2,
             "not_arrived": 2.5}  # fmt: skip
    records = []
    days = []
    for day in period.days():
        for service, rate in rates.items():
            for _ in range(random.poisson(rate)):
                answer = float(random.exponential(40))
                records.append(
                    incident(
                        day, service,
                        outcome=str(random.choice(["resolved", "false_alarm"], p=[0.8, 0.2])),
                        marks=["prank"] if random.random() < 0.05 else [],
                        acknowledged_at=at(day, plus_s=answer),
                    )
                )  # fmt: skip
        school = day.weekday() < 5
        notices = {
            "school_arrival": int(random.integers(150, 190)) if school else 0,
            "home_entry": int(random.poisson(90)),
        }
        days.append({
            "date": day.isoformat(), "child_days": {"enrolled": 200, "covered": 180}, "notices": notices,
            "complaints": {"opened": (opened := int(random.poisson(1.5))), "upheld": int(random.binomial(opened, 0.4))},
            "queries": {"guardian": int(random.poisson(12)), "operator": int(random.poisson(0.4))},
        })  # fmt: skip
    return records, days


@pytest.mark.parametrize(
    ("seed", "table", "levels"),
    [
        (1, "incidents", ("month", "week")),
        (2, "position_queries", ("month", "week")),
        (3, "complaints", None),
    ],
)
def test_nothing_hidden_in_a_published_report_can_be_solved_for(
    seed: int, table: str, levels: tuple[str, ...] | None
) -> None:
    records, days = busy_month(seed)
    zone = ZONE | {"opened_on": "2026-03-12"}
    body = published(summarise(records, days, zone, MARCH, levels=levels))
    cells, equations = read_table(body["rows"], table)
    assert len(equations) > 50
    found = spans(cells, equations, body["threshold"])
    assert len(found) > 50
    for key, (low, high) in found.items():
        assert high - low >= 1 - 1e-6, f"{table} {key}: found between {low} and {high}"
    full = [key for key, (low, high) in found.items() if high - low >= body["threshold"] - 1 - 1e-6]
    # Not all: two small numbers that make a withheld one can not both be 0.
    assert len(full) >= 0.8 * len(found), "most can be anything their mark allows"
    assert any(cell["count"] is not None for cell in cells.values())


def test_no_number_below_the_threshold_is_written_anywhere() -> None:
    records, days = busy_month(3)
    report = summarise(records, days, ZONE, MARCH, levels=("month", "week"))
    for line in lines(to_csv(report)):
        if line["table"] in ("incidents", "notices", "complaints", "position_queries"):
            assert line["value"] in ("<5", "x") or int(line["value"]) >= 5
        if line["value"] in ("<5", "x"):
            assert (line["rate_per_1000"], line["low95"], line["high95"]) == ("", "", "")
    assert {line["value"] for line in lines(to_csv(report))} >= {"<5", "x"}


def test_csv_and_json_say_the_same() -> None:
    records, days = busy_month(4)
    report = summarise(records, days, ZONE, MARCH, levels=("month", "week"))
    body = published(report)
    found = {
        (line["level"], line["from"], line["table"], line["by"], line["column"]): line
        for line in lines(to_csv(report))
        if line["exercise"] == "no"
    }
    compared = 0
    for each in body["rows"]:
        for table, breakdowns in each["tables"].items():
            for by, columns in breakdowns.items():
                for column, cell in ({"all": columns} if by == "all" else columns).items():
                    line = found[each["level"], each["from"], table, by, column]
                    wanted = (
                        cell["count"]
                        if cell["count"] is not None
                        else {"small": "<5", "withheld": "x"}[cell["hidden"]]
                    )
                    assert line["value"] == str(wanted)
                    assert line["rate_per_1000"] == (str(cell["rate"]) if "rate" in cell else "")
                    assert line["child_days"] == str(each["child_days"])
                    compared += 1
    assert compared > 200


def test_counts_rates_and_intervals_of_a_known_month() -> None:
    day = date(2026, 3, 4)
    records = [incident(day + timedelta(days=i % 20)) for i in range(40)]
    body = published(summarise(records, days_of(MARCH), ZONE, MARCH, levels=("month",)))
    cell = row(body, "total")["tables"]["incidents"]["all"]
    base = 31 * 200
    assert row(body, "total")["child_days"] == base
    assert row(body, "total")["covered_pct"] == [90, 95]
    assert cell["count"] == 40
    assert cell["rate"] == round(40 / base * 1000, 4)
    # The definition of an exact interval: at its ends the tails hold 2.5 %.
    assert poisson.sf(39, cell["low"] * base / 1000) == pytest.approx(0.025, abs=2e-4)
    assert poisson.cdf(40, cell["high"] * base / 1000) == pytest.approx(0.025, abs=2e-4)


@pytest.mark.parametrize("count", [0, 1, 5, 100])
def test_poisson_interval_is_exact(count: int) -> None:
    low, high = poisson_interval(count)
    assert poisson.cdf(count, high) == pytest.approx(0.025)
    assert low == 0.0 if count == 0 else poisson.sf(count - 1, low) == pytest.approx(0.025)


def test_rate_ratio_is_exact() -> None:
    ratio, low, high = rate_ratio(12, 3000.0, 30, 2000.0)
    assert ratio == pytest.approx((12 / 3000) / (30 / 2000))
    share = {r: r * 3000 / (r * 3000 + 2000) for r in (low, high)}
    assert binom.sf(11, 42, share[low]) == pytest.approx(0.025)
    assert binom.cdf(12, 42, share[high]) == pytest.approx(0.025)


def test_days_are_local_days() -> None:
    """23:30 in Seoul on 31 March is another day, and another month, in UTC."""
    records = [incident(date(2026, 3, 31), clock="23:30")] * 15
    records += [incident(date(2026, 4, 1), clock="00:10")] * 21
    body = published(summarise(records, days_of(MARCH), ZONE, MARCH, levels=("month",)))
    assert row(body, "total")["tables"]["incidents"]["all"]["count"] == 15
    times = [{**record, "opened_at": "2026-03-31T14:30:00Z"} for record in records[:15]]
    again = published(summarise(times, days_of(MARCH), ZONE, MARCH, levels=("month",)))
    assert again == body


def test_drills_and_other_zones_are_left_out() -> None:
    day = date(2026, 3, 4)
    records = (
        [incident(day) for _ in range(16)]
        + [incident(day, exercise="drill-1") for _ in range(19)]
        + [incident(day, zone="z2") for _ in range(50)]
    )
    body = published(summarise(records, days_of(MARCH), ZONE, MARCH, levels=("month",)))
    assert row(body, "total")["tables"]["incidents"]["all"]["count"] == 16
    assert body["exercise"][0]["tables"]["incidents"]["all"]["count"] == 19
    drill = [line for line in lines(to_csv(summarise(records, [], ZONE, MARCH))) if line["exercise"] == "yes"]
    assert drill[0]["value"] == "19"


def test_before_and_after_the_opening() -> None:
    period = Period.months("2026-02", "2026-04")
    zone = ZONE | {"opened_on": "2026-03-10"}
    records = [incident(date(2026, 2, 1) + timedelta(days=i % 37)) for i in range(60)]
    records += [incident(date(2026, 3, 10) + timedelta(days=i % 52)) for i in range(20)]
    body = published(summarise(records, days_of(period), zone, period, levels=("month",)))
    before, after = row(body, "before"), row(body, "after")
    assert (before["from"], before["to"], before["days"]) == ("2026-02-01", "2026-03-09", 37)
    assert (after["from"], after["to"], after["days"]) == ("2026-03-10", "2026-04-30", 52)
    assert before["tables"]["incidents"]["all"]["count"] == 60
    assert after["tables"]["incidents"]["all"]["count"] == 20
    found = next(each for each in body["comparison"] if each["service"] == "all")
    assert found["ratio"] == pytest.approx((20 / (52 * 200)) / (60 / (37 * 200)), abs=1e-4)
    assert found["low"] < found["ratio"] < found["high"] < 1
    march = [
        (r["from"], r["to"])
        for r in body["rows"]
        if r["level"] == "month" and r["from"].startswith("2026-03")
    ]
    assert march == [("2026-03-01", "2026-03-09"), ("2026-03-10", "2026-03-31")]


def test_rows_of_a_level_cover_every_day_once() -> None:
    period = Period.months("2026-02", "2026-04")
    for opened in (None, date(2026, 3, 11), date(2020, 1, 1), date(2030, 1, 1), date(2026, 2, 1)):
        rows = list(tree(period, opened, ("month", "week", "day")).walk())
        for level in ("month", "week", "day"):
            assert [d for r in rows if r.level == level for d in r.days] == list(period.days())
        assert len({r.key for r in rows}) == len(rows)
        for week in (r for r in rows if r.level == "week"):
            assert len({d - timedelta(days=d.weekday()) for d in week.days}) == 1
            assert len({d.month for d in week.days}) == 1
        assert {r.level for r in rows} >= ({"before", "after"} if opened == date(2026, 3, 11) else {"total"})


def test_answer_times_are_bins_over_enough_cases() -> None:
    day = date(2026, 3, 4)
    records = [
        incident(day, acknowledged_at=at(day, plus_s=seconds))
        for seconds in (3, 4, 7, 8, 12, 13, 14, 20, 200, 700)
    ]
    records += [incident(day, "bell_call", acknowledged_at=at(day, plus_s=9)) for _ in range(4)]
    body = published(summarise(records, days_of(MARCH), ZONE, MARCH, levels=("month",)))
    answers = row(body, "total")["answers"]
    assert answers["all"]["acknowledged"] == {
        "n": [10, 19], "median_s": [5, 10], "p90_s": [120, 300], "max_s": [600, 1800],
    }  # fmt: skip
    assert "bell_call" not in answers
    assert answers["all"]["dispatched"] is None
    assert all(
        "answers" not in r
        for r in published(summarise(records, [], ZONE, MARCH))["rows"]
        if r["level"] == "day"
    )


@pytest.mark.parametrize(
    ("seconds", "wanted"),
    [
        ([1.0] * 4, None),
        ([0.0] * 5, {"n": [5, 9], "median_s": [0, 5], "p90_s": [0, 5], "max_s": [0, 5]}),
        (
            [1e6] * 5000,
            {"n": [5000, None], "median_s": [86400, None], "p90_s": [86400, None], "max_s": [86400, None]},
        ),
    ],
)
def test_bins(seconds: list[float], wanted: Any) -> None:
    assert summary(seconds, 5) == wanted


def test_a_zone_of_three_children_shows_nothing() -> None:
    records = [incident(date(2026, 3, 4)) for _ in range(12)]
    body = published(summarise(records, days_of(MARCH, enrolled=3), ZONE, MARCH, levels=("month",)))
    for each in body["rows"]:
        assert each["child_days"] is None and each["covered_pct"] is None
        assert each["tables"]["incidents"]["all"] == {"count": None, "hidden": "withheld"}


def test_one_child_that_joins_does_not_show_in_the_child_days() -> None:
    days = days_of(MARCH)
    days[10]["child_days"]["enrolled"] += 1
    body = published(summarise([], days, ZONE, MARCH))
    assert {r["child_days"] for r in body["rows"] if r["level"] == "day"} == {200}
    assert row(body, "total")["child_days"] == 6200


def test_formulas_and_commas_in_names_are_harmless() -> None:
    for name in ('=HYPERLINK("http://x")', "+1", "-1", "@x", "\tx", 'a "b", c\nd'):
        data = to_csv(summarise([], [], ZONE | {"name": name}, MARCH, levels=("month",)))
        assert data.count(b"\n") - data.count(b"\r\n") in (0, data.count(b"a ")), "lines end in CRLF"
        shown = lines(data)[0]["zone_name"]
        assert shown.lstrip("'") == name
        assert shown[0] not in "=+-@\t\r"


def test_byte_order_mark_is_an_option() -> None:
    report = summarise([], [], ZONE, MARCH, levels=("month",))
    assert to_csv(report, bom=True) == b"\xef\xbb\xbf" + to_csv(report)
    assert "영문초등학교" in to_csv(report).decode()


def test_reads_nothing_that_names_anybody() -> None:
    """Members beyond the named ones, as an incident of the hub has them, leave no trace."""
    day = date(2026, 3, 4)
    secret = {"id": "i-secret", "child": "c-secret", "device": "d-secret", "text": "김하늘", "lat": 37.508612}
    plain = [incident(day) for _ in range(6)]
    more = [{**record, **secret} for record in plain]
    days = [{**each, "names": ["김하늘"]} for each in days_of(MARCH)]
    assert to_json(summarise(more, days, ZONE, MARCH)) == to_json(
        summarise(plain, days_of(MARCH), ZONE, MARCH)
    )


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2026, 3, 2), date(2026, 3, 31)),
        (date(2026, 3, 1), date(2026, 3, 30)),
        (date(2026, 3, 1), date(2026, 2, 28)),
    ],
)
def test_only_whole_months_are_a_period(first: date, last: date) -> None:
    with pytest.raises(ValueError, match="whole months"):
        Period(first, last)


def test_a_period_has_an_end() -> None:
    assert len(list(Period.months("2022-01", "2026-12").days())) == 1826
    with pytest.raises(ValueError, match="at most 60 months"):
        Period.months("2022-01", "2027-01")


@pytest.mark.parametrize(
    ("last", "finest"), [("2026-01", "day"), ("2026-02", "week"), ("2026-06", "week"), ("2026-07", "month")]
)
def test_longer_periods_have_coarser_rows(last: str, finest: str) -> None:
    body = published(summarise([], [], ZONE, Period.months("2026-01", last)))
    assert {r["level"] for r in body["rows"]} == {"total", "month", "week", "day"} - {
        "day": set(), "week": {"day"}, "month": {"day", "week"},
    }[finest]  # fmt: skip


def test_threshold_one_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing is hidden"):
        summarise([], [], ZONE, MARCH, threshold=1)


def test_unknown_services_and_roles_fall_into_other() -> None:
    days = days_of(MARCH, queries={"janitor": 3}, notices={"brand_new": 2})
    records = [incident(date(2026, 3, 1) + timedelta(days=i), "brand_new") for i in range(9)]
    body = published(summarise(records, days, ZONE, MARCH, levels=("month",)))
    tables = row(body, "total")["tables"]
    assert tables["incidents"]["all"]["count"] == 9
    assert tables["position_queries"]["all"]["count"] == 93
    assert tables["notices"]["all"]["count"] == 62
    assert "brand_new" not in json.dumps(body)

"""19.4: statistics."""

from safezone_zoo.mutant import defect

REPORT, TABLES, WRITTEN = (f"safezone_hub.statistics.{name}" for name in ("report", "tables", "written"))

defect(
    "statistics-name-incidents",
    ("safezone_hub.tallies", 'record = {"zone": zone, "service": service,', 'record = {"id": id_, "zone": zone, "service": service,'),
    ("safezone_hub.api.operations", 'return Response(to_json(report), media_type="application/json")',
     'return Response(to_json(report)[:-1] + b\', "sources": \' + str([r["id"] for r in records]).replace("\\\'", \'"\').encode() + b"}", media_type="application/json")'),
    kills="TC-HUB-AUD-05",
    reason="HUB-AUD-005",
    ko="통계에 사건의 id를 싣는다",
    en="names incidents in the statistics",
)  # fmt: skip
defect(
    "statistics-show-small-numbers",
    (REPORT, "if mark != SHOWN:\n        return", "if mark != SHOWN and not count:\n        return"),
    kills="TC-HUB-AUD-06",
    reason="HUB-AUD-006",
    ko="작은 수를 보인다",
    en="shows small numbers",
)
defect(
    "statistics-small-numbers-by-subtraction",
    (TABLES, "marks = suppress(counts, sums, threshold, withheld=withheld, prices=prices, twins=_twins(table, rows))",
     'marks = {key: "small" if number < threshold else "" for key, number in counts.items()}'),
    kills="TC-HUB-AUD-06",
    reason="HUB-AUD-006",
    ko="가린 수를 합계에서 뺄셈으로 얻을 수 있다",
    en="lets hidden numbers be had by subtraction",
)  # fmt: skip
defect(
    "statistics-rates-without-interval",
    (REPORT, '(("rate", count), ("low", low), ("high", high))', '(("rate", count),)'),
    kills="TC-HUB-AUD-06",
    reason="HUB-AUD-007",
    ko="비율에 구간이 없다",
    en="gives rates without interval",
)
defect(
    "statistics-rates-of-something-else",
    (
        REPORT,
        "cell[name] = round(value / child_days * PER_CHILD_DAYS, 4)",
        "cell[name] = round(value / (child_days + 5) * PER_CHILD_DAYS, 4)",
    ),
    kills="TC-HUB-AUD-06",
    reason="HUB-AUD-007",
    ko="비율의 분모가 child_days가 아니다",
    en="takes rates of something else than child_days",
)
defect(
    "statistics-csv-without-rates",
    (WRITTEN, '"rate_per_1000": cell.get("rate"),', '"rate_per_1000": None,'),
    kills="TC-HUB-AUD-05",
    reason="HUB-AUD-008",
    ko="CSV에 비율이 없다",
    en="leaves rates out of the CSV",
)
defect(
    "statistics-csv-counts-otherwise",
    (WRITTEN, '"value": hidden or cell["count"],', '"value": hidden or cell["count"] + 1,'),
    kills="TC-HUB-AUD-05",
    reason="HUB-AUD-008",
    ko="CSV의 수가 JSON과 다르다",
    en="gives other numbers in the CSV than in JSON",
)

"""What a city's run gave, as a short table for the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table


def city_table(tally: Mapping[str, Any]) -> Table:
    """The sums, and the busiest minute."""
    totals = tally["totals"]
    busiest, peak = _busiest(tally)
    sent = sum(totals["messages"].values())
    table = Table(
        title=f"{tally['scenario']} · {tally['date']} · 가입률 take-up {tally['take_up']:.0%}",
        show_header=False,
    )
    rows = (
        ("학교 · schools", f"{totals['schools']:,}"),
        ("가입 아동 / 학생 · children / pupils", f"{totals['children']:,} / {totals['pupils']:,}"),
        ("전화 · phones", f"{totals['phones']:,}"),
        (
            "리더기 · 비상벨 · 카메라  readers, bells, cameras",
            f"{totals['readers']:,} · {totals['bells']:,} · {totals['cameras']:,}",
        ),
        ("참값 사건 · truth events", f"{totals['truth_rows']:,}"),
        ("장치 메시지 · device messages", f"{sent:,}  ({totals['bytes_up'] / 1e9:.2f} GB)"),
        (
            "가장 바쁜 1분 · busiest minute",
            f"{busiest // 60:02d}:{busiest % 60:02d}  {peak:,.0f} msg/s",
        ),
        ("보호자 알림 · notices", f"{sum(totals['notices'].values()):,}"),
        ("걸린 시간 · wall", f"{tally['wall_seconds']:.1f} s, {tally['peak_memory_mb']:,} MB"),
        ("truth_sha256", tally["truth_sha256"][:16] + "…"),
    )
    for name, value in rows:
        table.add_row(name, value)
    return table


def day_line(tally: Mapping[str, Any]) -> str:
    """One day of several, on a line."""
    at, peak = _busiest(tally)
    return (
        f"씨앗 seed {tally['seed']}: {sum(tally['totals']['messages'].values()):,} 메시지 messages, "
        f"{at // 60:02d}:{at % 60:02d} {peak:,.0f}/s, {tally['wall_seconds']:.1f} s"
    )


def _busiest(tally: Mapping[str, Any]) -> tuple[int, float]:
    """The busiest minute, and its messages a second."""
    minutes = [r + e for r, e in zip(*tally["totals"]["per_minute"].values(), strict=True)]
    at = max(range(len(minutes)), key=minutes.__getitem__)
    return at, minutes[at] / 60

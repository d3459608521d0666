"""The report holds every row and every case, opens offline, and reads in two languages."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
from safezone_model import SERVICES
from safezone_sim.judge import score
from safezone_sim.map.model import MapSource
from safezone_sim.records import Fault, Query
from safezone_sim.report import scoreboard_svg, write_report
from safezone_sim.report.cases import GROUPS, cases
from safezone_sim.report.charts import Curve, Mark, day_bars, distribution
from safezone_sim.report.page import headline

from tests.judge.builders import LAT, LON, ZONE, Run, at, degrees

T = at("08:40:00")
VOID = {"meta", "br", "input", "link", "img", "hr"}


class Page(HTMLParser):
    """Collects what the tests ask for, and checks that tags nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.crossed: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.crossed.append(tag)

    def having(self, tag: str, name: str) -> list[str | None]:
        return [a[name] for t, a in self.tags if t == tag and name in a]


def day() -> Run:
    """A small day with something in every group of cases."""
    run = Run()
    run.track("c1", (T - 600, 600, 0, "home-1"), (T, 0, 0, "school"), (T + 40000, 0, 0, "school"))
    first = run.happens(T, "school_arrival", place="school")
    run.pass_in(T)
    run.tell_all(T + 5, first)
    run.told(T + 9, "school_arrival", "guardian:g1", event_at=T)  # duplicate
    late = run.happens(T + 4000, "school_arrival", place="school")
    run.pass_in(T + 4000)
    run.tell_all(T + 4500, late)
    run.happens(T + 8000, "school_arrival", place="school")  # hub's fault
    run.pass_in(T + 8000)
    run.happens(T + 12000, "school_arrival", place="school")  # equipment failed
    run.pass_in(T + 12000, real=False)
    run.happens(T + 5000, "home_entry", "c2", place="home-2")  # coverage gap
    run.told(T + 2000, "home_exit", "guardian:g1")  # the hub's false
    run.told(at("09:20:01"), "not_arrived", "guardian:g3", "c2", event_at=at("09:20"))  # placement's false
    for n in range(3):
        run.fix(T + 20000 + 300 * n, 0, 0, real=False, moving=False)
        run.fix(T + 20000 + 300 * n, 0, -500, ideal=False, moving=False)
    run.told(T + 20601, "academy_entry", "guardian:g1", event_at=T + 20600)  # equipment's false
    call = run.happens(at("15:05"), "tag_call", incident="call-1")
    run.press(call.t, "tag_call", known=0.4)
    run.tell_all(call.t + 1, call)
    run.happens(at("15:30"), "tag_call", incident="<script>alert(1)</script>")
    run.press(at("15:30"), "tag_call")
    run.faults.append(Fault(ZONE, "tag_forgotten", "tag-c1", 0, 86400))
    answer = {"lat": degrees(30, 0)[0], "lon": degrees(30, 0)[1], "accuracy_m": 40.0, "age_s": 10.0}
    run.queries.append(Query(ZONE, "c1", T, LAT, LON, True, answer))
    return run


def summary_of(run: Run, kind: Any = "schematic") -> dict[str, Any]:
    return score(run.record()).summary(
        map_source=MapSource(kind, "generated", "0" * 64, "none"),
        truth_sha256="a" * 64,
        simulated_seconds=50400,
        wall_seconds=1.5,
        messages=10,
    )


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    run = day()
    folder = tmp_path_factory.mktemp("report")
    manifest = {"command": "safezone run x", "versions": {"safezone": "0.1.0"}}
    return write_report(folder, run.record(), summary_of(run), manifest=manifest).read_text()


def test_page_nests_and_asks_nothing_of_the_network(text: str) -> None:
    page = Page(text)
    assert (page.open, page.crossed) == ([], [])
    assert page.having("script", "src") == page.having("link", "href") == page.having("img", "src") == []
    assert set(re.findall(r"https?://[^\s\"'<)]+", text)) <= {"http://www.w3.org/2000/svg"}
    assert "@import" not in text
    assert "url(" not in text.replace("url(#clip-", "")


def test_scoreboard_has_every_service_and_recipient(text: str) -> None:
    page = Page(text)
    rows = {
        (a.get("data-service"), a.get("data-role")) for t, a in page.tags if t == "tr" and "data-service" in a
    }
    assert rows == {(name, role) for name, s in SERVICES.items() for role in s.recipients}


def test_every_case_is_in_its_group(text: str) -> None:
    found = cases(score(day().record()))
    assert {c.group for c in found} == {g.key for g in GROUPS}
    for group in GROUPS:
        part = text.split(f'data-group="{group.key}"')[1].split("</details>")[0]
        assert part.count('<tr class="case">') == sum(c.group == group.key for c in found) > 0
    for case in found:
        assert str(case.ko).replace("'", "&#39;") in text
        assert str(case.en).replace("'", "&#39;") in text


def test_guardians_told_alike_share_a_case() -> None:
    missed = [
        c for c in cases(score(day().record())) if c.group == "missed" and c.service == "school_arrival"
    ]
    assert [c.recipients for c in missed] == [["guardian:g1", "guardian:g2"]]


def test_incidents_faults_manifest_and_published_figures_are_shown(text: str) -> None:
    assert text.count('class="pin"') == 2
    assert "+0.4 s" in text
    assert '<tr class="fault">' in text
    for part in ("safezone run x", "versions.safezone", "500", "59", "578", "a" * 64):
        assert part in text


def test_names_cannot_inject_markup(text: str) -> None:
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_exercise_and_schematic_are_announced(text: str, tmp_path: Path) -> None:
    assert "EXERCISE" in text
    assert "약도 / schematic map" in text
    run = day()
    real = write_report(tmp_path, run.record(), summary_of(run, "real")).read_text()
    assert "약도 / schematic map" not in real


def test_headline_numbers_are_those_of_the_summary() -> None:
    shown = headline(summary_of(day()))
    assert (shown["desk_delivered"], shown["desk_true"]) == (1, 2)
    assert (shown["everyday_true"], shown["everyday_delivered"]) == (9, 4)
    assert (shown["gap"], shown["equipment"], shown["hub"]) == (1, 2, 2 + 3)
    assert (shown["false"], shown["hub_false"], shown["late"]) == (3, 1, 2)


def test_cases_file_holds_what_the_page_shows(tmp_path: Path) -> None:
    run = day()
    write_report(tmp_path, run.record(), summary_of(run))
    written = (tmp_path / "cases.jsonl").read_bytes()
    assert [c["ko"] for c in msgspec.json.Decoder().decode_lines(written)] == [
        c.ko for c in cases(score(run.record()))
    ]


def test_an_empty_day_has_a_report(tmp_path: Path) -> None:
    run = Run()
    text = write_report(tmp_path, run.record(), summary_of(run)).read_text()
    assert "정해 둔 사건이 없는 날이다" in text
    assert Page(text).crossed == []


def test_scoreboard_picture_is_well_formed_and_counts() -> None:
    svg = scoreboard_svg(summary_of(day()))
    root = ElementTree.fromstring(svg)
    words = " ".join(e.text or "" for e in root.iter() if e.tag.endswith("text"))
    assert "등교 알림" in words
    assert "50.0 %" in words  # 4 of 8 arrivals, and 1 of 2 calls at the desk
    assert "약도 / schematic map" in words
    assert "위험지역 진입" not in words  # nothing of it happened


def test_charts_are_well_formed_also_when_empty() -> None:
    for picture in (
        distribution([], "empty", "s"),
        distribution([Curve("a", [0.0, 1.0, 50.0], "#000")], "some", "s", marks=[Mark(5, "<limit>", "#111")]),
        day_bars({}, {}, (0, 3600), "empty"),
        day_bars({"a": [10, 20, 700]}, {"a": "#000"}, (0, 3600), "some", ticks_for=["a"]),
    ):
        ElementTree.fromstring(picture)


def test_day_bars_are_as_high_as_the_counts() -> None:
    """Ten in the first ten minutes and five in the next: bars of 10 and 5 on one scale."""
    picture = day_bars({"a": [1.0] * 10 + [601.0] * 5}, {"a": "#123456"}, (0, 3600), "x")
    bars = re.search(r'<path d="([^"]+)" fill="#123456"', picture)
    assert bars is not None
    heights = [float(a) - float(b) for a, b in re.findall(r"M\S+ (\S+?)V(\S+?)H", bars[1])]
    assert heights[0] == pytest.approx(2 * heights[1], rel=0.02)

"""Parts of a drill by themselves: files, roll call, measures, paper, camera view."""

import re
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import shapely
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from safezone_sim.catalogue import scenarios_dir
from safezone_sim.drill.assembly import _blocks
from safezone_sim.drill.booking import class_room
from safezone_sim.drill.camera_view import Figure, View, can_see, render
from safezone_sim.drill.catalogue import ORDER, drills, load_drill, shown
from safezone_sim.drill.clock import between, hms
from safezone_sim.drill.control import Control
from safezone_sim.drill.document import Heading, PageBreak, spots, to_pdf
from safezone_sim.drill.guard import Problem
from safezone_sim.drill.hours import BadStart, day_of, start_of
from safezone_sim.drill.masterlist import Case, Line, MasterList
from safezone_sim.drill.measures import measured
from safezone_sim.drill.openapi import NEW_SESSION, document
from safezone_sim.drill.pack import pack_document
from safezone_sim.drill.plan import Objective, Text
from safezone_sim.drill.refusals import Invalid
from safezone_sim.drill.rollcall import RollCall
from safezone_sim.drill.service import build_service
from safezone_sim.drill.streets import Streets
from safezone_sim.life.tracks import Track
from safezone_sim.map import loading
from safezone_sim.map.schematic import schematic_map
from safezone_sim.scenario import ScenarioError, clock_seconds
from safezone_sim.schools import find_school
from safezone_sim.world.model import Device
from starlette.routing import Route

from tests.conftest import map_dir_or_none


def test_the_seven_drills_are_there_and_whole() -> None:
    assert tuple(drills()) == ORDER
    for scenario in drills().values():
        drill = shown(scenario)
        assert drill["minutes"] == 40 and len(drill["plan"]) >= 3 and len(drill["roles"]) >= 5
        assert all(
            re.search("[가-힣]", i["title"]["ko"]) and not re.search("[가-힣]", i["title"]["en"])
            for i in drill["injects"]
        )


def test_a_drill_with_a_wrong_reference_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "common").mkdir()
    for name in ("common/drill.toml", "pilot-quiet.toml", "pilot.toml"):
        (tmp_path / name).write_text((scenarios_dir() / name).read_text())
    text = (scenarios_dir() / "drill-bell.toml").read_text()
    path = tmp_path / "drill-wrong.toml"
    path.write_text(text.replace('inject = "press"', 'inject = "pres"', 1))
    with pytest.raises(ScenarioError, match=r"objectives\[0\].inject 'pres'"):
        load_drill(path)
    path.write_text(text.replace("to_min = 5", "to_min = 4", 1))
    with pytest.raises(ScenarioError, match="expected to begin at 4"):
        load_drill(path)


def test_a_roll_call_is_complete_when_nobody_is_missing() -> None:
    call = RollCall(3)
    call.ask(100.0)
    call.take([{"seat": 1, "status": "here"}, {"seat": 2, "status": "missing"}], 130.0)
    assert call.row()["missing"] == [2] and call.row()["uncounted"] == [3]
    call.take([{"seat": 3, "status": "excused"}], 140.0)
    assert call.complete_t is None
    call.take([{"seat": 2, "status": "here"}], 160.0)
    assert call.row()["accounted_s"] == 60.0
    for wrong, field in (
        ({"seat": 4, "status": "here"}, "seats[0].seat"),
        ({"seat": 1, "status": "gone"}, "seats[0].status"),
    ):
        with pytest.raises(Invalid) as error:
            call.take([wrong], 170.0)
        assert error.value.field == field
    assert call.row()["accounted_s"] == 60.0


def test_the_slowest_case_counts_and_an_open_one_is_not_met() -> None:
    inject = drills()["dial-112"].drill
    assert inject is not None
    line = Line(inject.injects[0], 0.0)
    line.cases = [
        Case(10.0, ("phone_call_112",), "a", alert_t=11.0, acknowledged_t=31.0),
        Case(20.0, ("phone_call_112",), "b", alert_t=21.0, acknowledged_t=71.0),
    ]
    objective = Objective("o", Text("가", "a"), "acknowledge", None, 60.0)
    row = measured(objective, [line], RollCall(1))
    assert row is not None and (row["s"], row["met"], row["open"]) == (50.0, True, 0)
    # An alert that came while the clock ran fast counts from when the clock was back.
    line.cases[1].heard_t = 61.0
    row = measured(objective, [line], RollCall(1))
    assert row is not None and row["s"] == 20.0
    line.cases.append(Case(30.0, ("phone_call_112",), "c", alert_t=31.0))
    row = measured(objective, [line], RollCall(1))
    assert row is not None and (row["met"], row["open"]) == (False, 1)


def test_the_list_waits_for_the_alert_that_a_message_is_about() -> None:
    plan = drills()["stranger"].drill
    assert plan is not None
    lines = [Line(i, i.at_min * 60.0) for i in plan.injects]
    master, (led, witness, close) = MasterList(lines), lines
    assert master.due(2000.0, None) == [led]
    led.status, led.cases = "fired", [Case(400.0, ("route_deviation",), "a", alert_t=1990.0)]
    assert master.due(2019.0, None) == [] and master.due(2020.0, None) == [witness]
    assert close not in master.due(2020.0, None) and close.plan.id == "close"


def test_the_list_follows_what_people_have_done_by_then() -> None:
    for id_, hint in (("bell", "neighbour"), ("earthquake", "rumour"), ("not-arrived", "phone-on")):
        plan = drills()[id_].drill
        assert plan is not None
        lines = [Line(i, i.at_min * 60.0) for i in plan.injects]
        master, by = MasterList(lines), {line.plan.id: line for line in lines}
        close = by["close"]
        # The finding alone lets it come: not its planned minute, and not much later.
        assert close.due_t > 600.0 and close not in master.due(9999.0, None)
        assert close not in master.due(514.0, 500.0) and close in master.due(515.0, 500.0)
        # A hint comes at the class's pace, before anybody can have found the child, and never after.
        case = Case(360.0, ("bell_call",), device="b")
        lines[0].cases = [case]
        master.found(case, "nobody", 500.0)
        assert by[hint].status == "unneeded" and by[hint] not in master.due(9999.0, 500.0)
        lines[0].status = "skipped"
        master.end()
        assert (lines[0].status, close.status, by[hint].status) == ("skipped", "ended", "unneeded")
    plan = drills()["earthquake"].drill
    assert plan is not None
    lines = [Line(i, i.at_min * 60.0) for i in plan.injects]
    MasterList(lines).known("help")
    assert [x.plan.id for x in lines if x.status == "unneeded"] == ["rumour"]
    assert [x.plan.id for x in MasterList(lines).due(480.0, None)] == ["quake"]


def test_marks_of_one_spot_are_one_marker_and_none_is_moved() -> None:
    at = [
        (99.0, 99.0, "school"),
        (100.0, 100.0, "alert"),
        (110.0, 98.0, "arrived"),
        (101.0, 101.0, "found"),
    ]
    shown = {"width": 640.0, "marks": [{"kind": kind, "x": x, "y": y} for x, y, kind in at]}
    assert [(label, m["x"], m["y"], m["kind"]) for label, m in spots(shown)] == [
        ("1", 99.0, 99.0, "school"), ("2·3·4", 100.0, 100.0, "found"),
    ]  # fmt: skip


def test_the_lead_sits_where_the_teacher_says() -> None:
    room = {"grade": 5, "class": 3, "size": 19}
    chosen, usual = class_room({**room, "lead": 19}), class_room(room)
    assert chosen is not None and chosen.lead == 19 and usual is not None and usual.lead is None
    for lead in (0, 20, "3", True):
        with pytest.raises(Problem, match="1에서 19까지") as error:
            class_room({**room, "lead": lead})
        assert error.value.field == "class.lead"
    told = str(pack_document(shown(drills()["earthquake"], 19), "", "").blocks)
    assert "19번이 안 보여요" in told and "7번이" not in told.replace("17번이", "")


def test_what_took_how_long_is_the_difference_of_the_times_shown() -> None:
    for start, end, shown_s in ((10.0, 29.999, 19.0), (10.9, 30.1, 20.0), (10.0, 9.0, 0.0)):
        assert between(start, end) == shown_s
    assert hms(51360.9994) == "14:16:00" and hms(51360.9996) == "14:16:01"


def test_who_leaves_its_track_stands_where_it_was() -> None:
    track = Track(0.0, 0.0, "home")
    for t, x in ((10.0, 0.0), (20.0, 10.0), (30.0, 20.0)):
        track.pass_by(t, x, 0.0)
    track.cut(25.0)
    assert track.position(25.0) == (15.0, 0.0) and track.position(99.0) == (15.0, 0.0)
    track.pass_by(40.0, 0.0, 0.0)
    assert track.position(32.5) == (7.5, 0.0)


def test_the_pack_has_the_korean_font_in_it() -> None:
    pdf = to_pdf(pack_document(shown(drills()["earthquake"]), "서울신도림초등학교", "2026-12-08", "4-2"))
    assert pdf.startswith(b"%PDF") and b"NotoSansKR" in pdf and b"FontFile" in pdf


def test_plan_and_letter_name_the_time_that_was_chosen() -> None:
    drill = shown(drills()["tag-call"])
    told = str(
        pack_document(drill, "서울신도림초등학교", "2026-12-08", "4-2", start="10:40", english=True).blocks
    )
    assert "10시 40분부터" in told and "from 10:40" in told and "0–5\\n10:40\\n" in told
    assert "6\\n10:46" in told, "the master list goes by the clock"
    assert "____시 ____분부터" in str(pack_document(drill, "", "").blocks)


def test_the_letter_is_in_english_where_that_is_wanted_and_under_no_band() -> None:
    drill = shown(drills()["tag-call"])
    for language, english, letters in (("ko", False, 1), ("ko", True, 2), ("en", False, 2)):
        blocks = pack_document(drill, "", "", language=language, english=english).blocks
        calm = [n for n, b in enumerate(blocks) if isinstance(b, PageBreak) and b.calm]
        assert len(calm) == letters, (language, english)
        assert [str(blocks[n + 1]) for n in calm] == [str(b) for b in blocks if isinstance(b, Heading) and b.text in ("가정통신문", "Letter to parents")]  # fmt: skip


def test_a_drill_begins_when_pupils_are_there_for_it() -> None:
    for id_, scenario in drills().items():
        drill = shown(scenario)
        first, last = drill["starts_from"], drill["starts_until"]
        assert start_of(scenario) == drill["starts"] and first <= drill["starts"] <= last, id_
        assert start_of(scenario, first) == first and start_of(scenario, last) == last
        for wrong in ("07:59", "15:01", "9:30", "24:00", "", 940):
            with pytest.raises(
                BadStart, match="HH:MM" if len(str(wrong)) != 5 or wrong == "24:00" else first
            ):
                start_of(scenario, wrong)
    # The morning goes with the drill of the morning: «not arrived» falls due at its minute, in a rehearsal sooner.
    for minutes, due, begins in (
        (40.0, "11:05", 10 * 3600 + 50 * 60.0),
        (5.0, "10:52", 10 * 3600 + 50 * 60 + 7.5),
    ):
        day, start_s = day_of(drills()["not-arrived"], "10:50", minutes)
        assert (day.not_arrived_after, start_s) == (due, begins)
        assert clock_seconds(due) - clock_seconds(day.arrive_by) == 300.0


def test_classes_stand_apart_in_the_yard_and_the_own_one_in_its_middle() -> None:
    yard, middle = shapely.Polygon([(0, 0), (95, 20), (80, 90), (-15, 70)]), np.array([40.0, 45.0])
    sizes = [22, *([25] * 23)]
    blocks = _blocks(yard, middle, sizes)
    assert [len(b) for b in blocks] == sizes
    assert shapely.contains(yard, shapely.points(np.concatenate(blocks))).all()
    hulls = [shapely.MultiPoint(b).convex_hull for b in blocks]
    apart = [a.distance(b) for n, a in enumerate(hulls) for b in hulls[:n]]
    assert min(apart) > 2.0, "between classes there is more room than in them"
    away = [float(np.hypot(*(b.mean(axis=0) - middle))) for b in blocks]
    assert away[0] == min(away)
    # A yard too small for lines holds them all the same.
    crowd = np.concatenate(_blocks(shapely.box(0, 0, 20, 20), np.array([10.0, 10.0]), sizes))
    assert len(np.unique(crowd, axis=0)) == sum(sizes)


def test_a_camera_sees_who_stands_before_it_and_nobody_behind() -> None:
    street_map = schematic_map(126.9, 37.5, 400.0, "asked for")
    at = street_map.streets.xy[int(np.argmin(np.hypot(*street_map.streets.xy.T)))]
    view = View(float(at[0]), float(at[1]), 90.0, 60.0, 50.0, "k01", "2026-12-08 10:00:00")
    before = render(street_map, view, [Figure(view.x + 15, view.y, "child", trouble=True)])
    behind = render(street_map, view, [Figure(view.x - 15, view.y, "child", trouble=True)])
    assert before.count("stroke-dasharray") == 1 and behind.count("stroke-dasharray") == 0
    assert "EXERCISE" in before and "훈련" in before
    house = max(street_map.buildings, key=lambda b: b.area)
    west, _, east, _ = house.bounds
    view = View(west - 12, house.centroid.y, 90.0, 60.0, 50.0, "k01", "2026-12-08 10:00:00")
    for x, seen in ((west - 3, 1), (east + 3, 0)):
        svg = render(street_map, view, [Figure(x, house.centroid.y, "child", trouble=True)])
        assert svg.count("stroke-dasharray") == seen, "before a house, and behind it"
        camera = Device("k", "camera", view.x, view.y, presets=(("p1", 180.0), ("p2", 90.0)), fov_deg=60.0, view_m=50.0)  # fmt: skip
        assert can_see(street_map.buildings, camera, x, house.centroid.y) == bool(seen)
        assert not can_see(street_map.buildings, camera, view.x - 10, view.y), "no preset looks there"
        assert not can_see(street_map.buildings, replace(camera, view_m=5.0), x, house.centroid.y)


def _fetched(streets: Streets, monkeypatch: pytest.MonkeyPatch, url: str) -> dict[str, object]:
    """The outcome of one fetch from a tile server."""
    monkeypatch.setattr(loading, "map_catalogue", lambda: {"tiles": {"url": url}, "known": []})
    monkeypatch.setattr("safezone_sim.drill.streets.map_catalogue", lambda: {"tiles": {"url": url}})
    school = find_school("7041138", None)
    streets.fetch(school, None)
    for thread in threading.enumerate():
        if thread.name == "map-7041138":
            thread.join()
    return streets.of("7041138").row()


def test_streets_that_cannot_be_fetched_say_so_and_may_be_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    streets = Streets(tmp_path)
    for _ in range(2):
        told = _fetched(streets, monkeypatch, "http://127.0.0.1:9/{z}/{x}/{y}")
        assert told["state"] == "failed" and "인터넷" in told["error"]["ko"]  # type: ignore[index]


@pytest.mark.realmap
def test_streets_are_fetched_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pmtiles.reader import MmapSource, Reader

    maps = map_dir_or_none()
    assert maps is not None
    asked: list[str] = []
    with sorted(maps.glob("*.pmtiles"))[0].open("rb") as file:
        reader = Reader(MmapSource(file))

        class Server(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                z, x, y = map(int, self.path.strip("/").split("/"))
                data = reader.get(z, x, y) or b""
                self.send_response(200 if data else 204)
                self.send_header("content-encoding", "gzip")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            url = f"http://127.0.0.1:{server.server_address[1]}/{{z}}/{{x}}/{{y}}"
            told = _fetched(Streets(tmp_path), monkeypatch, url)
            assert told["state"] == "ready" and told["done"] == told["total"], told
            before = len(asked)
            assert before >= 4
            assert _fetched(Streets(tmp_path), monkeypatch, url)["state"] == "ready"
            assert len(asked) == before  # the second time from this machine alone
        finally:
            server.shutdown()
            server.server_close()


def test_the_openapi_document_has_every_call_and_no_other(tmp_path: Path) -> None:
    served = {
        (method, route.path)
        for route in build_service(Control("http://127.0.0.1:9", "", "t", tmp_path)).routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"
    }
    told = document()
    assert {(m.upper(), path) for path, item in told["paths"].items() for m in item} == served
    validate(told)
    ids = [o["operationId"] for item in told["paths"].values() for o in item.values()]
    assert len(ids) == len(set(ids))
    for item in told["paths"].values():
        for operation in item.values():
            body = operation.get("requestBody")
            if body is not None:
                Draft202012Validator.check_schema(body["content"]["application/json"]["schema"])
    wish = {"school": "7041138", "drill": "bell", "class": {"grade": 4, "class": 1, "size": 22}, "speed": 1}
    Draft202012Validator(NEW_SESSION).validate(wish)
    assert not Draft202012Validator(NEW_SESSION).is_valid({**wish, "speed": 61})

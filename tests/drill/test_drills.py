"""Whole drills against a real hub: what trainees did, what the twin made of it, and that nothing is lost or leaks."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from safezone_sim.drill.clock import hms
from safezone_sim.drill.control import Control
from safezone_sim.drill.document import day_words
from safezone_sim.drill.names import OF_CHILDREN
from safezone_sim.drill.record import read_records
from safezone_sim.drill.report import held_on
from safezone_sim.drill.views import public

from tests.conftest import map_dir_or_none
from tests.drill.trainee import Lab, Trainee, events


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(tmp_path_factory.mktemp("drills"), map_dir_or_none(), keep=True) as found:
        yield found


def _texts(record: dict[str, Any], kind: str) -> list[str]:
    return [e["text"]["en"] for e in record["events"] if e["kind"] == kind]


def test_a_tag_call_is_worked_to_its_end_and_reported(lab: Lab) -> None:
    session = lab.open("tag-call", rehearsal=True)
    trainee = Trainee(lab, session, until_s=540.0)
    record = trainee.work()
    results = {o["measure"]: o["result"] for o in record["objectives"] if o["measure"]}
    assert record["state"] == "ended"
    assert all(results[m]["met"] for m in ("notice", "arrive", "found")), results
    (case,) = record["cases"]
    assert case["t"] <= case["alert_t"] <= case["acknowledged_t"] <= case["dispatched_t"] < case["arrived_t"]
    assert case["found_t"] is not None and case["closed_t"] is not None
    assert all(e["exercise"] for e in record["events"])
    # Whoever is sent drives, and the child is called by number and name; nobody can say that it was met before it was.
    (sent,) = [e["unit"] for e in record["events"] if e["kind"] == "dispatch"]
    assert next(a for a in lab.http.get(f"/sessions/{session['session']}/agents").json()["items"] if a["id"] == sent)["kind"] == "patrol"  # fmt: skip
    assert any(t.endswith(f"seat 7, {record['child']['name']}") for t in _texts(record, "press"))
    assert record["cases"][0]["t"] - record["started_t"] < 70.0
    # «It comes by itself once the child is found» is true, long before its planned minute.
    by = {i["id"]: i for i in record["injects"]}
    assert (by["close"]["status"], by["close"]["by"]) == ("done", "list")
    assert 15.0 <= by["close"]["fired_t"] - case["found_t"] <= 20.0
    # Every length is the difference of two times in the report's own timeline.
    shown = {e["kind"]: hms(e["t"]) for e in reversed(record["events"])}
    assert shown["alert"] == hms(case["alert_t"]) and shown["acknowledge"] == hms(case["acknowledged_t"])

    rated = lab.http.put(
        f"/sessions/{session['session']}/ratings",
        json={"objective": "o6", "rating": "S", "evidence": "셋이 답함"},
    )
    assert rated.status_code == 200, rated.text
    lab.post(
        f"/sessions/{session['session']}/improvements", text="순찰 길 표시", owner="교감", due="2027-01"
    ).raise_for_status()
    html = lab.http.get(f"/sessions/{session['session']}/report.html").text
    today = held_on(record)
    assert today != record["date"]
    # Full speed is no time for people: what they did is not judged, what the twin did is.
    for words in (
        "훈련 결과 보고서",
        "셋이 답함",
        "순찰 길 표시",
        "조금 어려움",
        "결재",
        "2026년 12월 8일(화)",
        "배속 구간",
        "찾음",
        f"2026년 12월 8일(화)에 하기로 한 훈련을 {day_words(today)}에 했습니다",
        "실제로 ",
        "(모의) 도착",
    ):
        assert words in html
    assert "After-action" not in html and session["zone"] not in html
    assert "http://" not in html.replace("http://www.w3.org", "") and "https://" not in html
    answer = lab.http.get(f"/sessions/{session['session']}/report.pdf")
    assert quote(f"{today}-서울신도림초-태그버튼.pdf") in answer.headers["content-disposition"]
    pdf = answer.content
    assert pdf.startswith(b"%PDF") and b"NotoSansKR" in pdf and b"FontFile" in pdf
    replay = lab.http.get(f"/sessions/{session['session']}/replay").json()
    assert len(replay["tracks"]) == len(replay["agents"]) and any(len(t["t"]) > 3 for t in replay["tracks"])

    again = Trainee(lab, lab.open("tag-call", rehearsal=True), until_s=50.0).work()
    compared = lab.http.get(f"/sessions/{again['session']}/report.html", params={"lang": "en"}).text
    assert "the next report will compare" not in compared and "Compared with earlier drills" in compared


def test_an_earthquake_ends_when_every_seat_is_accounted_for(lab: Lab) -> None:
    """At the latest time that can be chosen: lessons are over, and the class that drills is there all the same."""
    session = lab.open("earthquake", rehearsal=True, start="15:00")
    stage = lab.control.sessions[session["session"]].stage
    counts = lab.http.get(f"/sessions/{session['session']}/state").json()["counts"]
    assert 22 <= counts["school"] < len(stage.world.people) / 2
    # The gates told the morning late and in no order, and the school's page still knows that everybody came.
    school = {"Authorization": f"Bearer {session['tokens']['school']['token']}"}
    pupils = httpx.get(f"{session['hub']['http']}/v1/zones/{session['zone']}/pupils", headers=school).json()[
        "items"
    ]
    assert {p["state"] for p in pupils} == {"in_school", "left"}
    record = Trainee(lab, session, until_s=1500.0).work()
    assert [e["text"]["en"] for e in record["events"] if e["kind"] == "alert"] == ["alert: tag call"]
    rollcall = record["rollcall"]
    assert rollcall["missing"] == [] and rollcall["here"] == rollcall["expected"]
    assert rollcall["accounted_s"] is not None and rollcall["accounted_s"] > 100
    told = [e["data"]["missing"] for e in record["events"] if e["kind"] == "rollcall"]
    assert told[0] == [7] and told[-1] == []


def test_a_real_call_breaks_through_and_a_dead_hub_loses_nothing(lab: Lab) -> None:
    """During two drills at once; the one hears nothing of the other."""
    session, other = lab.open("tag-call", rehearsal=True), lab.open("bell", rehearsal=True)
    trainee, beside = Trainee(lab, session, until_s=540.0), Trainee(lab, other, until_s=120.0)
    real = f"/sessions/{session['session']}/lab/real-press"
    trainee.on_event["dispatch"] = lambda event: lab.hub.kill()
    trainee.on_event["found"] = lambda event: lab.post(real).raise_for_status()
    incidents: list[dict[str, Any]] = []
    trainee.on_event["real"] = lambda event: incidents.extend(lab_incidents(lab, session))
    records: dict[str, dict[str, Any]] = {}

    def work(who: Trainee) -> None:
        records[who.id] = who.work()

    # The other's trainee would meet the dead hub between two of its own calls; it looks on.
    beside._react = lambda event: None  # type: ignore[method-assign]
    thread = threading.Thread(target=work, args=(beside,))
    thread.start()
    record = trainee.work()
    thread.join()
    assert "the hub is back; what it missed was sent again" in _texts(record, "hub")
    (case,) = record["cases"]
    assert case["arrived_t"] is not None and case["closed_t"] is not None
    reals = [e for e in record["events"] if e["kind"] == "real"]
    assert [e["exercise"] for e in reals] == [False]
    # The drill's own is closed by then: what is open is the real one, and no mark of a drill is on it.
    assert [(i["service"], i.get("exercise")) for i in incidents] == [("bell_call", None)]
    assert len(_texts(record, "alert")) == 1
    (theirs,) = records[other["session"]]["cases"]
    assert theirs["alert_t"] is not None and theirs["acknowledged_t"] is None
    assert not [e for e in records[other["session"]]["events"] if e["kind"] == "real"]


def lab_incidents(lab: Lab, session: dict[str, Any]) -> list[dict[str, Any]]:
    """All incidents of a session's zone, as its desk sees them."""
    headers = {"Authorization": f"Bearer {session['tokens']['desk']['token']}"}
    answer = httpx.get(f"{lab.hub_http}/v1/zones/{session['zone']}/incidents", headers=headers)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_nothing_of_a_drill_reaches_a_real_guardian_or_agency(lab: Lab) -> None:
    """A real guardian of the very child, and a real police agency, stand in the registry; they hear nothing."""
    session = lab.open("tag-call", rehearsal=True)
    admin = httpx.Client(
        base_url=lab.hub_http, headers={"Authorization": f"Bearer {lab.hub_token}"}, timeout=30.0
    )
    zone, child = session["zone"], session["tokens"]["guardian"]["child"]
    key = {"keyid": f"{zone}-real-key", "secret": "A" * 43}
    items = [
        {"kind": "guardian", "id": f"{zone}-real", "zone": zone, "name": "실제", "children": [child], "nature": "real",
         "language": "ko", "key": key},
        {"kind": "agency", "id": f"{zone}-police", "zone": zone, "name": "경찰", "service": "police", "nature": "real",
         "format": "json"},
    ]  # fmt: skip
    for item in items:
        answer = admin.put(f"/v1/registry/{item['kind']}/{item['id']}", json=item)
        assert answer.status_code < 300, answer.text
    trainee = Trainee(lab, session, until_s=90.0)
    incidents: list[dict[str, Any]] = []
    trainee.on_event["dispatch"] = lambda event: incidents.extend(lab_incidents(lab, session))
    record = trainee.work()
    assert record["cases"][0]["alert_t"] is not None
    told = admin.get(f"/v1/guardians/{zone}-real/notices").json()["items"]
    simulated = admin.get(f"/v1/guardians/{session['tokens']['guardian']['principal']}/notices").json()[
        "items"
    ]
    assert told == [] and any(n["notice"]["service"] == "tag_call" for n in simulated)
    (incident,) = incidents
    assert incident["agencies"] == {}


def test_the_stream_resumes_where_it_was_cut(lab: Lab) -> None:
    session = lab.open("dial-112", speed=30)
    at = f"/sessions/{session['session']}"
    lab.post(f"{at}/start").raise_for_status()
    lab.post(f"{at}/inject", inject="dial", seat=3).raise_for_status()
    assert lab.http.get(f"{at}/state").json()["speed"] == 1, "people answer at their own pace"
    lab.post(f"{at}/end").raise_for_status()
    with lab.http.stream("GET", f"{at}/stream", params={"last_event_id": "0"}) as response:
        every = [(id_, e["kind"]) for id_, kind, e in events(response) if kind == "event"]
    with lab.http.stream("GET", f"{at}/stream", headers={"Last-Event-ID": "2"}) as response:
        later = [(id_, e["kind"]) for id_, kind, e in events(response) if kind == "event"]
    assert later == every[2:] and "inject" in [k for _, k in every]


def test_calls_that_cannot_be_say_why(lab: Lab, tmp_path: Path) -> None:
    base = lab.server.url + "/control/v1"
    assert httpx.get(f"{base}/drills").status_code == 401
    assert httpx.get(f"{base}/health").json()["status"] == "ok"
    assert lab.post("/sessions", school="0000000", drill="bell").json()["errors"][0]["field"] == "school"
    assert lab.post("/sessions", school="7041138", drill="flood").json()["errors"][0]["field"] == "drill"
    late = lab.post("/sessions", school="7041138", drill="bell", start="15:30")
    (told,) = late.json()["errors"]
    assert late.status_code == 422 and (told["field"], told["value"]) == ("start", "15:30")
    assert "09:30" in told["detail"] and "15:00" in told["detail"]
    session = lab.open("tag-call")
    at = f"/sessions/{session['session']}"
    early = lab.post(f"{at}/inject", inject="press")
    assert (early.status_code, early.json()["code"]) == (409, "wrong_state")
    lab.post(f"{at}/start").raise_for_status()
    unmet = lab.post(f"{at}/inject", inject="close")
    assert unmet.status_code == 409 and "찾으면" in unmet.json()["detail"]
    lab.post(f"{at}/pause").raise_for_status()
    named = lab.post(f"{at}/rollcall", seats=[{"seat": 3, "status": "here", "name": "홍길동"}])
    assert named.status_code == 422 and named.json()["errors"][0]["field"] == "seats[0].name"
    assert (
        "홍길동"
        not in (lab.folder / "results").joinpath("7041138", session["session"], "timeline.jsonl").read_text()
    )
    assert lab.post(f"{at}/speed", x=61).status_code == 422
    lab.post(f"{at}/end").raise_for_status()
    assert lab.post(f"{at}/resume").status_code == 409
    assert lab.post(f"{at}/start").status_code == 409


def test_a_button_pressed_twice_counts_once(lab: Lab) -> None:
    """Twice by one hand, by a second tab, or again because the answer was lost on its way."""
    at = f"/sessions/{lab.open('dial-112')['session']}"
    for press, state in (("start", "running"), ("pause", "paused"), ("start", "paused"), ("resume", "running"), ("all-clear", "running"), ("end", "ended")):  # fmt: skip
        for _ in range(2):
            answer = lab.post(f"{at}/{press}")
            assert (answer.status_code, answer.json()["state"]) == (200, state), answer.text
    record = lab.http.get(f"{at}/report.json").json()
    events = record["events"]
    # Nobody skipped what the end of the situation left undone, and the report does not say so.
    assert {i["status"] for i in record["injects"]} == {"ended"}
    told = lab.http.get(f"{at}/report.html").text
    assert "그 전에 상황이 끝남" in told and "건너뜀" not in told
    presses = ["START", "paused", "resumed", "all clear", "the drill ends"]
    assert [e["text"]["en"] for e in events if e["text"]["en"] in presses] == presses


def test_one_command_starts_everything_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    state = tmp_path / "state"
    command = [sys.executable, "-m", "safezone_cli", "drill", "--no-pages", "--no-browser", "--state", str(state),
               "--results", str(tmp_path / "results"), "--map-source", "schematic"]  # fmt: skip
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    assert running.stdout is not None
    assert any("Ctrl-C" in line for line in running.stdout)
    at = json.loads((state / "control.json").read_text())
    assert (state / "control.json").stat().st_mode & 0o077 == 0
    headers = {"Authorization": f"Bearer {at['token']}"}
    made = httpx.post(
        f"{at['http']}/control/v1/sessions",
        headers=headers,
        json={"school": "7051141", "drill": "dial-112"},
        timeout=60.0,
    ).json()
    assert made["map"]["kind"] == "schematic" and "우리 학교 지도가 아닙니다" in made["map"]["notice"]["ko"]
    streets = httpx.get(f"{at['http']}/control/v1/sessions/{made['session']}/map", headers=headers).json()
    assert any(f["properties"]["kind"] == "street" for f in streets["features"])
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=30) == 0
    assert not (state / "control.json").exists()
    record = json.loads((tmp_path / "results" / "7051141" / made["session"] / "session.json").read_text())
    assert record["state"] == "ready"  # for the next time
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{at['hub']}/healthz")


def test_what_was_prepared_today_can_be_begun_after_the_program_was_ended(lab: Lab) -> None:
    def program() -> Control:
        before = lab.server.control
        return Control(before.hub, before.hub_token, "t", before.results, before.map_dir, before.map_source)

    first = program()
    room = {"grade": 5, "class": 2, "size": 9, "lead": 3}
    wish = {
        "school": "7041138", "drill": "dial-112", "date": "2026-12-08", "start": "11:20", "class": room, "owner": "a",
    }  # fmt: skip
    made = first.open(wish)
    first.close()
    (kept,) = [r for r in read_records(first.results) if r["session"] == made.id]
    assert (kept["state"], kept["started_t"]) == ("ready", None)
    second = program()
    second.reopen(made.id)
    session = second.sessions[made.id]
    shown, before = public(session.course, with_tokens=False), public(made.course, with_tokens=False)
    same = ("session", "school", "drill", "date", "starts", "class", "owner", "created_at", "rehearsal")
    assert {k: shown[k] for k in same} == {k: before[k] for k in same}
    assert shown["zone"] != before["zone"]
    assert (shown["starts"], session.stage.at(session.course.now)[11:16]) == ("11:20", "11:20")
    assert {p.name[1:] for p in session.stage.world.subscribers} <= OF_CHILDREN
    session.start()
    session.inject("dial", seat=3)
    session.end()
    second.close()
    program().reopen(made.id)  # begun once: it is over
    (kept,) = [r for r in read_records(first.results) if r["session"] == made.id]
    assert kept["state"] == "ended" and [i["status"] for i in kept["injects"] if i["id"] == "dial"] == [
        "fired"
    ]


def _twenty_at_once(lab: Lab, at: str) -> None:
    """Twenty ratings in one moment: each is taken and kept."""

    def rate(n: int) -> int:
        body = {"objective": f"o{1 + n % 4}", "rating": "P", "evidence": f"{n}"}
        return lab.http.put(f"{at}/ratings", json=body).status_code

    told = lab.http.get(f"{at}/state").json()["last_event"]
    with ThreadPoolExecutor(20) as hands:
        assert set(hands.map(rate, range(20))) == {200}
    state = lab.http.get(f"{at}/state").json()
    assert state["last_event"] == told + 20
    assert [o["rating"] for o in state["objectives"][:4]] == ["P"] * 4


def test_an_ended_drill_leaves_memory_and_can_still_be_read(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = {"grade": 3, "class": 1, "size": 9, "lead": 4}
    session = lab.open("dial-112", rehearsal=True, **{"class": room})
    assert session["class"]["grade"] == 3 and len(session["class"]["seats"]) == 9
    assert session["class"]["lead"] == session["child"]["seat"] == 4
    at = f"/sessions/{session['session']}"
    lab.post(f"{at}/start").raise_for_status()
    lab.post(f"{at}/end").raise_for_status()
    _twenty_at_once(lab, at)
    before = lab.http.get(f"{at}/state").json()
    monkeypatch.setattr("safezone_sim.drill.control.KEPT_S", -1.0)
    lab.control.let_go()
    assert session["session"] not in lab.control.sessions
    after = lab.http.get(f"{at}/state").json()
    assert {k: after[k] for k in ("state", "injects", "objectives", "last_event")} == {
        k: before[k] for k in ("state", "injects", "objectives", "last_event")
    }
    assert lab.http.get(f"{at}/agents").json()["items"] and lab.http.get(f"{at}/replay").status_code == 200
    past = [kind for _, kind, _ in events(lab.http.get(f"{at}/stream", params={"last_event_id": "0"}))]
    assert past.count("event") == after["last_event"] and past[0] == "clock"
    _twenty_at_once(lab, at)
    after = lab.http.get(f"{at}/state").json()
    # The teacher writes the report after school: ratings, notes and items go into the record on disk.
    assert lab.http.put(f"{at}/ratings", json={"objective": "o1", "rating": "X"}).status_code == 422
    assert lab.http.put(f"{at}/ratings", json={"objective": "o99", "rating": "P"}).status_code == 404
    lab.http.put(
        f"{at}/ratings", json={"objective": "o1", "rating": "M", "evidence": "종소리에 묻힘"}
    ).raise_for_status()
    for text in ("안내판을 단다", "방송을 줄인다"):
        lab.post(f"{at}/improvements", text=text).raise_for_status()
    lab.http.delete(f"{at}/improvements/1").raise_for_status()
    assert lab.post(f"{at}/notes", text="늦음").json()["n"] == 1
    written = lab.http.get(f"{at}/report.json").json()
    assert next(o for o in written["objectives"] if o["id"] == "o1")["rating"] == "M"
    assert [i["text"] for i in written["improvements"]] == ["방송을 줄인다"]
    assert written["events"][-1]["n"] == len(written["events"]) == after["last_event"] + 4
    html = lab.http.get(f"{at}/report.html").text
    assert "종소리에 묻힘" in html and "방송을 줄인다" in html and "안내판을 단다" not in html
    refused = lab.post(
        "/sessions", school="7041138", drill="dial-112", **{"class": {"grade": 7, "class": 1, "size": 9}}
    )
    assert refused.status_code == 422 and refused.json()["errors"][0]["field"] == "class.grade"

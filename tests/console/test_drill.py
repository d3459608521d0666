"""A whole drill as a teacher would do it, from START to the report, by clicking; and a real call that breaks through."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from safezone_console.joining import qr_svg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.conftest import map_dir_or_none
from tests.console.place import Pages
from tests.console.test_pages import violations

if find_spec("safezone_sim.drill") is None:
    pytest.skip("the twin's control API is not in this tree", allow_module_level=True)

TOKEN = "control-token-of-a-test"
SERVE = """
import json, socket, sys
from pathlib import Path
import uvicorn
from safezone_sim.drill.control import Control
from safezone_sim.drill.service import build_service
control = Control(hub=sys.argv[1], hub_token=sys.argv[2], token=sys.argv[3], results=Path(sys.argv[4]),
                  map_dir=Path(sys.argv[5]) if sys.argv[5] else None, map_source=sys.argv[6] or None, lab=True)
at = socket.create_server(("127.0.0.1", int(sys.argv[7])))
print(json.dumps({"http": f"http://127.0.0.1:{at.getsockname()[1]}"}), flush=True)
uvicorn.Server(uvicorn.Config(build_service(control), log_level="warning")).run(sockets=[at])
control.close()
"""


class Twin:
    """Hub, control service and pages as a teacher finds them."""

    def __init__(self, folder: Path, *page_options: str) -> None:
        from tests.bench.hubproc import TOKEN as HUB_TOKEN
        from tests.bench.hubproc import HubProcess

        self.hub = HubProcess(folder / "state")
        self.hub.start()
        maps, at = map_dir_or_none(), f"http://127.0.0.1:{self.hub.http_port}"
        # Without real maps the drill runs on a schematic, and the pages must say so.
        source = "" if maps else "schematic"
        self._command = [
            sys.executable, "-c", SERVE, at, HUB_TOKEN, TOKEN, str(folder / "results"), str(maps or ""), source,
        ]  # fmt: skip
        self.control = ""
        self.start()
        options = ["--control", self.control, "--control-token", TOKEN, *page_options]
        self.pages = Pages(at, *options, *(["--map-dir", str(maps)] if maps else []))

    def start(self) -> None:
        """The control service, at the address where it was before."""
        port = self.control.rpartition(":")[2] or "0"
        self.process = subprocess.Popen(
            [*self._command, port], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
        )
        assert self.process.stdout is not None
        self.control = json.loads(self.process.stdout.readline())["http"]

    def ask(self, method: str, path: str, **more: Any) -> Any:
        answer = httpx.request(
            method,
            f"{self.control}/control/v1{path}",
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=120.0,
            **more,
        )
        assert answer.status_code < 300, answer.text
        return answer.json()

    def close(self) -> None:
        self.pages.close()
        self.process.terminate()
        self.process.wait(20)
        self.hub.close()


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Twin]:
    opened = Twin(tmp_path_factory.mktemp("twin"))
    yield opened
    opened.close()


# A hand that presses twice, and once more at the moment in which the button comes to mean the next situation.
HASTY = """
() => new Promise((done) => {
  const button = document.querySelector("#inject");
  new MutationObserver((_, seen) => { if (button.classList.contains("held")) { seen.disconnect(); button.click(); done(); } }).observe(button, { attributes: true });
  button.click();
  button.click();
})
"""


@pytest.mark.slow
def test_teacher_runs_a_drill_from_start_to_report_by_clicking(
    twin: Twin, page: Page, context: BrowserContext
) -> None:
    page.goto(twin.pages.base)
    page.fill("#q", "신도림초")
    page.locator("#schools a", has_text="7041138").click()
    page.wait_for_selector("body[data-loaded=yes]")
    expect(page.locator("#plan")).to_contain_text("40분 계획")
    page.locator(".drill-choice", has_text="태그").first.click()
    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("document.documentElement.scrollWidth <= innerWidth + 1")
    assert violations(page) == []
    page.set_viewport_size({"width": 1366, "height": 768})
    page.fill("#start", "10:40")
    page.fill("#class", "2")
    page.fill("#size", "19")
    page.reload()  # nothing chosen is lost
    page.wait_for_selector("body[data-loaded=yes]")
    assert [page.input_value(f"#{field}") for field in ("start", "class", "size")] == ["10:40", "2", "19"]
    expect(page.locator("#school")).to_contain_text("7041138")
    expect(page.locator(".drill-choice", has_text="태그").locator("input").first).to_be_checked()
    page.click("#create")
    page.wait_for_url(re.compile(r"/drill/7041138-"), timeout=60000)
    page.wait_for_selector("body[data-loaded=yes]", timeout=30000)
    session = page.url.split("/")[-1]
    expect(page.locator("#band")).to_contain_text("훈련 · EXERCISE")
    expect(page.locator("#clock")).to_contain_text("10:40")
    page.click("#start")
    page.wait_for_selector("body[data-state=running]")
    expect(page.locator("#band")).to_be_visible()

    with context.expect_page() as opened:
        page.click("[data-play=desk]")
    desk = opened.value
    desk.wait_for_selector("body[data-live=yes]", timeout=20000)
    expect(desk.locator("#band")).to_be_visible()
    page.evaluate(HASTY)  # one situation, not three
    expect(page.locator(".toast", has_text="방금 바뀌었습니다")).to_be_visible()
    assert (
        sum(i["status"] != "waiting" for i in twin.ask("GET", f"/sessions/{session}/state")["injects"]) == 1
    )
    row = desk.locator(".incident").first
    expect(row).to_contain_text("훈련", timeout=40000)
    desk.bring_to_front()
    if desk.locator(".cams button").count():  # not every place has a camera near
        expect(desk.locator("#cam")).to_be_visible(timeout=20000)
    if not map_dir_or_none():
        expect(page.locator("#notmine")).to_contain_text("지도")
        page.bring_to_front()
        page.click("#getmap")
        expect(page.locator("#map-said")).to_contain_text("--map-source schematic")
        page.click("#map-close")
        desk.bring_to_front()
    expect(desk.locator("[data-verb=acknowledge]")).to_be_visible()
    desk.keyboard.press("a")
    expect(row).to_contain_text("확인함")
    desk.keyboard.press("d")
    desk.locator("dialog button.primary").click()
    expect(row).to_contain_text("출동 중")
    expect(page.locator(".measure", has_text="출동")).to_contain_text("✓", timeout=20000)
    # The patrol is on its way: that has not failed.
    expect(page.locator(".measure", has_text="도착")).to_contain_text("목표")
    expect(page.locator(".measure", has_text="도착")).not_to_contain_text("✗")

    # The map goes no farther away than its streets reach, and back to the child.
    nearest = page.evaluate("crowd.map.getMinZoom()")
    assert nearest == (14 if map_dir_or_none() else 13.5)
    page.evaluate("crowd.map.jumpTo({ center: [127.1, 37.6] })")
    page.click("#follow")
    page.wait_for_function("crowd.map.getBounds().contains(crowd.child())")

    # A real call in the middle of the drill: red, and named as real.
    twin.ask("POST", f"/sessions/{session}/lab/real-press", json={})
    expect(desk.locator("#real")).to_be_visible(timeout=20000)
    expect(desk.locator("#real")).to_contain_text("REAL CALL")
    expect(desk.locator(".incident").first).to_contain_text("실제 신고")
    expect(page.locator("#real")).to_be_visible(timeout=20000)
    assert violations(desk) == []

    page.bring_to_front()
    page.select_option("#speed", "60")
    expect(page.locator("#state")).to_contain_text("60×")
    page.wait_for_function(
        "(id) => fetch(`/control/v1/sessions/${id}/state`).then((r) => r.json()).then((s) => s.measures.arrive && s.measures.arrive.s !== null)",
        arg=session,
        timeout=40000,
        polling=500,
    )
    page.select_option("#speed", "1")
    page.click("#tab-roll")
    expect(page.locator("#panel")).to_contain_text("4학년 2반")
    # Pressed faster than the twin can answer: who is missing stays missing, and the rest are those that nobody had marked.
    page.evaluate(
        "['[data-mark=missing]', '[data-seat=\"7\"]', '#all-here'].forEach((each) => document.querySelector(each).click())"
    )
    expect(page.locator(".bigcount")).to_have_text("18/19")
    expect(page.locator("#panel")).to_contain_text("안 보임: 7번")
    page.click("[data-mark=here]")
    page.click('[data-seat="7"]')
    expect(page.locator(".bigcount")).to_have_text("19/19")
    page.click("#tab-log")
    page.fill("#note", "상황실이 빨리 알아차렸다")
    page.click("[data-key=note-save]")
    expect(page.locator(".toast").last).to_contain_text("메모")
    assert violations(page) == []
    page.click("#clear")
    expect(page.locator("dialog")).to_contain_text("아직 종결하지 않은 사건이 1건")
    page.locator("dialog button.primary").click()
    expect(page.locator("#state")).to_contain_text("훈련 끝내기")
    expect(desk.locator(".says").last).to_contain_text("ALL CLEAR")
    desk.click("#large")
    desk.click("#lang")  # which loads the page anew: what nobody has read is still to be read
    expect(desk.locator(".says").last).to_contain_text("ALL CLEAR", timeout=20000)
    desk.locator(".says", has_text="ALL CLEAR").locator("button").click()
    desk.click("#lang")
    expect(desk.locator("#count")).to_have_text(re.compile(r"\d"), timeout=20000)
    expect(desk.locator("#which")).to_contain_text("신도림초등학교")
    expect(desk.locator(".says", has_text="ALL CLEAR")).to_have_count(0)
    with context.expect_page() as opened:
        page.click("[data-play=guardian]")
    parent = opened.value
    expect(parent.locator("#cleared")).to_contain_text("ALL CLEAR", timeout=20000)
    # What was before the drill is no news, and nobody told it late.
    expect(parent.locator("#before > summary")).to_have_text(
        re.compile(r"^훈련 시작 전의 기록 \([1-9]\d*\)$")
    )
    expect(parent.locator("#view > .notice .tag.warn", has_text="늦게")).to_have_count(0)
    expect(parent.locator("#view > .notice", has_text="태그 호출").first).to_be_visible()
    assert "늦게" not in (parent.locator("#before").text_content() or "")
    parent.click("#tab-looks")
    expect(parent.locator("#view .clock", has_text="훈련 시각").first).to_be_visible()
    expect(parent.locator("#view .clock", has_text="실제 시각").first).to_be_visible()
    parent.close()
    # In mid-drill nothing is lost by a reload, not even who stands still and was told of before there was a map.
    late: list[Route] = []
    page.route("**/tiles.json", lambda route: late.append(route))
    with page.expect_websocket() as opened_stream:
        page.reload(wait_until="commit")
    first = opened_stream.value.wait_for_event("framereceived", lambda data: data.startswith('["frame"'))
    for each in late:
        each.continue_()
    page.unroute("**/tiles.json")
    there = len(json.loads(first)[2]["a"])
    page.wait_for_function("(n) => window.crowd?.x1.slice(0, crowd.n).filter((x) => x > 0).length >= n", arg=there)  # fmt: skip
    page.wait_for_selector("body[data-state=running]")
    page.click("#tab-log")
    expect(page.locator(".reactions")).to_contain_text("상황실이 빨리 알아차렸다")
    # A classroom has more tabs than a browser has connections to one address.
    assert page.evaluate(STREAMS, [session, 9]) == 9
    with context.expect_page() as opened:
        page.click("[data-play=school]")
    opened.value.wait_for_selector("body[data-loaded=yes]", timeout=20000)
    arrived = re.compile(r"^[1-9]\d*/[1-9]\d*$")  # the gates told of the morning
    expect(opened.value.locator("#tiles b").first).to_have_text(arrived)
    at_school = opened.value
    page.bring_to_front()
    page.click("#end")
    page.locator("dialog button.primary").click()
    page.wait_for_selector("body[data-state=ended]")
    expect(page.locator("#tab-report")).to_have_attribute("aria-selected", "true")
    # The control room's tab does not look as if something could still come.
    expect(desk.locator("#over")).to_contain_text("이 훈련은 끝났습니다")
    expect(desk.locator("#which")).to_contain_text("신도림초등학교")
    expect(at_school.locator("#over")).to_be_visible()
    expect(at_school.locator("#tiles b").first).to_have_text(
        arrived
    )  # the drill's own figures, as long as they are there
    at_school.reload()
    expect(at_school.locator("#no-figures")).to_be_visible(timeout=20000)
    expect(at_school.locator("#tiles")).to_be_hidden()
    expect(at_school.locator("main")).not_to_contain_text("모두 왔습니다")
    at_school.close()
    expect(desk.locator("#cam")).to_have_count(
        0
    )  # nor is a picture asked for each second that nobody gives any more
    page.wait_for_selector("body[data-replay=ready]", timeout=20000)
    page.locator("#slider").fill(page.locator("#slider").get_attribute("max") or "0")
    expect(page.locator("#said")).not_to_be_empty()
    assert violations(page) == []
    page.click("#tab-report")
    page.locator(".ratings input[value=P]").first.check()
    for text in ("방송을 짧게", "조끼를 산다"):
        page.fill("#panel input[name=text]", text)
        page.click("#panel form button")
        expect(page.locator("#improvements")).to_contain_text(text)
    page.locator("#improvements li", has_text="조끼").locator("button").click()
    expect(page.locator("#improvements li")).to_have_count(1)
    page.reload()  # what was rated and written is the drill's, not this browser's
    page.wait_for_selector("body[data-state=ended]")
    page.click("#tab-report")
    expect(page.locator(".ratings input[value=P]").first).to_be_checked()
    expect(page.locator("#improvements")).to_contain_text("방송을 짧게")
    report = page.frame_locator(".report-frame")
    expect(report.locator("body")).to_contain_text("상황실이 빨리 알아차렸다", timeout=20000)
    kept = twin.ask("GET", f"/sessions/{session}/report.json")
    assert kept
    pdf = httpx.get(
        f"{twin.control}/control/v1/sessions/{session}/report.pdf",
        params={"access_token": TOKEN},
        timeout=30.0,
    )
    assert pdf.content.startswith(b"%PDF")
    desk.close()
    page.goto(f"{twin.pages.base}/#code=123412341234")  # as a tablet opens it
    expect(page.locator("#code")).to_have_value("1234 1234 1234")


STREAMS = """
async ([session, n]) => {
  const one = () => new Promise((done) => { const s = new WebSocket(`ws://${location.host}/control/v1/sessions/${session}/stream`); s.onmessage = () => done(s); s.onclose = () => done(null); });
  const open = await Promise.all(Array.from({ length: n }, one));
  const state = await fetch(`/control/v1/sessions/${session}/state`);
  open.forEach((s) => s?.close());
  return state.ok ? open.filter(Boolean).length : -1;
}
"""
MINE = {"x-safezone": "page"}
WISH = {"school": "7041138", "drill": "tag-call"}


def first_word(twin: Twin, who: httpx.Client, session: str, origin: str | None = None) -> str | None:
    """What a browser's stream of a drill begins with; None if it is refused."""
    url = twin.pages.base.replace("http", "ws") + f"/control/v1/sessions/{session}/stream"
    cookies = {"cookie": "; ".join(f"{name}={value}" for name, value in who.cookies.items())}
    try:
        with connect(url, origin=Origin(origin or twin.pages.base), additional_headers=cookies) as socket:
            return str(json.loads(socket.recv(timeout=10))[0])
    except InvalidStatus:
        return None


def test_a_teacher_steers_only_own_drills_and_no_token_leaves_the_pages(twin: Twin) -> None:
    def browser() -> httpx.Client:
        return httpx.Client(base_url=twin.pages.base, headers=MINE, timeout=60.0)

    with browser() as teacher, browser() as other, browser() as trainee, browser() as city:
        made = teacher.post("/control/v1/sessions", json={**WISH, "owner": "somebody"})
        assert made.status_code == 201, made.text
        id_, code = made.json()["session"], made.json()["join"]
        another = other.post("/control/v1/sessions", json=WISH).json()["session"]
        here, told = f"/control/v1/sessions/{id_}", twin.ask("GET", f"/sessions/{id_}")
        listed = teacher.get("/control/v1/sessions")
        assert [s["session"] for s in listed.json()["items"]] == [id_]
        hidden = [told["owner"], TOKEN, *(each["token"] for each in told["tokens"].values())]
        shown = made.text + listed.text + teacher.get(here).text + teacher.get(f"{here}/report.json").text
        assert [secret for secret in hidden if secret in shown] == []

        # Another teacher: nothing, by whatever name the path is called.
        assert [s["session"] for s in other.get("/control/v1/sessions").json()["items"]] == [another]
        for path in ("", "/state", "/report.html", "/replay", "/map", "/stream"):
            assert other.get(here + path).status_code == 404, path
        for path in (
            f"%2573essions/{id_}/state",
            f"sessions/{another}/../{id_}/state",
            f"sessions/{id_}%2Fstate",
            f"sessions//{id_}/state",
        ):
            assert other.get(f"/control/v1/{path}").status_code == 404, path
        assert other.post(f"{here}/start").status_code == 404
        assert other.post("/auth/drill", json={"session": id_, "as": "desk"}).status_code == 404
        assert other.get("/control/v1/sessions", params={"join": code}).json()["items"] == []
        assert other.get(f"/control/v1/sessions/{id_}", params={"access_token": TOKEN}).status_code == 404

        # The way in as a picture is the teacher's, and names the address at which others find the pages.
        picture, at = f"/join/{id_}.svg", {"host": "10.0.0.5:8080"}
        assert teacher.get(picture, headers=at).content == qr_svg(f"http://10.0.0.5:8080/#code={code}")
        assert other.get(picture, headers=at).status_code == 404
        assert teacher.get(picture).status_code == 404  # at an address of this machine only

        # A trainee takes a role and sees what the control room shows; the drill is not theirs to steer.
        assert trainee.post("/auth/drill", json={"code": "aaaaaaaa", "as": "desk"}).status_code == 404
        joined = trainee.post("/auth/drill", json={"code": f" {code[:4].upper()} {code[4:]}", "as": "desk"})
        assert joined.json() == {"role": "operator"}
        assert trainee.get("/as/operator/v1/me").status_code == 200
        assert "join" not in trainee.get(here).json() and trainee.get(f"{here}/map").status_code == 200
        assert (
            trainee.get(f"{here}/state").status_code == 404 and trainee.post(f"{here}/end").status_code == 404
        )
        assert trainee.get(f"/control/v1/sessions/{another}/map").status_code == 404

        # The same of its stream; and no other site's page may listen with the teacher's cookies.
        assert first_word(twin, teacher, id_) == "open" and first_word(twin, trainee, id_) == "open"
        assert first_word(twin, other, id_) is None
        assert first_word(twin, teacher, id_, origin="http://elsewhere.example") is None

        # The city sees all; ending a drill ends its join code.
        assert city.post("/auth/login", json={"token": TOKEN}).json() == {"role": "city"}
        assert {id_, another} <= {s["session"] for s in city.get("/control/v1/sessions").json()["items"]}
        assert city.get(f"{here}/state").status_code == 200
        assert teacher.post(f"{here}/end").status_code == 200
        assert trainee.post("/auth/drill", json={"code": code, "as": "desk"}).status_code == 404
        assert teacher.get(f"{here}/report.html").status_code == 200


def test_a_twin_killed_in_mid_drill_leaves_a_report_and_the_desk_says_so(twin: Twin, page: Page) -> None:
    """And what was prepared and not begun can be begun."""
    over = twin.ask("POST", "/sessions", json={**WISH, "drill": "dial-112"})["session"]
    twin.ask("POST", f"/sessions/{over}/start")
    twin.ask("POST", f"/sessions/{over}/end")
    tomorrow = (datetime.now(ZoneInfo("Asia/Seoul")) + timedelta(days=1)).date().isoformat()
    waiting = twin.ask("POST", "/sessions", json={**WISH, "drill": "bell", "date": tomorrow})["session"]
    page.goto(f"{twin.pages.base}/drill?school=7041138")
    page.wait_for_selector("body[data-loaded=yes]")
    page.click("#create")
    page.wait_for_url(re.compile(r"/drill/7041138-"), timeout=60000)
    page.wait_for_selector("body[data-loaded=yes]", timeout=30000)
    page.click("#start")
    page.click("#inject")
    page.click("#tab-log")
    expect(page.locator(".reactions")).to_contain_text("경보: 태그 호출", timeout=20000)
    choosing = page.context.new_page()
    choosing.goto(f"{twin.pages.base}/drill?school=7041138")
    choosing.wait_for_selector("body[data-loaded=yes]")
    twin.process.kill()
    twin.process.wait()
    expect(choosing.locator("#away")).to_contain_text("다시 연결되면", timeout=15000)
    choosing.close()
    expect(page.locator("#away")).to_contain_text("다시 연결하는 중")
    twin.start()
    expect(page.locator("#broken")).to_contain_text("이 훈련을 이어 갈 수 없습니다", timeout=20000)
    expect(page.locator("#away")).to_be_hidden()
    report = httpx.get(
        f"{twin.control}/control/v1/sessions/{page.url.split('/')[-1]}/report.html",
        params={"access_token": TOKEN, "lang": "ko"},
        timeout=30.0,
    ).text
    assert "경보: 태그 호출" in report and "훈련이 끝나지 않았습니다" in report
    # Another teacher's drill that ended before the twin died is whole: for the city its desk opens, with replay and report.
    expect(page.locator("#sessions a", has_text="끝남")).to_have_count(0)
    page.goto(f"{twin.pages.base}/login?role=city#token={TOKEN}")
    page.wait_for_url(f"{twin.pages.base}/")
    page.locator("#sessions a", has_text="끝남").first.click()
    page.wait_for_selector("body[data-replay=ready]", timeout=20000)
    page.goto(f"{twin.pages.base}/drill")
    expect(page.locator("#sessions")).to_contain_text("중단됨")
    page.locator(f"#sessions a[href='/drill/{waiting}']").last.click()
    page.wait_for_selector("body[data-state=ready]", timeout=60000)
    # It is meant for another day: that is asked first.
    page.click("#start")
    expect(page.locator("dialog")).to_contain_text("오늘 할까요?")
    page.locator("dialog button.plain").click()
    expect(page.locator("#start")).to_be_enabled()
    page.click("#start")
    page.locator("dialog button.primary").click()
    page.wait_for_selector("body[data-state=running]")

"""The control room in a real browser: an incident from its call to its end, by keyboard, through reloads and a dead hub."""

from playwright.sync_api import BrowserContext, Page, expect

from tests.console.place import Place


def close_all(place: Place) -> None:
    for incident in place.incidents():
        place.hub.http.post(f"/v1/incidents/{incident['id']}/actions", json={"action": "resolve"})


def test_desk_works_an_incident_from_call_to_close_by_keyboard(place: Place, page: Page) -> None:
    close_all(place)
    place.login(page, "operator/o1")
    page.wait_for_selector("body[data-live=yes]")
    page.click("#sound")
    expect(page.locator("#sound")).to_have_attribute("aria-pressed", "true")
    heard = int(page.evaluate("Number(document.body.dataset.sounded || 0)"))
    place.locate("c1", 490.0, 2.0)
    place.press("c1")
    row = page.locator(".incident.open.emergency")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("태그 호출")
    page.wait_for_function("(before) => Number(document.body.dataset.sounded) > before", arg=heard)
    (incident,) = place.incidents()
    expect(page.locator("#detail")).to_contain_text("가온누리")
    expect(page.locator("#detail")).to_contain_text("수색 범위")

    page.locator(f'[data-incident="{incident["id"]}"]').focus()
    expect(page.locator("[data-verb=acknowledge]")).to_be_visible()
    page.keyboard.press("a")
    expect(page.locator(".queue-group").first).to_contain_text("처리 중")
    page.keyboard.press("d")
    dialog = page.locator("dialog")
    expect(dialog).to_contain_text("순찰 1")
    dialog.locator("button.primary").click()
    expect(page.locator(".incident")).to_contain_text("출동 중")
    page.keyboard.press("s")
    expect(page.locator(".incident")).to_contain_text("현장 도착")
    page.keyboard.press("p")
    expect(page.locator(".incident")).to_contain_text("장난 의심")
    page.keyboard.press("n")
    page.fill("dialog textarea", "아이를 만났습니다")
    page.locator("dialog button.primary").click()
    expect(page.locator("#detail .history")).to_contain_text("아이를 만났습니다")
    page.keyboard.press("h")
    page.fill("dialog input[name=to]", "o2")
    page.locator("dialog button.primary").click()
    expect(page.locator(".toast").last).to_contain_text("인계했습니다")
    page.locator(f'[data-incident="{incident["id"]}"]').focus()
    page.keyboard.press("r")
    page.fill("dialog textarea", "무사히 귀가")
    page.locator("dialog button.primary").click()
    expect(page.locator(".incident")).to_have_count(0)

    kept = place.hub.http.get(f"/v1/incidents/{incident['id']}").json()
    assert kept["state"] == "resolved"
    done = [step["action"].split(".")[-1] for step in kept["history"]]
    assert [
        verb
        for verb in ("acknowledge", "dispatch", "on_scene", "mark", "note", "resolve")
        if verb not in done
    ] == []
    assert all(
        step["by"] == "operator/o1" for step in kept["history"] if step["action"].endswith("acknowledge")
    )


def test_nothing_is_lost_by_reload_second_tab_and_a_killed_hub(
    place: Place, page: Page, context: BrowserContext
) -> None:
    close_all(place)
    place.locate("c1", 490.0, 2.0)
    place.press("c1")
    place.login(page, "operator/o1")
    expect(page.locator(".incident")).to_have_count(1)
    expect(page.locator("[data-verb=acknowledge]")).to_be_visible()
    page.keyboard.press("a")
    expect(page.locator(".incident")).to_contain_text("확인함")
    page.reload()
    expect(page.locator(".incident")).to_contain_text("확인함")
    second = context.new_page()
    second.goto(f"{place.pages.base}/control-room")
    expect(second.locator(".incident")).to_contain_text("확인함")

    place.hub.kill()
    expect(page.locator("#away")).to_be_visible()
    expect(page.locator("#away")).to_contain_text("허브와 연결이 끊겼습니다")
    expect(page.locator(".incident")).to_have_count(1)  # what was known stays to be read
    place.hub.start()
    place.reconnect()
    place.ring()
    expect(page.locator("#away")).to_be_hidden(timeout=20000)
    for each in (page, second):
        expect(each.locator(".incident")).to_have_count(2)
        expect(each.locator(".incident.open")).to_contain_text("비상벨")
    second.close()


def test_thirty_incidents_stay_legible_and_the_oldest_emergency_is_on_top(place: Place, page: Page) -> None:
    close_all(place)
    place.locate("c1", 490.0, 2.0)
    place.press("c1")
    first = place.incidents()[0]["id"]
    for n in range(29):
        answer = place.hub.http.post("/v1/zones/z1/incidents", json={"child": "c2", "key": f"many-{n}"})
        assert answer.status_code == 201, answer.text
    place.login(page, "operator/o1")
    rows = page.locator(".incident")
    expect(rows).to_have_count(30)
    expect(page.locator("#count")).to_have_text("30")
    assert rows.first.get_attribute("data-incident") == first
    sizes = page.evaluate(
        "[...document.querySelectorAll('.incident .what')].map((n) => parseFloat(getComputedStyle(n).fontSize))"
    )
    assert min(sizes) >= 15
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    seen = page.evaluate(
        "(() => { const l = document.querySelector('#queue').getBoundingClientRect(); return [...document.querySelectorAll('.incident')].filter((r) => r.getBoundingClientRect().bottom <= l.bottom).length })()"
    )
    assert seen >= 10
    close_all(place)

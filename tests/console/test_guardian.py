"""A parent in a real browser, phone size: enrols, logs in, sees the own child and nobody else's."""

import json
import re

from playwright.sync_api import Browser, Page, expect

from tests.console.place import Place

PHONE = {"width": 390, "height": 844}


def test_parent_enrols_item_by_item_and_sees_only_the_own_child(
    place: Place, browser: Browser, page: Page
) -> None:
    place.login(page, "school/t1")
    page.select_option("#whose", "c2")
    page.click("#code")
    code = page.locator("#made-code").inner_text()
    page.locator("dialog button.primary").click()

    context = browser.new_context(viewport=PHONE, service_workers="block")
    context.set_default_timeout(15000)
    phone = context.new_page()
    answers: list[str] = []
    phone.on(
        "response",
        lambda r: (
            answers.append(r.text())
            if "/v1/" in r.url and "stream" not in r.url and r.status == 200
            else None
        ),
    )
    phone.goto(f"{place.pages.base}/guardian")
    phone.click("text=보호자 가입")
    phone.fill("#code", code[:-1] + ("A" if code[-1] != "A" else "B"))
    phone.fill("#name", "한가람")
    phone.fill("#address", "parent@example.org")
    phone.check("input[name=in_person]")
    phone.click("button.primary")
    expect(phone.locator("#wrong")).to_have_text(re.compile("^코드가 맞지 않거나 이미 쓴 코드입니다"))
    phone.fill("#code", code)
    phone.click("button.primary")
    expect(phone.locator("#pin")).to_be_visible()

    page.click("[data-pin] >> nth=0")
    page.check("dialog input[name=legal]")
    page.locator("dialog button.primary").click()
    pin = page.locator("#made-pin").inner_text()
    page.locator("dialog button.primary").click()

    phone.reload()  # an enrolment that has begun goes on where it was
    phone.fill("#pin", pin)
    phone.click("button.primary")
    expect(phone.locator("input[type=checkbox]:checked")).to_have_count(0)  # nothing is consented beforehand
    phone.click("button.primary")
    expect(phone.locator("#wrong")).to_contain_text("고른 것이 없습니다")
    for item in ("collect", "notify_guardians", "provide_112"):
        phone.check(f"input[name={item}]")
    phone.click("button.primary")
    phone.click("#go")
    expect(phone.locator("[data-child=c2]").first).to_contain_text("나래솔빛")
    phone.wait_for_selector("body[data-live=yes]")

    place.locate("c1", 490.0, 2.0)
    place.press("c1")  # of another family
    place.locate("c2", 500.0, -4.0)
    place.press("c2")
    notice = phone.locator("[data-notice]")
    expect(notice.first).to_contain_text("태그 호출")
    expect(notice.first).to_contain_text("일어난 때")
    notice.first.locator("summary").click()
    expect(notice.first.locator("details li").first).to_be_visible()
    # What the desk does is told on the card, and what is over is red no longer.
    expect(notice.first.locator("[data-progress]")).to_have_text("신고가 접수되었습니다")
    status = phone.locator("#children .status")
    expect(status).to_contain_text("긴급: 태그 호출")
    expect(status).to_contain_text("신고가 접수되었습니다")
    case = next(i["id"] for i in place.incidents() if i.get("child") == "c2")
    # Who comes is said as far as the incident tells it: no policeman where an ambulance was sent.
    place.act(case, "acknowledge")
    place.act(case, "dispatch")
    said = notice.first.locator("[data-progress]")
    expect(said).to_contain_text("출동한 사람이 아이에게 가고 있습니다", timeout=15000)
    place.act(case, "dispatch", unit="amb")
    place.act(case, "on_scene")
    expect(said).to_contain_text("구급차가 도착했습니다", timeout=15000)
    expect(status).to_contain_text("도움이 도착함")
    expect(status).not_to_have_class(re.compile("emergency"))
    place.act(case, "resolve")
    expect(said).to_contain_text("구급차가 다녀갔고 상황이 끝났습니다", timeout=15000)
    expect(notice.first).not_to_have_class(re.compile("emergency"))
    expect(status).not_to_have_class(re.compile("emergency"))
    expect(status).not_to_contain_text("긴급")

    phone.click("#tab-looks")
    expect(phone.locator("#view")).to_contain_text("조회")
    phone.click("#tab-consent")
    phone.click("#suspend")
    expect(phone.locator("#status")).to_have_text("멈춤")
    phone.click("#resume")
    expect(phone.locator("#status")).to_have_text("동의함")
    phone.click("#tab-notices")
    phone.locator("text=사실과 달라요").first.click()
    phone.fill("dialog textarea", "아이는 교실에 있었습니다")
    phone.locator("dialog button.primary").click()
    expect(phone.locator(".toast").last).to_contain_text("보냈습니다")
    expect(page.locator("[data-complaint]")).to_contain_text("아이는 교실에 있었습니다")
    page.locator("[data-complaint] button").click()
    page.fill("dialog textarea", "확인했습니다")
    page.check("dialog input[value=yes]")
    page.locator("dialog button.primary").click()
    expect(page.locator("[data-complaint]")).to_contain_text("알림이 틀렸음")

    # Another family's child: not in anything that came, and not to be had by asking.
    assert answers
    everything = "".join(answers)
    assert "가온누리" not in everything
    assert '"c1"' not in everything
    assert (
        json.loads(phone.evaluate("fetch('/as/guardian/v1/children/c1/position').then((r) => r.text())"))[
            "status"
        ]
        == 404
    )
    assert phone.evaluate("document.cookie").find("sz-guardian=") == -1  # no script can read the token
    context.close()


def test_children_have_a_page_without_logging_in(place: Place, page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.goto(f"{place.pages.base}/children")
    expect(page.locator("main")).to_contain_text("목걸이 태그")
    expect(page.locator("main")).to_contain_text("112")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_guardian_page_can_be_installed(place: Place, browser: Browser) -> None:
    context = browser.new_context(viewport=PHONE)
    phone = context.new_page()
    place.login(phone, "guardian/g-c2")
    phone.evaluate("navigator.serviceWorker.ready.then(() => true)")
    told = phone.evaluate("fetch('/manifest.webmanifest').then((r) => r.json())")
    assert told["display"] == "standalone"
    for icon in told["icons"]:
        width = phone.evaluate(
            "(src) => createImageBitmap ? fetch(src).then((r) => r.blob()).then(createImageBitmap).then((b) => b.width) : 0",
            icon["src"],
        )
        assert f"{width}x{width}" == icon["sizes"]
    held = phone.evaluate(
        "caches.keys().then((names) => Promise.all(names.map((n) => caches.open(n).then((c) => c.keys())))).then((all) => all.flat().map((r) => r.url))"
    )
    assert [url for url in held if "/v1/" in url] == []  # no answer about a child stays on the phone
    context.close()

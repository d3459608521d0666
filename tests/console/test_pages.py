"""Every page: accessible by axe, whole in English, large type, nothing outside, no horizontal scrolling on a phone."""

from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.console.place import Place

PUBLIC = ["/", "/login?role=guardian", "/guardian/enrol", "/children"]
ROLES = [("operator/o1", "/control-room"), ("guardian/g-c1", "/guardian"), ("school/t1", "/school")]


def violations(page: Page) -> list[Any]:
    """What axe finds that is serious or worse, by the rules of WCAG 2.2 AA."""
    rules = {
        "runOnly": {
            "type": "tag",
            "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
        }
    }
    found = Axe().run(page, options=rules).response["violations"]
    return [
        (each["id"], [node["html"][:160] for node in each["nodes"]][:4])
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("path", PUBLIC)
def test_public_page_is_accessible_in_both_languages_and_sizes(place: Place, page: Page, path: str) -> None:
    page.goto(f"{place.pages.base}{path}")
    assert violations(page) == []
    page.click("#lang")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.click("#large")
    expect(page.locator("html")).to_have_class("large")
    page.set_viewport_size({"width": 390, "height": 844})
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1")
    korean = page.evaluate(
        "[...document.querySelectorAll('main *')].filter((n) => !n.children.length && /[가-힣]/.test(n.textContent) && n.checkVisibility()).map((n) => n.textContent)"
    )
    assert korean == []


# Beside an alarm of one class the same in every other class and state: an open danger was white on cream once.
EVERY_LOOK = """
for (const [what, looks] of [[".notice", ["danger", "emergency", "over", ""]], [".status", ["danger", "emergency", ""]], [".incident", ["open danger", "open emergency", "open everyday", "taken danger", "open emergency realcall"]]]) {
  const shown = document.querySelector(what);
  for (const look of shown ? looks : []) {
    const other = document.querySelector("main").appendChild(shown.cloneNode(true)); // not in the list: that is drawn anew
    other.className = other.className.replace(/ (open|taken|emergency|danger|everyday|over|realcall)/g, "") + " " + look;
  }
}
"""


@pytest.mark.parametrize(("who", "path"), ROLES)
def test_page_of_a_role_is_accessible(place: Place, page: Page, who: str, path: str) -> None:
    place.locate("c1", 490.0, 2.0)
    place.press("c1")
    place.login(page, who)
    assert page.url.endswith(path) or "#" in page.url
    if path == "/control-room":
        expect(page.locator("#detail [data-verb]").first).to_be_visible()
    if path == "/guardian":
        expect(page.locator(".notice").first).to_be_visible()
    page.evaluate(EVERY_LOOK)
    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1")
    assert violations(page) == []
    page.click("#large")
    page.click("#lang")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.wait_for_selector("body[data-loaded=yes]")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1")
    assert violations(page) == []


def test_wrong_token_is_refused_in_words_and_no_page_opens_without_one(place: Place, page: Page) -> None:
    page.goto(f"{place.pages.base}/control-room")
    assert "/login" in page.url
    page.fill("#token", "not-a-token-at-all")
    page.click("button.primary")
    expect(page.locator("#wrong")).to_contain_text("맞지 않거나")


def test_change_from_another_site_is_refused(place: Place) -> None:
    with httpx.Client(
        base_url=place.pages.base, cookies={"sz-operator": place.tokens["operator/o1"]}
    ) as client:
        answer = client.post("/as/operator/v1/zones/z1/shift", json={"to": "o2"})
        assert answer.status_code == 403
        assert client.get("/as/operator/v1/me").status_code == 200
        assert client.post("/auth/login", json={"token": "x"}).status_code == 403
    with httpx.Client(base_url=place.pages.base, cookies={"sz-admin": "x"}) as client:
        assert client.get("/as/operator/v1/me").status_code == 401
        assert client.get("/as/admin/v1/me").status_code == 401

"""What holds on every page: it fits the screen, follows the colours, is light, and puts nothing in anybody's way."""

from datetime import UTC, datetime
from pathlib import Path

import axe_core_python
import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By

from tests.browser.conftest import DESKTOP, PASSWORD, PHONE, with_password
from tests.browser.pages import complaints, fill, go, log_in, overflow, press, text

PUBLIC = [
    "/",
    "/domains/?name=attic",
    "/status/",
    "/setup/",
    "/setup/fritzbox/",
    "/rules/",
    "/accounts/login/",
    "/accounts/signup/",
    "/nowhere",
    "/abuse/",
    "/abuse/report/",
    "/abuse/report/?about=content/phishing&name=home.example.com&name=203.0.113.7",
    "/abuse/report/?about=content/csam",
    "/abuse/is-ours?name=home.example.com",
    "/abuse/receipts/",
    "/abuse/transparency/",
    f"/abuse/transparency/{datetime.now(tz=UTC).year}/",
]
OWN = [
    "/hostnames/",
    "/hostnames/?q=nothing",
    "/hostnames/{name}/",
    "/hostnames/{name}/dns/",
    "/keys/",
    "/keys/{key}/",
    "/groups/",
    "/groups/{group}/",
    "/setup/?hostname={name}",
    "/setup/ddclient/",
    "/setup/fritzbox/",
    "/setup/nsupdate/",
    "/notifications/",
    "/notifications/webhooks/",
    "/account/",
    "/account/export/",
    "/account/close/",
    "/accounts/password/change/",
]
AXE = Path(axe_core_python.__file__).with_name("axe.min.js").read_text()
# WCAG 2.1 A and AA. Of what axe finds the serious and the critical count; the rest is advice.
RUN_AXE = """
const done = arguments[0];
axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}).then((found) => done(found.violations
  .filter((each) => ["serious", "critical"].includes(each.impact))
  .map((each) => each.id + ": " + each.nodes.map((node) => node.html).join(" | "))));
"""
WEIGH = """
const entries = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
return entries.filter((each) => each.initiatorType !== "img" && !each.name.endsWith(".svg"))
  .reduce((sum, each) => sum + each.decodedBodySize, 0);
"""
MAX_OCTETS = 100_000


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"])
def test_every_page_fits_and_is_light_and_in_nobodys_way(live_server, open_browser, size, scheme, busy, alice):
    """One walk for all of it: to load every page once for each claim would take the suite minutes."""
    browser = open_browser(size, scheme)
    found: dict[str, object] = {}
    for page in PUBLIC:
        found |= wrong(browser, live_server.url, page, scheme)
    log_in(browser, live_server.url, with_password(alice).email, PASSWORD, to="/hostnames/")
    for page in OWN:
        found |= wrong(browser, live_server.url, page.format(**busy), scheme)

    assert found == {}


def wrong(browser: Chrome, base: str, page: str, scheme: str) -> dict[str, object]:
    """By page and claim what is not as claimed."""
    browser.get(base + page)
    browser.execute_script("for (const each of document.querySelectorAll('details')) each.open = true")
    red, *_ = browser.execute_script("return getComputedStyle(document.body).backgroundColor.match(/\\d+/g)")
    octets = browser.execute_script(WEIGH)
    browser.execute_script(AXE)
    claims = {
        "fits": overflow(browser) <= 0 or overflow(browser),
        "follows the colours": (int(red) < 64) == (scheme == "dark"),
        "weighs": octets < MAX_OCTETS or octets,
        "axe": browser.execute_async_script(RUN_AXE) or True,
        "complains": [each for each in complaints(browser) if "404" not in each] or True,
    }
    return {f"{page} {claim}": value for claim, value in claims.items() if value is not True}


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_chosen_colours_are_remembered_against_the_system(live_server, open_browser, domain, scripts):
    browser = open_browser(scheme="light", scripts=scripts)
    browser.get(f"{live_server.url}/domains/")
    choose(browser, "Dark", has_scripts=scripts)
    assert is_dark(browser)
    browser.get(f"{live_server.url}/status/")
    assert is_dark(browser)

    choose(browser, "As the system", has_scripts=scripts)
    browser.get(f"{live_server.url}/status/")
    assert not is_dark(browser)
    assert complaints(browser) == []


def choose(browser: Chrome, colours: str, *, has_scripts: bool) -> None:
    button = browser.find_element(By.XPATH, f"//footer//button[normalize-space()='{colours}']")
    if has_scripts:
        button.click()
    else:
        go(browser, button)


def is_dark(browser: Chrome) -> bool:
    colour = browser.find_element(By.TAG_NAME, "body").value_of_css_property("background-color")
    return int(colour.partition("(")[2].partition(",")[0]) < 64


def test_the_first_step_by_keyboard_skips_to_the_content(live_server, open_browser, domain):
    browser = open_browser()
    browser.get(live_server.url)
    browser.switch_to.active_element.send_keys(Keys.TAB)
    link = browser.switch_to.active_element

    assert link.text == "Skip to content"
    assert link.rect["x"] >= 0
    assert link.value_of_css_property("outline-style") == "solid"


def test_a_name_is_tried_from_the_first_page(live_server, open_browser, domain):
    browser = open_browser(PHONE)
    browser.get(live_server.url)
    fill(browser, "name", "attic")
    press(browser, "Is it free?")

    assert f"attic.{domain}" in text(browser)
    assert "free" in text(browser)

"""German in a browser: chosen in a click, whole on every page, and none of its long words wider than a phone."""

import pytest
from selenium.webdriver import Chrome

from tests.browser.conftest import PASSWORD, PHONE, with_password
from tests.browser.pages import complaints, fill, log_in, overflow, press, text
from tests.browser.test_every_page import OWN, PUBLIC

# Words that no German sentence has. What is typed or named, and each language's own name, is not read.
LEFTOVERS = """
const body = document.body.cloneNode(true);
for (const each of body.querySelectorAll("code, pre, textarea, script, [lang]")) each.remove();
return body.textContent.match(/\\b(the|The|your|Your|with|this|This|from|have|which|ago|since|never|until|keys|Log in)\\b/g);
"""


def test_german_is_whole_and_fits_on_a_phone(live_server, open_browser, busy, alice):
    browser = open_browser(PHONE)
    browser.get(f"{live_server.url}/")
    press(browser, "Deutsch")
    found: dict[str, object] = {}
    for page in PUBLIC:
        found |= wrong(browser, live_server.url, page)
    browser.get(f"{live_server.url}/accounts/login/")
    fill(browser, "login", with_password(alice).email)
    fill(browser, "password", PASSWORD)
    press(browser, "Anmelden")
    for page in OWN:
        found |= wrong(browser, live_server.url, page.format(**busy))

    assert found == {}


def wrong(browser: Chrome, base: str, page: str) -> dict[str, object]:
    """By page and claim what is not as claimed."""
    browser.get(base + page)
    browser.execute_script("for (const each of document.querySelectorAll('details')) each.open = true")
    claims = {
        "says its language": browser.execute_script("return document.documentElement.lang") == "de",
        "is German": browser.execute_script(LEFTOVERS) or True,
        "fits": overflow(browser) <= 0 or overflow(browser),
        "complains": [each for each in complaints(browser) if "404" not in each] or True,
    }
    return {f"{page} {claim}": value for claim, value in claims.items() if value is not True}


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_what_alice_chooses_is_there_when_she_logs_in_elsewhere(live_server, open_browser, home, alice, scripts):
    browser = open_browser(scripts=scripts)
    log_in(browser, live_server.url, with_password(alice).email, PASSWORD, to="/hostnames/")
    press(browser, "Deutsch")
    assert "Gerät einrichten" in text(browser)

    elsewhere = open_browser(scripts=scripts)
    log_in(elsewhere, live_server.url, alice.email, PASSWORD, to="/hostnames/")
    assert "Gerät einrichten" in text(elsewhere)

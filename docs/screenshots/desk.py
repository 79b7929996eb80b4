"""Makes the pictures of the desk anew: `.venv/bin/python -m pytest docs/screenshots/desk.py`. Not part of the tests."""

import io
from pathlib import Path

import pytest
from PIL import Image
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.browser.conftest import DESKTOP, PASSWORD, PHONE, open_browser  # noqa: F401 - fixture
from tests.browser.pages import fill, follow, keys, log_in, press, send_form, text, wait_for
from tests.browser.story import (
    ELDER,
    OSCAR,
    QUEUE,
    SCREEN,
    world_fixture,  # noqa: F401 - fixture
)

pytestmark = pytest.mark.timeout(400)
HERE = Path(__file__).parent
MAX_OCTETS = 200_000
MAKE = """
from docs.screenshots import desk_data
result = desk_data.make(password)
"""


def test_pictures(world, open_browser):  # noqa: F811
    stack = world.stack
    # Else it would read some of what is made in the past.
    stack.worker.stop()
    pages = stack.run(MAKE, password=PASSWORD)
    stack.worker.start()
    base = stack.web_url

    hers = open_browser(SCREEN)
    log_in(hers, base, ELDER, PASSWORD, to=f"{QUEUE}{pages['viewed']}/")
    his = open_browser(SCREEN)
    log_in(his, base, OSCAR, PASSWORD, to=QUEUE)
    wait_for(his, "parcel-tracking")
    keys(his, "j", "j")
    take(his, "queue")
    his.get(f"{base}/admin/")
    take(his, "desk-start")
    his.get(f"{base}{QUEUE}{pages['case']}/")
    wait_for_pictures(his)
    take(his, "case")
    keys(his, "s")
    wait_for(his, "leaves DNS")
    keys(his, "A lure for Example Bank: the form sends cards to /collect.php, as the CERT and the bank show.")
    take(his, "case-suspend")
    send_form(his)
    read_until_proven(his, f"{base}{QUEUE}{pages['case']}/")
    take(his, "case-decided")
    take_name_without_case(his, base)

    phone = open_browser(PHONE)
    phone.get(base + pages["customer"])
    take(phone, "customer-case-phone")
    public = open_browser(DESKTOP)
    public.get(f"{base}/abuse/report/")
    public.find_element(By.XPATH, "//label[normalize-space()='Phishing']").click()
    press(public, "Continue")
    fill(public, "names", "hxxps://home[.]ddns[.]test/login\nhttps://www.example.com/")
    fill(public, "description", "The page asks for the password of Example Bank, and sends it away.")
    wait_for(public, "not ours")
    take(public, "report-form", is_whole=True)
    public = open_browser(DESKTOP)
    public.get(base + pages["reporter"])
    take(public, "report-status")
    public.get(base + pages["receipt"])
    take(public, "receipt", is_whole=True)


def take_name_without_case(browser: Chrome, base: str) -> None:
    browser.get(f"{base}/admin/ddns/hostname/")
    take(browser, "hostname-list")
    browser.get(f"{base}/admin/ddns/hostname/?q=newsletter-x.ddns.test")
    follow(browser, "newsletter-x.ddns.test")
    take(browser, "hostname-live")
    follow(browser, "Suspend")
    fill(browser, "reason", "Its holder asks for it by mail from the address of the account: the device was stolen.")
    fill(browser, "retyped", "newsletter-x.ddns.test")
    take(browser, "suspend-confirmation")
    press(browser, "Suspend")
    wait_for(browser, "DNS stopped answering at")
    take(browser, "hostname-suspended")
    browser.get(f"{base}/admin/abuse/ledgerentry/")
    take(browser, "ledger")


def read_until_proven(browser: Chrome, page: str) -> None:
    while "Proven" not in text(browser):
        browser.get(page)


def wait_for_pictures(browser: Chrome) -> None:
    script = "return [...document.querySelectorAll('.thumb img')].every((each) => each.naturalWidth > 0)"
    while not browser.execute_script(script):
        pass


def take(browser: Chrome, name: str, *, is_whole: bool = False) -> None:
    """As a PNG of 256 colours where more would be too big. is_whole: with what is below the screen."""
    browser.execute_script("document.activeElement?.blur?.()" if is_whole else "")
    if is_whole:
        height = browser.execute_script("return document.documentElement.scrollHeight")
        width = browser.execute_script("return innerWidth")
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width == PHONE[0]}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    picture = Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB")
    path = HERE / f"{name}.png"
    picture.save(path, optimize=True)
    if path.stat().st_size > MAX_OCTETS:
        picture.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    if path.stat().st_size > MAX_OCTETS:
        raise ValueError(f"{path} is too big.")

"""A report by form in a real browser: with scripts and without, on a desktop and on a phone."""

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select
from selenium.webdriver.support.wait import WebDriverWait

from abuse import decisions, filings, messages, reporter_links, reports
from abuse.intake.form import FormReport
from abuse.models import Case, Decision, Message, Report, Submission
from ddns.addresses import parse
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.pages import PATIENCE_SECONDS, complaints, fill, follow, go, is_gone, overflow, press, text, wait_for
from tests.browser.test_every_page import wrong

WORDS = "The page asks for the password of Example Bank, and sends it away."


def choose(browser: Chrome, kind: str) -> None:
    browser.find_element(By.XPATH, f"//label[normalize-space()='{kind}']").click()
    press(browser, "Continue")


def tick(browser: Chrome, name: str) -> None:
    box = browser.find_element(By.NAME, name)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", box)
    box.click()


def fill_in(browser: Chrome) -> None:
    fill(browser, "description", WORDS)
    fill(browser, "name", "Trudy Example")
    fill(browser, "email", "trudy@example.com")
    tick(browser, "is_good_faith")


def looks(browser: Chrome) -> list[str]:
    return [each.text for each in browser.find_elements(By.CSS_SELECTOR, "#looks li")]


@pytest.fixture(autouse=True)
def _no_waiting(settings, categories):
    settings.PROOF_OF_WORK = 200
    settings.WAIT_INSTEAD_OF_WORK *= 0


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_report_with_scripts(live_server, open_browser, home, size, tmp_path):
    """From the first page to the receipt, and the receipt is verified where anybody can."""
    browser = open_browser(size)
    browser.get(live_server.url)
    follow(browser, "Report it")
    fill(browser, "name", f"hxxps://{home.name.replace('.', '[.]')}/login")
    press(browser, "Look")
    assert "ours, under" in text(browser)
    follow(browser, "Report it")
    choose(browser, "Phishing")

    names = browser.find_element(By.NAME, "names")
    names.send_keys(Keys.END, Keys.ENTER, "https://www.example.com/")
    WebDriverWait(browser, PATIENCE_SECONDS).until(lambda _: len(looks(browser)) == 2, "never looked")
    assert [each.split()[0] for each in looks(browser)] == [home.name, "www.example.com"]
    assert "not ours" in looks(browser)[1]
    assert not browser.find_element(By.CSS_SELECTOR, "[data-check]").is_displayed()
    (tmp_path / "shot.png").write_bytes(b"\x89PNG")
    browser.find_element(By.NAME, "evidence").send_keys(str(tmp_path / "shot.png"))
    fill_in(browser)
    assert overflow(browser) <= 0
    send(browser)

    assert "We have it" in text(browser)
    submission = Submission.objects.get()
    assert reporter_links.token(submission) in browser.current_url
    reports.read_all()
    browser.refresh()
    assert "being worked on" in text(browser)
    assert Report.objects.get().evidence.get().filename == "shot.png"

    follow(browser, "The signed receipt")
    assert "It holds" in text(browser)
    receipt = browser.find_element(By.ID, "receipt-json").text
    browser.get(f"{live_server.url}/abuse/receipts/")
    browser.execute_script("document.getElementById('receipt').value = arguments[0]", receipt)
    press(browser, "Verify")
    assert "It holds: we signed this." in text(browser)
    assert complaints(browser) == []


def send(browser: Chrome) -> None:
    go(
        browser,
        browser.find_element(By.XPATH, "//div[contains(@class, 'card')]/button[normalize-space()='Send the report']"),
    )


def test_report_without_scripts(live_server, open_browser, home):
    browser = open_browser(scripts=False)
    browser.get(f"{live_server.url}/abuse/report/")
    choose(browser, "Malware")
    fill(browser, "names", f"{home.name}:1177\nexample.com\nno name")
    press(browser, "Are these names ours?")
    assert [each.rpartition(" ")[2] for each in looks(browser)] == [home.name.partition(".")[2], "ours", "name"]
    assert "Nothing was sent yet" not in text(browser)

    # Enter in a field sends the form, and does not only look at the names.
    fill_in(browser)
    email = browser.find_element(By.NAME, "email")
    email.clear()
    email.send_keys("trudy@example")
    go_by_enter(browser, email)
    assert "Nothing was sent yet" in text(browser)
    assert browser.find_element(By.NAME, "email").get_attribute("value") == "trudy@example"
    fill(browser, "email", "trudy@example.com")
    send(browser)

    assert "We have it" in text(browser)
    reports.read_all()
    assert (Report.objects.get().name, Report.objects.get().port) == (home.name, 1177)


def go_by_enter(browser: Chrome, field: WebElement) -> None:
    """The Enter key presses the first button of the form."""
    page = browser.find_element(By.TAG_NAME, "html")
    field.send_keys(Keys.ENTER)
    WebDriverWait(browser, PATIENCE_SECONDS).until(lambda _: is_gone(page))


def test_own_time_zone_is_chosen(live_server, open_browser, home):
    browser = open_browser()
    browser.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Kolkata"})
    browser.get(f"{live_server.url}/abuse/report/?about=content/phishing")

    assert Select(browser.find_element(By.NAME, "seen_zone")).first_selected_option.text == "UTC+05:30"


def test_file_that_is_too_big_is_told_before_it_is_sent(live_server, open_browser, home, tmp_path):
    browser = open_browser()
    browser.get(f"{live_server.url}/abuse/report/?about=content/phishing")
    (tmp_path / "big.bin").write_bytes(bytes(5 * 1024 * 1024 + 1))
    files = browser.find_element(By.NAME, "evidence")
    files.send_keys(str(tmp_path / "big.bin"))

    assert "5 MiB each" in files.get_attribute("validationMessage")


def test_kind_is_chosen_by_keyboard_alone(live_server, open_browser, home):
    browser = open_browser()
    browser.get(f"{live_server.url}/abuse/report/")
    first = browser.find_element(By.NAME, "about")
    first.send_keys(Keys.SPACE, Keys.ARROW_DOWN)
    chosen = browser.find_element(By.CSS_SELECTOR, "[name=about]:checked")
    assert chosen.get_attribute("value") != first.get_attribute("value")
    go_by_enter(browser, chosen)

    assert "Step 2 of 2." in text(browser)


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"])
def test_page_of_the_report_is_in_nobodys_way(live_server, open_browser, home, oscar, size, scheme):
    """With everything that can stand on it; and the page of the receipt, and a form with errors."""
    submission = filed_and_dismissed(home, oscar)
    browser = open_browser(size, scheme)
    found: dict[str, object] = {}
    for page in (reporter_links.path(submission), f"/abuse/receipts/{submission.receipt.pk}/"):
        found |= wrong(browser, live_server.url, page, scheme)
    assert found == {}

    browser.get(live_server.url + reporter_links.path(submission))
    tick(browser, "what")
    fill(browser, "text", "There is more.")
    press(browser, "Send")
    wait_for(browser, "the desk has it")
    assert Message.objects.filter(is_ours=False, text="There is more.").exists()


def filed_and_dismissed(home, oscar) -> Submission:
    report = FormReport(kind="content/phishing", names=[f"https://{home.name}/{'x' * 300}"], description=WORDS)
    submission = filings.file(report, source=parse("192.0.2.1"))
    reports.read_all()
    case = Case.objects.get()
    messages.say(
        case,
        side=Message.Side.REPORTER,
        text="Which bank?",
        author=oscar,
        is_ours=True,
        report=submission.reports.get(),
    )
    decisions.take(case, action=Decision.Action.DISMISS, reason="Nothing is there.", by=oscar)
    return Submission.objects.get(pk=submission.pk)

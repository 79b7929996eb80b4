"""How a person moves through the pages."""

from collections.abc import Callable
from typing import Any

from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException, WebDriverException
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

PATIENCE_SECONDS = 20


def log_in(browser: Chrome, base: str, email: str, password: str, to: str) -> None:
    browser.get(f"{base}{to}")
    fill(browser, "login", email)
    fill(browser, "password", password)
    press(browser, "Log in")


def fill(browser: Chrome, name: str, text: str) -> None:
    field = browser.find_element(By.NAME, name)
    field.clear()
    field.send_keys(text)


def press(browser: Chrome, label: str) -> None:
    """A button that sends its form."""
    go(browser, browser.find_element(By.XPATH, f"//form//button[normalize-space()='{label}']"))


def follow(browser: Chrome, label: str) -> None:
    go(browser, browser.find_element(By.PARTIAL_LINK_TEXT, label))


def go(browser: Chrome, element: WebElement) -> None:
    """Clicks what leads to another page, and waits until this one is gone."""
    page = browser.find_element(By.TAG_NAME, "html")
    element.click()
    WebDriverWait(browser, PATIENCE_SECONDS).until(lambda _: is_gone(page))


def is_gone(page: WebElement) -> bool:
    try:
        page.is_enabled()
    except StaleElementReferenceException:
        return True
    except WebDriverException as error:
        # chromedriver's words for the same, where the page leaves while it is being asked
        if "does not belong to the document" not in str(error.msg):
            raise
        return True
    return False


def keys(browser: Chrome, *pressed: str) -> None:
    """To whatever has the focus, as a person does who has no mouse."""
    ActionChains(browser).send_keys(*pressed).perform()


def keys_that_leave(browser: Chrome, *pressed: str) -> None:
    page = browser.find_element(By.TAG_NAME, "html")
    keys(browser, *pressed)
    wait_until(browser, lambda: is_gone(page))


def send_form(browser: Chrome) -> None:
    page = browser.find_element(By.TAG_NAME, "html")
    ActionChains(browser).key_down(Keys.CONTROL).send_keys(Keys.ENTER).key_up(Keys.CONTROL).perform()
    wait_until(browser, lambda: is_gone(page))


def wait_until(browser: Chrome, is_so: Callable[[], Any]) -> None:
    WebDriverWait(browser, PATIENCE_SECONDS).until(lambda _: is_so())


def text(browser: Chrome) -> str:
    return browser.find_element(By.TAG_NAME, "body").text


def wait_for(browser: Chrome, words: str) -> None:
    """Until the page says so, by itself; it may be loading itself anew while it is read."""

    def says(_: Chrome) -> bool:
        body = browser.find_element(By.TAG_NAME, "body")
        return not is_gone(body) and words in text(browser)

    leaving = [NoSuchElementException, StaleElementReferenceException]
    WebDriverWait(browser, PATIENCE_SECONDS, ignored_exceptions=leaving).until(says, f"never said: {words}")


def complaints(browser: Chrome) -> list[str]:
    """What the browser had to complain about: broken scripts, refused code, missing files."""
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]


def overflow(browser: Chrome) -> int:
    """By how many pixels the page is wider than the screen."""
    return browser.execute_script("return document.documentElement.scrollWidth - window.innerWidth")

"""The reference of the REST API in a real browser: rendered from our own files, and nothing complains."""

from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser.pages import PATIENCE_SECONDS, complaints, text


def test_reference_is_rendered_by_our_own_files_alone(live_server, open_browser):
    browser = open_browser()
    browser.get(f"{live_server.url}/api/v1/")
    WebDriverWait(browser, PATIENCE_SECONDS).until(lambda page: page.find_elements(By.CSS_SELECTOR, ".opblock"))

    assert "Register a hostname" in text(browser)
    assert complaints(browser) == []
    loaded = browser.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert loaded
    assert all(address.startswith((live_server.url, "data:")) for address in loaded)


def test_reference_says_without_scripts_where_the_document_is(live_server, open_browser):
    browser = open_browser(scripts=False)
    browser.get(f"{live_server.url}/api/v1/")

    assert "/api/v1/openapi.json" in text(browser)

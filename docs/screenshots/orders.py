"""Makes the pictures of orders anew: `.venv/bin/python -m pytest docs/screenshots/orders.py`. Not part of the tests."""

import pytest
from selenium.webdriver import Keys

from docs.screenshots.desk import take
from tests.browser.conftest import DESKTOP, open_browser  # noqa: F401 - fixture
from tests.browser.pages import fill, keys, keys_that_leave, press
from tests.browser.story import desk_fixture, staff_fixture, world_fixture  # noqa: F401 - fixtures
from tests.browser.test_authority_story import NAMES, ORDERS, file, names_in_dns, read_until, vet

pytestmark = pytest.mark.timeout(600)


def test_pictures(world, open_browser, at_the_desk, tmp_path):  # noqa: F811
    base = world.stack.web_url
    names_in_dns(world)
    olivias = open_browser(DESKTOP)
    oscars, elders = vet(world, olivias, at_the_desk)
    (officer,) = world.row("SELECT id FROM abuse_officer")
    elders.get(f"{base}/admin/abuse/officer/{officer}/change/")
    take(elders, "officer-vetted")
    order = file(world, olivias, tmp_path)
    oscars.get(f"{base}{ORDERS}")
    take(oscars, "orders")
    keys(oscars, "j")
    keys_that_leave(oscars, Keys.ENTER)
    read_until(oscars, "and the groups add up to them")
    take(oscars, "order-plan")
    keys_that_leave(oscars, "a")
    fill(oscars, "reason", "The order is well-founded: each name was seen as a controller of njRAT.")
    fill(oscars, "retyped", str(len(NAMES)))
    take(oscars, "order-propose")
    press(oscars, f"Propose {len(NAMES)}")
    elders.get(f"{base}{ORDERS}{order}/")
    keys_that_leave(elders, "y")
    fill(elders, "retyped", f"{len(NAMES)} ")
    take(elders, "order-approve")
    press(elders, f"Approve {len(NAMES)}")
    read_until(elders, f"{len(NAMES)} of {len(NAMES)} proven at every server")
    take(elders, "order-proven")
    olivias.get(f"{base}/authorities/orders/{order}/")
    read_until(olivias, "proven at every server")
    take(olivias, "authority-answer", is_whole=True)

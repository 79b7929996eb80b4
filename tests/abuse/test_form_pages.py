"""The pages around the form: contact for people and machines, is it ours, receipts."""

import pytest

from tests.people import *  # noqa: F403 - fixtures

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "page",
    ["/abuse/", "/abuse/report/", "/abuse/receipts/", "/abuse/is-ours?name=home.ddns.test", "/abuse/policy.json"],
)
def test_page_is_for_everybody(client, domain, page):
    assert client.get(page, headers={"accept": "text/html"}).status_code == 200

"""Pages while Redis is away: those that count attempts say so and let nobody guess, the others work."""

import pytest
from django.test import Client

from ddns.models import User
from tests.people import logged_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _redis_is_away(broker):
    broker.kill()


@pytest.mark.parametrize(
    ("language", "said"), [("en", "cannot work at the moment"), ("de", "im Moment nicht arbeiten")]
)
def test_log_in_says_that_it_cannot_be_done_now_and_when_to_come_back(language, said):
    User.objects.create_user("alice@example.com", "correct horse battery staple")
    form = {"login": "alice@example.com", "password": "correct horse battery staple"}
    response = Client().post("/accounts/login/", form, headers={"Accept-Language": language})

    assert (response.status_code, response["Retry-After"]) == (503, "60")
    assert said in response.content.decode()


def test_pages_of_who_is_logged_in_work(alice, home):
    client = logged_in(alice)

    for page in ("/hostnames/", "/hostnames/home.ddns.test/", "/keys/", "/status/"):
        assert client.get(page).status_code == 200, page

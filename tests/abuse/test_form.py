"""The public form: what it asks for each category, what it refuses and how it says so, and what it stores."""

import json

import pytest
from django.test import Client

from abuse import reporter_links
from abuse.models import Receipt, Submission
from tests.ddns.proofs import prove
from tests.people import *  # noqa: F403 - fixtures

pytestmark = pytest.mark.django_db

PAGE = "/abuse/report/"
PHISHING = "content/phishing"
WORDS = "The page asks for the password of Example Bank."


@pytest.fixture(autouse=True)
def _little_work(settings):
    settings.PROOF_OF_WORK = 8


def fields(**changed) -> dict:
    """What a person fills in. A field that is None is left out."""
    usual = {
        "names": "hxxps://home[.]ddns[.]test/login",
        "description": WORDS,
        "name": "Trudy Example",
        "email": "trudy@example.com",
        "is_good_faith": "on",
    }
    return {name: value for name, value in {**usual, **changed}.items() if value is not None}


def send(client: Client, about: str = PHISHING, **changed):
    meta = {name: changed.pop(name) for name in ("REMOTE_ADDR",) if name in changed}
    if "proof" not in changed and "proof-ticket" not in changed:
        changed["proof"] = prove(client, "report", **meta)
    return client.post(f"{PAGE}?about={about}", fields(**changed), **meta)


def said(response) -> str:
    return response.content.decode()


def stored() -> dict:
    return json.loads(bytes(Submission.objects.select_related("blob").get().blob.content))


def test_report_is_stored_as_it_was_typed_and_has_a_receipt(client, domain):
    response = send(client)
    submission = Submission.objects.get()

    assert response.url == reporter_links.path(submission)
    assert (submission.door, submission.source) == (Submission.Door.FORM, "127.0.0.1")
    assert stored()["names"] == ["hxxps://home[.]ddns[.]test/login"]
    assert stored()["description"] == WORDS
    assert Receipt.objects.get().submission == submission
    page = said(client.get(response.url))
    assert str(Receipt.objects.get().pk) in page

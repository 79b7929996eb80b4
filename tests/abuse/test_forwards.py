"""Forwards: another provider gets a mail with what was seen, once, and not a word of who reported."""

from datetime import timedelta

import pytest
from django.utils import timezone

from abuse import decisions, forwards
from abuse.errors import InvalidParameter
from abuse.models import Case, Decision, Report
from tests.abuse.stories import add_report, open_case

pytestmark = pytest.mark.django_db

WORDS = {"to": "abuse@example.org", "text": "This is hosted with you."}


@pytest.fixture
def case(home) -> Case:
    case = open_case(home)
    add_report(case, url="http://home.ddns.test/login?victim=x", address="203.0.113.7", port=8443)
    return case


def forward(case, by, **parameters) -> Decision:
    return decisions.take(
        case, action=Decision.Action.FORWARD, reason="not ours", by=by, parameters={**WORDS, **parameters}
    )


def test_the_provider_gets_one_mail_and_the_reporters_are_told(case, oscar, mailoutbox):
    decision = forward(case, oscar)
    assert not mailoutbox
    assert forwards.send_due(timezone.now()) == 1
    assert forwards.send_due(timezone.now() + timedelta(hours=1)) == 0

    (mail,) = mailoutbox
    assert mail.to == ["abuse@example.org"]
    assert mail.subject == f"[case {case.pk}] Phishing: home.ddns.test"
    assert "This is hosted with you." in mail.body
    assert "hxxp://home[.]ddns[.]test/login?victim=x" in mail.body
    assert "203.0.113.7 port 8443" in mail.body
    decision.refresh_from_db()
    assert decision.proof["mailed_to"] == "abuse@example.org"
    case.refresh_from_db()
    assert case.outcome == Report.Outcome.FORWARDED


def test_not_a_word_of_who_reported(case, oscar, mailoutbox):
    forward(case, oscar)
    forwards.send_due(timezone.now())
    assert "example.net" not in mailoutbox[0].body


def test_what_could_not_be_sent_is_sent_later(case, oscar, mailoutbox, monkeypatch):
    decision = forward(case, oscar)

    def fail(decision):
        raise ConnectionRefusedError("no mail server")

    with monkeypatch.context() as patched:
        patched.setattr(forwards, "mail", fail)
        assert forwards.send_due(timezone.now()) == 0
    decision.refresh_from_db()
    assert "no mail server" in decision.proof["error"]

    assert forwards.send_due(timezone.now()) == 0
    assert forwards.send_due(timezone.now() + timedelta(minutes=10)) == 1


def test_what_was_undone_before_it_was_sent_is_not_sent(case, oscar, mailoutbox):
    decisions.undo(forward(case, oscar), reason="wrong provider", by=oscar)
    assert forwards.send_due(timezone.now()) == 0


@pytest.mark.parametrize(
    "to", ["", "nobody", "a@example.org\nBcc: b@example.org", "a@example.org, b@example.org", None, 5]
)
def test_to_is_one_mail_address(case, oscar, to):
    with pytest.raises(InvalidParameter):
        forward(case, oscar, to=to)


def test_without_a_mail_server_nothing_is_promised(case, oscar, settings):
    settings.CAN_MAIL = False
    with pytest.raises(InvalidParameter):
        forward(case, oscar)

"""Preferences by REST: a key switches mail on and never off; somebody who is logged in does both."""

import pytest

from ddns import preferences
from ddns.models.notifications import ALWAYS_MAILED, Kind
from tests.ddns.rest.programs import Program, fields, problem
from tests.people import logged_in

PREFERENCES = "/notifications/preferences"


def ways(said: dict, kind: Kind) -> tuple[bool, bool]:
    (found,) = [each for each in said["kinds"] if each["kind"] == kind]
    return found["by_mail"], found["by_webhook"]


def test_preferences_are_those_of_every_kind(monitor, alice, settings):
    said = monitor.get(PREFERENCES).json()

    assert said["silence_days"] == settings.SILENCE_DAYS
    assert [each["kind"] for each in said["kinds"]] == list(Kind)
    assert {each["kind"] for each in said["kinds"] if each["is_always_mailed"]} == ALWAYS_MAILED


def test_key_switches_mail_on_and_webhooks_either_way(program):
    program.patch(PREFERENCES, {"kinds": [{"kind": "address_changed", "by_mail": True}]})
    said = program.patch(PREFERENCES, {"silence_days": 3, "kinds": [{"kind": "not_seen", "by_webhook": False}]}).json()

    assert ways(said, Kind.ADDRESS_CHANGED) == (True, True)
    assert ways(said, Kind.NOT_SEEN) == (True, False)
    assert said["silence_days"] == 3
    assert said == program.get(PREFERENCES).json()


@pytest.mark.parametrize("kind", [Kind.NEW_KEY, Kind.SUSPENDED])
def test_key_switches_no_mail_off(program, alice, kind):
    body = {"kinds": [{"kind": "lifted", "by_webhook": False}, {"kind": kind, "by_mail": False}]}

    assert problem(program.patch(PREFERENCES, body)) == (403, "beyond-authority")
    assert preferences.of(alice)[kind].by_mail
    assert preferences.of(alice)[Kind.LIFTED].by_webhook, "nothing is half done"


def test_what_was_read_can_be_sent_back(program):
    kinds = program.get(PREFERENCES).json()["kinds"]
    for each in kinds:
        each.pop("is_always_mailed")

    assert program.patch(PREFERENCES, {"kinds": kinds}).json()["kinds"]


def test_whoever_is_logged_in_switches_mail_off_but_what_is_always_mailed(alice):
    client = logged_in(alice)
    client.get("/hostnames/")
    body = {"kinds": [{"kind": "new_key", "by_mail": False}, {"kind": "suspended", "by_mail": False}]}

    said = Program(client=client).patch(PREFERENCES, body, X_CSRFToken=client.cookies["csrftoken"].value).json()

    assert ways(said, Kind.NEW_KEY)[0] is False
    assert ways(said, Kind.SUSPENDED)[0] is True


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"silence_days": 0}, "silence_days"),
        ({"silence_days": 366}, "silence_days"),
        ({"kinds": [{"by_mail": True}]}, "kinds.kind"),
        ({"kinds": [{"kind": "x"}]}, "kinds.kind"),
        ({"kinds": [{"kind": "lifted", "by_mail": 1}]}, "kinds.by_mail"),
        ({"kinds": [{"kind": "lifted"}, {"kind": "lifted"}]}, "kinds"),
        ({"mail": True}, "mail"),
    ],
)
def test_what_means_nothing_is_refused(program, body, field):
    response = program.patch(PREFERENCES, body)

    assert problem(response) == (400, "invalid")
    assert fields(response)[0].replace(".0", "") == field


def test_everybody_has_their_own(program, stranger):
    program.patch(PREFERENCES, {"silence_days": 3})

    assert stranger.get(PREFERENCES).json()["silence_days"] != 3


def test_key_for_a_hostname_neither_sees_nor_changes_them(helper, monitor):
    assert problem(helper.get(PREFERENCES)) == (403, "beyond-authority")
    assert problem(helper.patch(PREFERENCES, {"silence_days": 3})) == (403, "beyond-authority")
    assert problem(monitor.patch(PREFERENCES, {"silence_days": 3})) == (403, "beyond-authority")

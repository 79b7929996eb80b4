"""The account by REST: seen and changed by whoever has all of it."""

from tests.ddns.rest.programs import fields, problem


def test_account_says_what_it_may_have(monitor, settings):
    settings.PLANS = {"free": {"hostnames": 7, "has_wildcard": False}}
    shown = monitor.get("/account").json()

    assert (shown["email"], shown["plan"]) == ("alice@example.com", "free")
    assert (shown["limits"]["hostnames"], shown["limits"]["has_wildcard"], shown["limits"]["keys"]) == (7, False, 50)


def test_key_for_a_hostname_neither_sees_nor_changes_the_account(helper):
    assert problem(helper.get("/account")) == (403, "beyond-authority")
    assert problem(helper.patch("/account", {"language": "en"})) == (403, "beyond-authority")


def test_language_is_one_that_there_is(program, alice):
    assert program.patch("/account", {"language": "en"}).json()["language"] == "en"
    response = program.patch("/account", {"language": "tlh"})

    assert problem(response) == (400, "unknown-language")
    assert fields(response) == ["language"]
    alice.refresh_from_db()
    assert alice.language == "en"


def test_address_is_not_changed_here(program, alice):
    assert problem(program.patch("/account", {"language": "en", "email": "mallory@example.com"})) == (400, "invalid")
    alice.refresh_from_db()
    assert (alice.email, alice.language) == ("alice@example.com", "")

"""Refanging: every spelling in which reports and chats carry a name."""

import pytest

from abuse.refang import refang


@pytest.mark.parametrize(
    "pasted",
    [
        "home.ddns.example",
        "HOME.DDNS.Example.",
        "  home.ddns.example\n",
        "https://home.ddns.example/login?next=/a.b",
        "hxxps://home.ddns.example",
        "hxxp[:]//home[.]ddns[.]example/x",
        "home[.]ddns[.]example",
        "home(.)ddns{.}example",
        "home[dot]ddns (DOT) example",
        "home dot ddns dot example",
        "home\\.ddns\\.example",
        "http://user:secret@home.ddns.example:8443/",
        "<https://home.ddns.example>",
        "“home.ddns.example”,",
        "//home.ddns.example/",
        "home.ddns.example:8080",
    ],
)
def test_every_spelling_is_the_same_name(pasted):
    assert refang(pasted) == "home.ddns.example"


@pytest.mark.parametrize(
    ("pasted", "name"),
    [
        ("https://BÜCHER[.]ddns.example/", "xn--bcher-kva.ddns.example"),
        ("xn--bcher-kva.ddns.example", "xn--bcher-kva.ddns.example"),
        ("bücher。ddns。example", "xn--bcher-kva.ddns.example"),
        ("*.home.ddns.example", "*.home.ddns.example"),
        ("192.0.2[.]66", "192.0.2.66"),
        ("http://192.0.2.66:8080/", "192.0.2.66"),
        ("2001:db8::66", "2001:db8::66"),
        ("http://[2001:DB8::66]:443/", "2001:db8::66"),
        ("login-", "login-"),
        ("", ""),
        ("https://", ""),
    ],
)
def test_other_things_stay_what_they_are(pasted, name):
    assert refang(pasted) == name

"""Every address of the site, whoever added it: the stranger, another customer with one's numbers, a form of another site."""

import re
import uuid
from collections.abc import Iterator

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from abuse import messages
from abuse.models import Message
from ddns import acme_accounts, exports, groups, keys, records, webhooks
from ddns.models import Delivery, Hostname, User
from ddns.tsig_keys import create as create_tsig_key
from tests.abuse import order_rows, rows
from tests.ddns.devices import caller
from tests.people import *  # noqa: F403 - fixtures
from tests.people import logged_in

pytestmark = pytest.mark.django_db

CHANGING = ["POST", "PUT", "PATCH", "DELETE"]
METHODS = ["GET", *CHANGING]
# For everybody, as they stand in config.urls. Whoever adds a page for strangers adds it here.
FOR_EVERYBODY = {
    *("", "domains/", "status/", "theme/", "language/", "healthz", "rules/", "setup/", "setup/<slug:slug>/"),
    *("proof-of-work/<slug:purpose>/", "unsubscribe/<str:token>/", "renew/<str:token>/"),
    *("accounts/login/", "accounts/logout/", "accounts/signup/", "accounts/inactive/", "accounts/confirm-email/"),
    *("accounts/password/reset/", "accounts/password/reset/done/", "accounts/password/reset/key/done/"),
    r"accounts/^confirm-email/(?P<key>[-:\w]+)/$",
    r"accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
    *("accounts/2fa/authenticate/", "accounts/2fa/webauthn/login/"),
    *(
        ".well-known/security.txt",
        ".well-known/abuse-signing-keys.json",
        "abuse/",
        "abuse/policy.json",
        "abuse/is-ours",
    ),
    *("abuse/report/", "abuse/receipts/", "abuse/receipts/<uuid:pk>/", "abuse/receipts/<uuid:pk>.json"),
    *("abuse/transparency/", "abuse/transparency/<int:year>/", "abuse/transparency/<int:year>/<slug:key>.csv"),
    # The link is the proof.
    *("abuse/reports/<str:token>/", "abuse/c/<str:token>/"),
    ".well-known/abuse-ledger.json",
    *("api/v1/", "api/v1/openapi.json", "api/v1/problems", "api/v1/problems/<str:slug>"),
    *("api/v1/reports", "api/v1/reports/<str:id>"),
    *("authorities/", "authorities/freeze/<str:token>/"),
}
# The link is the proof: whoever has it needs no session, and so no token of a form. For reporters no session counts at all.
WITHOUT_TOKEN = {
    *("unsubscribe/<str:token>/", "renew/<str:token>/", "abuse/c/<str:token>/", "api/v1/reports"),
    "authorities/freeze/<str:token>/",
}
_VALUE = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)")


def addresses(patterns, before: str = "") -> Iterator[str]:
    for each in patterns:
        if isinstance(each, URLPattern):
            yield before + str(each.pattern)
        else:
            yield from addresses(each.url_patterns, before + str(each.pattern))


ALL = list(addresses(get_resolver().url_patterns))
DESK = sorted(each for each in ALL if each.startswith("admin/") and each not in ("admin/login/", "admin/logout/"))
OWN = sorted({each for each in ALL if not each.startswith("admin/")} - FOR_EVERYBODY)
NUMBERED = [each for each in OWN if _VALUE.search(each)]


@pytest.fixture
def numbers(alice: User, home: Hostname) -> dict[str, str]:
    """Something of Alice's for every value in an address: by its name, else by the word before it (keys/<int:pk>/)."""
    key, text = keys.create(alice, label="router")
    webhook, _secret = webhooks.add(alice, "https://example.com/hook")
    acme_account, _password = acme_accounts.register(caller(text), name=home.name)
    owned = {
        "records": records.add(home, label="_sip", rdtype="TXT", rdata="hers"),
        "groups": groups.create(alice, name="attic"),
        "keys": key,
        "acme-dns": acme_account,
        "webauthn": Authenticator.objects.create(user=alice, type="webauthn", data={"name": "hers", "credential": {}}),
        "webhooks": webhook,
        "cases": rows.case(home),
        "deliveries": Delivery.objects.create(account=alice, webhook=webhook, due_at=timezone.now()),
        "sessions": UserSession.objects.create(user=alice, session_key="hers", ip="203.0.113.1", data={}),
    }
    create_tsig_key(key)
    messages.say(owned["cases"], side=Message.Side.CUSTOMER, text="Is it a camera?", author=None, is_ours=True)
    found = {word: str(each.pk) for word, each in owned.items()}
    order = order_rows.order(order_rows.officer())
    found |= {"orders": str(order.pk), "effect": str(uuid.uuid4()), "form": "json"}
    found["disclosures"] = str(order_rows.disclosure(order, prepared_by=sara()).pk)
    found |= {"acme-dns-accounts": found["acme-dns"], "2fa/webauthn/keys": found["webauthn"]}
    return found | {"name": home.name, "label": "_sip", "type": "TXT"}


def sara() -> User:
    return User.objects.create_user("sara@example.com", is_staff=True)


def filled(address: str, numbers: dict[str, str]) -> str:
    """With values that nobody has where the address is not a customer's own."""

    def value(found: re.Match) -> str:
        name, before = found[1] or found[2], address[: found.start()].rstrip("/").removeprefix("accounts/")
        word = before if before in numbers else before.rpartition("/")[2]
        return numbers.get(name) or (numbers[word] if address in OWN else "1")

    return "/" + re.sub(r"[\^$]", "", _VALUE.sub(value, address))


def test_every_address_is_known():
    """What is for everybody is there, so that nothing hides behind an old line."""
    assert set(ALL) >= FOR_EVERYBODY
    assert len(OWN) > 50


def answers(client: Client, addresses, methods, numbers) -> Iterator[tuple[tuple[str, str], HttpResponse]]:
    """One after the other: nothing may have changed anyway."""
    for address in addresses:
        for method in methods:
            yield (method, address), client.generic(method, filled(address, numbers), content_type="application/json")


def is_sent_to_log_in(response: HttpResponse) -> bool:
    return response.status_code == 302 and "/login/" in response.headers["Location"].partition("?")[0]


def test_stranger_is_sent_away(client: Client, numbers):
    let_in = [
        what
        for what, response in answers(client, OWN, METHODS, numbers)
        if response.status_code not in (401, 403, 404, 405) and not is_sent_to_log_in(response)
    ]
    assert let_in == []


def test_another_customer_finds_nothing_behind_alices_numbers(bob: User, alice: User, numbers):
    before = list(exports.document(alice))
    let_in = [
        what
        for what, response in answers(logged_in(bob), NUMBERED, METHODS, numbers)
        # 401: where a log-in counts for nothing, and only an officer's key does.
        if response.status_code not in (401, 404, 405)
    ]
    assert let_in == []
    assert list(exports.document(alice)) == before


def test_form_of_another_site_is_refused(alice: User, numbers):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    before = list(exports.document(alice))
    # 401: where keys alone open, no session counts.
    let_in = [
        what
        for what, response in answers(client, OWN, CHANGING, numbers)
        if response.status_code not in (401, 403, 404, 405)
    ]
    assert let_in == []
    assert list(exports.document(alice)) == before


def test_form_for_strangers_needs_its_token(numbers):
    client = Client(enforce_csrf_checks=True)
    let_in = [
        what
        for what, response in answers(client, sorted(FOR_EVERYBODY - WITHOUT_TOKEN), CHANGING, numbers)
        if response.status_code not in (403, 404, 405)
    ]
    assert let_in == []


def test_desk_is_closed_to_strangers_and_customers(client: Client, alice: User, numbers):
    strangers = [
        what
        for what, response in answers(client, DESK, ["GET", "POST"], numbers)
        if response.status_code != 404 and not is_sent_to_log_in(response)
    ]
    customers = [
        what
        for what, response in answers(logged_in(alice), DESK, ["GET", "POST"], numbers)
        if response.status_code not in (403, 404) and not is_sent_to_log_in(response)
    ]
    assert (strangers, customers) == ([], [])

"""Webhooks by REST: by whoever has the whole account; the secret is shown once, and nothing outlasts a key that has an end."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ddns import keys, notifications, webhooks
from ddns.models import Delivery, Webhook
from ddns.models.keys import Permission
from ddns.models.notifications import Kind
from tests.ddns.rest.programs import Program, fields, problem

URL = "https://hooks.example/"


@pytest.fixture
def webhook(alice) -> Webhook:
    return webhooks.add(alice, URL)[0]


def test_webhook_is_added_with_a_secret_that_is_shown_once(program):
    response = program.post("/webhooks", {"url": URL})

    assert (response.status_code, response["Cache-Control"]) == (201, "no-store")
    made = response.json()
    assert made["secret"].startswith("whsec_")
    assert response["Location"].endswith(f"/api/v1/webhooks/{made['id']}")
    shown = program.get(f"/webhooks/{made['id']}")
    assert (shown.json()["url"], shown.json()["is_enabled"]) == (URL, True)
    assert made["secret"] not in shown.content.decode() + program.get("/webhooks").content.decode()


@pytest.mark.parametrize("body", [{}, {"url": 5}, {"url": ""}, {"url": "https://a/" + "x" * 500}])
def test_what_is_no_address_is_refused(program, body):
    assert fields(program.post("/webhooks", body)) == ["url"]


def test_what_cannot_be_posted_to_is_refused(program):
    response = program.post("/webhooks", {"url": "ftp://hooks.example/"})

    assert problem(response) == (400, "invalid-webhook")
    assert fields(response) == ["url"]


def test_account_that_has_all_its_webhooks_is_told(program, alice):
    for number in range(webhooks.WEBHOOKS_PER_ACCOUNT):
        webhooks.add(alice, f"{URL}{number}")

    assert problem(program.post("/webhooks", {"url": URL})) == (403, "too-many-webhooks")


def test_rotation_shows_the_new_secret_and_both_sign_for_a_while(program, webhook):
    before = webhooks.signing_secrets(webhook)
    rotated = program.post(f"/webhooks/{webhook.pk}/rotate").json()

    webhook.refresh_from_db()
    assert webhooks.signing_secrets(webhook)[1:] == before
    assert rotated["secret"].startswith("whsec_")
    assert rotated["old_secret_until"] is not None


def test_webhook_is_switched_off_and_on(program, webhook):
    assert program.patch(f"/webhooks/{webhook.pk}", {"is_enabled": False}).json()["is_enabled"] is False
    assert program.patch(f"/webhooks/{webhook.pk}", {"is_enabled": True}).json()["is_enabled"] is True
    assert fields(program.patch(f"/webhooks/{webhook.pk}", {})) == ["is_enabled"]


def test_test_is_a_delivery_that_waits(program, webhook):
    response = program.post(f"/webhooks/{webhook.pk}/test")

    assert response.status_code == 202
    assert response.json() == program.get(f"/webhooks/{webhook.pk}/deliveries").json()["results"][0]
    assert (response.json()["notification"], response.json()["try_count"]) == (None, 0)
    assert response.json()["due_at"] is not None


def test_delivery_that_was_given_up_is_sent_again(program, alice, webhook):
    notifications.tell(alice, Kind.LIFTED)
    delivery = Delivery.objects.get(webhook=webhook)
    webhooks.disable(webhook)

    response = program.post(f"/webhooks/{webhook.pk}/deliveries/{delivery.pk}/resend")

    assert response.status_code == 202
    assert (response.json()["given_up_at"], response.json()["identity"]) == (None, delivery.identity)
    delivery.refresh_from_db()
    assert delivery.due_at is not None


def test_delivery_of_another_webhook_is_none_here(program, alice, webhook):
    delivery = webhooks.test(webhooks.add(alice, f"{URL}other")[0])

    for number in (delivery.pk, "0", "x"):
        assert problem(program.post(f"/webhooks/{webhook.pk}/deliveries/{number}/resend")) == (404, "not-found")


def test_deleted_webhook_is_gone_with_its_deliveries(program, webhook):
    webhooks.test(webhook)

    assert program.delete(f"/webhooks/{webhook.pk}").status_code == 204
    assert not Delivery.objects.exclude(webhook=None).exists()
    assert problem(program.get(f"/webhooks/{webhook.pk}")) == (404, "not-found")


PLACES = [
    ("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/rotate"), ("POST", "/test"), ("GET", "/deliveries"),
    ("POST", "/deliveries/{delivery}/resend"),
]  # fmt: skip


def answers(program: Program, webhook: Webhook, delivery: Delivery) -> set[tuple[int, str]]:
    """At every place."""
    return {
        problem(
            program.send(method, f"/webhooks/{webhook.pk}{place.format(delivery=delivery.pk)}", {"is_enabled": True})
        )
        for method, place in PLACES
    }


def test_webhook_of_another_does_not_exist(stranger, webhook):
    assert answers(stranger, webhook, webhooks.test(webhook)) == {(404, "not-found")}
    assert stranger.get("/webhooks").json()["results"] == []
    assert Webhook.objects.filter(is_enabled=True, old_secret_until=None).exists()


def test_key_for_a_hostname_has_no_webhooks(helper, webhook):
    assert answers(helper, webhook, webhooks.test(webhook)) == {(403, "beyond-authority")}
    assert problem(helper.get("/webhooks")) == (403, "beyond-authority")
    assert problem(helper.post("/webhooks", {"url": URL})) == (403, "beyond-authority")


@pytest.mark.parametrize("limit", ["networks", "expires_at"])
def test_nothing_goes_on_telling_when_a_key_with_an_end_has_ended(alice, webhook, limit):
    limits = {"networks": ["198.51.100.0/24"], "expires_at": timezone.now() + timedelta(days=1)}
    program = Program(keys.create(alice, label="x", permission=Permission.MANAGE, **{limit: limits[limit]})[1])

    assert problem(program.post("/webhooks", {"url": f"{URL}mallory"})) == (403, "beyond-authority")
    assert problem(program.post(f"/webhooks/{webhook.pk}/rotate")) == (403, "beyond-authority")
    assert program.post(f"/webhooks/{webhook.pk}/test").status_code == 202

"""Webhooks: posted, signed, retried, given up; to the Internet only, and none holds up another."""

import base64
import hmac
import json
import re
import threading
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.utils import timezone

from ddns import notifications, posting, tasks, webhooks
from ddns.errors import InvalidWebhook, TooManyWebhooks
from ddns.models import Delivery, Notification, User, Webhook
from ddns.models.notifications import Kind
from dnsupdate import posts
from dnsupdate.secrets import unseal
from tests.ddns.test_races import together
from tests.ddns.webhooks import added
from tests.receivers import Receiver

URL = "https://hooks.example/"


def expected_signature(secret: str, headers: dict, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()


@pytest.fixture
def clock():
    with time_machine.travel(timezone.now(), tick=True) as clock:
        yield clock


@pytest.mark.django_db
class TestAdding:
    @pytest.mark.parametrize(
        "url",
        ["ftp://hooks.example/", "hooks.example", "https://", "https://a:b@hooks.example/", "https://hooks.example/#a",
         "https://hooks.example:99999/", "https://hooks.example/\r\nX: y", "https://hooks.example/a b", "https://[::1/",
         "https://höoks.example/", "https://hooks.example/" + "x" * 500, "javascript:alert(1)", ""],
    )  # fmt: skip
    def test_what_cannot_be_posted_to_is_refused(self, alice: User, url: str):
        with pytest.raises(InvalidWebhook):
            webhooks.add(alice, url)

    def test_a_provider_posts_over_tls_only(self, alice: User, settings):
        webhooks.add(alice, "http://hooks.example/")
        settings.IS_PROVIDER = True
        with pytest.raises(InvalidWebhook):
            webhooks.add(alice, "http://other.example/")

    @pytest.mark.parametrize(
        "host",
        ["127.0.0.1", "10.1.2.3", "169.254.169.254", "[::1]", "[fd00::1]", "[::ffff:10.0.0.1]", "[64:ff9b::a00:1]",
         "198.51.100.7", "[2002:a00:1::]"],
    )  # fmt: skip
    def test_an_address_that_the_internet_does_not_route_is_refused(self, alice: User, settings, host: str):
        settings.WEBHOOK_NETWORKS, settings.ALLOW_NON_GLOBAL_ADDRESSES = [], True
        with pytest.raises(InvalidWebhook, match="does not route"):
            webhooks.add(alice, f"https://{host}/")

    def test_the_same_twice_and_too_many_are_refused(self, alice: User, bob: User):
        webhooks.add(alice, URL)
        webhooks.add(bob, URL)
        with pytest.raises(InvalidWebhook, match="has it already"):
            webhooks.add(alice, URL)
        for number in range(webhooks.WEBHOOKS_PER_ACCOUNT - 1):
            webhooks.add(alice, f"{URL}{number}")
        with pytest.raises(TooManyWebhooks):
            webhooks.add(alice, f"{URL}more")

    def test_the_secret_is_stored_sealed(self, alice: User):
        webhook, secret = webhooks.add(alice, URL)
        assert secret.startswith("whsec_")
        assert secret not in webhook.sealed_secret
        assert unseal(webhook.sealed_secret) == secret


@pytest.mark.django_db
class TestPosting:
    def test_a_notification_arrives_signed_and_once(self, alice: User, home, receiver: Receiver):
        _, secret = added(alice, receiver.url)
        told = notifications.tell(alice, Kind.SUSPENDED, hostname=home)
        tasks.post_webhooks()
        tasks.post_webhooks()

        ((headers, body),) = receiver.received
        assert headers["webhook-signature"] == expected_signature(secret, headers, body)
        delivery = Delivery.objects.get(notification=told, webhook__isnull=False)
        assert (headers["webhook-id"], delivery.status, delivery.due_at) == (delivery.identity, 204, None)
        said = json.loads(body)
        assert (said["type"], said["data"]["hostname"]) == ("suspended", "home.ddns.test")
        assert said["timestamp"] == told.at.isoformat()
        assert "was suspended" in said["data"]["message"]

    def test_while_the_secret_is_rotated_both_sign_and_afterwards_the_new_one(self, alice, receiver, clock):
        webhook, old = added(alice, receiver.url)
        new = webhooks.rotate(webhook)
        webhooks.test(webhook)
        posting.run()
        clock.shift(webhooks.ROTATION_OVERLAP + timedelta(minutes=1))
        webhooks.test(webhook)
        posting.run()
        (first, body), (second, later_body) = receiver.received
        both = [expected_signature(each, first, body) for each in (new, old)]
        assert first["webhook-signature"].split() == both
        assert second["webhook-signature"] == expected_signature(new, second, later_body)

    def test_a_test_says_that_it_is_one(self, alice: User, receiver: Receiver):
        webhook, _ = added(alice, receiver.url)
        webhooks.test(webhook)
        assert posting.run() == 1
        assert json.loads(receiver.received[0][1])["type"] == "test"

    def test_who_presses_the_button_for_long_gets_no_more_tests(self, alice: User):
        webhook, _ = added(alice, URL)
        for _ in range(webhooks.MAX_WAITING_TESTS + 5):
            webhooks.test(webhook)
        assert Delivery.objects.count() == webhooks.MAX_WAITING_TESTS

    def test_a_closed_account_is_posted_nothing(self, alice: User, receiver: Receiver):
        webhooks.test(added(alice, receiver.url)[0])
        User.objects.filter(pk=alice.pk).update(closed_at=timezone.now())
        assert posting.run() == 0
        assert not receiver.received

    def test_what_fails_is_tried_again_later_with_the_same_identity_and_the_answer_kept(self, alice, receiver, clock):
        receiver.status, receiver.body = 503, b"closed for repairs"
        webhook, _ = added(alice, receiver.url)
        webhooks.test(webhook)
        assert posting.run() == 0
        assert posting.run() == 0
        assert len(receiver.received) == 1
        delivery = Delivery.objects.get()
        assert (delivery.status, delivery.answer, delivery.try_count) == (503, "closed for repairs", 1)

        receiver.status = 200
        clock.shift(timedelta(minutes=1))
        assert posting.run() == 1
        assert len({headers["webhook-id"] for headers, _ in receiver.received}) == 1
        webhook.refresh_from_db()
        assert (webhook.failure_count, webhook.failing_since) == (0, None)

    def test_one_message_that_is_refused_holds_up_no_other_and_is_given_up(self, alice, receiver, clock):
        webhook, _ = added(alice, receiver.url)
        refused = webhooks.test(webhook)
        receiver.status = 400
        for _ in range(posting.MAX_TRIES):
            posting.run()
            clock.shift(timedelta(hours=1, minutes=1))
        receiver.status = 200
        webhooks.test(webhook)
        assert posting.run() == 1
        refused.refresh_from_db()
        assert (refused.try_count, refused.due_at) == (posting.MAX_TRIES, None)
        assert refused.given_up_at is not None
        assert not Notification.objects.exists()

    def test_who_fails_for_days_is_switched_off_and_its_owner_told(self, alice, receiver, clock):
        receiver.status = 500
        webhook, _ = added(alice, receiver.url)
        waiting = [webhooks.test(webhook) for _ in range(20)]
        for _ in range(90):
            posting.run()
            clock.shift(timedelta(hours=1, minutes=1))
        webhook.refresh_from_db()
        assert (webhook.is_enabled, webhook.disabled_at is None) == (False, False)
        (told,) = Notification.objects.filter(kind=Kind.WEBHOOK_DISABLED)
        assert (told.account, told.details["url"]) == (alice, receiver.url)
        assert not Delivery.objects.filter(pk__in=[each.pk for each in waiting]).exclude(due_at=None).exists()
        count = len(receiver.received)
        clock.shift(timedelta(days=1))
        posting.run()
        assert len(receiver.received) == count

        webhooks.enable(webhook)
        receiver.status = 200
        webhooks.resend(waiting[0])
        assert posting.run() == 1

    def test_a_redirect_is_a_failure(self, alice: User, receiver: Receiver):
        webhook, _ = added(alice, receiver.url)
        webhooks.test(webhook)
        receiver.status, receiver.headers = 302, {"Location": receiver.url}
        assert posting.run() == 0
        assert (len(receiver.received), Delivery.objects.get().status) == (1, 302)

    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
    def test_a_private_address_is_not_connected_to_however_the_webhook_came_by_it(
        self, alice, settings, receiver, host
    ):
        webhook, _ = added(alice, receiver.url_at(host))
        webhooks.test(webhook)
        settings.WEBHOOK_NETWORKS, settings.ALLOW_NON_GLOBAL_ADDRESSES = [], True
        assert posting.run() == 0
        assert "no address that may be connected to" in Delivery.objects.get().answer
        assert not receiver.received

    def test_a_secret_that_cannot_be_read_costs_its_own_webhook_only(self, alice: User, bob: User, receiver: Receiver):
        broken, _ = added(alice, receiver.url)
        Webhook.objects.update(sealed_secret="x")
        for webhook in (broken, added(bob, receiver.url)[0]):
            webhooks.test(webhook)
        assert posting.run() == 1
        assert "DDNS_SECRET_KEY" in Delivery.objects.get(webhook=broken).answer

    def test_what_was_deleted_or_switched_off_is_not_posted(self, alice: User, receiver: Receiver):
        webhook, _ = added(alice, receiver.url)
        other, _ = added(alice, receiver.url + "/2")
        for each in (webhook, other):
            webhooks.test(each)
        webhooks.disable(webhook)
        webhooks.delete(other)
        assert posting.run() == 0
        assert not receiver.received

    def test_a_webhook_that_is_deleted_while_it_is_posted_to_is_no_error(self, alice, receiver, monkeypatch):
        webhook, _ = added(alice, receiver.url)
        webhooks.test(webhook)
        posted = posting._post(*next(posting._claim(1)))
        webhooks.delete(webhook)
        assert posting._record(posted) is False

    def test_a_webhook_is_posted_to_by_one_at_a_time(self, alice: User, receiver: Receiver):
        webhook, _ = added(alice, receiver.url)
        for _ in range(3):
            webhooks.test(webhook)
        assert len(list(posting._claim(10))) == 1
        assert list(posting._claim(10)) == []

    def test_a_run_that_died_leaves_its_claim_to_a_later_one(self, alice: User, receiver: Receiver, clock):
        webhooks.test(added(alice, receiver.url)[0])
        assert len(list(posting._claim(10))) == 1
        clock.shift(posting.CLAIM + timedelta(seconds=1))
        assert posting.run() == 1

    def test_messages_arrive_in_their_order(self, alice: User, receiver: Receiver):
        webhook, _ = added(alice, receiver.url)
        expected = [webhooks.test(webhook).identity for _ in range(5)]
        assert posting.run() == 5
        assert [headers["webhook-id"] for headers, _ in receiver.received] == expected

    def test_who_has_waited_longest_comes_first(self, alice: User, bob: User):
        for account in (alice, bob):
            webhooks.test(added(account, URL)[0])
        Webhook.objects.filter(account=bob).update(next_at=timezone.now() - timedelta(hours=1))
        ((webhook, *_),) = posting._claim(1)
        assert webhook.account == bob

    def test_one_that_never_answers_holds_up_no_other(self, alice, bob, receiver, monkeypatch):
        """The fast one has everything while the slow one still hangs: what lets it go on is the fast one's last message."""
        slow = Receiver()
        slow.holds = True
        webhooks.test(added(alice, slow.url)[0])
        fast, _ = added(bob, receiver.url)
        for _ in range(10):
            webhooks.test(fast)
        has_all = threading.Event()
        record = posting._record

        def record_and_look(posted) -> bool:
            accepted = record(posted)
            if len(receiver.received) == 10:
                has_all.set()
                slow.close()
            return accepted

        monkeypatch.setattr(posting, "_record", record_and_look)
        try:
            assert posting.run() == 10
            assert has_all.is_set()
        finally:
            if not has_all.is_set():
                slow.close()
        assert Delivery.objects.get(webhook__url=slow.url).try_count == 1

    def test_one_that_is_slow_is_left_alone_for_longer(self, alice: User, receiver: Receiver):
        webhook, _ = added(alice, receiver.url)
        delivery = webhooks.test(webhook)
        posting._record(posting.Posted(webhook, delivery, timedelta(seconds=8), True, 200, ""))
        webhook.refresh_from_db()
        assert webhook.next_at > timezone.now() + timedelta(seconds=60)


@pytest.mark.django_db(transaction=True)
def test_several_runs_at_once_post_everything_once(alice: User, bob: User, receiver: Receiver):
    for number in range(6):
        webhook, _ = added((alice, bob)[number % 2], f"{receiver.url}/{number}")
        for _ in range(5):
            webhooks.test(webhook)
    assert sum(together(*[posting.run] * 3)) == 30
    identities = [headers["webhook-id"] for headers, _ in receiver.received]
    assert len(identities) == len(set(identities)) == 30


@pytest.mark.django_db
def test_over_tls_the_certificate_is_checked(alice: User, tls_receiver: Receiver, tmp_path, settings):
    settings.IS_PROVIDER = True
    webhooks.test(added(alice, tls_receiver.url_at("localhost"))[0])
    assert posting.run() == 1
    posts._tls.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SSL_CERT_FILE")
        webhooks.test(Webhook.objects.get())
        assert posting.run() == 0
    assert "CERTIFICATE_VERIFY_FAILED" in Delivery.objects.first().answer


@pytest.mark.django_db
def test_the_check_that_the_documentation_shows_recognises_us_and_nobody_else(alice: User, receiver: Receiver):
    webhook, secret = added(alice, receiver.url)
    webhooks.rotate(webhook)
    webhooks.test(webhook)
    posting.run()
    ((headers, body),) = receiver.received
    text = (Path(__file__).parents[2] / "docs" / "notifications.md").read_text()
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]

    def recognises(secret: str) -> bool:
        scope = {"base64": base64, "hmac": hmac, "secret": secret, "headers": headers, "body": body}
        exec(code, scope)
        return scope["is_ours"]

    assert recognises(secret)
    assert not recognises("whsec_" + base64.b64encode(b"another").decode())

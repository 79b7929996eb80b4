"""Webhooks: added, tested, their secret rotated, switched on and off. What is posted to them: ddns.posting."""

import base64
import secrets
from datetime import timedelta
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ddns.addresses import Address, is_routed
from ddns.errors import InvalidWebhook, TooManyWebhooks
from ddns.models import Delivery, User, Webhook
from dnsupdate.secrets import seal, unseal

WEBHOOKS_PER_ACCOUNT = 5
MAX_URL_CHARACTERS = 500
# Both secrets sign for so long after a rotation: time to put the new one where the receiver reads it.
ROTATION_OVERLAP = timedelta(days=1)
# Whoever presses the button for long must not have us press it for them.
MAX_WAITING_TESTS = 20
SECRET_PREFIX = "whsec_"  # noqa: S105 - what it begins with
SECRET_OCTETS = 32


@transaction.atomic
def add(account: User, url: str) -> tuple[Webhook, str]:
    """With its secret, which is given here and never again. Locks the account. Raises InvalidWebhook, TooManyWebhooks."""
    check_url(url)
    User.objects.select_for_update(no_key=True).get(pk=account.pk)
    if Webhook.objects.filter(account=account).count() >= WEBHOOKS_PER_ACCOUNT:
        raise TooManyWebhooks(f"{WEBHOOKS_PER_ACCOUNT}.")
    secret = _new_secret()
    try:
        with transaction.atomic():
            webhook = Webhook.objects.create(
                account=account, url=url, sealed_secret=seal(secret), next_at=timezone.now()
            )
            return webhook, secret
    except IntegrityError as error:
        raise InvalidWebhook(_("the account has it already.")) from error


@transaction.atomic
def rotate(webhook: Webhook) -> str:
    """A new secret, given here and never again. Until ROTATION_OVERLAP is over the one before it signs too."""
    webhook = Webhook.objects.select_for_update().get(pk=webhook.pk)
    secret = _new_secret()
    webhook.sealed_old_secret, webhook.sealed_secret = webhook.sealed_secret, seal(secret)
    webhook.old_secret_until = timezone.now() + ROTATION_OVERLAP
    webhook.save(update_fields=["sealed_old_secret", "sealed_secret", "old_secret_until"])
    return secret


def enable(webhook: Webhook) -> None:
    """From now on; what was given up meanwhile stays so, and can be resent one by one."""
    fresh = {"failure_count": 0, "failing_since": None, "disabled_at": None, "next_at": timezone.now()}
    Webhook.objects.filter(pk=webhook.pk).update(is_enabled=True, **fresh)


@transaction.atomic
def disable(webhook: Webhook) -> None:
    """Nothing is posted any more; what waits is given up."""
    Webhook.objects.filter(pk=webhook.pk).update(is_enabled=False)
    Delivery.objects.filter(webhook=webhook).exclude(due_at=None).update(due_at=None, given_up_at=timezone.now())


def delete(webhook: Webhook) -> None:
    """With all its deliveries."""
    webhook.delete()


def test(webhook: Webhook) -> Delivery:
    """A message that says it is a test, on the way that all others take. Of many that wait none is added."""
    waiting = Delivery.objects.filter(webhook=webhook, notification=None).exclude(due_at=None)
    if waiting.count() >= MAX_WAITING_TESTS:
        return waiting[0]
    return Delivery.objects.create(account_id=webhook.account_id, webhook=webhook, due_at=timezone.now())


def resend(delivery: Delivery) -> None:
    """Once more, as if it had never been tried; with the same identity, by which the receiver may tell that it has it."""
    anew = {"due_at": timezone.now(), "try_count": 0, "given_up_at": None}
    Delivery.objects.filter(pk=delivery.pk).exclude(webhook=None).update(**anew)


def check_url(url: str) -> None:
    """What can be said without looking its name up. Raises InvalidWebhook."""
    parts = _split(url)
    schemes = ["https"] if settings.IS_PROVIDER else ["https", "http"]
    if parts.scheme not in schemes or not parts.hostname:
        raise InvalidWebhook(_("it must begin with https:// and name a host."))
    if parts.username is not None or parts.fragment:
        raise InvalidWebhook(_("neither a user name nor a # belongs into it. Use the signature to recognise us."))
    if len(url) > MAX_URL_CHARACTERS or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidWebhook(_("{count} characters of ASCII at most, without blanks.").format(count=MAX_URL_CHARACTERS))
    if (address := _literal(parts.hostname)) is not None and not is_reachable(address):
        raise InvalidWebhook(_("the Internet does not route to this address."))


def is_reachable(address: Address) -> bool:
    """Whether something may be posted there: to the Internet, and to what the operator has opened. Nobody shall speak through
    us with what only we can reach."""
    return is_routed(address) or any(address in network for network in settings.WEBHOOK_NETWORKS)


def signing_secrets(webhook: Webhook) -> list[bytes]:
    """As the receiver has them: the present one, and while it is rotated the one before it."""
    sealed = [webhook.sealed_secret]
    if webhook.old_secret_until is not None and timezone.now() < webhook.old_secret_until:
        sealed.append(webhook.sealed_old_secret)
    return [base64.b64decode(unseal(each).removeprefix(SECRET_PREFIX)) for each in sealed]


def _new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_OCTETS)).decode()


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        # Reading it is what checks it.
        parts.port  # noqa: B018
    except ValueError as error:
        raise InvalidWebhook(f"{error}.") from error
    return parts


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None

"""UPDATE messages at once: one after the other by what the rows say, and none after a suspension."""

import threading
from datetime import timedelta

import dns.rcode
import pytest
from django.db import transaction

from ddns import hostnames, keys
from ddns.models import AddressUpdate
from deploy.local.deadline import wait_for
from tests.ddns.devices import answered, stored
from tests.ddns.nsupdate_client import Client, client
from tests.ddns.together import somebody_waits_for_a_lock, together

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 6


@pytest.fixture
def router(alice, home, office) -> Client:
    return client(keys.create(alice, label="router")[0])


def test_of_many_that_require_the_name_to_be_free_one_gets_it(router, home):
    def take(number: int) -> dns.rcode.Rcode:
        update = router.update()
        update.absent("home")
        update.add("home", 60, "A", f"203.0.113.{number}")
        return router.send(update)

    rcodes = together(*(lambda number=number: take(number) for number in range(AT_ONCE)))

    assert sorted(rcodes) == [dns.rcode.NOERROR, *[dns.rcode.YXDOMAIN] * (AT_ONCE - 1)]
    assert AddressUpdate.objects.filter(hostname=home).count() == 1
    assert answered(home) == {"A": [stored(home)[0]]}


def test_messages_about_the_same_hostnames_in_any_order_do_not_wait_for_each_other(router, home, office):
    def change(number: int) -> dns.rcode.Rcode:
        update = router.update()
        for name in ("home", "office") if number % 2 else ("office", "home"):
            update.replace(name, 60, "A", f"203.0.113.{number}")
            update.add(f"_acme-challenge.{name}", 60, "TXT", str(number))
        return router.send(update)

    rcodes = together(*(lambda number=number: change(number) for number in range(AT_ONCE)))

    assert set(rcodes) == {dns.rcode.NOERROR}
    # The last of them won both.
    assert stored(home) == stored(office)


def test_a_message_that_waits_for_a_suspension_is_refused(router, home):
    has_suspended = threading.Event()
    update = router.update()
    update.add("home", 60, "A", "203.0.113.7")

    def suspend() -> None:
        with transaction.atomic():
            hostnames.suspend(home)
            has_suspended.set()
            wait_for(somebody_waits_for_a_lock, timedelta(seconds=20), "the message at the lock")

    def send() -> dns.rcode.Rcode:
        has_suspended.wait()
        return router.send(update)

    _, rcode = together(suspend, send)

    assert rcode == dns.rcode.REFUSED
    assert (stored(home), answered(home)) == ((None, None), {})

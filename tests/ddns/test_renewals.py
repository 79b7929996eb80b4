"""Renewals: any sign of life keeps a hostname, one click does; nobody loses one unwarned, restricted or preserved."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils import timezone

from ddns import hostnames, mails, notifications, renewals, requests, tasks
from ddns.models import Delivery, Expiry, Hostname, HostnameContact, Notification, Renewal, User
from ddns.models.hostnames import State
from ddns.models.notifications import Kind
from ddns.views import renewals as renewal_pages
from tests.ddns.devices import SOURCE, Device, caller
from tests.ddns.test_races import together

pytestmark = pytest.mark.django_db
LIFE = timedelta(days=100)


@pytest.fixture(autouse=True)
def _expiring_after_100_days(settings):
    settings.EXPIRE_AFTER = LIFE


@pytest.fixture
def clock():
    with time_machine.travel(timezone.now(), tick=False) as clock:
        yield clock


def live(clock, days: int, *, every: float = 1, can_send: bool = True) -> None:
    """So many days as they go by: one look and one round of mails `every` so many, where something may happen."""
    ends_at = timezone.now() + timedelta(days=days)
    while timezone.now() < ends_at:
        clock.shift(timedelta(days=every))
        is_idle = Hostname.objects.idle_since(timezone.now() - LIFE + timedelta(days=31)).exists()
        if is_idle or Expiry.objects.exists():
            tasks.look_for_expiries()
            if can_send:
                mails.send_due()


def kinds(hostname: Hostname) -> list[str]:
    return list(Notification.objects.filter(hostname=hostname).order_by("pk").values_list("kind", flat=True))


def state_of(hostname: Hostname) -> State:
    return Hostname.objects.get(pk=hostname.pk).state


def mailed_days() -> list[str]:
    return [re.search(r"expires on (\S+)", sent.subject)[1] for sent in mail.outbox if "expires on" in sent.subject]


def test_a_name_that_nobody_cares_for_is_warned_of_three_times_and_released(home, clock):
    ends = timezone.now() + LIFE
    live(clock, 69)
    assert kinds(home) == []
    live(clock, 30)
    assert kinds(home) == [Kind.EXPIRING] * 3
    assert mailed_days() == [f"{ends:%Y-%m-%d}"] * 3
    assert state_of(home) == State.LIVE
    live(clock, 3)
    assert state_of(home) == State.RELEASED
    assert kinds(home) == [Kind.EXPIRING] * 3 + [Kind.EXPIRED]
    assert "home.ddns.test has expired" in mail.outbox[-1].subject
    assert not Expiry.objects.exists()


def test_warnings_come_30_7_and_1_days_before_the_end(home, clock):
    began, seen = timezone.now(), []
    for day in range(1, 102):
        live(clock, 1)
        if len(kinds(home)) > len(seen):
            seen.append(timedelta(days=day))
    assert timezone.now() - began == timedelta(days=101)
    assert [LIFE - each for each in seen[:3]] == [timedelta(days=30), timedelta(days=7), timedelta(days=1)]


def test_an_unchanged_update_on_the_last_day_keeps_the_name(home, device: Device, clock):
    live(clock, 99)
    device.update(hostname=home.name, myip=SOURCE)
    live(clock, 1)
    requests.flush()
    live(clock, 60, every=6)
    assert state_of(home) == State.LIVE
    assert not Expiry.objects.exists()


def test_nochg_alone_keeps_a_name_for_ever(home, clock):
    HostnameContact.objects.create(hostname=home, at=timezone.now(), protocol="dyndns2")
    for _ in range(4):
        live(clock, 90, every=10)
        requests.note(home.name, caller("key"), "nochg")
        requests.flush()
        live(clock, 1)
    assert state_of(home) == State.LIVE


def test_a_log_in_of_the_owner_keeps_all_names(client, alice: User, home, office, clock):
    live(clock, 98)
    client.force_login(alice)
    live(clock, 60, every=6)
    assert [state_of(each) for each in (home, office)] == [State.LIVE] * 2


def renewal_link() -> str:
    return re.search(r"http://[^/]+(/renew/\S+/)", mail.outbox[-1].body)[1]


def test_one_click_without_cookies_keeps_the_names_for_as_long_again(home, office, clock):
    live(clock, 98)
    browser = Client(enforce_csrf_checks=True)
    html = browser.get(renewal_link()).content.decode()
    boxes = re.findall(r'name="hostnames" value="(\d+)"[^>]* checked', html)
    response = browser.post(renewal_link(), {"hostnames": boxes})
    assert "home.ddns.test stays." in response.content.decode()
    assert not Expiry.objects.exists()
    live(clock, 69)
    assert [state_of(each) for each in (home, office)] == [State.LIVE] * 2
    assert kinds(home).count(Kind.EXPIRING) == 2


def test_a_name_can_be_let_go_while_others_are_kept(home, office, clock):
    live(clock, 98)
    html = Client().post(renewal_link(), {"hostnames": [str(home.pk)]}).content.decode()
    assert "office.ddns.test" in html
    live(clock, 10)
    assert (state_of(home), state_of(office)) == (State.LIVE, State.RELEASED)


def test_a_scanner_that_follows_the_link_renews_nothing(client, home, clock):
    live(clock, 98)
    for method in (client.get, client.head):
        assert method(renewal_link()).status_code == 200
    assert Expiry.objects.exists()


def test_a_link_keeps_no_names_of_others(client, home, foreign, clock):
    live(clock, 98)
    own = next(sent.body for sent in mail.outbox if sent.to == ["bob@example.com"])
    link = re.search(r"http://[^/]+(/renew/\S+/)", own)[1]
    html = client.post(link, {"hostnames": [str(home.pk), str(foreign.pk), "x"]}).content.decode()
    assert "home.ddns.test" not in html
    assert Expiry.objects.get().hostname == home


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_forged_or_old_link_does_nothing(client, home, clock, method: str):
    live(clock, 98)
    link = renewal_link()
    assert getattr(client, method)(link[:-4] + "AAA/").status_code == 404
    clock.shift(timedelta(days=61))
    response = getattr(client, method)(link)
    assert response.status_code == 404
    assert "Log in" in response.content.decode()
    assert Expiry.objects.exists()


def test_the_link_says_so_when_nothing_expires(client, alice: User, home):
    html = client.get(f"/renew/{renewals.token(alice)}/").content.decode()
    assert "Nothing expires" in html


def test_while_mail_fails_nothing_expires_and_then_everybody_has_all_the_time_promised(home, clock):
    live(clock, 300, every=30, can_send=False)
    assert state_of(home) == State.LIVE
    assert kinds(home) == [Kind.EXPIRING]
    live(clock, 29)
    assert state_of(home) == State.LIVE
    live(clock, 4)
    assert state_of(home) == State.RELEASED


def test_a_warning_that_was_given_up_is_sent_anew(home, clock):
    live(clock, 71, can_send=False)
    Delivery.objects.update(due_at=None, given_up_at=timezone.now())
    live(clock, 1)
    assert kinds(home) == [Kind.EXPIRING] * 2
    assert len(mail.outbox) == 1


def test_a_mail_that_is_late_moves_the_end(home, clock):
    live(clock, 80, can_send=False)
    mails.send_due()
    live(clock, 29)
    assert state_of(home) == State.LIVE
    live(clock, 3)
    assert state_of(home) == State.RELEASED


@pytest.mark.parametrize("why", ["never", "no mail"])
def test_where_names_do_not_expire_nobody_is_warned(home, clock, settings, why: str):
    if why == "never":
        settings.EXPIRE_AFTER = timedelta()
    else:
        settings.CAN_MAIL = False
    live(clock, 300, every=30)
    assert (kinds(home), state_of(home)) == ([], State.LIVE)


@pytest.mark.parametrize("after", [10, 98])
@pytest.mark.parametrize("what", ["suspended", "held", "deactivated", "preserved"])
def test_who_is_under_a_decision_loses_nothing_and_is_warned_from_the_beginning_when_it_ends(home, clock, what, after):
    live(clock, after)
    account = User.objects.filter(pk=home.account_id)
    if what == "preserved":
        account.update(preserve_until=timezone.now() + timedelta(days=200))
    elif what == "deactivated":
        account.update(is_active=False)
    else:
        {"suspended": hostnames.suspend, "held": hostnames.hold}[what](home)
    warned = len(kinds(home))
    live(clock, 199, every=50)
    assert Hostname.objects.get(pk=home.pk).released_at is None
    assert len(kinds(home)) == warned

    account.update(is_active=True, preserve_until=None)
    if what in ("suspended", "held"):
        hostnames.reinstate(home)
    live(clock, 28, every=7)
    assert Hostname.objects.get(pk=home.pk).released_at is None
    live(clock, 10, every=1.5)
    assert kinds(home)[warned:] == [Kind.EXPIRING] * 3 + [Kind.EXPIRED]


def test_a_device_that_comes_back_at_the_last_moment_is_in_time(home, clock):
    """It was heard after the look that found the time over, and before the hostname was locked."""
    live(clock, 99)
    clock.shift(timedelta(days=2))
    assert renewals._over() == [home.pk]
    HostnameContact.objects.create(hostname=home, at=timezone.now(), protocol="dyndns2")
    renewals._release(home.pk)
    assert state_of(home) == State.LIVE


def test_a_hold_at_the_last_moment_is_in_time(home, clock):
    live(clock, 99)
    clock.shift(timedelta(days=2))
    assert renewals._over() == [home.pk]
    hostnames.suspend(home)
    renewals._release(home.pk)
    assert Hostname.objects.get(pk=home.pk).released_at is None


def test_a_name_that_its_owner_gave_up_is_not_warned_of(home, clock):
    live(clock, 75)
    hostnames.release(home)
    live(clock, 40)
    assert kinds(home) == [Kind.EXPIRING]


def test_the_same_look_twice_warns_once(home, clock):
    clock.shift(timedelta(days=75))
    for _ in range(3):
        tasks.look_for_expiries()
        clock.shift(timedelta(hours=2))
    assert kinds(home) == [Kind.EXPIRING]


@pytest.mark.parametrize("kept", ["few", "short"])
def test_warnings_are_not_forgotten_before_the_end_that_they_announce(
    alice, domain, clock, settings, monkeypatch, kept
):
    """Else an account with more names than notifications are kept would be warned every day and for ever."""
    if kept == "few":
        monkeypatch.setattr(notifications, "KEPT_PER_ACCOUNT", 2)
    else:
        settings.NOTIFICATION_RETENTION = timedelta(days=2)
    held = [hostnames.register(alice, domain=domain, label=f"h{number}") for number in range(4)]
    for _ in range(104):
        live(clock, 1)
        tasks.purge_notifications()

    assert len(mailed_days()) == 3
    assert {state_of(each) for each in held} == {State.RELEASED}


def test_an_account_with_many_names_gets_one_mail(alice, domain, clock):
    for number in range(15):
        hostnames.register(alice, domain=domain, label=f"h{number}")
    live(clock, 72)
    assert len(mail.outbox) == 1
    assert mail.outbox[0].body.count("expires on") == 15


@pytest.mark.django_db(transaction=True)
def test_a_name_that_is_renewed_while_it_is_released_is_either_kept_or_gone_and_told_so(alice, home):
    for _ in range(10):
        long_ago = timezone.now() - timedelta(days=365)
        Hostname.objects.update(created_at=long_ago, released_at=None)
        Renewal.objects.all().delete()
        Notification.objects.all().delete()
        Expiry.objects.create(hostname=home, active_at=long_ago, expires_at=long_ago, warning_count=3)
        together(lambda: renewals._release(home.pk), lambda: renewals.renew(alice, [home.pk]))
        is_kept, is_renewed = state_of(home) == State.LIVE, Renewal.objects.exists()
        assert is_kept == is_renewed
        assert kinds(home) == ([] if is_kept else [Kind.EXPIRED])
        assert not Expiry.objects.exists()


def test_more_names_than_a_form_has_fields_are_kept_with_one_click(alice, domain, settings):
    """An account of 2,000 hostnames: a form of as many boxes would be refused."""
    assert renewal_pages.MAX_BOXES < settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
    settings.HOSTNAMES_PER_ACCOUNT = count = renewal_pages.MAX_BOXES + 1
    for number in range(count):
        hostname = hostnames.register(alice, domain=domain, label=f"h{number}")
        Expiry.objects.create(hostname=hostname, active_at=timezone.now(), expires_at=timezone.now())
    link = f"/renew/{renewals.token(alice)}/"

    html = Client().get(link).content.decode()
    assert html.count('name="hostnames"') == renewal_pages.MAX_BOXES
    assert f"{count} hostnames expire" in html
    assert f"{count} hostnames stay." in Client().post(link, {"all": "1"}).content.decode()
    assert not Expiry.objects.exists()


def test_names_beyond_those_that_are_shown_stay_as_they_are_until_all_are_kept(alice, domain, monkeypatch):
    monkeypatch.setattr(renewal_pages, "MAX_BOXES", 1)
    for label in ("first", "second"):
        hostname = hostnames.register(alice, domain=domain, label=label)
        Expiry.objects.create(hostname=hostname, active_at=timezone.now(), expires_at=timezone.now())
    shown = renewals.expiring(alice)[0]

    Client().post(f"/renew/{renewals.token(alice)}/", {"hostnames": shown.pk})
    assert [each.hostname.name for each in renewals.expiring(alice)] == ["second.ddns.test"]

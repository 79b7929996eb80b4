"""Officers: two people vet one, one person freezes one, and a term has an end."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.core import mail
from django.utils import timezone

from abuse import agencies, officer_alerts, officers, order_looks, reporter_mails, roles
from abuse.errors import (
    AlreadyFrozen,
    NotAllowed,
    NothingToDo,
    NotInOffice,
    NotVettable,
    OwnAccount,
    ReasonMissing,
    SamePerson,
    TextMissing,
)
from abuse.models import LedgerEntry, Officer, OfficerAlert, Order, ReporterMail, Vetting
from ddns import hostnames
from ddns.errors import TooManyHostnames
from ddns.models import User
from dnsupdate.models import Alarm
from tests.abuse import officer_people, order_rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def agency():
    return order_rows.agency()


@pytest.fixture
def liaison(db) -> User:
    roles.make_missing()
    user = User.objects.create_user("lena@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=roles.LIAISON))
    return user


@pytest.fixture
def olivia(db) -> Officer:
    return officer_people.applicant()


def called(officer, agency, by, **said) -> Officer:
    fields = {
        "called_number": agency.phone,
        "number_source": "the ministry's register",
        "spoke_with": "the switchboard, then Olivia Example",
        **said,
    }
    return officers.call_back(officer, agency=agency, by=by, **fields)


def test_officer_is_in_office_after_two_people_have_looked(olivia, agency, liaison, root):
    called(olivia, agency, liaison)
    assert (olivia.state, list(Officer.objects.in_office())) == ("called", [])
    with pytest.raises(NotInOffice, match="being vetted"):
        officers.check_in_office(olivia)
    officers.confirm(olivia, by=root, note="Looked at the register too.")
    officers.check_in_office(olivia)
    assert list(Officer.objects.in_office()) == [olivia]
    assert olivia.agency == agency
    assert olivia.vetted_until - timezone.now() > timedelta(days=364)


def test_who_vetted_whom_and_when_is_in_rows_and_ledger(olivia, agency, liaison, root):
    called(olivia, agency, liaison)
    officers.confirm(olivia, by=root)
    steps = [(each.step, each.by, each.agency) for each in Vetting.objects.all()]
    assert steps == [("call", liaison, agency), ("confirm", root, agency)]
    call = Vetting.objects.first()
    assert (call.called_number, call.number_source) == ("+43 1 555 0100", "the ministry's register")
    entries = LedgerEntry.objects.filter(object=f"officer {olivia.pk}").order_by("sequence")
    assert [(each.action, each.actor) for each in entries] == [
        ("apply-as-officer", olivia.account),
        ("call-back-officer", liaison),
        ("confirm-officer", root),
    ]
    # The ledger is for good, and a name is a person's.
    assert "Olivia" not in str([(each.object, each.details, each.reason) for each in entries])


def test_nobody_confirms_what_they_called_themselves(olivia, agency, root):
    called(olivia, agency, root)
    with pytest.raises(SamePerson):
        officers.confirm(olivia, by=root)


def test_nobody_is_confirmed_whom_nobody_has_called(olivia, root):
    with pytest.raises(NotVettable, match="nobody has called"):
        officers.confirm(olivia, by=root)


def test_nobody_vets_without_the_right_to(olivia, agency, oscar, alice, root):
    for stranger in (oscar, alice):
        with pytest.raises(NotAllowed):
            called(olivia, agency, stranger)
        with pytest.raises(NotAllowed):
            officers.refuse(olivia, by=stranger, reason="a", told="b")
    called(olivia, agency, root)
    with pytest.raises(NotAllowed):
        officers.confirm(olivia, by=oscar)


def test_nobody_vets_themselves(olivia, agency):
    User.objects.filter(pk=olivia.account_id).update(is_superuser=True)
    account = User.objects.get(pk=olivia.account_id)
    with pytest.raises(OwnAccount):
        called(olivia, agency, account)


@pytest.mark.parametrize("number", ["+43 1 555 0199", "+43 1 555 0101", "", "+43"])
def test_only_the_number_that_we_have_found_is_called(olivia, agency, root, number):
    with pytest.raises(NotVettable, match="call the number that we have"):
        called(olivia, agency, root, called_number=number)


@pytest.mark.parametrize("number", ["0043 1 5550100", "+43 (1) 555-0100", "+43 (0)1 5550100"])
def test_number_may_be_written_in_any_way(olivia, agency, root, number):
    assert called(olivia, agency, root, called_number=number).state == "called"


def test_number_of_the_application_counts_only_with_a_source_of_its_own(agency, root):
    forged = officer_people.applicant(phone_said="0043 1 555 0100")
    with pytest.raises(NotVettable, match="the same number"):
        called(forged, agency, root, number_source="")
    assert called(forged, agency, root, number_source="the federal gazette").state == "called"


def test_call_back_says_with_whom(olivia, agency, root):
    with pytest.raises(TextMissing):
        called(olivia, agency, root, spoke_with=" ")


def test_address_is_the_agencys_at_every_step(olivia, agency, liaison, root):
    called(olivia, agency, liaison)
    agencies.change(agency, by=root, mail_domains=["other.example"])
    with pytest.raises(NotVettable, match="none of the agency's domains"):
        officers.confirm(olivia, by=root)


def test_officer_whose_address_becomes_another_is_out_of_office(olivia, agency, liaison, root):
    called(olivia, agency, liaison)
    officers.confirm(olivia, by=root)
    User.objects.filter(pk=olivia.account_id).update(email="mallory@example.net")
    with pytest.raises(NotInOffice, match="none of the agency's"):
        officers.check_in_office(olivia)


def test_number_that_was_changed_since_the_call_is_called_again(olivia, agency, liaison, root):
    called(olivia, agency, liaison)
    agencies.change(agency, by=root, phone="+43 1 555 0123")
    with pytest.raises(NotVettable, match="call again"):
        officers.confirm(olivia, by=root)


@pytest.mark.parametrize("email", ["mallory@gmail.com", "mallory@yahoo.co.jp", "mallory@mailinator.com"])
def test_free_mail_never_applies(db, email):
    with pytest.raises(NotVettable, match="anybody gets a mailbox"):
        officer_people.applicant(email)


def test_address_below_our_own_domains_never_applies(home):
    with pytest.raises(NotVettable, match="anybody gets a mailbox"):
        officer_people.applicant("mallory@home.ddns.test")


def test_address_that_nobody_has_confirmed_does_not_apply(db):
    account = User.objects.create_user("olivia@police.example")
    EmailAddress.objects.filter(user=account).update(verified=False)
    with pytest.raises(NotVettable, match="not confirmed"):
        officer_people.applicant()


def test_account_with_hostnames_does_not_apply_even_after_giving_them_up(home):
    EmailAddress.objects.filter(user=home.account).update(email="alice@police.example")
    User.objects.filter(pk=home.account_id).update(email="alice@police.example")
    hostnames.release(home)
    with pytest.raises(NotVettable, match="holds hostnames"):
        officer_people.applicant("alice@police.example")


def test_member_of_staff_does_not_apply(db):
    User.objects.create_user("root@police.example", is_staff=True)
    with pytest.raises(NotVettable, match="member of staff"):
        officer_people.applicant("root@police.example")


def test_nobody_applies_twice(olivia):
    with pytest.raises(NotVettable, match="applied already"):
        officer_people.applicant()


def test_officers_account_registers_no_hostnames(olivia, domain):
    with pytest.raises(TooManyHostnames):
        hostnames.register(User.objects.get(pk=olivia.account_id), domain=domain, label="olivia")


def test_refused_applicant_is_told_and_has_an_ordinary_account_again(olivia, agency, root, domain):
    officers.refuse(olivia, by=root, reason="Nobody there knows her.", told="Your agency does not know you.")
    assert (olivia.state, olivia.refusal) == ("refused", "Your agency does not know you.")
    said = ReporterMail.objects.latest("pk").text
    assert "Your agency does not know you." in said
    assert "Nobody there knows her." not in said
    hostnames.register(User.objects.get(pk=olivia.account_id), domain=domain, label="olivia")
    with pytest.raises(NotVettable, match="refused or frozen"):
        called(olivia, agency, root)


def test_applicant_is_refused_with_words_for_both(olivia, root):
    with pytest.raises(ReasonMissing):
        officers.refuse(olivia, by=root, reason=" ", told="a")
    with pytest.raises(TextMissing):
        officers.refuse(olivia, by=root, reason="a", told=" ")


@pytest.fixture
def in_office(agency) -> Officer:
    return order_rows.officer(agency=agency)


def test_freezing_takes_one_person_and_stops_everything(in_office, liaison, root):
    proposed = order_rows.order(in_office, state=Order.State.PROPOSED, proposed_by=root, proposal={"why": "many"})
    acting = order_rows.order(in_office, state=Order.State.ACTING)
    officers.freeze(in_office, by=liaison, reason="She says that it was not her.")
    with pytest.raises(NotInOffice, match="frozen"):
        officers.check_in_office(in_office)
    proposed.refresh_from_db()
    acting.refresh_from_db()
    assert (proposed.state, proposed.proposed_by, proposed.proposal) == ("planned", None, {})
    # Somebody here approved it: the alarm names it.
    assert acting.state == "acting"
    text = Alarm.objects.open().get(kind=Alarm.Kind.OFFICER).text
    assert "1 of them being carried out" in text
    entry = LedgerEntry.objects.get(action="freeze-officer")
    assert (entry.actor, entry.details["orders_set_back"]) == (liaison, [str(proposed.pk)])
    assert Vetting.objects.get(step="freeze").by == liaison


def test_order_of_a_frozen_officer_always_needs_a_second_person(in_office, home, root, oscar):
    order = order_rows.planned([home], officer=in_office)
    assert order_looks.why(order, oscar) == ""
    officers.freeze(in_office, by=root, reason="Taken over.")
    order.refresh_from_db()
    assert "frozen" in order_looks.why(order, oscar)


def test_officer_freezes_their_own_account(in_office):
    officers.freeze(in_office, by=in_office.account, reason="Taken over.")
    assert in_office.state == "frozen"
    assert "by the officer" in OfficerAlert.objects.get().text


def test_nobody_else_freezes_without_the_right_to(in_office, oscar, alice):
    for stranger in (oscar, alice):
        with pytest.raises(NotAllowed):
            officers.freeze(in_office, by=stranger, reason="a")


def test_frozen_officer_is_vetted_anew_by_two(in_office, agency, liaison, root):
    officers.freeze(in_office, by=root, reason="Taken over.")
    with pytest.raises(AlreadyFrozen):
        officers.freeze(in_office, by=root, reason="Taken over.")
    with pytest.raises(NotVettable):
        called(in_office, agency, root)
    officers.unfreeze(in_office, by=root, reason="New mailbox.")
    with pytest.raises(NothingToDo):
        officers.unfreeze(in_office, by=root, reason="New mailbox.")
    assert in_office.state == "applied"
    called(in_office, agency, root)
    officers.confirm(in_office, by=liaison)
    officers.check_in_office(in_office)


def test_term_is_warned_of_once_and_renewed_without_leaving_office(in_office, agency, liaison, root):
    end = in_office.vetted_until
    soon = end - timedelta(days=20)
    assert (officers.review_terms(soon), officers.review_terms(soon)) == (1, 0)
    assert "Your term ends soon" in ReporterMail.objects.get().subject
    assert OfficerAlert.objects.get().what == "term"
    called(in_office, agency, liaison)
    officers.check_in_office(in_office)
    officers.confirm(in_office, by=root)
    assert in_office.vetted_until > end - timedelta(minutes=1)
    assert in_office.warned_at is None


def test_term_that_is_over_ends_office_at_once_and_then_begins_anew(in_office):
    Officer.objects.filter(pk=in_office.pk).update(vetted_until=timezone.now())
    with pytest.raises(NotInOffice, match="term is over"):
        officers.check_in_office(in_office)
    assert officers.review_terms(timezone.now()) == 1
    in_office.refresh_from_db()
    assert in_office.state == "applied"
    step = Vetting.objects.get()
    assert (step.step, step.by) == ("anew", None)
    assert officers.review_terms(timezone.now()) == 0


def test_alarm_closes_when_somebody_has_looked_at_all(in_office, liaison, oscar):
    one = officer_alerts.add(in_office, OfficerAlert.What.TERM, "a")
    two = officer_alerts.add(in_office, OfficerAlert.What.FROZEN, "b")
    with pytest.raises(NotAllowed):
        officer_alerts.see(one, by=oscar)
    officer_alerts.see(one, by=liaison)
    assert Alarm.objects.open().filter(kind=Alarm.Kind.OFFICER).exists()
    officer_alerts.see(two, by=liaison)
    assert not Alarm.objects.open().exists()
    with pytest.raises(NothingToDo):
        officer_alerts.see(two, by=liaison)


def test_mails_are_in_the_officers_language_and_have_the_link_that_freezes(in_office, settings):
    in_office.account.language = "de"
    in_office.account.save()
    officers.review_terms(in_office.vetted_until - timedelta(days=20))
    reporter_mails.send_due()
    (sent,) = mail.outbox
    assert sent.to == ["olivia@police.example"]
    assert f"{settings.SITE_URL}/authorities/freeze/" in sent.body

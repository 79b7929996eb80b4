"""Signings: a signer that stops, breaks or goes is told while there is time, and the desk sees it."""

import secrets
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from deploy.local.bind import Bind
from deploy.local.signing import Denial
from dnsupdate import alarms, dnssec, outbox, signings, tasks
from dnsupdate.models import Alarm, Delegation, Nameserver, Signing, Zone
from dnsupdate.validation import Flaw
from tests.dnsupdate.real_zones import a, drain, zone_row

pytestmark = pytest.mark.servers


@pytest.fixture
def zone(committed_db, bind: Bind) -> Zone:
    """Signed by BIND, with two names of customers and one that is withdrawn."""
    apex = f"w{secrets.token_hex(4)}.test"
    bind.add_zone(apex, Denial.NSEC)
    zone = zone_row(bind, apex)
    outbox.publish(zone, {f"zz-alice.{apex}": a("192.0.2.1"), f"zz-bob.{apex}": a("192.0.2.2"), f"zz-gone.{apex}": {}})
    drain(zone)
    return zone


@pytest.fixture
def plain(committed_db, bind: Bind, fresh_zone) -> Zone:
    return zone_row(bind, fresh_zone(bind))


def open_texts() -> list[str]:
    return list(Alarm.objects.open().order_by("pk").values_list("text", flat=True))


def check_signatures(*zones: object, **options) -> str:
    out = StringIO()
    try:
        call_command("check_signatures", *map(str, zones), stdout=out, no_color=True, **options)
    except CommandError as error:
        return f"{out.getvalue()}{error}"
    return out.getvalue()


def stop_signing(bind: Bind, zone: Zone) -> None:
    """As an operator who lost the configuration: the zone starts again from an unsigned file."""
    bind.remove_zone(zone.name)
    bind.add_zone(zone.name)


def test_a_zone_that_is_signed_is_well(zone: Zone):
    signing = signings.check(zone)
    assert (signing.is_signed, signing.is_expected, signing.flaw) == (True, True, "")
    assert signing.ds == [str(ds) for ds in dnssec.ds_records(zone)]
    assert timedelta(days=5) < signing.expires_at - timezone.now() < timedelta(days=15)
    assert open_texts() == []


def test_a_zone_that_was_never_signed_is_well_too(plain: Zone):
    signing = signings.check(plain)
    assert (signing.is_signed, signing.is_expected, signing.ds, signing.expires_at) == (False, False, [], None)
    assert open_texts() == []


def test_signatures_that_nobody_renews_are_told_once_and_days_before_they_end(zone: Zone, settings):
    """As BIND's are now, for somebody who wants to know of them a month before."""
    settings.SIGNATURE_WARNING = timedelta(days=30)
    settings.ALARM_MAIL = ["ops@example.com"]
    for _ in range(2):
        signings.check(zone)
    alarm = Alarm.objects.get()
    assert (alarm.kind, alarm.zone, alarm.nameserver) == (Alarm.Kind.SETTINGS, zone, zone.primary)
    assert "expire within 30 days" in alarm.text
    assert alarm.notices.count() == 1

    settings.SIGNATURE_WARNING = timedelta(days=3)
    signings.check(zone)
    assert open_texts() == []


def test_expired_signatures_are_told_as_such(zone: Zone, time_machine):
    """Asked without TSIG, whose clocks would not agree either."""
    Nameserver.objects.update(key=None)
    signings.check(Zone.objects.get())
    assert open_texts() == []
    time_machine.move_to(timezone.now() + timedelta(days=30))
    assert Flaw.EXPIRED in signings.check(Zone.objects.get()).flaw
    assert "do not validate" in open_texts()[0]
    assert Flaw.EXPIRED in open_texts()[0]


def test_a_zone_that_lost_its_signer_is_told_until_somebody_says_that_it_was_meant(bind: Bind, zone: Zone):
    signings.check(zone)
    stop_signing(bind, zone)
    assert not signings.check(zone).is_signed
    assert "is not any more" in open_texts()[0]
    signings.check(zone)
    assert len(open_texts()) == 1

    assert "not signed" in check_signatures(zone, expect_unsigned=True)
    assert open_texts() == []
    signings.check(zone)
    assert open_texts() == []


def test_a_zone_that_is_signed_again_ends_the_alarm(bind: Bind, zone: Zone):
    signings.check(zone)
    stop_signing(bind, zone)
    signings.check(zone)
    bind.remove_zone(zone.name)
    bind.add_zone(zone.name, Denial.NSEC3)
    assert signings.check(zone).is_signed
    assert open_texts() == []


def test_nobody_can_say_of_a_signed_zone_that_it_shall_be_unsigned(zone: Zone):
    signings.check(zone)
    signings.expect_unsigned(zone)
    assert Signing.objects.get().is_expected


def test_all_zones_are_looked_at_in_a_fixed_number_of_statements(
    zone: Zone, plain: Zone, bind: Bind, django_assert_num_queries
):
    with django_assert_num_queries(8):
        tasks.check_signatures()
    for _ in range(3):
        apex = f"w{secrets.token_hex(4)}.test"
        bind.add_zone(apex, Denial.NSEC3)
        zone_row(bind, apex)
    with django_assert_num_queries(8):
        tasks.check_signatures()
    assert Signing.objects.filter(is_signed=True).count() == 4
    assert Signing.objects.filter(is_signed=False).get().zone == plain


def test_a_primary_that_is_away_leaves_what_was_found_before(zone: Zone, plain: Zone, bind: Bind):
    tasks.check_signatures()
    before = list(Signing.objects.order_by("pk").values("zone", "is_signed", "ds", "checked_at"))
    bind.stop()
    tasks.check_signatures()
    assert list(Signing.objects.order_by("pk").values("zone", "is_signed", "ds", "checked_at")) == before
    assert open_texts() == []


def test_names_that_answer_are_looked_at_too(zone: Zone):
    samples = {name for _ in range(200) for name in signings._samples([zone]).get(zone.pk, [])}
    assert samples == {f"zz-alice.{zone}", f"zz-bob.{zone}"}


def test_another_alarm_about_the_zones_settings_is_left_alone(zone: Zone):
    alarms.open(Alarm.Kind.SETTINGS, "SOA minimum 3600", zone=zone)
    signings.check(zone)
    assert open_texts() == ["SOA minimum 3600"]


def test_an_alarm_at_a_former_primary_ends_with_the_first_look_at_the_new_one(zone: Zone, free_port: int):
    former = Nameserver.objects.create(name="former", host="127.0.0.1", port=free_port)
    alarms.open(Alarm.Kind.SETTINGS, "Answers of the primary do not validate.", zone=zone, nameserver=former)
    signings.check(zone)
    assert open_texts() == []


# --- Beside the parent ------------------------------------------------------------------------------------------


def parent_has(zone: Zone, *ds: str) -> None:
    """As the watch of the delegation saw it last."""
    observed = {"ns": [f"ns.{zone}"], "glue": {}, "ds": list(ds)}
    Delegation.objects.update_or_create(zone=zone, defaults={"observed": observed})


def test_a_parent_with_the_ds_of_other_keys_is_told(zone: Zone):
    """As after a start without the keys: the primary made new ones, and all its answers validate with them."""
    parent_has(zone, f"12345 13 2 {'ab' * 32}")
    assert signings.check(zone).flaw == signings.FOREIGN_DS
    (text,) = open_texts()
    assert "fits none of the keys" in text
    assert f"show_ds {zone}" in text
    parent_has(zone, *signings.check(zone).ds)
    assert signings.check(zone).flaw == ""
    assert open_texts() == []


def test_one_ds_that_fits_is_enough_however_it_is_written(zone: Zone):
    (ours,) = signings.check(zone).ds
    tag, algorithm, digest_type, digest = ours.split()
    for theirs in (
        [f"12345 13 2 {'ab' * 32}", ours],
        [f"{tag} {algorithm} {digest_type} {digest.upper()[:56]} {digest.upper()[56:]}"],
        [f"{tag} {algorithm} 4 {'ab' * 48}"],
    ):
        parent_has(zone, *theirs)
        assert signings.check(zone).flaw == "", theirs


@pytest.mark.parametrize("number", range(3), ids=["tag", "algorithm", "digest"])
def test_a_ds_that_differs_in_one_part_does_not_fit(zone: Zone, number: int):
    tag, algorithm, digest_type, digest = signings.check(zone).ds[0].split()
    others = [str(int(tag) ^ 1), algorithm, digest], [tag, "8", digest], [tag, algorithm, digest[:-2] + "zz"]
    tag, algorithm, digest = others[number]
    parent_has(zone, f"{tag} {algorithm} {digest_type} {digest}")
    assert signings.check(zone).flaw == signings.FOREIGN_DS


def test_the_ds_of_a_key_that_is_being_replaced_still_fits():
    """The primary asks for the new key's by CDS before the parent has it."""
    old, new = f"1 13 2 {'aa' * 32}", f"2 13 2 {'bb' * 32}"
    finding = signings.Finding(is_signed=True, ds=[new], key_ds=[old, new])
    assert signings._flaw_at_parent(finding, [old]) == ""
    assert (
        signings._flaw_at_parent(signings.Finding(is_signed=True, ds=[new], key_ds=[new]), [old]) == signings.FOREIGN_DS
    )


def test_a_parent_without_ds_is_no_flaw(zone: Zone):
    parent_has(zone)
    assert signings.check(zone).flaw == ""


def test_a_zone_that_was_never_signed_below_a_ds_is_told(plain: Zone):
    parent_has(plain, f"12345 13 2 {'ab' * 32}")
    signings.check(plain)
    assert "The parent has a DS record, and the primary does not sign" in open_texts()[0]
    parent_has(plain)
    signings.check(plain)
    assert open_texts() == []


# --- Shown ------------------------------------------------------------------------------------------------------


def test_the_command_says_how_long_and_fails_when_somebody_must_look(zone: Zone, plain: Zone, settings):
    said = check_signatures()
    assert f"{zone}: signed, until 20" in said
    assert f"{plain}: not signed" in said
    settings.SIGNATURE_WARNING = timedelta(days=30)
    assert "1 of the zones must be looked at." in check_signatures(zone)


def test_the_command_goes_on_after_a_primary_that_is_away(zone: Zone, plain: Zone, free_port: int):
    server = Nameserver.objects.create(name="away", host="127.0.0.1", port=free_port)
    Zone.objects.filter(pk=plain.pk).update(primary=server)
    said = check_signatures()
    assert f"{plain}: The nameserver does not answer" in said
    assert f"{zone}: signed" in said


def test_the_command_wants_names_of_zones(committed_db):
    assert "There is no zone nowhere.example" in check_signatures("nowhere.example")
    assert "Name the zones" in check_signatures(expect_unsigned=True)
    assert "Not a usable name" in check_signatures("not a name")

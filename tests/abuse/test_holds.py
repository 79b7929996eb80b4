"""Holds: placed for an order, never shortening, released to exactly what else stands, in whatever order."""

import random
from contextlib import suppress
from datetime import timedelta

import pytest
from django.utils import timezone

from abuse import decisions, holds, preservations
from abuse.errors import AlreadyDecided, InvalidParameter, NotAllowed, NothingToDo, ReasonMissing
from abuse.models import Decision, Hold, LedgerEntry, Order, ReporterMail
from ddns.models import User
from dnsupdate.models import Alarm
from tests.abuse import order_rows
from tests.abuse.stories import open_case


def asked(reference: str = "1", days: int | None = 90, **fields) -> Order:
    return order_rows.order(kind=Order.Kind.PRESERVATION, reference=reference, hold_days=days, **fields)


def place(order: Order, *accounts: User) -> Hold:
    holds.place_all(order, [each.pk for each in accounts], now=timezone.now())
    return Hold.objects.get(order=order, account=accounts[0])


def until(account: User):
    return User.objects.get(pk=account.pk).preserve_until


def test_accounts_are_preserved_for_as_long_as_the_order_asks(alice, bob):
    hold = place(asked(days=365), alice)
    assert until(alice) == hold.ends_at == hold.began_at + timedelta(days=365)
    assert until(bob) is None


def test_placing_twice_is_once(alice, bob):
    order = asked()
    first = place(order, alice)
    assert holds.place_all(order, [alice.pk, bob.pk], now=timezone.now() + timedelta(days=1)) == 1
    assert Hold.objects.get(order=order, account=alice).ends_at == first.ends_at
    assert [each.details["accounts"] for each in LedgerEntry.objects.filter(action="place-holds")] == [
        [bob.pk],
        [alice.pk],
    ]


def test_placing_never_shortens(alice):
    longer = place(asked("1", 365), alice)
    place(asked("2", 60), alice)
    assert until(alice) == longer.ends_at


def test_statements_do_not_grow_with_accounts(alice, domain, django_assert_num_queries):
    many = [User.objects.create_user(f"customer{number}@example.com") for number in range(30)]
    order = asked()
    with django_assert_num_queries(13):
        holds.place_all(order, [each.pk for each in many[:3]], now=timezone.now())
    with django_assert_num_queries(13):
        holds.place_all(order, [each.pk for each in many], now=timezone.now())


def test_renewal_counts_from_the_present_end_and_names_the_authority(alice, lisa):
    hold = place(asked(), alice)
    end = hold.ends_at
    renewed = holds.renew(hold, days=60, by=lisa)
    assert renewed.ends_at == end + timedelta(days=60) == until(alice)
    assert renewed.renewal_count == 1
    entry = LedgerEntry.objects.first()
    assert (entry.action, entry.actor, entry.details["authority"]) == (
        "renew-holds",
        lisa,
        "Regional Court of Example",
    )


def test_renewal_refuses_other_terms_strangers_and_what_has_ended(alice, lisa, clerk):
    hold = place(asked(), alice)
    with pytest.raises(InvalidParameter):
        holds.renew(hold, days=61, by=lisa)
    with pytest.raises(NotAllowed):
        holds.renew(hold, days=60, by=clerk)
    Hold.objects.update(began_at=timezone.now() - timedelta(days=9), ends_at=timezone.now() - timedelta(days=1))
    with pytest.raises(NothingToDo):
        holds.renew(hold, days=60, by=lisa)


def test_release_leaves_what_others_ask_for(alice, lisa):
    longer, shorter = place(asked("1", 365), alice), place(asked("2", 60), alice)
    holds.release(longer, by=lisa, reason="Withdrawn by the court.")
    assert until(alice) == shorter.ends_at == holds.latest(alice)
    holds.release(shorter, by=lisa, reason="Withdrawn by the court.")
    assert until(alice) is None is holds.latest(alice)


def test_release_wants_a_reason_a_right_and_a_hold_that_stands(alice, lisa, clerk):
    hold = place(asked(), alice)
    with pytest.raises(ReasonMissing):
        holds.release(hold, by=lisa, reason=" ")
    with pytest.raises(NotAllowed):
        holds.release(hold, by=clerk, reason="Because.")
    holds.release(hold, by=lisa, reason="Over.")
    with pytest.raises(NothingToDo):
        holds.release(hold, by=lisa, reason="Over.")


def test_hold_of_a_sealed_order_is_for_those_who_handle_it(alice, lisa):
    hold = place(asked(sealed_until=timezone.now() + timedelta(days=30)), alice)
    with pytest.raises(NotAllowed):
        holds.renew(hold, days=60, by=lisa)
    hold.order.handlers.add(lisa)
    assert holds.renew(hold, days=60, by=lisa).renewal_count == 1


def test_what_somebody_wrote_by_name_is_kept(alice, lisa):
    by_name = timezone.now() + timedelta(days=30)
    User.objects.filter(pk=alice.pk).update(preserve_until=by_name)
    hold = place(asked(), alice)
    assert until(alice) == hold.ends_at
    holds.release(hold, by=lisa, reason="Over.")
    assert until(alice) == by_name


def test_released_hold_can_be_placed_again(alice, lisa):
    order = asked()
    holds.release(place(order, alice), by=lisa, reason="Over.")
    again = place(order, alice)
    assert again.released_at is None
    assert until(alice) == again.ends_at


@pytest.mark.parametrize("seed", range(12))
def test_decisions_and_holds_leave_exactly_what_stands(seed, alice, home, root, lisa):
    """Placed, renewed, released and undone in a random order; what was there before them all is there after."""
    chance, now = random.Random(seed), timezone.now()
    before = chance.choice([None, now + timedelta(days=20)])
    User.objects.filter(pk=alice.pk).update(preserve_until=before)
    case, layers = open_case(home), []
    for step in range(14):
        what = chance.choice(["decide", "place", "renew", "end", "end"])
        if what == "decide":
            ends_at = now + timedelta(days=chance.randrange(1, 300))
            # The same is refused while the one before it stands alone.
            with suppress(AlreadyDecided):
                layers.append(decisions.take(case, action="preserve", reason=f"Step {step}.", by=root, ends_at=ends_at))
        elif what == "place":
            layers.append(place(asked(str(step), chance.choice(holds.TERMS)), alice))
        elif layers and what == "renew":
            picked = chance.randrange(len(layers))
            if isinstance(layers[picked], Hold):
                layers[picked] = holds.renew(layers[picked], days=60, by=lisa)
        elif layers:
            _end(layers.pop(chance.randrange(len(layers))), root)
        assert until(alice) == max([*(each.ends_at for each in layers), *([before] if before else [])], default=None)
    for each in layers:
        _end(each, root)
    assert until(alice) == before


def _end(layer: Decision | Hold, root: User) -> None:
    if isinstance(layer, Hold):
        holds.release(layer, by=root, reason="Over.")
    else:
        decisions.undo(layer, by=root, reason="Over.")


def test_undoing_an_order_releases_all_of_its_holds(alice, bob, root):
    order, other = asked("1"), asked("2", 60)
    place(order, alice, bob)
    kept = place(other, bob)
    assert holds.release_all(order, by=root, reason="Annulled on appeal.") == 2
    assert (until(alice), until(bob)) == (None, kept.ends_at)
    assert holds.release_all(order, by=root) == 0


def test_accounts_are_locked_in_the_order_of_their_keys(alice, bob, django_assert_num_queries):
    with django_assert_num_queries(1) as seen:
        assert list(preservations.lock([bob.pk, alice.pk])) == sorted([alice.pk, bob.pk])
    assert "ORDER BY" in seen.captured_queries[0]["sql"]


def test_an_end_is_told_once_two_weeks_before_and_again_after_a_renewal(alice, bob, lisa):
    order = asked()
    hold = place(order, alice, bob)
    now = hold.ends_at - holds.WARN_BEFORE
    assert holds.watch(now - timedelta(hours=1)) == 0
    assert holds.watch(now) == 2
    assert holds.watch(now) == 0
    (mail,) = ReporterMail.objects.all()
    assert mail.address == order.officer.account.email
    assert order.reference in mail.subject
    assert Alarm.objects.get(kind=Alarm.Kind.HOLD, closed_at=None).text.count(str(order.pk)) == 1

    holds.renew_all(order, days=90, by=lisa)
    assert holds.watch(now) == 0
    assert not Alarm.objects.filter(kind=Alarm.Kind.HOLD, closed_at=None).exists()
    assert holds.watch(now + timedelta(days=90)) == 2


def test_mail_about_a_sealed_order_does_not_name_its_file(alice):
    order = asked("Secret 7/26", sealed_until=timezone.now() + timedelta(days=300))
    holds.watch(place(order, alice).ends_at - timedelta(days=1))
    mail = ReporterMail.objects.get()
    assert "Secret" not in mail.subject + mail.text


def test_officer_is_told_in_their_language(alice):
    order = asked()
    User.objects.filter(pk=order.officer.account_id).update(language="de")
    holds.watch(place(order, alice).ends_at - timedelta(days=1))
    assert "Anordnung" in ReporterMail.objects.get().subject


def test_nothing_happens_to_rows_when_a_hold_ends(alice):
    hold = place(asked(), alice)
    assert holds.watch(hold.ends_at + timedelta(days=1)) == 0
    assert until(alice) == hold.ends_at

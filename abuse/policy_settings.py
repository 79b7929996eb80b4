"""Policy settings: weights, rules and brands are changed with a reason, and the ledger has what was before and after."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from abuse import ledger
from abuse.errors import InvalidParameter, NotAllowed, NothingToDo, ReasonMissing
from abuse.models import Brand, Rule, Weight
from abuse.policy import RULES
from abuse.reasons import SIGNALS
from ddns.models import User

MOST_POINTS = 100
MOST_THRESHOLD = 1_000_000
# Compared with every label, in every form that it may be read in.
MOST_BRANDS = 2000
_WORD = re.compile(r"[a-z0-9]{3,63}", re.ASCII)


@transaction.atomic
def change_weight(
    weight: Weight, *, points: int, parameters: Mapping[str, float], is_on: bool, reason: str, by: User
) -> Weight:
    """Cases are weighed anew with their next report. Locks the weight.

    Raises ReasonMissing, NotAllowed, NothingToDo, InvalidParameter.
    """
    reason = _required(reason, by)
    check_points(points)
    check_parameters(parameters, thresholds_of(weight))
    weight = Weight.objects.select_for_update().get(pk=weight.pk)
    _change(weight, {"points": points, "parameters": dict(parameters), "is_on": is_on}, reason, by)
    return weight


@transaction.atomic
def change_rule(rule: Rule, *, parameters: Mapping[str, float], is_on: bool, reason: str, by: User) -> Rule:
    """What it has held before stays held. Locks the rule. Raises ReasonMissing, NotAllowed, NothingToDo, InvalidParameter."""
    reason = _required(reason, by)
    check_parameters(parameters, thresholds_of(rule))
    rule = Rule.objects.select_for_update().get(pk=rule.pk)
    _change(rule, {"parameters": dict(parameters), "is_on": is_on}, reason, by)
    return rule


@transaction.atomic
def put_brand(word: str, *, title: str, holders: Iterable[str], reason: str, by: User) -> Brand:
    """Adds a brand, or changes the one of this word. Raises ReasonMissing, NotAllowed, NothingToDo, InvalidParameter."""
    reason = _required(reason, by)
    word, mailboxes = check_word(word), [check_mailbox(each) for each in holders]
    brand = Brand.objects.select_for_update().filter(pk=word).first()
    if brand is None:
        if Brand.objects.count() >= MOST_BRANDS:
            raise InvalidParameter(f"there are {MOST_BRANDS} brands already, and each is compared with every label.")
        brand = Brand.objects.create(word=word, title=title.strip()[:120], holders=mailboxes)
        _enter("add-brand", brand, reason, by, {"title": brand.title, "holders": mailboxes})
        return brand
    _change(brand, {"title": title.strip()[:120], "holders": mailboxes}, reason, by)
    return brand


@transaction.atomic
def remove_brand(brand: Brand, *, reason: str, by: User) -> None:
    """Raises ReasonMissing and NotAllowed."""
    reason = _required(reason, by)
    _enter("remove-brand", brand, reason, by, {"title": brand.title, "holders": brand.holders})
    brand.delete()


def thresholds_of(row: Weight | Rule) -> Mapping[str, float]:
    """The parameters that it has, with what they are where nothing is stored. Empty where policy knows it no more."""
    known: Mapping[str, Any] = SIGNALS if isinstance(row, Weight) else RULES
    return known[row.pk].parameters if row.pk in known else {}


def check_points(points: Any) -> int:
    """Raises InvalidParameter."""
    if isinstance(points, bool) or not isinstance(points, int) or not -MOST_POINTS <= points <= MOST_POINTS:
        raise InvalidParameter(f"points are a whole number from -{MOST_POINTS} to {MOST_POINTS}.")
    return points


def check_parameters(given: Any, known: Mapping[str, float]) -> None:
    """Thresholds that a signal or rule has, each a number that is not below 0. Raises InvalidParameter."""
    if not isinstance(given, Mapping):
        raise InvalidParameter("parameters are an object.")
    if unknown := set(given) - set(known):
        there_are = f"there are {', '.join(known)}" if known else "there are none"
        raise InvalidParameter(f"there is no parameter {', '.join(sorted(unknown))}; {there_are}.")
    for name, value in given.items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not 0 <= value <= MOST_THRESHOLD:
            raise InvalidParameter(f"{name} is a number from 0 to {MOST_THRESHOLD:,}.")


def check_word(word: str) -> str:
    """In its one spelling. Raises InvalidParameter."""
    plain = word.strip().lower()
    if not _WORD.fullmatch(plain):
        raise InvalidParameter("a brand is a word of 3 to 63 letters a to z and digits: labels are read that way.")
    return plain


def check_mailbox(text: str) -> str:
    """As accounts have it. Raises InvalidParameter."""
    mailbox = text.strip().lower()
    try:
        validate_email(mailbox)
    except ValidationError as error:
        raise InvalidParameter(f"“{text[:80]}” is no address of an account.") from error
    return mailbox


def _required(reason: str, by: User) -> str:
    if not reason.strip():
        raise ReasonMissing
    if not by.is_active or not by.has_perm("abuse.change_settings"):
        raise NotAllowed("it takes the right to change settings.")
    return reason.strip()


def _change(row: Weight | Rule | Brand, wanted: Mapping[str, Any], reason: str, by: User) -> None:
    before = {name: getattr(row, name) for name in wanted}
    changed = [name for name in wanted if before[name] != wanted[name]]
    if not changed:
        raise NothingToDo("It says that already.")
    for name in changed:
        setattr(row, name, wanted[name])
    row.save(update_fields=changed)
    details = {name: {"before": before[name], "after": wanted[name]} for name in changed}
    _enter(f"change-{row._meta.model_name}", row, reason, by, details)


def _enter(action: str, row: Weight | Rule | Brand, reason: str, by: User, details: dict[str, Any]) -> None:
    ledger.append(actor=by, action=action, object=f"{row._meta.model_name} {row.pk}", reason=reason, details=details)

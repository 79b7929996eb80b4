"""Officers: they apply, are vetted by two members of staff for a term, frozen by one at once, and vetted anew."""

from datetime import datetime

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from abuse import agencies, ledger, officer_alerts, officer_mails
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
from abuse.models import Agency, Officer, OfficerAlert, OfficerKey, Order, Vetting
from ddns import accounts, plans
from ddns.models import Hostname, User

State, Step = Officer.State, Vetting.Step
VET, FREEZE = "abuse.vet_officer", "abuse.freeze_officer"
# An officer's account holds no hostnames: config.settings says so of this plan.
PLAN = "officer"
MAX_TEXT_CHARACTERS = 4000
# In one run of the periodic task.
CHUNK = 200


@transaction.atomic
def apply(
    account: User,
    *,
    agency_said: str,
    country_said: str,
    name: str,
    title: str,
    badge: str,
    phone_said: str,
    purpose: str,
) -> Officer:
    """An application: nothing of it is believed. From now on the account holds no hostnames. Locks the account.

    Raises NotVettable for an account that is staff's, that holds or held hostnames, whose address is not confirmed or is
    everybody's, or that has applied before.
    """
    account = User.objects.select_for_update(no_key=True).get(pk=account.pk)
    _check_separate(account)
    _check_address(account)
    if not (agency_said.strip() and name.strip() and phone_said.strip()):
        raise TextMissing
    try:
        with transaction.atomic():
            officer = Officer.objects.create(
                account=account,
                agency_said=agency_said.strip(),
                country_said=country_said.strip().upper(),
                name=name.strip(),
                title=title.strip(),
                badge=badge.strip(),
                phone_said=phone_said.strip(),
                purpose=purpose.strip()[:MAX_TEXT_CHARACTERS],
            )
    except IntegrityError as error:
        raise NotVettable(_("it has applied already.")) from error
    account.plan = PLAN
    account.save(update_fields=["plan"])
    _enter("apply-as-officer", officer, account, "Applied.", {})
    officer_mails.applied(officer)
    return officer


@transaction.atomic
def call_back(
    officer: Officer,
    *,
    agency: Agency,
    called_number: str,
    number_source: str,
    spoke_with: str,
    by: User,
    note: str = "",
) -> Officer:
    """The first person has called the agency, at the number that we have of it, and somebody there knows the officer.

    number_source may be empty, for the one that the agency's row names, unless the application names the same number. An
    officer in office stays so meanwhile. Locks the officer. Raises NotAllowed, OwnAccount, NotVettable, TextMissing.
    """
    lock(officer)
    _check_may_vet(officer, by)
    if officer.state not in (State.APPLIED, State.CALLED, State.VETTED):
        raise NotVettable("it is refused or frozen: begin anew first.")
    _check_number(officer, agency, called_number, number_source)
    _check_agency(officer, agency)
    if not spoke_with.strip():
        raise TextMissing("With whom did you speak?")
    if officer.state != State.VETTED:
        officer.state = State.CALLED
        officer.save(update_fields=["state"])
    step = Vetting.objects.create(
        officer=officer,
        step=Step.CALL,
        by=by,
        agency=agency,
        called_number=called_number.strip(),
        number_source=number_source.strip() or agency.phone_source,
        spoke_with=spoke_with.strip(),
        note=note.strip(),
    )
    details = {"agency": agency.pk, "called_number": step.called_number, "number_source": step.number_source}
    _enter("call-back-officer", officer, by, note.strip() or "Called back.", details)
    return officer


def pending_call(officer: Officer) -> Vetting | None:
    """The call-back that waits for a second person; None where the last step was another. One query."""
    last = officer.vettings.select_related("by", "agency__added_by").last()
    return last if last is not None and last.step == Step.CALL else None


@transaction.atomic
def confirm(officer: Officer, *, by: User, note: str = "") -> Officer:
    """Another than who called has looked at everything: in office for a term from now. Locks the officer.

    Raises NotAllowed, OwnAccount, SamePerson, NotVettable.
    """
    lock(officer)
    _check_may_vet(officer, by)
    call = pending_call(officer) if officer.state in (State.CALLED, State.VETTED) else None
    if call is None or call.agency is None:
        raise NotVettable("nobody has called back yet.")
    if call.by_id == by.pk:
        raise SamePerson
    _check_agency(officer, call.agency)
    if not agencies.same_number(call.called_number, call.agency.phone):
        raise NotVettable("the agency has another number than the one that was called: call again.")
    now = timezone.now()
    officer.state, officer.agency = State.VETTED, call.agency
    officer.vetted_until, officer.warned_at, officer.refusal = now + settings.OFFICER_TERM, None, ""
    officer.log_in_digest, officer.log_in_changed_at = "", None
    officer.save()
    Vetting.objects.create(
        officer=officer,
        step=Step.CONFIRM,
        by=by,
        agency=call.agency,
        note=note.strip(),
        vetted_until=officer.vetted_until,
    )
    details = {"agency": call.agency_id, "called_by": call.by_id, "until": officer.vetted_until.isoformat()}
    _enter("confirm-officer", officer, by, note.strip() or "Confirmed.", details)
    officer_mails.vetted(officer)
    return officer


@transaction.atomic
def refuse(officer: Officer, *, by: User, reason: str, told: str) -> Officer:
    """An application: reason is for us, told for the applicant. The account is an ordinary one again. Locks the officer.

    Raises NotAllowed, OwnAccount, NotVettable, ReasonMissing, TextMissing.
    """
    lock(officer)
    _check_may_vet(officer, by)
    if officer.state not in (State.APPLIED, State.CALLED):
        raise NotVettable("nobody applies here at present.")
    if not told.strip():
        raise TextMissing("The applicant wants to know why.")
    reason = _required(reason)
    officer.state, officer.refusal = State.REFUSED, told.strip()
    officer.save(update_fields=["state", "refusal"])
    User.objects.filter(pk=officer.account_id).update(plan=plans.DEFAULT)
    Vetting.objects.create(officer=officer, step=Step.REFUSE, by=by, note=reason)
    _enter("refuse-officer", officer, by, reason, {"told": officer.refusal})
    officer_mails.refused(officer)
    return officer


@transaction.atomic
def freeze(officer: Officer, *, by: User, reason: str) -> Officer:
    """At once, by one person, or by the officer: sessions end, keys are revoked, proposals on their orders are dropped.

    What is being carried out goes on: somebody here approved it, and the alert names it. Locks the officer and those orders.
    Raises NotAllowed, AlreadyFrozen, ReasonMissing.
    """
    lock(officer)
    if by.pk != officer.account_id and not by.has_perm(FREEZE):
        raise NotAllowed("it takes the right to freeze officers.")
    if officer.state == State.FROZEN:
        raise AlreadyFrozen
    reason, now = _required(reason), timezone.now()
    officer.state, officer.frozen_at, officer.frozen_by, officer.frozen_reason = State.FROZEN, now, by, reason
    officer.save(update_fields=["state", "frozen_at", "frozen_by", "frozen_reason"])
    accounts.end_sessions(officer.account)
    key_count = OfficerKey.objects.filter(officer=officer, revoked_at=None).update(revoked_at=now)
    dropped = _drop_proposals(officer)
    Vetting.objects.create(officer=officer, step=Step.FREEZE, by=by, note=reason)
    _enter("freeze-officer", officer, by, reason, {"keys": key_count, "orders_set_back": dropped})
    officer_alerts.add(officer, OfficerAlert.What.FROZEN, _frozen_in_words(officer, by, dropped))
    officer_mails.frozen(officer)
    return officer


@transaction.atomic
def unfreeze(officer: Officer, *, by: User, reason: str) -> Officer:
    """Applied again: vetted anew, by two. Keys stay revoked. Locks the officer. Raises NotAllowed, OwnAccount, NothingToDo."""
    lock(officer)
    _check_may_vet(officer, by)
    if officer.state != State.FROZEN:
        raise NothingToDo
    return _begin_anew(officer, by=by, reason=_required(reason), action="unfreeze-officer")


@transaction.atomic
def vet_anew(officer: Officer, *, by: User, reason: str) -> Officer:
    """One that is refused or in office is out of it until two have vetted it again. Locks the officer.

    Raises NotAllowed, OwnAccount, NotVettable, ReasonMissing.
    """
    lock(officer)
    _check_may_vet(officer, by)
    if officer.state not in (State.REFUSED, State.VETTED):
        raise NotVettable("it is being vetted, or frozen.")
    return _begin_anew(officer, by=by, reason=_required(reason), action="vet-officer-anew")


def of(account: User) -> Officer | None:
    """Of this account, in whatever state, with account and agency. One query."""
    return Officer.objects.select_related("account", "agency").filter(account=account.pk).first()


def check_in_office(officer: Officer) -> None:
    """As the row says now, not as it was loaded. One query. Raises NotInOffice with what the officer can do."""
    now = Officer.objects.select_related("account", "agency").get(pk=officer.pk)
    if why := why_not(now):
        raise NotInOffice(why)


def why_not(officer: Officer) -> str:
    """Why it is not in office, for its officer; empty: it is."""
    if officer.state == State.FROZEN or not officer.account.is_active:
        return _("it is frozen.")
    if officer.account.is_staff or officer.account.is_superuser:
        # Made staff since: who files an order is not who decides about it.
        return _("it is a member of staff's. Use an account of its own.")
    if officer.state == State.REFUSED:
        return _("the application was refused.")
    if officer.state != State.VETTED or officer.agency is None:
        return _("it is being vetted.")
    if officer.vetted_until is None or officer.vetted_until <= timezone.now():
        return _("its term is over, and it is vetted anew.")
    if not agencies.has_address(officer.agency, officer.account.email):
        return _("its mail address is none of the agency's.")
    return ""


def is_doubted(officer: Officer) -> bool:
    """Frozen or refused, as the rows say now, and not confirmed by two since: what they filed may be somebody else's.

    Not who is merely vetted anew since a term has ended. Two queries at most.
    """
    state = Officer.objects.values_list("state", flat=True).get(pk=officer.pk)
    if state not in (State.APPLIED, State.CALLED):
        return state != State.VETTED
    judged = Vetting.objects.filter(officer=officer.pk, step__in=[Step.FREEZE, Step.REFUSE, Step.CONFIRM])
    return judged.exclude(step=Step.CONFIRM).filter(pk=judged.order_by("-pk").values("pk")[:1]).exists()


def review_terms(now: datetime) -> int:
    """Warns of terms that end soon, and has those vetted anew that have ended; gives how many. May run twice."""
    ends_soon = Officer.objects.filter(
        state=State.VETTED,
        warned_at=None,
        vetted_until__gt=now,
        vetted_until__lte=now + settings.OFFICER_TERM_WARNING,
    )
    over = Officer.objects.filter(state=State.VETTED, vetted_until__lte=now)
    return sum(_warn(pk, now) for pk in _some(ends_soon)) + sum(_end(pk, now) for pk in _some(over))


def lock(officer: Officer) -> None:
    """The row, until the transaction ends; officer says then what it says."""
    officer.refresh_from_db(
        from_queryset=Officer.objects.select_related("account", "agency").select_for_update(of=("self",), no_key=True)
    )


def _some(found) -> list[int]:
    return list(found.order_by("vetted_until").values_list("pk", flat=True)[:CHUNK])


@transaction.atomic
def _warn(pk: int, now: datetime) -> bool:
    if not Officer.objects.filter(pk=pk, state=State.VETTED, warned_at=None).update(warned_at=now):
        return False
    officer = Officer.objects.select_related("account", "agency").get(pk=pk)
    officer_mails.term_ends(officer)
    until = f"{officer.vetted_until:%Y-%m-%d}"
    officer_alerts.add(officer, OfficerAlert.What.TERM, f"its term ends on {until}: call the agency back, and confirm")
    return True


@transaction.atomic
def _end(pk: int, now: datetime) -> bool:
    officer = Officer(pk=pk)
    lock(officer)
    if officer.state != State.VETTED or officer.vetted_until is None or officer.vetted_until > now:
        return False
    _begin_anew(
        officer, by=None, reason=f"The term ended at {officer.vetted_until:%Y-%m-%d %H:%M} UTC.", action="end-term"
    )
    return True


def _begin_anew(officer: Officer, *, by: User | None, reason: str, action: str) -> Officer:
    officer.state, officer.refusal, officer.warned_at = State.APPLIED, "", None
    officer.frozen_at, officer.frozen_by, officer.frozen_reason = None, None, ""
    officer.save()
    User.objects.filter(pk=officer.account_id).update(plan=PLAN)
    Vetting.objects.create(officer=officer, step=Step.ANEW, by=by, note=reason)
    _enter(action, officer, by, reason, {})
    officer_mails.to_vet_anew(officer)
    return officer


def _drop_proposals(officer: Officer) -> list[str]:
    """Planned again, so that nobody approves what was proposed before anybody knew; their numbers."""
    proposed = Order.objects.filter(officer=officer, state=Order.State.PROPOSED)
    numbers = sorted(str(pk) for pk in proposed.select_for_update(no_key=True).values_list("pk", flat=True))
    proposed.filter(pk__in=numbers).update(
        state=Order.State.PLANNED, proposed_by=None, proposed_at=None, proposal={}, reason=""
    )
    return numbers


def _frozen_in_words(officer: Officer, by: User, dropped: list[str]) -> str:
    who = "by the officer" if by.pk == officer.account_id else "by a member of staff"
    going_on = Order.objects.under_way().filter(officer=officer).count()
    open_count = Order.objects.open().filter(officer=officer).count()
    words = f"frozen {who}, with {open_count} orders not answered yet"
    if dropped:
        words += f", {len(dropped)} of them set back"
    return words + (f", {going_on} of them being carried out: stop those that are not the agency's" if going_on else "")


def _check_separate(account: User) -> None:
    if account.is_staff or account.is_superuser:
        raise NotVettable(_("it is a member of staff's. Use an account of its own."))
    if not account.is_active:
        raise NotVettable(_("it is closed."))
    if Hostname.objects.filter(account=account).exists():
        raise NotVettable(_("it holds hostnames, or held some. Use an account of its own."))


def _check_address(account: User) -> None:
    if not EmailAddress.objects.filter(user=account, email=account.email, verified=True).exists():
        raise NotVettable(_("its mail address is not confirmed."))
    domain = agencies.mail_domain(account.email)
    if not domain or agencies.is_for_everybody(domain):
        raise NotVettable(_("anybody gets a mailbox in {domain}. Use your agency's.").format(domain=domain))


def _check_agency(officer: Officer, agency: Agency) -> None:
    """As the account is now: its address may have become another since it applied."""
    _check_separate(officer.account)
    _check_address(officer.account)
    if not agencies.has_address(agency, officer.account.email):
        raise NotVettable(f"its mail address is in none of the agency's domains ({', '.join(agency.mail_domains)}).")


def _check_number(officer: Officer, agency: Agency, called: str, source: str) -> None:
    """Whoever forges an application answers the phone that it names."""
    if not agencies.same_number(called, agency.phone):
        raise NotVettable(f"call the number that we have of the agency: {agency.phone} ({agency.phone_source}).")
    if agencies.same_number(called, officer.phone_said) and not source.strip():
        raise NotVettable("the application names the same number: say where you have found it yourself.")


def _check_may_vet(officer: Officer, by: User) -> None:
    if not by.has_perm(VET):
        raise NotAllowed("it takes the right to vet officers.")
    if by.pk == officer.account_id:
        raise OwnAccount


def _required(reason: str) -> str:
    if not reason.strip():
        raise ReasonMissing
    return reason.strip()


def _enter(action: str, officer: Officer, by: User | None, reason: str, details: dict) -> None:
    ledger.append(
        actor=by,
        action=action,
        # By number: the ledger is for good, and a name is a person's.
        object=f"officer {officer.pk}",
        reason=reason,
        details={"officer": officer.pk, **details},
    )

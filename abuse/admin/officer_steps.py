"""The steps of vetting on the desk: call back, confirm, refuse, freeze, vet anew; each says what will happen first."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse

from abuse import agencies, officer_alerts, officers, restricted
from abuse.admin import decisions
from abuse.admin.decisions import Decision
from abuse.errors import AbuseError
from abuse.forms.vetting import CallForm, ConfirmForm, RefuseForm
from abuse.models import Agency, LedgerEntry, Officer, OfficerAlert, Vetting

State = Officer.State


@dataclass(frozen=True, slots=True)
class Step:
    """One step with a form of its own. act gets what the form has."""

    title: str
    verb: str
    form: forms.Form
    facts: list[tuple[str, str]]
    warnings: list[str]
    consequences: list[str]
    act: Callable[..., object]
    done: str


class StepPages:
    """The pages of the steps, for the admin of officers."""

    admin_site: Any

    def get_urls(self) -> list:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/call/", wrap(self.call_view), name="abuse_officer_call"),
            path("<int:pk>/confirm/", wrap(self.confirm_view), name="abuse_officer_confirm"),
            path("<int:pk>/refuse/", wrap(self.refuse_view), name="abuse_officer_refuse"),
            path("<int:pk>/freeze/", wrap(self.freeze_view), name="abuse_officer_freeze"),
            path("<int:pk>/anew/", wrap(self.anew_view), name="abuse_officer_anew"),
            path("alerts/<int:pk>/seen/", wrap(self.seen_view), name="abuse_officeralert_seen"),
            *super().get_urls(),
        ]

    def call_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        officer: Officer = self._get(request, pk)
        likely = officer.agency or Agency.objects.filter(mail_domains__contains=[_domain(officer)]).first()
        initial = {"agency": likely, "called_number": likely.phone if likely else ""}
        step = Step(
            title=f"Call back: {officer.name}",
            verb="I have called",
            form=CallForm(_said(request), initial=initial),
            facts=_application(officer) + (_agency(likely) if likely else []),
            warnings=[],
            consequences=[
                "Call the number of the agency, which somebody here has found, and not the one of the application.",
                "Ask whether the officer works there, holds this office, and has this mail address.",
                "A second person looks at it before the account opens.",
            ],
            act=lambda **said: officers.call_back(officer, by=request.user, **said),
            done=f"The call-back about {officer.name} waits for a second person.",
        )
        return self._step(request, officer, step)

    def confirm_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        officer: Officer = self._get(request, pk)
        call = officers.pending_call(officer)
        step = Step(
            title=f"Confirm: {officer.name}",
            verb="Confirm",
            form=ConfirmForm(_said(request)),
            facts=_application(officer) + (_call(call) if call else []),
            warnings=_doubts(officer, call),
            consequences=[
                f"The officer is in office for {settings.OFFICER_TERM.days} days, and told so by mail.",
                "You vouch for it that number and source are the agency's: look them up yourself.",
            ],
            act=lambda **said: officers.confirm(officer, by=request.user, **said),
            done=f"{officer.name} is in office.",
        )
        return self._step(request, officer, step)

    def refuse_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        officer: Officer = self._get(request, pk)
        step = Step(
            title=f"Refuse: {officer.name}",
            verb="Refuse",
            form=RefuseForm(_said(request)),
            facts=_application(officer),
            warnings=[],
            consequences=["The applicant is told by mail, in your words.", "The account is an ordinary one again."],
            act=lambda **said: officers.refuse(officer, by=request.user, **said),
            done=f"{officer.name} is refused.",
        )
        return self._step(request, officer, step)

    def freeze_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        officer: Officer = self._get(request, pk)
        waiting = officer.orders.open().count()
        decision = Decision(
            title=f"Freeze {officer.name}",
            verb="Freeze",
            permission=officers.FREEZE,
            facts=_application(officer),
            consequences=[
                "At once: sessions end, keys are revoked, nothing can be filed, read or fetched.",
                f"Of {waiting} open orders, those that wait for a second person are set back. What is being carried out goes on: "
                "stop it on its page where it is not the agency's.",
                "The officer is told by mail that the account is frozen, and not why.",
                "The way back is to be vetted anew, by two.",
            ],
            act=lambda reason: officers.freeze(officer, by=request.user, reason=reason),
            done=f"{officer.name} is frozen.",
            back=page_of(officer),
        )
        return decisions.page(request, decision, self._context(request, officer))

    def anew_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        officer: Officer = self._get(request, pk)
        verb = officers.unfreeze if officer.state == State.FROZEN else officers.vet_anew
        decision = Decision(
            title=f"Vet {officer.name} anew",
            verb="Vet anew",
            permission=officers.VET,
            facts=_application(officer),
            consequences=[
                "As if just applied: out of office until two of you have called back and confirmed.",
                "Keys that were revoked stay revoked.",
                "The officer is told by mail.",
            ],
            act=lambda reason: verb(officer, by=request.user, reason=reason),
            done=f"{officer.name} is to be vetted anew.",
            back=page_of(officer),
        )
        return decisions.page(request, decision, self._context(request, officer))

    def seen_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        alert = get_object_or_404(_alerts(request), pk=pk)
        try:
            officer_alerts.see(alert, by=request.user)
        except AbuseError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, "Noted: you have looked at it.")
        return HttpResponseRedirect(page_of(alert.officer))

    def _step(self, request: HttpRequest, officer: Officer, step: Step) -> HttpResponse:
        """GET asks, POST acts; what the verb refuses stands at the form."""
        if not request.user.has_perm(officers.VET):
            raise PermissionDenied
        if request.method == "POST" and step.form.is_valid():
            try:
                step.act(**step.form.cleaned_data)
            except AbuseError as error:
                step.form.add_error(None, str(error))
            else:
                messages.success(request, step.done)
                return HttpResponseRedirect(page_of(officer))
        context = self._context(request, officer) | {"step": step, "form": step.form, "back": page_of(officer)}
        return TemplateResponse(request, "desk/officer_step.html", context)


def _alerts(request: HttpRequest) -> QuerySet[OfficerAlert]:
    """Those about sealed orders are for the people who may see these."""
    hidden = restricted.hidden_orders(request.user)
    return OfficerAlert.objects.exclude(order__in=hidden).select_related("officer")


def page_of(officer: Officer) -> str:
    return reverse("admin:abuse_officer_change", args=[officer.pk])


def _said(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _domain(officer: Officer) -> str:
    return agencies.mail_domain(officer.account.email)


def _application(officer: Officer) -> list[tuple[str, str]]:
    return [
        ("Says to be", f"{officer.name}{f', {officer.title}' if officer.title else ''}"),
        ("Says to be of", f"{officer.agency_said} ({officer.country_said})"),
        ("Badge", officer.badge or "–"),
        ("Telephone that it says", f"{officer.phone_said}: not the one to call"),
        ("Account", officer.account.email),
        ("State", officer.get_state_display()),
    ]


def _agency(agency: Agency) -> list[tuple[str, str]]:
    return [
        ("Agency", f"{agency} ({agency.get_kind_display()}, {agency.country})"),
        ("Number that we have", f"{agency.phone}: {agency.phone_source}"),
    ]


def _call(call: Vetting) -> list[tuple[str, str]]:
    return [
        ("Agency", str(call.agency)),
        ("Called", f"{call.called_number}, by {call.by} at {call.at:%Y-%m-%d %H:%M} UTC"),
        ("Number found", call.number_source),
        ("Spoke with", call.spoke_with),
        ("Note", call.note or "–"),
    ]


def _doubts(officer: Officer, call: Vetting | None) -> list[str]:
    """What a second person looks at twice."""
    if call is None or call.agency is None:
        return ["Nobody has called back yet."]
    entries = LedgerEntry.objects.filter(object=f"agency {call.agency_id}", at__gt=officer.applied_at)
    doubts = [
        f"{each.actor_name} has {'added' if each.action == 'add-agency' else 'changed'} the agency after this application came "
        f"in, at {each.at:%Y-%m-%d %H:%M} UTC. Find its number yourself."
        for each in entries[:3]
    ]
    if agencies.same_number(call.called_number, officer.phone_said):
        doubts.append("The application names the number that was called. Find the agency's yourself.")
    return doubts

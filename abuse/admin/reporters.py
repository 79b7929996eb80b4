"""Reporters on the desk: what their word weighs, set by hand or left to their record, and warnings; each with a reason."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse

from abuse import reporters, tiers
from abuse.admin import decisions
from abuse.admin.decisions import Decision
from abuse.models import LedgerEntry, Reporter

CONFIGURE = "abuse.change_settings"
ENTRY_ROWS = 20
BY_RECORD = "record"

_WEIGHS = {
    Reporter.Tier.TRUSTED: "Its reports come first and weigh most. With evidence that agrees with our history policy may hold a "
    "young name on its word.",
    Reporter.Tier.KNOWN: "Its reports weigh more than those of an unknown reporter.",
    Reporter.Tier.UNKNOWN: "Its reports weigh as those of anybody.",
    Reporter.Tier.DOUBTED: "Its reports are read, and weigh next to nothing.",
}


class TierPages:
    """The pages of tiers and warnings, for the admin of reporters."""

    admin_site: Any

    def get_urls(self) -> list:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/tier/<slug:tier>/", wrap(self.tier_view), name="abuse_reporter_tier"),
            path("<int:pk>/warn/", wrap(self.warn_view), name="abuse_reporter_warn"),
            *super().get_urls(),
        ]

    def tier_view(self, request: HttpRequest, pk: int, tier: str) -> HttpResponse:
        reporter: Reporter = self._get(request, pk)
        wanted = None if tier == BY_RECORD else next((each for each in Reporter.Tier if each.value == tier), Http404)
        if wanted is Http404:
            raise Http404
        decision = Decision(
            title=f"Tier of {reporter}: {wanted.label if wanted else 'by its record'}",
            verb="Set",
            permission=CONFIGURE,
            facts=_facts(reporter),
            consequences=_consequences(wanted),
            act=lambda reason: tiers.set_by_hand(reporter, wanted, reason=reason, by=request.user),
            done=f"The tier of {reporter} is set.",
            back=_page_of(reporter),
        )
        return decisions.page(request, decision, self._context(request, reporter))

    def warn_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        reporter: Reporter = self._get(request, pk)
        told = (
            f"It is told by mail at {reporter.contact}, with your reason." if reporter.contact else "It has no address."
        )
        decision = Decision(
            title=f"Warn {reporter}",
            verb="Warn",
            permission=CONFIGURE,
            facts=_facts(reporter),
            consequences=[
                told if reporters.is_proven(reporter) else "Nobody has proven to be this reporter: no mail is sent.",
                f"If it goes on, its reports weigh less for {tiers.DOUBTED_FOR.days} days (DSA Art. 23).",
            ],
            act=lambda reason: tiers.warn(reporter, reason=reason, by=request.user),
            done=f"{reporter} is warned.",
            back=_page_of(reporter),
        )
        return decisions.page(request, decision, self._context(request, reporter))


def record_of(reporter: Reporter, *, may_configure: bool) -> dict[str, Any]:
    """What the page of a reporter shows of its record; two queries."""
    return {
        "accuracy": reporters.accuracy(reporter),
        "accuracy_days": reporters.ACCURACY_OVER.days,
        "is_proven": reporters.is_proven(reporter),
        "weight": reporters.weight(reporter),
        "entries": list(LedgerEntry.objects.filter(object=f"reporter {reporter.pk}")[:ENTRY_ROWS]),
        "tiers": _offered(reporter) if may_configure else [],
    }


def _offered(reporter: Reporter) -> list[tuple[str, str]]:
    """Slug and words of what may be set now."""
    trusted = (Reporter.Tier.TRUSTED, Reporter.Tier.KNOWN)
    found = [
        (tier.value, f"Set to {tier.value}")
        for tier in Reporter.Tier
        if tier != reporter.tier and (reporters.is_proven(reporter) or tier not in trusted)
    ]
    return [*found, (BY_RECORD, "Leave it to its record")] if reporter.is_tier_set_by_hand else found


def _facts(reporter: Reporter) -> list[tuple[str, str]]:
    record, days = reporters.accuracy(reporter), reporters.ACCURACY_OVER.days
    return [
        ("Identity", reporter.identity),
        ("Tier", f"{reporter.get_tier_display()}{', set by hand' if reporter.is_tier_set_by_hand else ''}"),
        (f"Record of {days} days", str(record)),
        ("Warned", f"{reporter.warned_at:%Y-%m-%d}" if reporter.warned_at else "never"),
    ]


def _consequences(wanted: Reporter.Tier | None) -> list[str]:
    if wanted is None:
        return ["It begins at C, and its record moves it from then on.", "It is told by mail."]
    stays = "It stays so, whatever its record says, until somebody changes it."
    return [_WEIGHS[wanted], stays, "It is told by mail, and its reports so far are not judged anew."]


def _page_of(reporter: Reporter) -> str:
    return reverse("admin:abuse_reporter_change", args=[reporter.pk])

"""The proof of work as a form's field: solved by the page's script, or a wait where there is none. For any form of strangers."""

from django import forms
from django.conf import settings
from django.forms.widgets import Script
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ddns import proof_of_work
from ddns.addresses import Address
from ddns.errors import DdnsError


class ProofOfWorkWidget(forms.Widget):
    """Two hidden inputs, a line that says how far the browser is, and what to do without scripts."""

    template_name = "ddns/_proof_of_work.html"
    purpose = ""

    class Media:
        js = [Script("ddns/proof-of-work.js", defer=True)]

    def get_context(self, name: str, value, attrs) -> dict:
        context = super().get_context(name, value, attrs)
        solution, ticket = value or ("", "")
        return context | {
            "challenge_url": reverse("challenge", args=[self.purpose]),
            "solution": solution,
            "wait_seconds": int(settings.WAIT_INSTEAD_OF_WORK.total_seconds()),
            # Kept over an error elsewhere in the form: the wait goes on.
            "ticket": ticket or proof_of_work.ticket(purpose=self.purpose),
        }

    def value_from_datadict(self, data, files, name: str) -> tuple[str, str]:
        return data.get(name, ""), data.get(f"{name}-ticket", "")

    def id_for_label(self, id_: str) -> str:
        """None of its inputs is seen."""
        return ""


class ProofOfWorkField(forms.Field):
    """Spends nothing by itself: redeem it last, when the rest of the form is right, so that a typo costs no second proof."""

    widget = ProofOfWorkWidget

    def __init__(self, *, purpose: str) -> None:
        super().__init__(label=_("Proof of work"), required=False)
        self.purpose = self.widget.purpose = purpose


class ProofOfWorkForm(forms.Form):
    """A base for forms with a field `proof` and a `source`, the address that they came from."""

    proof: ProofOfWorkField
    source: Address

    def redeem_proof(self) -> None:
        """In clean(), after everything else."""
        if self.errors:
            return
        solution, ticket = self.cleaned_data["proof"]
        purpose = self.fields["proof"].purpose
        try:
            if solution:
                proof_of_work.redeem(solution, self.source, purpose=purpose)
            else:
                proof_of_work.redeem_ticket(ticket, self.source, purpose=purpose)
        except DdnsError as error:
            self.add_error("proof", str(error))
            # The page that says so asks the browser for another one.
            data = self.data.copy()
            data[self.add_prefix("proof")] = ""
            self.data = data

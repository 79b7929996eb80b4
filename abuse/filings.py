"""Filings: reports by form, stored and acknowledged (DSA Art. 16(4)) in one transaction."""

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from abuse import contact, reporter_links, reporter_mails, submissions
from abuse.intake import form
from abuse.intake.form import FormReport
from abuse.models import ReporterMail, Submission
from ddns.addresses import Address

# To one address; beyond them those of reporter_mails are for answers.
ACKNOWLEDGED_PER_DAY = 5


@transaction.atomic
def file(report: FormReport, *, source: Address) -> Submission:
    """Stores it as it was typed; whoever left an address gets receipt and link by mail too, in the language of the page.

    Raises SubmissionTooBig.
    """
    submission = submissions.accept(
        form.write(report), door=Submission.Door.FORM, source=str(source), content_type=form.CONTENT_TYPE
    )
    if report.email and not _has_had_enough(report.email):
        _acknowledge(submission, report.email)
    return submission


def _has_had_enough(address: str) -> bool:
    """The page has shown the receipt: whose address was only typed here must not get mail upon mail, today or later."""
    lately = ReporterMail.objects.filter(address=address.lower(), created_at__gt=timezone.now() - reporter_mails.DAY)
    return lately.count() >= ACKNOWLEDGED_PER_DAY


def _acknowledge(submission: Submission, address: str) -> None:
    """Nothing that was typed is in it, so that the form is no way to write to others."""
    words = {
        "site_name": settings.SITE_NAME,
        "link": reporter_links.link(submission),
        "receipt_url": contact.at("abuse_receipt", submission.receipt.pk),
        "received_at": submission.received_at,
        "abuse_contact": settings.ABUSE_CONTACT,
    }
    subject = _("[{site}] We have received your report").format(site=settings.SITE_NAME)
    reporter_mails.tell(address, subject=subject, text=render_to_string("abuse/mail_received.txt", words))

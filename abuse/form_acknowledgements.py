"""Acknowledgements: a mail with receipt and link to whoever filed a form and left an address (DSA Art. 16(4)).

The page says the same at once, so that one lost mail costs a link; nothing that a stranger typed is in it, and an address gets
few of them, so that the form is no way to write to others.
"""

import logging
import uuid
from datetime import timedelta

import redis
from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from abuse import contact, reporter_links
from abuse.errors import Unreadable
from abuse.intake.form import parse_form
from abuse.models import Submission

logger = logging.getLogger(__name__)

# To one address in a day: who files more follows the links on the pages.
MAILS_PER_ADDRESS = 10
_DAY = timedelta(days=1)


def send_later(submission: Submission) -> None:
    """Once it is committed. Without mail, or without the broker, the page has to do."""
    if settings.CAN_MAIL:
        transaction.on_commit(lambda: _enqueue(submission.pk))


def _enqueue(pk: uuid.UUID) -> None:
    try:
        current_app.send_task("abuse.tasks.acknowledge", args=[str(pk)], queue="abuse", retry=False)
    except (redis.RedisError, OperationalError, OSError) as error:
        logger.warning("A report by form is not acknowledged by mail: %s", error)


def send(pk: uuid.UUID) -> bool:
    """Once for each submission, however often it runs; gives whether there is such a mail now."""
    submission = Submission.objects.select_related("blob", "receipt").get(pk=pk, door=Submission.Door.FORM)
    try:
        (draft,) = parse_form(bytes(submission.blob.content)).drafts
    except Unreadable:
        return False
    to = draft.reporter.contact
    if not to or not cache.add(f"acknowledged:{pk}", 1, timeout=int(_DAY.total_seconds())) or _has_enough(to):
        return False
    known = {code for code, _name in settings.LANGUAGES}
    with translation.override(draft.language if draft.language in known else settings.LANGUAGE_CODE):
        _mail(submission, to).send()
    return True


def _mail(submission: Submission, to: str) -> EmailMessage:
    receipt_url = contact.at("abuse_receipt", submission.receipt.pk)
    words = {
        "site_name": settings.SITE_NAME,
        "link": reporter_links.link(submission),
        "receipt_url": receipt_url,
        "received_at": submission.received_at,
        "abuse_contact": settings.ABUSE_CONTACT,
    }
    return EmailMessage(
        subject=_("[{site}] We have received your report").format(site=settings.SITE_NAME),
        body=render_to_string("abuse/mail_received.txt", words),
        to=[to],
        reply_to=[settings.ABUSE_CONTACT],
        # RFC 3834: nobody's autoresponder answers it.
        headers={"Auto-Submitted": "auto-replied"},
    )


def _has_enough(address: str) -> bool:
    """Counts one more. Keyed, so that Redis shows nobody's address."""
    name = f"acknowledgements:{salted_hmac('abuse.acknowledgements', address.lower(), algorithm='sha256').hexdigest()[:32]}"
    cache.add(name, 0, timeout=int(_DAY.total_seconds()))
    return cache.incr(name) > MAILS_PER_ADDRESS

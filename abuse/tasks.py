"""Celery's entries for the desk: each calls one verb and may run twice."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from abuse import (
    acknowledgements,
    address_matches,
    appeals,
    batches,
    cases,
    clocks,
    decisions,
    disclosures,
    diversion_probes,
    diversions,
    effects,
    feeds,
    forwards,
    holds,
    ledger_heads,
    mailbox,
    officers,
    order_acts,
    order_notices,
    orders,
    plans,
    postings,
    proofs,
    reporter_mails,
    reports,
    retention,
    scoring,
    shared_names,
    stays,
    suspensions,
    tiers,
)
from abuse.models import Case
from dnsupdate import turns


@shared_task
def read_submissions() -> None:
    """Reads what came in, oldest first, until nothing is left."""
    reports.read_all()


@shared_task
def match_addresses() -> None:
    """Finds the names behind reported addresses. One at a time: each run reads the whole table of hostnames."""
    with turns.take("match-addresses", timedelta(minutes=5)) as is_ours:
        if is_ours:
            address_matches.match_waiting()


@shared_task
def watch_clocks() -> None:
    """Brings back what has waited long enough, and tells of what is overdue."""
    clocks.watch()


@shared_task
def send_answers() -> None:
    """Sends mails to reporters. One at a time."""
    with turns.take("send-answers", timedelta(minutes=2)) as is_ours:
        if is_ours:
            reporter_mails.send_due()


@shared_task
def review_reporters() -> None:
    """Moves reporters between tiers by their records."""
    tiers.review(timezone.now())


@shared_task
def publish_ledger_head() -> None:
    """Signs and publishes the head of the ledger, once a day."""
    ledger_heads.publish()


@shared_task
def review_officers() -> None:
    """Warns of officers' terms that end soon, and has those vetted anew that have ended."""
    officers.review_terms(timezone.now())


@shared_task
def purge_reports() -> None:
    """Ends the retention of reports, cases, what came in, and what people were told who are gone."""
    retention.purge(timezone.now())
    order_notices.purge(timezone.now())
    reporter_mails.purge(timezone.now())


@shared_task
def send_acknowledgements() -> None:
    """Sends receipts to those who reported by mail. One at a time."""
    with turns.take("send-acknowledgements", timedelta(minutes=2)) as is_ours:
        if is_ours:
            acknowledgements.send_due()


@shared_task
def purge_postings() -> None:
    """Ends the day in which the same report by the API is the same submission."""
    postings.purge(timezone.now())


@shared_task
def watch_orders() -> None:
    """Tells who is on duty of orders past or near their deadline."""
    orders.watch()


@shared_task
def watch_appeals() -> None:
    """Tells who is on duty of appeals that wait for too long."""
    appeals.watch()


@shared_task
def end_decisions() -> None:
    """Ends what was decided until now, on cases, by name and on orders."""
    now = timezone.now()
    decisions.end_due(now)
    suspensions.end_due(now)
    order_acts.end_due(now)


@shared_task
def watch_diversions() -> None:
    """Suspends what is diverted to a target that is no more, and warns before. One at a time."""
    with turns.take("watch-diversions", timedelta(minutes=5)) as is_ours:
        if is_ours:
            diversions.watch()


@shared_task
def probe_diversions() -> None:
    """Asks the targets of diversion whether they answer. One at a time."""
    with turns.take("probe-diversions", timedelta(minutes=2)) as is_ours:
        if is_ours:
            diversion_probes.look_at_all()


@shared_task
def settle_shared_names() -> None:
    """Brings what partners are told up to what stands. One at a time."""
    with turns.take("settle-shared-names", timedelta(minutes=5)) as is_ours:
        if is_ours:
            shared_names.settle(timezone.now())


@shared_task
def run_batches() -> None:
    """Goes on with decisions about many cases."""
    batches.run_due()


@shared_task
def run_orders() -> None:
    """Goes on with orders that are being carried out or undone."""
    order_acts.run_due()


@shared_task
def plan_orders() -> None:
    """Plans the orders that were received, the oldest first."""
    plans.make_due()


@shared_task
def prove_decisions() -> None:
    """Asks every authoritative server whether it answers as decided."""
    proofs.prove_due(timezone.now())


@shared_task
def prove_orders() -> None:
    """Asks every authoritative server what orders of authorities did, and reports it."""
    effects.prove_due()


@shared_task
def send_forwards() -> None:
    """Sends the mails to other providers."""
    forwards.send_due(timezone.now())


@shared_task
def score_case(case_id: int) -> None:
    """Scores a case, and holds its name where a rule says so."""
    scoring.rescore(Case(pk=case_id))


@shared_task
def score_cases() -> None:
    """Scores cases with reports that no score knows of. One at a time, without a pause as long as there are any."""
    with turns.take("score-cases", timedelta(minutes=2)) as is_ours:
        count = scoring.rescore_due() if is_ours else 0
    if count:
        cases.wake_scorer()


@shared_task
def follow_stays() -> None:
    """Follows who has which address, and gathers what was there before."""
    stays.follow()
    stays.gather()


@shared_task
def purge_stays() -> None:
    """Ends the retention of who had which address, and what the history did not end."""
    stays.mend()
    stays.purge(timezone.now() - stays.KEPT)


@shared_task
def poll_mailbox() -> None:
    """Stores what lies in the mailbox. One at a time."""
    with turns.take("poll-mailbox", timedelta(minutes=10)) as is_ours:
        if is_ours:
            mailbox.poll()


@shared_task
def pull_feeds() -> None:
    """Pulls feeds that are due. One at a time."""
    with turns.take("pull-feeds", timedelta(minutes=15)) as is_ours:
        if is_ours:
            feeds.pull_due()


@shared_task
def pull_feed(feed_id: int) -> None:
    """Pulls one feed now: somebody asked for it at the desk."""
    with turns.take(f"pull-feed-{feed_id}", timedelta(minutes=5)) as is_ours:
        if is_ours:
            feeds.pull_now(feed_id)


@shared_task
def send_order_notices() -> None:
    """Tells customers of orders that touched them. One at a time: what happened first is told first."""
    with turns.take("send-order-notices", timedelta(minutes=5)) as is_ours:
        if is_ours:
            order_notices.send_due(timezone.now())


@shared_task
def watch_holds() -> None:
    """Tells desk and officers of holds that end soon."""
    holds.watch(timezone.now())


@shared_task
def purge_disclosures() -> None:
    """Deletes packages that were disclosed, when their time is over."""
    disclosures.purge(timezone.now())

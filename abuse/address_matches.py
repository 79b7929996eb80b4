"""Address matches: the names that answered a reported address, for many reports in one look at the table of hostnames."""

from collections.abc import Iterable, Sequence
from uuid import uuid4

from django.db import transaction
from django.db.models import Max, Q

from abuse import agreements, answer_words, answers, cases, report_rows
from abuse.agreements import Agreement, Claim, Verdict
from abuse.models import Report
from ddns import addresses
from ddns.models import Hostname

State, Standing, Outcome = Report.State, Report.Standing, Report.Outcome

# Reports in one look. A look reads the whole table (no index may name a column that updates touch): about a second for four
# million hostnames, so a hundred reports cost as much as one.
CHUNK = 2000
# Names of one address that are compared with our history: an account has a handful at home.
MOST_NAMES = 50
# More customers than that behind one address are a carrier's (RFC 6888) or a relay's: the address says nothing of whom.
MOST_CUSTOMERS = 5


def match_waiting() -> int:
    """Matches every report that waits for it; gives how many. What was interrupted goes on at the next run.

    Only who has the address now is found, and only if our history does not say that they had another one then: who had it
    then and has moved since is in no index. The network's own abuse desk knows its subscriber; we need not.
    """
    count = 0
    while found := _match_some():
        count += found
    return count


@transaction.atomic
def _match_some() -> int:
    waiting = Report.objects.filter(state=State.MATCHING, address__isnull=False).order_by("received_at", "pk")
    reports = list(waiting.select_related("category").select_for_update(of=("self",), skip_locked=True)[:CHUNK])
    if not reports:
        return 0
    behind = _names_behind({str(report.address) for report in reports})
    held: list[Report] = []
    nobodys: list[Report] = []
    shared: list[Report] = []
    for report, customers in zip(reports, _customers(reports, behind), strict=True):
        if not customers:
            report.standing = Standing.NOT_OURS
            nobodys.append(report)
        elif len(customers) > MOST_CUSTOMERS:
            report.standing = Standing.HELD
            shared.append(report)
        else:
            held += _one_each(report, customers)
    Report.objects.bulk_update([*held, *nobodys, *shared], ["standing", "hostname", "grade", "details"], batch_size=500)
    answers.give(nobodys, Outcome.NOT_OURS)
    answers.give(shared, Outcome.INSUFFICIENT, say=lambda teller, row: teller.filled(answer_words.BEHIND_MANY, row))
    cases.attach_all(held)
    return len(reports)


def _names_behind(wanted: set[str]) -> dict[str, list[Hostname]]:
    ipv4 = [each for each in wanted if addresses.parse(each).version == 4]
    ipv6 = [each for each in wanted if addresses.parse(each).version == 6]
    rows = Hostname.objects.unreleased().filter(Q(ipv4__in=ipv4) | Q(ipv6__in=ipv6)).select_related("account")
    found: dict[str, list[Hostname]] = {}
    for hostname in rows.order_by("pk").iterator(chunk_size=2000):
        for address in wanted & {hostname.ipv4, hostname.ipv6}:
            names = found.setdefault(address, [])
            if len(names) < MOST_NAMES:
                names.append(hostname)
    return found


def _customers(
    reports: Sequence[Report], behind: dict[str, list[Hostname]]
) -> Iterable[list[tuple[Hostname, Agreement]]]:
    """For each report one hostname of each account that may have had the address then: the oldest that surely had it, else
    the oldest of which we do not know."""
    pairs = [(report, hostname) for report in reports for hostname in behind.get(str(report.address), [])]
    claims = [
        Claim(hostname, report.evidence_at, (addresses.parse(str(report.address)),)) for report, hostname in pairs
    ]
    judged = agreements.of_all(claims) if claims else []
    by_report: dict[object, dict[int, tuple[Hostname, Agreement]]] = {}
    for (report, hostname), agreement in zip(pairs, judged, strict=True):
        if agreement.verdict == Verdict.NO or hostname.created_at > report.evidence_at + agreements.GRACE:
            continue
        customers = by_report.setdefault(report.pk, {})
        known = customers.get(hostname.account_id)
        if known is None or (agreement.verdict == Verdict.YES and known[1].verdict != Verdict.YES):
            customers[hostname.account_id] = (hostname, agreement)
    return [list(by_report.get(report.pk, {}).values()) for report in reports]


def _one_each(report: Report, customers: Sequence[tuple[Hostname, Agreement]]) -> list[Report]:
    """The report itself for the first customer, and one more of the same for each other."""
    rows = [report]
    if len(customers) > 1:
        of_submission = Report.objects.filter(submission=report.submission_id)
        position = of_submission.aggregate(last=Max("position"))["last"] or 0
        rows += [_copy(report, position + number) for number in range(1, len(customers))]
    for row, (hostname, agreement) in zip(rows, customers, strict=True):
        row.hostname, row.standing = hostname, Standing.HELD
        report_rows.apply(row, agreement)
    return rows


def _copy(report: Report, position: int) -> Report:
    copy = Report.objects.select_related("category").get(pk=report.pk)
    copy.pk, copy.position, copy._state.adding = uuid4(), position, True
    copy.save(force_insert=True)
    return copy

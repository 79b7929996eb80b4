"""The hands that fill the desk for a measurement and count its queries, told by JSON lines.

`python -m bench.case_rows` with the environment of the services; answers one line for each.
"""

import json
import sys
import time
from collections.abc import Iterator

import django

STAFF = "oscar@example.com"
DOMAINS = 23
NAMES_PER_ACCOUNT = 20
REPORTS_PER_CASE = 4
# Of so many cases one waits for the desk: a bad week.
OPEN_SHARE = 10
ORGANISATIONS = 200

_ACCOUNTS = """
    INSERT INTO ddns_user (password, is_superuser, email, is_staff, is_active, plan, language, date_joined)
    SELECT '!', false, 'c' || n || '@example.com', false, true, 'free', '', now() - (n %% 700) * interval '1 day'
    FROM generate_series(1, %(accounts)s) n
"""
_PUBLICATIONS = """
    INSERT INTO dnsupdate_publication (zone_id, name, rrsets, revision, published_revision, published_at, refusal)
    SELECT (%(zones)s::bigint[])[1 + n %% %(domains)s], 'h' || n || '.' || (%(apexes)s::text[])[1 + n %% %(domains)s],
        jsonb_build_object('A', jsonb_build_object('ttl', 60, 'rdata', jsonb_build_array(
            host('198.18.0.0'::inet + (n %% 131072))))), 1, 1, now(), ''
    FROM generate_series(1, %(hostnames)s) n
"""
_HOSTNAMES = """
    INSERT INTO ddns_hostname (account_id, domain_id, name, ipv4, wildcard, offline, follows_prefix, parked, publication_id,
        created_at, changed_at)
    SELECT %(first_account)s + (publication.id - %(first_publication)s) / %(names_per_account)s, domain.id, publication.name,
        (publication.rrsets -> 'A' -> 'rdata' ->> 0)::inet, false, false, false, false, publication.id,
        now() - (publication.id %% 700) * interval '1 day', now() - (publication.id %% 90) * interval '1 day'
    FROM dnsupdate_publication publication JOIN ddns_domain domain USING (zone_id)
    WHERE publication.id >= %(first_publication)s
"""
_HISTORY = """
    INSERT INTO ddns_addressupdate (hostname_id, at, source, agent, protocol, new_ipv4)
    SELECT id, changed_at, ipv4, 'inadyn/2.12.0', 'dyndns2', ipv4 FROM ddns_hostname ORDER BY changed_at
"""
_REPORTERS = """
    INSERT INTO abuse_reporter (identity, kind, name, contact, tier, is_tier_set_by_hand, note, created_at, upheld_count,
        rejected_count)
    SELECT 'org:reporter' || n || '.example', 'organisation', 'Reporter ' || n, 'abuse@reporter' || n || '.example', 'C', false,
        '', now(), 30, 2
    FROM generate_series(1, %(organisations)s) n
"""
_CASES = """
    INSERT INTO abuse_case (hostname_id, account_id, name, route, category_id, severity, state, opened_at, due_at, paused_for,
        decided_at, closed_at, outcome, report_count, source_count, grade, last_report_at, score, score_reasons)
    SELECT hostname.id, hostname.account_id, hostname.name, category.route, category.key, category.severity,
        CASE WHEN n %% %(open_share)s = 0 THEN 'open' ELSE 'closed' END, opened.at, opened.at + category.clock, interval '0',
        CASE WHEN n %% %(open_share)s = 0 THEN NULL ELSE opened.at + interval '1 hour' END,
        CASE WHEN n %% %(open_share)s = 0 THEN NULL ELSE opened.at + interval '1 hour' END,
        CASE WHEN n %% %(open_share)s = 0 THEN '' ELSE 'upheld' END,
        %(reports_per_case)s, 2, 2, opened.at, 20 + n %% 70,
        '[{"points": 30, "sentence": "Reported by two independent organisations.", "signal": "corroborated"}]'::jsonb
    FROM generate_series(1, %(cases)s) n
    JOIN ddns_hostname hostname ON hostname.id = %(first_hostname)s + (n::bigint * 37) %% %(hostnames)s
    CROSS JOIN LATERAL (SELECT now() - CASE WHEN n %% %(open_share)s = 0 THEN n %% 400 * interval '1 minute'
        ELSE (1 + n %% 300) * interval '1 day' END AS at) opened
    JOIN abuse_category category ON category.key = (ARRAY['content/phishing', 'content/malware', 'infrastructure/botnet',
        'content/fraud', 'messaging/*', 'connection/*'])[1 + n %% 6]
"""
_BLOBS = """
    INSERT INTO abuse_blob (sha256, size, content, stored_at)
    SELECT encode(sha256(content), 'hex'), length(content), content, now()
    FROM generate_series(1, %(reports)s) n
    CROSS JOIN LATERAL (SELECT convert_to('report ' || n || repeat(' evidence', 60), 'UTF8') AS content) made
"""
_SUBMISSIONS = """
    INSERT INTO abuse_submission (id, blob_id, door, source, content_type, filename, received_at, state, format, problem, read_at,
        default_kind, try_count, foreign_count, repeated_count, passed_over_count)
    SELECT gen_random_uuid(), sha256, 'api', '203.0.113.9', 'application/json', '', now() - interval '1 day', 'read', 'xarf', '',
        now(), '', 0, 0, 0, 0 FROM abuse_blob
"""
_REPORTS = """
    WITH submission AS (SELECT id, row_number() OVER () - 1 AS n FROM abuse_submission),
    numbered AS (SELECT abuse_case.*, row_number() OVER (ORDER BY id) - 1 AS n FROM abuse_case)
    INSERT INTO abuse_report (id, submission_id, position, reporter_id, complainant, is_anonymous, category_id, kind, name, url,
        evidence_at, description, language, is_good_faith, details, external_id, fingerprint, grade, warnings, received_at, state,
        standing, hostname_id, case_id, outcome, answer, contact)
    SELECT gen_random_uuid(), submission.id, 0, %(first_reporter)s + submission.n %% %(organisations)s, '{}', false,
        numbered.category_id, replace(numbered.category_id, '*', 'other'), numbered.name, 'http://' || numbered.name || '/login',
        numbered.opened_at, 'It imitates a bank and asks for card numbers.', 'en', true, '{"confidence": 0.9}', '',
        encode(sha256(convert_to(submission.id::text, 'UTF8')), 'hex'), 2, '[]', numbered.opened_at,
        CASE WHEN numbered.closed_at IS NULL THEN 'open' ELSE 'closed' END, 'held', numbered.hostname_id, numbered.id,
        CASE WHEN numbered.closed_at IS NULL THEN '' ELSE 'upheld' END, '', ''
    FROM submission JOIN numbered ON numbered.n = submission.n / %(reports_per_case)s
"""
_DECISIONS = """
    INSERT INTO abuse_decision (case_id, action, parameters, reason, ground, rule, state, decided_by_id, decided_at, refusal,
        done_at, undo_reason, impact, proof, withheld, effect)
    SELECT id, 'suspend', '{}', 'It imitates a bank.', '', '', 'done', %(staff)s, decided_at, '', decided_at, '', '{}', '{}', '',
        '{}'
    FROM abuse_case WHERE closed_at IS NOT NULL
"""


def main() -> None:
    django.setup()
    verbs = {
        "seed": _seed, "login": _login, "queries": _queries, "counts": _counts, "open_case": _open_case,
        "reporter_key": _reporter_key, "found": _found, "preview": _preview,
    }  # fmt: skip
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(verbs[order.pop("do")](**order)), flush=True)


def _seed(hostnames: int, cases: int) -> dict:
    """Everything that a provider of this size has at its desk, in set-based statements."""
    from django.db import connection, transaction

    from ddns import domains
    from ddns.models import User
    from dnsupdate import tsig_keys, zones

    staff = User.objects.create_superuser(STAFF)
    key = tsig_keys.generate("publisher")
    offered = [domains.offer(zones.add(f"zone{n}.test", host="127.0.0.1", port=9, key=key)) for n in range(DOMAINS)]
    values = {
        "hostnames": hostnames,
        "accounts": -(-hostnames // NAMES_PER_ACCOUNT),
        "names_per_account": NAMES_PER_ACCOUNT,
        "zones": [domain.zone_id for domain in offered],
        "apexes": [domain.name for domain in offered],
        "domains": DOMAINS,
        "cases": cases,
        "reports": cases * REPORTS_PER_CASE,
        "reports_per_case": REPORTS_PER_CASE,
        "open_share": OPEN_SHARE,
        "organisations": ORGANISATIONS,
        "staff": staff.pk,
    }
    first_ids = {
        "first_account": "SELECT min(id) FROM ddns_user WHERE email LIKE 'c%%@example.com'",
        "first_publication": "SELECT min(id) FROM dnsupdate_publication WHERE name ~ '^h[0-9]+[.]zone'",
        "first_hostname": "SELECT min(id) FROM ddns_hostname",
        "first_reporter": "SELECT min(id) FROM abuse_reporter WHERE identity LIKE 'org:reporter%%'",
    }
    with transaction.atomic(), connection.cursor() as cursor:
        # Millions of look-ups of the same rows tell nothing; the role is the superuser of this database.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL work_mem = '256MB'")
        for name, statement in _statements():
            if name in first_ids:
                cursor.execute(first_ids[name], values)
                (values[name],) = cursor.fetchone()
            else:
                cursor.execute(statement, values)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return _counts()


def _statements() -> Iterator[tuple[str, str]]:
    yield "", _ACCOUNTS
    yield "first_account", ""
    yield "", _PUBLICATIONS
    yield "first_publication", ""
    yield "", _HOSTNAMES
    yield "first_hostname", ""
    yield "", _HISTORY
    yield "", _REPORTERS
    yield "first_reporter", ""
    yield "", _CASES
    yield "", _BLOBS
    yield "", _SUBMISSIONS
    yield "", _REPORTS
    yield "", _DECISIONS


def _counts() -> dict:
    from django.db.models import F

    from abuse.models import Case, Report, Submission
    from ddns.models import Hostname

    return {
        "hostnames": Hostname.objects.count(),
        "cases": Case.objects.count(),
        "open_cases": Case.objects.open().count(),
        "reports": Report.objects.count(),
        "submissions": Submission.objects.count(),
        "unread": Submission.objects.unread().count(),
        "unscored": Case.objects.open().exclude(report_count=F("scored_report_count")).count(),
    }


def _login() -> dict:
    from django.conf import settings
    from django.test import Client

    from ddns.models import User

    browser = Client()
    browser.force_login(User.objects.get(email=STAFF))
    name = settings.SESSION_COOKIE_NAME
    return {"cookie": f"{name}={browser.cookies[name].value}"}


def _open_case(offset: int) -> dict:
    from abuse.models import Case

    return {"id": Case.objects.in_queue()[offset].pk}


def _reporter_key() -> dict:
    from abuse import reporter_keys
    from abuse.models import Reporter
    from ddns.models import User

    reporter = Reporter.objects.get(identity="org:reporter1.example")
    return {"key": reporter_keys.create(reporter, label="bench", by=User.objects.get(email=STAFF))[1]}


def _preview(action: str, parameters: dict) -> dict:
    """What the form of a decision says before it is taken, and how long that takes."""
    from datetime import timedelta

    from django.utils import timezone

    from abuse import decisions
    from abuse.models import Case
    from ddns.models import User

    case, staff = Case.objects.in_queue()[0], User.objects.get(email=STAFF)
    began = time.monotonic()
    impact = decisions.preview(case, action, parameters, by=staff, ends_at=timezone.now() + timedelta(days=30))
    return {"seconds": round(time.monotonic() - began, 2), "says": [each[:100] for each in impact.sentences]}


def _found(ids: list[str]) -> dict:
    """How many of these submissions are there, and were read."""
    from abuse.models import Submission

    return {"count": Submission.objects.filter(pk__in=ids, state=Submission.State.READ).count()}


def _queries(path: str) -> dict:
    """How many the page asks of the database."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from ddns.models import User

    browser = Client(headers={"host": "127.0.0.1"})
    browser.force_login(User.objects.get(email=STAFF))
    browser.get(path)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        response = browser.get(path)
    return {"queries": len(asked), "status": response.status_code}


if __name__ == "__main__":
    main()

"""The API against its own description: requests of all kinds that it allows and forbids, and answers as it says."""

import re
from datetime import timedelta
from itertools import count
from threading import Semaphore
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
import schemathesis
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    negative_data_rejection,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from abuse import officer_keys, reporter_keys, submissions
from abuse.models import Reporter, Submission
from ddns import acme_accounts, groups, keys, records, webhooks
from ddns.rest import waiting
from ddns.rest.fields import MAX_ID
from ddns.rest.repeats import HEADER
from ddns.wsgi import Devices
from tests.abuse import order_rows
from tests.ddns.devices import _pages, caller
from tests.ddns.rest.test_schema import COMMITTED

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]
# The same every time: what is found here fails for everybody.
EXAMPLES = settings(
    max_examples=6,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
# As paths have them before a number.
KEYS = {"reports": "reporter", "authorities": "officer"}
KINDS = ("records", "groups", "keys", "acme-dns-accounts", "webhooks")

numbers = count()
schema = schemathesis.openapi.from_path(COMMITTED)
schema.config.generation.update(modes=list(GenerationMode))


@schemathesis.serializer("message/rfc822")
def mail(context: schemathesis.SerializationContext, value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


@pytest.fixture
def known(alice, home, monkeypatch, settings) -> dict[str, object]:
    """What there is, for paths that lead somewhere; and the key of a program that may do everything."""
    settings.REST_REQUESTS_PER_KEY = settings.REST_REQUESTS_PER_ACCOUNT = settings.REST_REQUESTS_PER_NETWORK = 10**6
    settings.ABUSE_REQUESTS_PER_KEY = 10**6
    # Nobody publishes here.
    monkeypatch.setattr(waiting, "_places", Semaphore(0))
    group = groups.create(alice, name="sites")
    groups.assign(group, [home])
    record = records.add(home, rdtype="TXT", rdata="x")
    device, device_text = keys.create(alice, label="device", hostnames=[home])
    certificates, _ = acme_accounts.register(caller(device_text))
    webhook, _ = webhooks.add(alice, "https://hooks.example/")
    delivery = webhooks.test(webhook)
    _, text = keys.create(alice, label="program", permission="manage")
    reporter = Reporter.objects.create(identity="org:cert.example", kind="organisation")
    _, reporters_text = reporter_keys.create(reporter, label="scanner", by=alice)
    officer = order_rows.officer()
    ends_at = timezone.now() + timedelta(days=30)
    _, officers_text = officer_keys.make(officer, label="program", networks=["127.0.0.0/24"], expires_at=ends_at)
    order = order_rows.order(officer, names="home.ddns.test")
    submission = submissions.accept(b"{}", door=Submission.Door.API, source="192.0.2.1", reporter=reporter)
    return {
        **{"reporter": reporters_text, "submission": str(submission.pk)},
        **{"officer": officers_text, "order": str(order.pk)},
        **{"text": text, "name": home.name, "groups": group.pk, "records": record.pk, "keys": device.pk},
        **{"acme-dns-accounts": certificates.pk, "webhooks": webhook.pk, "delivery": delivery.pk},
    }


def application(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """As Django answers, but for what it does with database connections around a request: ours is amid a transaction."""
    return Devices(_pages)(environ, start_response)


@schema.parametrize()
@EXAMPLES
def test_answers_are_what_the_document_says(case: Case, known):
    _lead_somewhere(case, known)

    text = known[next((of for path, of in KEYS.items() if case.path.startswith(f"/api/v1/{path}")), "text")]
    case.call_and_validate(app=application, headers={"Authorization": f"Bearer {text}"}, checks=_checks(case))


def _checks(case: Case) -> list:
    """In bulk an item that is wrong is refused by its position, in an answer that is right. Reports are octets of any format, and
    what a form says is always text.
    """
    is_form = case.media_type == "multipart/form-data"
    is_lenient = is_form or "/bulk/" in case.path or (case.method, case.path) == ("POST", "/api/v1/reports")
    return [check for check in CHECKS if check is not negative_data_rejection or not is_lenient]


def _lead_somewhere(case: Case, known: dict[str, object]) -> None:
    """Half of the paths, by what was made up for them; and the same Idempotency-Key would be the same request."""
    parameters = case.path_parameters or {}
    if len(str(parameters)) % 2:
        if "name" in parameters:
            parameters["name"] = known["name"]
        if str(parameters.get("id")).isdecimal() and int(parameters["id"]) <= MAX_ID:
            parameters["id"] = next((known[kind] for kind in KINDS if f"/{kind}/" in case.path), parameters["id"])
        if "/reports/" in case.path:
            parameters["id"] = known["submission"]
        if "/orders/" in case.path:
            parameters["id"] = known["order"]
        if "delivery" in parameters:
            parameters["delivery"] = known["delivery"]
    if re.fullmatch(r"[!#-~]+", (case.headers or {}).get(HEADER, "")):
        case.headers[HEADER] = f"request-{next(numbers)}"

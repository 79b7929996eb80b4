"""Submissions whose drafts a test says itself: what parsers make of octets is tested with them."""

import itertools

from abuse import intake, reports, submissions
from abuse.intake.drafts import Draft, Parsed
from abuse.models import Report, Reporter, Submission

_numbers = itertools.count()


def submission(
    monkeypatch, *drafts: Draft, reporter: Reporter | None = None, door=Submission.Door.API, content: bytes = b""
) -> Submission:
    """One that is read as these drafts."""
    content = content or f"submission {next(_numbers)}".encode()
    made = submissions.accept(content, door=door, source="203.0.113.200", reporter=reporter)
    _understand(monkeypatch, content, Parsed("test", drafts))
    return made


def read(monkeypatch, *drafts: Draft, **options) -> list[Report]:
    """As they are in the database afterwards."""
    made = reports.read(submission(monkeypatch, *drafts, **options))
    return [Report.objects.get(pk=each.pk) for each in made]


def _understand(monkeypatch, content: bytes, parsed: Parsed) -> None:
    before = getattr(intake, "parse", None)

    def parse(octets: bytes, **options) -> Parsed:
        return parsed if octets == content or before is None else before(octets, **options)

    monkeypatch.setattr(intake, "parse", parse, raising=False)

"""Reports by the API: posted, and what became of them."""

import re
import uuid
from typing import Any

from django.conf import settings
from django.db.models import Count, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated, NotFound, ValidationError
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from abuse import postings, receipts, reporter_links
from abuse.errors import WrongLink
from abuse.models import Report, Submission
from abuse.rest import bodies
from abuse.rest.problems import ONLY_WITH_KEY, UNREADABLE
from abuse.rest.views import View, number
from abuse.submissions import MAX_SIZE
from abuse.tallies import FIELDS
from ddns import sources
from ddns.rest.pages import Cursor
from ddns.rest.problems import Failure, respond
from ddns.rest.repeats import PARAMETER, REPLAYED, key_of

# Of one submission at once; a list of names may be thousands.
REPORTS_SHOWN = 200
_KIND = re.compile(r"[a-z_]{1,29}/[a-z_]{1,30}")

KIND = OpenApiParameter(
    "kind",
    {"type": "string", "pattern": f"^{_KIND.pattern}$"},
    description="What it is about, as `category/type` of XARF 4, where the format does not say: lists of names, CSV.",
)
KEEP = OpenApiParameter(
    "keep",
    {"type": "boolean", "default": False},
    description="Whether what cannot be understood is kept all the same, for a person to read. Needs a key.",
)
NUMBER = OpenApiParameter("id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="Of the submission.")
TOKEN = OpenApiParameter("token", OpenApiTypes.STR, description="Out of `status_url`, for those who have no key.")
FROM = OpenApiParameter(
    "from", {"type": "integer", "minimum": 0, "maximum": 10**9, "default": 0}, description="The first report shown."
)
_REPORT = {"type": "object", "minProperties": 1, "additionalProperties": True}
_TEXT = {"type": "string"}
_JSON = {"oneOf": [_REPORT, {"type": "array", "items": _REPORT, "minItems": 1, "maxItems": bodies.MAX_REPORTS}]}
REQUEST: dict[str, Any] = {each: _JSON if each in bodies.JSON_TYPES else _TEXT for each in bodies.TYPES}


OUTCOMES = [(outcome.value, outcome.label) for outcome in Report.Outcome]
_SUBMISSION = ("id", "received_at", "door", "state", "sha256", "url")
_RECEIVED = (*_SUBMISSION, "status_url", "page_url", "receipt")
_STATUS = (*_RECEIVED, "format", "problem", "report_count", *FIELDS, "states", "outcomes", "reports", "next")


class ReceiptSerializer(serializers.Serializer):
    """Signed (Ed25519), with the SHA-256 of what was posted. Keep it: it proves what was received, and when."""

    payload = serializers.CharField(read_only=True, help_text="JSON, as it was signed.")
    algorithm = serializers.CharField(read_only=True)
    key = serializers.CharField(read_only=True)
    public_key = serializers.CharField(read_only=True)
    signature = serializers.CharField(read_only=True)


class SubmissionSerializer(serializers.ModelSerializer):
    """What was posted at once: one report or many."""

    state = serializers.ChoiceField(Submission.State.choices, read_only=True)
    sha256 = serializers.CharField(source="blob_id", read_only=True, help_text="Of the octets as they came.")
    url = serializers.SerializerMethodField(help_text="Its status, for the key that posted it.")

    class Meta:
        model = Submission
        fields: tuple[str, ...] = _SUBMISSION
        read_only_fields: tuple[str, ...] = _SUBMISSION

    def get_url(self, submission: Submission) -> str:
        return f"{settings.SITE_URL}/api/v1/reports/{submission.pk}"


class ReceivedSerializer(SubmissionSerializer):
    """A submission with what proves it."""

    status_url = serializers.SerializerMethodField(help_text="Shows its status to whoever has this address. Keep it.")
    page_url = serializers.SerializerMethodField(help_text="The same as a page, where one can also answer and appeal.")
    receipt = serializers.SerializerMethodField()

    class Meta(SubmissionSerializer.Meta):
        fields: tuple[str, ...] = _RECEIVED
        read_only_fields: tuple[str, ...] = _RECEIVED

    def get_status_url(self, submission: Submission) -> str:
        return _status_url(submission)

    def get_page_url(self, submission: Submission) -> str:
        return reporter_links.link(submission)

    def get_receipt(self, submission: Submission) -> ReceiptSerializer:
        return receipts.document(submission.receipt)


class AcceptedSerializer(ReceivedSerializer):
    """It is stored; it is read within seconds."""

    warnings = serializers.SerializerMethodField(
        help_text="What is odd about it: wrong hashes, fields against the schema."
    )

    class Meta(ReceivedSerializer.Meta):
        fields = (*_RECEIVED, "warnings")
        read_only_fields = (*_RECEIVED, "warnings")

    def get_warnings(self, submission: Submission) -> list[str]:
        return self.context["warnings"]


class ReportSerializer(serializers.ModelSerializer):
    """One complaint. `outcome` is empty until somebody has decided; `answer` says the same in words."""

    state = serializers.ChoiceField(Report.State.choices, read_only=True)
    outcome = serializers.ChoiceField(OUTCOMES, read_only=True)
    duplicate_of = serializers.UUIDField(source="duplicate_of_id", read_only=True, allow_null=True)

    class Meta:
        model = Report
        fields = (
            *("id", "position", "external_id", "kind", "name", "url", "address", "port", "evidence_at", "warnings"),
            *("state", "outcome", "answer", "answered_at", "duplicate_of"),
        )
        read_only_fields = fields


class ReportStatusSerializer(ReceivedSerializer):
    """How far it is, and what was decided about each report in it."""

    format = serializers.CharField(read_only=True, help_text="As what it was understood.")
    problem = serializers.CharField(
        read_only=True, help_text="Why it could not be understood, or what was passed over."
    )
    report_count = serializers.SerializerMethodField()
    foreign_count = serializers.IntegerField(read_only=True, help_text="Names in it that are not ours.")
    repeated_count = serializers.IntegerField(
        read_only=True, help_text="Names that repeat another in it, or are of a hostname that is reported with it."
    )
    passed_over_count = serializers.IntegerField(read_only=True, help_text="Lines that name nothing.")
    states = serializers.SerializerMethodField(help_text="How many of its reports are in which state.")
    outcomes = serializers.SerializerMethodField(help_text="How many of its reports ended how.")
    reports = serializers.SerializerMethodField(help_text=f"At most {REPORTS_SHOWN}, from `from` on.")
    next = serializers.SerializerMethodField(help_text="Where the reports go on.")

    class Meta(ReceivedSerializer.Meta):
        fields = _STATUS
        read_only_fields = _STATUS

    def get_report_count(self, submission: Submission) -> int:
        return sum(self._counts(submission, "state").values())

    def get_states(self, submission: Submission) -> dict[str, int]:
        return self._counts(submission, "state")

    def get_outcomes(self, submission: Submission) -> dict[str, int]:
        return {outcome: count for outcome, count in self._counts(submission, "outcome").items() if outcome}

    def get_reports(self, submission: Submission) -> ReportSerializer(many=True):  # type: ignore[valid-type]
        first = self.context["first"]
        return ReportSerializer(submission.reports.order_by("position")[first : first + REPORTS_SHOWN], many=True).data

    def get_next(self, submission: Submission) -> str | None:
        first = self.context["first"] + REPORTS_SHOWN
        if first >= self.get_report_count(submission):
            return None
        return f"{_status_url(submission)}&from={first}"

    def _counts(self, submission: Submission, field: str) -> dict[str, int]:
        known = self.context["counts"]
        if field not in known:
            known[field] = dict(submission.reports.order_by().values_list(field).annotate(Count("pk")))
        return known[field]


@extend_schema_view(list=extend_schema(summary="List what was reported with the key"))
class Reports(ListModelMixin, View):
    """Reports of abuse, for programs. docs/abuse-doors.md has the words to it."""

    queryset = Submission.objects.none()
    serializer_class = SubmissionSerializer
    pagination_class = Cursor
    orderings = ("-received_at", "received_at")

    def get_queryset(self) -> QuerySet[Submission]:
        return Submission.objects.filter(reporter=self.reporter)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Everything of the reporter whose key it is, by whichever door it came."""
        if self.reporter is None:
            raise NotAuthenticated
        return super().list(request, *args, **kwargs)

    @extend_schema(
        summary="Report abuse",
        request=REQUEST,
        responses={202: AcceptedSerializer},
        parameters=[KIND, KEEP, PARAMETER],
    )
    def create(self, request: Request) -> Response:
        """XARF 4 or 3, one report or a list; STIX 2.1; MISP; CSV; a list of names; a mail as it was received.

        It is stored as it came, and read within seconds: look at `status_url` then. What is no report in its format is
        refused, with everything that is wrong with it, and not stored. Reporters that the abuse desk knows have a key;
        without one reports are taken too, few at a time and of 2 MiB at most.
        """
        with bodies.room(request._request):
            return self._create(request)

    @extend_schema(
        summary="Get the status of a report",
        responses=ReportStatusSerializer,
        parameters=[NUMBER, TOKEN, FROM],
    )
    def retrieve(self, request: Request, id: str) -> Response:
        """For the reporter by the key, and for everybody who has the token out of `status_url`."""
        submission = self._submission(id)
        context = {"first": self._from(), "counts": {}}
        return Response(
            ReportStatusSerializer(submission, context=context).data,
            headers={"Referrer-Policy": "no-referrer"},
        )

    def _create(self, request: Request) -> Response:
        content_type = bodies.content_type_of(request._request)
        kind, is_kept, key = self._kind(), self._is_kept(), key_of(request) or ""
        most = MAX_SIZE if self.reporter else bodies.MAX_ANONYMOUS_SIZE
        content = bodies.read(request._request, most=most)
        checked = bodies.check(content, content_type, kind) if content and not is_kept else bodies.Checked()
        if checked.wrong:
            found = [{"field": each.field, "detail": each.detail} for each in checked.wrong]
            return respond(
                UNREADABLE, "Nothing was stored. Look at the errors, correct the report and send it again.", found
            )
        submission, is_new = postings.accept(
            content,
            content_type=content_type,
            source=str(sources.address_of(request._request)),
            reporter=self.reporter,
            key=key,
            default_kind=kind,
        )
        answer = AcceptedSerializer(submission, context={"warnings": checked.warnings}).data
        headers = {"Location": answer["url"], "Cache-Control": "no-store"}
        return Response(answer, 202, headers=headers if is_new else headers | {REPLAYED: "true"})

    def _submission(self, id: str) -> Submission:
        """Raises NotFound for what is another's, too."""
        pk = number(id)
        found = Submission.objects.select_related("receipt__key").filter(pk=pk)
        if not _is_token_of(self.request.query_params.get("token", ""), pk):
            found = found.filter(reporter=self.reporter, reporter__isnull=False)
        if (submission := found.first()) is None:
            raise NotFound
        return submission

    def _kind(self) -> str:
        kind = self.request.query_params.get("kind")
        if kind is not None and not _KIND.fullmatch(kind):
            raise ValidationError({"kind": ["category/type in XARF's words, such as content/phishing."]})
        return kind or ""

    def _is_kept(self) -> bool:
        """Raises ValidationError, and Failure without a key: what no program understands takes a person's time."""
        text = self.request.query_params.get("keep", "false")
        if text not in ("true", "false"):
            raise ValidationError({"keep": ["true or false."]})
        if text == "true" and self.reporter is None:
            raise Failure(ONLY_WITH_KEY, "Without a key use the form, or write to the abuse desk: people read both.")
        return text == "true"

    def _from(self) -> int:
        text = self.request.query_params.get("from", "0")
        if not ((text.isascii() and text.isdecimal() and len(text) < 10) or text == str(10**9)):
            raise ValidationError({"from": ["A number from 0 on."]})
        return int(text)


def _status_url(submission: Submission) -> str:
    return f"{settings.SITE_URL}/api/v1/reports/{submission.pk}?token={reporter_links.token(submission)}"


def _is_token_of(token: str, pk: uuid.UUID) -> bool:
    """Whether it is the one of this submission's links. The number alone is no secret: it stands in the receipt."""
    try:
        return bool(token) and reporter_links.submission_of(token).pk == pk
    except WrongLink:
        return False

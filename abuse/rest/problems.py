"""Problems of the API for reporters, added to those of the rest of the API."""

from abuse import errors
from ddns.rest import problems
from ddns.rest.problems import Kind

UNREADABLE = Kind("unreadable-report", 422, "The report cannot be understood")
NO_REPORT_TYPE = Kind("not-a-report-type", 415, "Reports are not taken in this format")
NO_LENGTH = Kind("length-required", 411, "The length of the report is not known")
TOO_MANY_REPORTS = Kind("too-many-reports", 413, "These are too many reports at once")
ONLY_WITH_KEY = Kind("only-with-a-key", 403, "This takes a reporter's key")

problems.add(
    UNREADABLE,
    NO_REPORT_TYPE,
    NO_LENGTH,
    TOO_MANY_REPORTS,
    ONLY_WITH_KEY,
    of_errors={
        errors.SubmissionEmpty: Kind("empty-report", 400, "There is nothing in the report"),
        errors.SubmissionTooBig: problems.TOO_BIG,
        errors.WrongReporterKey: problems.WRONG_KEY,
        errors.PostingDiffers: Kind("request-differs", 422, "The Idempotency-Key belongs to another request"),
    },
)

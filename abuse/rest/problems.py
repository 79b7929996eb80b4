"""Problems of the APIs for reporters and officers, added to those of the rest of the API."""

from abuse import errors
from ddns.rest import problems
from ddns.rest.problems import Kind

UNREADABLE = Kind("unreadable-report", 422, "The report cannot be understood")
NO_REPORT_TYPE = Kind("not-a-report-type", 415, "Reports are not taken in this format")
NO_LENGTH = Kind("length-required", 411, "The length of the report is not known")
TOO_MANY_REPORTS = Kind("too-many-reports", 413, "These are too many reports at once")
FILED_ALREADY = Kind("filed-already", 409, "The agency has filed the very same order, and it is open")
ONLY_WITH_KEY = Kind("only-with-a-key", 403, "This takes a reporter's key")

problems.add(
    UNREADABLE,
    NO_REPORT_TYPE,
    NO_LENGTH,
    TOO_MANY_REPORTS,
    ONLY_WITH_KEY,
    FILED_ALREADY,
    of_errors={
        errors.SubmissionEmpty: Kind("empty-report", 400, "There is nothing in the report"),
        errors.SubmissionTooBig: problems.TOO_BIG,
        errors.NotInOffice: Kind("not-in-office", 403, "The officer files nothing at present"),
        errors.OfficerLimit: Kind("officer-limit", 403, "This is more than one officer may file"),
        errors.OrderNotThere: Kind("order-not-there", 409, "The order is not at that point"),
        errors.WrongReporterKey: problems.WRONG_KEY,
        errors.PostingDiffers: Kind("request-differs", 422, "The Idempotency-Key belongs to another request"),
    },
)

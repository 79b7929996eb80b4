"""The REST API as its libraries want it set up: whose classes do what, and what the OpenAPI document says."""

from typing import Any

FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["ddns.rest.authentication.Key", "ddns.rest.authentication.Session"],
    "DEFAULT_PERMISSION_CLASSES": ["ddns.rest.permissions.Permission"],
    "DEFAULT_THROTTLE_CLASSES": ["ddns.rest.rate_limits.Throttle"],
    "DEFAULT_PARSER_CLASSES": ["ddns.rest.formats.Parser"],
    "DEFAULT_RENDERER_CLASSES": ["ddns.rest.formats.Renderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "ddns.rest.formats.Negotiation",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "ddns.rest.schema.Schema",
    "EXCEPTION_HANDLER": "ddns.rest.problems.handle",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "TEST_REQUEST_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}
OPENAPI: dict[str, Any] = {
    "TITLE": "REST API",
    "DESCRIPTION": "Hostnames, records, keys and history of an account: docs/rest-api.md has the words to it. Reports of abuse: "
    "docs/abuse-doors.md. Orders of authorities: docs/authorities.md. Sharing with "
    "partners: docs/partners.md.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_SPLIT_PATCH": False,
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "ddns.rest.schema.finish"],
    "ENUM_NAME_OVERRIDES": {
        "HostnameState": "ddns.rest.hostnames.STATES",
        "RecordType": "ddns.rest.records.TYPES",
        "KeyPermission": "ddns.models.keys.Permission",
        "NotificationKind": "ddns.models.notifications.Kind",
        "SubmissionState": "abuse.models.Submission.State",
        "SubmissionDoor": "abuse.models.Submission.Door",
        "OrderDoor": "abuse.models.Order.Door",
        "OrderKind": "abuse.models.Order.Kind",
        "ReportState": "abuse.models.Report.State",
        "ReportOutcome": "abuse.rest.reports.OUTCOMES",
        "TsigAlgorithm": "ddns.models.tsig_keys.TsigKey.Algorithm",
    },
}

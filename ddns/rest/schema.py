"""The OpenAPI document: what every operation may answer besides what its view says."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from ddns.rest import problems

SAFE = ("GET", "HEAD", "OPTIONS")


class WrongSerializer(serializers.Serializer):
    """One thing that is wrong: with which field, and of many items, with which."""

    field = serializers.CharField(required=False, help_text="As `a.b`; empty: the whole.")
    position = serializers.IntegerField(required=False, help_text="In the array that was sent, from 0.")
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer):
    """RFC 9457. `type` names the kind and is a page about it."""

    type = serializers.URLField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What happened, why, and what can be done now.")
    errors = WrongSerializer(many=True, required=False)


class Schema(AutoSchema):
    """Problems in every operation; every status of a success by the view."""

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/v1/").split("/")[0]]

    def _get_response_bodies(self, direction: str = "response") -> dict[str, Any]:
        bodies = super()._get_response_bodies(direction)
        for status in self._problem_statuses():
            # Puts the component into the document, too.
            said = self._get_response_for_code(ProblemSerializer, status, [problems.CONTENT_TYPE])
            bodies.setdefault(status, said | {"description": _SAID[status]})
        return bodies

    def _problem_statuses(self) -> list[str]:
        statuses = ["400", "401", "403", "429", "default"]
        if "{" in self.path:
            statuses.append("404")
        if self.method not in SAFE:
            statuses += ["409", "413", "415", "422"]
        if any(parameter.get("name") == "If-Match" for parameter in self._get_parameters()):
            statuses.append("412")
        return sorted(statuses)


_SAID = {
    "400": "Something in the request is wrong: `errors` says what.",
    "401": "No key and no session, or a wrong key.",
    "403": "The key, the plan or a limit of the account does not allow this.",
    "404": "There is no such thing, or it is another's.",
    "409": "It does not go together with what is there.",
    "412": "It has changed since you read it.",
    "413": "The body is too big.",
    "415": "The body is not JSON, or a report in no format that is taken.",
    "422": "The Idempotency-Key came with another request before; a report cannot be understood.",
    "429": "Too many requests: `Retry-After` says when to come back.",
    "default": "Anything else.",
}


def finish(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Problems once, for all operations to point at; and bodies that are taken at their word, as fields.Strict reads them."""
    components = result["components"]
    shared = components.setdefault("responses", {})
    for operations in result["paths"].values():
        for operation in operations.values():
            for status in sorted(_SAID.keys() & operation["responses"].keys()):
                name = f"Problem{status.title()}"
                shared[name] = operation["responses"][status]
                operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
    for name, schema in components["schemas"].items():
        if name.endswith("Request"):
            schema["additionalProperties"] = False
    return result

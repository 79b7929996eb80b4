"""XARF's schema: what a report breaks of it, in sentences. By jsonschema and referencing, as the library xarf does."""

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import urljoin

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from referencing import Registry
from referencing.jsonschema import DRAFT202012
from xarf.schema_validator import SchemaValidator

from abuse.intake import limits, text

_MASTER = "https://xarf.org/schemas/v4/xarf-v4-master.json"


def errors_of(report: Mapping[str, Any]) -> list[str]:
    """Every way in which the report breaks XARF's schema, as a sentence that begins with the path."""
    cut = _shortened(report)
    validator = _validators().get(f"{cut.get('category')}/{cut.get('type')}")
    if validator is None:
        found = [(each.field, each.message) for each in _whole().validate(cut)]
    else:
        found = list(dict.fromkeys((_path(each), each.message) for each in validator.iter_errors(cut)))
    return [f"{field or 'report'}: {text.line(message, 200)}." for field, message in found]


def _path(error: ValidationError) -> str:
    return ".".join(map(str, error.absolute_path))


@cache
def _validators() -> dict[str, Draft202012Validator]:
    """By category/type. The whole schema asks each of its types whether it is meant, which finds the same in five times as long:
    tests/abuse/intake/test_xarf_schema.py holds them against each other.
    """
    folder = resources.files("xarf") / "schemas"
    files = [each for place in (folder, folder / "types") for each in place.iterdir() if each.name.endswith(".json")]
    schemas = {schema["$id"]: schema for each in files if (schema := json.loads(each.read_text(encoding="utf-8")))}
    registry: Registry[Any] = Registry().with_resources(
        (name, DRAFT202012.create_resource(each)) for name, each in schemas.items()
    )
    found = {}
    for each in schemas[_MASTER]["allOf"]:
        if "then" in each:
            said = each["if"]["properties"]
            schema = {"$ref": urljoin(_MASTER, each["then"]["$ref"])}
            found[f"{said['category']['const']}/{said['type']['const']}"] = Draft202012Validator(
                schema, registry=registry, format_checker=FormatChecker()
            )
    return found


@cache
def _whole() -> SchemaValidator:
    return SchemaValidator()


def _shortened(value: Any) -> Any:
    """A copy in which nothing is so long that the schema's patterns and messages take their time."""
    if isinstance(value, str):
        return value[:2_000]
    if isinstance(value, list):
        return [_shortened(each) for each in value[: limits.MAX_DETAIL_ITEMS]]
    if isinstance(value, dict):
        items = list(value.items())[: limits.MAX_DETAIL_ITEMS]
        return {key[:200]: _shortened(each) for key, each in items if key != "_internal"}
    return value

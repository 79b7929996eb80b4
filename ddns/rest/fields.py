"""Fields: what JSON says, taken at its word. DRF's own take "true", 1 and "yes" for one another."""

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ddns import addresses, interface_ids
from ddns.authority import Authority
from ddns.errors import InvalidInterfaceId
from ddns.rest.permissions import authority_of
from dnsupdate.errors import InvalidName
from dnsupdate.names import MAX_NAME_CHARACTERS, normalise

MAX_ID = 2**63 - 1
MAX_INTERFACE_ID_CHARACTERS = 45
# RFC 3339 §5.6: a time without its offset would mean another one to everybody.
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)")


class Flag(serializers.BooleanField):
    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class Text(serializers.CharField):
    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Number(serializers.IntegerField):
    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return data


class Moment(serializers.DateTimeField):
    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or not _MOMENT.fullmatch(data):
            self.fail("invalid", format="2026-12-31T23:59:59Z")
        return super().to_internal_value(data)


class Choice(serializers.ChoiceField):
    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid_choice", input=data)
        return super().to_internal_value(data)


class _Address(serializers.Field):
    default_error_messages = {"invalid": gettext_lazy("This is not an address of this family.")}
    kind: type[IPv4Address] | type[IPv6Address]

    def to_internal_value(self, data: Any) -> IPv4Address | IPv6Address:
        try:
            address = addresses.parse(data) if isinstance(data, str) else None
        except ValueError:
            address = None
        if not isinstance(address, self.kind):
            self.fail("invalid")
        return address

    def to_representation(self, value: Any) -> str:
        return str(value)


@extend_schema_field({"type": "string", "format": "ipv4"})
class IPv4(_Address):
    kind = IPv4Address


@extend_schema_field({"type": "string", "format": "ipv6"})
class IPv6(_Address):
    kind = IPv6Address


@extend_schema_field({"type": "string", "maxLength": MAX_INTERFACE_ID_CHARACTERS})
class InterfaceId(serializers.Field):
    """The host part of an IPv6 address, or the MAC address that a device makes its own of."""

    def to_internal_value(self, data: Any) -> IPv6Address:
        """Raises ValidationError."""
        try:
            return interface_ids.parse(data if isinstance(data, str) else "")
        except InvalidInterfaceId as error:
            raise serializers.ValidationError(str(error)) from error

    def to_representation(self, value: Any) -> str:
        return str(value)


class _Own(serializers.Field):
    """Something that the caller may see; everything else does not exist."""

    default_error_messages = {"unknown": gettext_lazy("There is no such thing here.")}

    @property
    def authority(self) -> Authority:
        return authority_of(self.context["request"])

    def find(self, queryset: QuerySet, **lookup: Any) -> Any:
        found = queryset.filter(**lookup).first()
        if found is None:
            self.fail("unknown")
        return found


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": MAX_ID})
class OwnGroup(_Own):
    """By its number."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("unknown")
        return self.find(self.authority.groups(), pk=data)

    def to_representation(self, value: Any) -> int:
        return value.pk


@extend_schema_field({"type": "string", "maxLength": MAX_NAME_CHARACTERS})
class OwnHostname(_Own):
    """By its name."""

    def to_internal_value(self, data: Any) -> Any:
        try:
            name = normalise(data) if isinstance(data, str) else ""
        except InvalidName:
            name = ""
        return self.find(self.authority.hostnames(), name=name)

    def to_representation(self, value: Any) -> str:
        return value.name


class Strict(serializers.Serializer):
    """What a client sends: a field that nobody knows is an error, and not a wish that is silently left undone."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, Mapping):
            unknown = data.keys() - self.fields.keys()
            if unknown:
                raise serializers.ValidationError(
                    {str(name)[:80]: [_("There is no such field.")] for name in sorted(unknown)}
                )
        return super().to_internal_value(data)

"""Keys: listed, made, renamed, rotated, revoked. What a key is allowed is in ddns.authority."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from ddns import authority, keys, tsig_keys
from ddns.authority import Grant
from ddns.models import TsigKey, UpdateKey
from ddns.models.keys import Permission
from ddns.rest import repeats
from ddns.rest.fields import Choice, Moment, Number, OwnGroup, OwnHostname, Strict, Text
from ddns.rest.pages import Cursor
from ddns.rest.views import View, in_range

MAX_LABEL_CHARACTERS = 60
MAX_NETWORK_CHARACTERS = 43
MAX_HOSTNAMES = 200
# A day is long enough to go round all devices that share a key; a month, for those that are seldom met.
DEFAULT_OVERLAP = timedelta(days=1)
MAX_OVERLAP = timedelta(days=30)

NUMBER = OpenApiParameter("id", OpenApiTypes.INT64, OpenApiParameter.PATH, description="Of the key.")


class TsigKeySerializer(serializers.ModelSerializer):
    """What a client of nsupdate signs with in the place of the key."""

    class Meta:
        model = TsigKey
        fields = ("name", "algorithm", "created_at")
        read_only_fields = fields


class NewTsigKeySerializer(TsigKeySerializer):
    """A TSIG key that was just made, with its secret, which is shown in this answer and never again."""

    secret = serializers.CharField(read_only=True, help_text="In base64.")
    key_file = serializers.SerializerMethodField(help_text="For BIND's tools: `nsupdate -k FILE`.")

    class Meta(TsigKeySerializer.Meta):
        fields = (*TsigKeySerializer.Meta.fields, "secret", "key_file")
        read_only_fields = fields

    def get_key_file(self, made: TsigKey) -> str:
        return self.context["key_file"]


class KeySerializer(serializers.ModelSerializer):
    """A key that works. Its text was shown when it was made."""

    prefix = serializers.CharField(read_only=True, help_text="Its first characters, to recognise it by.")
    hostnames = serializers.SerializerMethodField(help_text="Those that it covers one by one.")
    group = serializers.IntegerField(source="group_id", read_only=True, allow_null=True)
    tsig = TsigKeySerializer(source="tsig_key_or_none", read_only=True, allow_null=True)

    class Meta:
        model = UpdateKey
        fields = (
            *("id", "label", "prefix", "permission", "covers_account", "group", "hostnames", "networks"),
            *("created_at", "expires_at", "used_at", "used_from", "used_by", "tsig"),
        )
        read_only_fields = fields

    def get_hostnames(self, key: UpdateKey) -> list[str]:
        return sorted(hostname.name for hostname in key.hostnames.all())


class NewKeyTextSerializer(KeySerializer):
    """A key that was just made, with its text, which is shown in this answer and never again."""

    key = serializers.SerializerMethodField(help_text="The text that a device or a program presents.")

    class Meta(KeySerializer.Meta):
        fields = (*KeySerializer.Meta.fields, "key")
        read_only_fields = fields

    def get_key(self, key: UpdateKey) -> str:
        return self.context["text"]


class NewKeySerializer(Strict):
    """A key for some hostnames, for a group, or for the whole account where neither is given."""

    label = Text(max_length=MAX_LABEL_CHARACTERS, help_text="The device or program that uses it.")
    permission = Choice(Permission.choices, default=Permission.DEVICE.value)
    hostnames = serializers.ListField(
        child=OwnHostname(), required=False, allow_null=True, min_length=1, max_length=MAX_HOSTNAMES
    )
    group = OwnGroup(required=False, allow_null=True)
    networks = serializers.ListField(
        child=Text(max_length=MAX_NETWORK_CHARACTERS),
        required=False,
        max_length=keys.MAX_NETWORKS,
        help_text="`192.0.2.0/24`, `2001:db8::/32`; none: from anywhere.",
    )
    expires_at = Moment(required=False, allow_null=True)


class KeyLabelSerializer(Strict):
    """What a key is called."""

    label = Text(max_length=MAX_LABEL_CHARACTERS)


class AlgorithmSerializer(Strict):
    """How a TSIG key signs."""

    algorithm = Choice(
        TsigKey.Algorithm.choices,
        default=TsigKey.Algorithm.HMAC_SHA256.value,
        help_text="`hmac-md5` only where the operator allows it.",
    )


class RotationSerializer(Strict):
    """How a key gives way to its successor."""

    overlap = Number(
        default=int(DEFAULT_OVERLAP.total_seconds()),
        min_value=0,
        max_value=int(MAX_OVERLAP.total_seconds()),
        help_text="Seconds for which the old key still works.",
    )


class Keys(ListModelMixin, View):
    """Keys that work. By a key only those are seen that cover no more than it does, and none is made that can do more."""

    queryset = UpdateKey.objects.none()
    serializer_class = KeySerializer
    pagination_class = Cursor
    orderings = ("-created_at", "created_at")

    def get_queryset(self) -> QuerySet[UpdateKey]:
        return self.authority.keys().select_related("tsig_key").prefetch_related("hostnames")

    @extend_schema(
        summary="Make a key",
        request=NewKeySerializer,
        responses={201: NewKeyTextSerializer},
        parameters=[repeats.PARAMETER],
    )
    def create(self, request: Request) -> Response:
        """Its text is shown in this answer and never again."""
        sent = self.parsed(NewKeySerializer)
        made, text = authority.create_key(
            self.authority, _grant(sent), label=sent["label"], permission=sent["permission"]
        )
        return self._shown_once(made, text)

    @extend_schema(summary="Get a key", parameters=[NUMBER])
    def retrieve(self, request: Request, id: str) -> Response:
        return Response(KeySerializer(self._key(id)).data)

    @extend_schema(
        summary="Rename a key",
        request=KeyLabelSerializer,
        responses=KeySerializer,
        parameters=[NUMBER, repeats.PARAMETER],
    )
    def partial_update(self, request: Request, id: str) -> Response:
        key = self._key(id)
        key.label = self.parsed(KeyLabelSerializer)["label"]
        keys.rename(key, key.label)
        return Response(KeySerializer(key).data)

    @extend_schema(
        summary="Rotate a key",
        request=RotationSerializer,
        responses={201: NewKeyTextSerializer},
        parameters=[NUMBER, repeats.PARAMETER],
    )
    def rotate(self, request: Request, id: str) -> Response:
        """A new key that may do the same; the old one works for a while, in which devices are given the new one.

        The old one's TSIG key and the acme-dns accounts that were made with it end with it.
        """
        key = self._key(id)
        overlap = timedelta(seconds=self.parsed(RotationSerializer)["overlap"])
        return self._shown_once(*authority.rotate_key(self.authority, key, overlap=overlap))

    @extend_schema(summary="Revoke a key", responses={204: None}, parameters=[NUMBER, repeats.PARAMETER])
    def destroy(self, request: Request, id: str) -> Response:
        """It is refused from the next request on. A key may revoke itself."""
        keys.revoke(self._key(id))
        return Response(status=204)

    @extend_schema(
        summary="Make a key's TSIG key",
        request=AlgorithmSerializer,
        responses={201: NewTsigKeySerializer},
        parameters=[NUMBER, repeats.PARAMETER],
    )
    def create_tsig(self, request: Request, id: str) -> Response:
        """For nsupdate and other clients of RFC 2136. It may do what the key may, takes the place of the one before, and ends
        with the key. Its secret is shown in this answer and never again.
        """
        key = self._key(id)
        algorithm = self.parsed(AlgorithmSerializer)["algorithm"]
        made, key_file = authority.create_tsig_key(self.authority, key, algorithm=algorithm)
        shown = NewTsigKeySerializer(made, context={"key_file": key_file}).data
        return Response(shown, 201, headers={"Cache-Control": "no-store"})

    @extend_schema(summary="Delete a key's TSIG key", responses={204: None}, parameters=[NUMBER, repeats.PARAMETER])
    def destroy_tsig(self, request: Request, id: str) -> Response:
        """What is signed with it is refused from now on. The key works on."""
        if not tsig_keys.delete(self._key(id)):
            raise NotFound
        return Response(status=204)

    def _key(self, number: str) -> UpdateKey:
        key = self.get_queryset().filter(pk=in_range(number)).first()
        if key is None:
            raise NotFound
        return key

    def _shown_once(self, key: UpdateKey, text: str) -> Response:
        headers = {
            "Cache-Control": "no-store",
            "Location": self.request.build_absolute_uri(f"/api/v1/keys/{key.pk}"),
        }
        return Response(NewKeyTextSerializer(key, context={"text": text}).data, 201, headers=headers)


def _grant(sent: dict[str, Any]) -> Grant:
    """Raises ValidationError for a key that is meant for a group and for others at once."""
    if sent.get("hostnames") is not None and sent.get("group") is not None:
        raise ValidationError({"group": [_("Give either hostnames or a group.")]})
    return Grant(sent.get("hostnames"), sent.get("group"), sent.get("networks", ()), sent.get("expires_at"))

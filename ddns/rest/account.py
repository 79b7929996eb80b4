"""The account: what it is, what its plan allows, and its language."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ddns import accounts, plans
from ddns.models import User
from ddns.rest import repeats
from ddns.rest.fields import Strict, Text
from ddns.rest.permissions import OfAccount, Permission
from ddns.rest.views import View


class PlanSerializer(serializers.Serializer):
    """How much the account may have."""

    hostnames = serializers.IntegerField(read_only=True)
    keys = serializers.IntegerField(read_only=True)
    groups = serializers.IntegerField(read_only=True)
    records = serializers.IntegerField(
        read_only=True, help_text="Of a hostname, challenges for certificates not counted."
    )
    texts = serializers.IntegerField(read_only=True, help_text="Challenges at one name.")
    has_wildcard = serializers.BooleanField(read_only=True)
    has_offline = serializers.BooleanField(read_only=True)


class AccountSerializer(serializers.Serializer):
    email = serializers.EmailField(read_only=True)
    language = serializers.CharField(read_only=True, help_text="Of mails; empty: English.")
    plan = serializers.CharField(read_only=True)
    limits = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField(source="date_joined", read_only=True)

    @extend_schema_field(PlanSerializer)
    def get_limits(self, account: User) -> dict[str, Any]:
        return PlanSerializer(plans.of(account)).data


class AccountChangeSerializer(Strict):
    """What shall be changed."""

    language = Text(max_length=10, help_text="One that the pages have, such as `en`.")


class Account(View):
    """Needs a key for the whole account. Address, password and second factors are changed by pages alone."""

    queryset = User.objects.none()
    serializer_class = AccountSerializer
    permission_classes = (Permission, OfAccount)

    @extend_schema(summary="Get the account")
    def retrieve(self, request: Request) -> Response:
        return Response(AccountSerializer(self.authority.account).data)

    @extend_schema(
        summary="Change the account",
        request=AccountChangeSerializer,
        responses=AccountSerializer,
        parameters=[repeats.PARAMETER],
    )
    def partial_update(self, request: Request) -> Response:
        account = accounts.set_language(self.authority.account, self.parsed(AccountChangeSerializer)["language"])
        return Response(AccountSerializer(account).data)

"""acme-dns accounts: listed and ended. They are made where certificate clients make them (ddns.views.acmedns)."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from ddns import acme_accounts
from ddns.models import AcmeAccount
from ddns.models.acme_accounts import AcmeAccountQuerySet
from ddns.rest import repeats
from ddns.rest.pages import Cursor
from ddns.rest.views import View, in_range

NUMBER = OpenApiParameter("id", OpenApiTypes.INT64, OpenApiParameter.PATH, description="Of the acme-dns account.")


class AcmeAccountSerializer(serializers.ModelSerializer):
    """What a certificate client was given to set the TXT values of one name with. Its password was shown when it was made."""

    fulldomain = serializers.CharField(read_only=True, help_text="Where its values are answered.")
    hostname = serializers.CharField(source="hostname.name", read_only=True, allow_null=True, default=None)
    key = serializers.IntegerField(source="key_id", read_only=True, help_text="That it was made with and ends with.")
    domain = serializers.CharField(read_only=True, help_text="The name elsewhere that the client said it is for.")

    class Meta:
        model = AcmeAccount
        fields = (
            *("id", "username", "fulldomain", "hostname", "domain", "key", "networks"),
            *("source", "agent", "created_at", "used_at"),
        )
        read_only_fields = fields


@extend_schema_view(list=extend_schema(summary="List acme-dns accounts"))
class AcmeAccounts(ListModelMixin, View):
    """Those made with keys of the account, as far as the key that asks covers what those cover."""

    queryset = AcmeAccount.objects.none()
    serializer_class = AcmeAccountSerializer
    pagination_class = Cursor
    orderings = ("-created_at", "created_at")

    def get_queryset(self) -> AcmeAccountQuerySet:
        return self.authority.acme_accounts().with_owner()

    @extend_schema(summary="Get an acme-dns account", parameters=[NUMBER])
    def retrieve(self, request: Request, id: str) -> Response:
        return Response(AcmeAccountSerializer(self._account(id)).data)

    @extend_schema(summary="End an acme-dns account", responses={204: None}, parameters=[NUMBER, repeats.PARAMETER])
    def destroy(self, request: Request, id: str) -> Response:
        """Its password works no more, and what it answers at a name of its own leaves DNS."""
        if not acme_accounts.end(self._account(id)):
            raise NotFound
        return Response(status=204)

    def _account(self, number: str) -> AcmeAccount:
        account = self.get_queryset().filter(pk=in_range(number)).first()
        if account is None:
            raise NotFound
        return account

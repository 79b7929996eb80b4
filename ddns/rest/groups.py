"""Groups of hostnames."""

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from ddns import groups
from ddns.models import Group
from ddns.rest import repeats
from ddns.rest.fields import Strict, Text
from ddns.rest.pages import Cursor
from ddns.rest.views import View, in_range

NUMBER = OpenApiParameter("id", OpenApiTypes.INT64, OpenApiParameter.PATH, description="Of the group.")


class GroupSerializer(serializers.ModelSerializer):
    """Hostnames of an account that keys may cover together. A hostname is put into it with its `group`."""

    class Meta:
        model = Group
        fields = ("id", "name", "created_at")
        read_only_fields = fields


class GroupNameSerializer(Strict):
    """What a group is called."""

    name = Text(max_length=60)


class Groups(ListModelMixin, View):
    """Groups of hostnames. Changing them needs a key for the whole account: they say what other keys cover."""

    queryset = Group.objects.none()
    serializer_class = GroupSerializer
    pagination_class = Cursor
    orderings = ("name", "-name")

    def get_queryset(self) -> QuerySet[Group]:
        return self.authority.groups()

    @extend_schema(
        summary="Make a group",
        request=GroupNameSerializer,
        responses={201: GroupSerializer},
        parameters=[repeats.PARAMETER],
    )
    def create(self, request: Request) -> Response:
        self.authority.check_covers_account()
        group = groups.create(self.authority.account, name=self.parsed(GroupNameSerializer)["name"])
        location = request.build_absolute_uri(f"/api/v1/groups/{group.pk}")
        return Response(GroupSerializer(group).data, 201, headers={"Location": location})

    @extend_schema(summary="Get a group", parameters=[NUMBER])
    def retrieve(self, request: Request, id: str) -> Response:
        return Response(GroupSerializer(self._group(id)).data)

    @extend_schema(
        summary="Rename a group",
        request=GroupNameSerializer,
        responses=GroupSerializer,
        parameters=[NUMBER, repeats.PARAMETER],
    )
    def partial_update(self, request: Request, id: str) -> Response:
        group = self._group(id)
        self.authority.check_covers_account()
        group.name = self.parsed(GroupNameSerializer)["name"]
        groups.rename(group, group.name)
        return Response(GroupSerializer(group).data)

    @extend_schema(summary="Delete a group", responses={204: None}, parameters=[NUMBER, repeats.PARAMETER])
    def destroy(self, request: Request, id: str) -> Response:
        """Its hostnames stay, in no group. Keys that covered it are revoked."""
        group = self._group(id)
        self.authority.check_covers_account()
        groups.delete(group)
        return Response(status=204)

    def _group(self, number: str) -> Group:
        group = self.get_queryset().filter(pk=in_range(number)).first()
        if group is None:
            raise NotFound
        return group

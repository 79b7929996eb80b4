"""Domains: those on offer, and their rules."""

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin

from ddns.models import Domain
from ddns.rest.pages import Cursor
from ddns.rest.views import View


class DomainSerializer(serializers.ModelSerializer):
    """A domain that takes new names. Times to live are in seconds."""

    class Meta:
        model = Domain
        fields = ("name", "ttl", "min_ttl", "max_ttl")
        read_only_fields = fields


class Domains(ListModelMixin, View):
    """Domains that new hostnames can be registered under."""

    serializer_class = DomainSerializer
    pagination_class = Cursor
    orderings = ("name", "-name")

    def get_queryset(self) -> QuerySet[Domain]:
        return Domain.objects.taking_names()

"""Preferences: by which ways the account is told of what. A key switches no mail off: it shall not silence what tells of it."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ddns import preferences
from ddns.models import Preference, User
from ddns.models.notifications import ALWAYS_MAILED, Kind
from ddns.preferences import Wanted
from ddns.rest import repeats
from ddns.rest.fields import Choice, Flag, Number, Strict
from ddns.rest.permissions import OfAccount, Permission
from ddns.rest.views import View

MAX_DAYS = 365


class WaysSerializer(serializers.Serializer):
    """How the account is told of a kind of notification."""

    kind = serializers.ChoiceField(Kind.choices, read_only=True)
    by_mail = serializers.BooleanField(read_only=True)
    by_webhook = serializers.BooleanField(read_only=True, help_text="To every webhook that is switched on.")
    is_always_mailed = serializers.BooleanField(read_only=True)


class PreferencesSerializer(serializers.Serializer):
    silence_days = serializers.IntegerField(read_only=True, help_text="After which a device counts as silent.")
    kinds = WaysSerializer(many=True, read_only=True)


class WaysChangeSerializer(Strict):
    """What shall become of a kind; what is not given stays."""

    kind = Choice(Kind.choices)
    by_mail = Flag(required=False)
    by_webhook = Flag(required=False)


class PreferencesChangeSerializer(Strict):
    """What shall become of the preferences; what is not given stays."""

    silence_days = Number(
        required=False, allow_null=True, min_value=1, max_value=MAX_DAYS, help_text="null: the usual."
    )
    kinds = serializers.ListField(child=WaysChangeSerializer(), required=False, max_length=len(Kind))


class Preferences(View):
    """By which ways the account is told of what. Needs a key for the whole account."""

    queryset = Preference.objects.none()
    serializer_class = PreferencesSerializer
    permission_classes = (Permission, OfAccount)

    @extend_schema(summary="Get the preferences", responses=PreferencesSerializer)
    def retrieve(self, request: Request) -> Response:
        return Response(_presented(self.authority.account))

    @extend_schema(
        summary="Change the preferences",
        request=PreferencesChangeSerializer,
        responses=PreferencesSerializer,
        parameters=[repeats.PARAMETER],
    )
    def partial_update(self, request: Request) -> Response:
        """A key may switch mail on; off it is switched by somebody who is logged in."""
        sent, account = self.parsed(PreferencesChangeSerializer), self.authority.account
        wanted = _wanted(sent.get("kinds", []))
        self.authority.check_preferences(wanted)
        with transaction.atomic():
            preferences.change(account, wanted)
            if "silence_days" in sent:
                preferences.choose_days(account, sent["silence_days"])
        return Response(_presented(account))


def _wanted(sent: Sequence[dict[str, Any]]) -> dict[Kind, Wanted]:
    """Raises ValidationError for a kind that is there twice."""
    wanted = {Kind(each["kind"]): Wanted(each.get("by_mail"), each.get("by_webhook")) for each in sent}
    if len(wanted) < len(sent):
        raise ValidationError({"kinds": [_("Each kind once.")]})
    return wanted


def _presented(account: User) -> dict[str, Any]:
    kinds = [
        {
            "kind": kind,
            "by_mail": ways.by_mail,
            "by_webhook": ways.by_webhook,
            "is_always_mailed": kind in ALWAYS_MAILED,
        }
        for kind, ways in preferences.of(account).items()
    ]
    return dict(PreferencesSerializer({"silence_days": preferences.days_of(account), "kinds": kinds}).data)

"""Delegations: what the parent of each zone shall say, what it said last, and every change that was seen."""

import hashlib
import json
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from dnsupdate import pictures
from dnsupdate.pictures import Picture


def check_servers(text: str) -> None:
    """Raises ValidationError for what is no list of addresses with or without ports."""
    # Here, because nameservers imports the models.
    from dnsupdate.nameservers import parse_address

    for line in text.split():
        try:
            host, _ = parse_address(line)
            models.GenericIPAddressField().run_validators(host)
        except (ValueError, ValidationError) as error:
            raise ValidationError(f"“{line[:80]}” is no ADDRESS, ADDRESS:PORT or [IPv6]:PORT.") from error


class Delegation(models.Model):
    """A zone's delegation: expected (taken over by somebody) beside observed (the parent's servers' last word).

    expected and observed are pictures (dnsupdate.pictures) as JSON; answers and apexes hold what each server said last.
    """

    class State(models.TextChoices):
        UNCHECKED = "unchecked", "not checked yet"
        OFFERED = "offered", "to be accepted"
        EXPECTED = "expected", "as expected"
        CHANGED = "changed", "changed"
        GONE = "gone", "not delegated"
        UNKNOWN = "unknown", "cannot be checked"

    zone = models.OneToOneField("dnsupdate.Zone", on_delete=models.CASCADE, related_name="delegation")

    # The operator's.
    parent_override = models.TextField(
        "the parent's servers",
        blank=True,
        default="",
        validators=[check_servers],
        help_text="Addresses to ask, with a port where it is not 53, one a line. Empty: found by the resolver.",
    )
    registrar = models.TextField(
        blank=True, default="", help_text="Whom to call, day and night: name, telephone, account. Goes into alarms."
    )

    parent = models.CharField(max_length=253, blank=True, default="", help_text="The enclosing zone; empty: the root.")
    parent_servers = models.JSONField(default=list, help_text="As they were found last.")
    parent_found_at = models.DateTimeField(null=True)

    expected = models.JSONField(null=True)
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.CharField(max_length=254, blank=True, default="")

    state = models.CharField(max_length=16, choices=State, default=State.UNCHECKED)
    state_since = models.DateTimeField(db_default=Now())
    observed = models.JSONField(null=True)
    observed_at = models.DateTimeField(null=True, help_text="When the parent last said something usable.")
    checked_at = models.DateTimeField(null=True, help_text="When the last check began.")
    failure = models.TextField(blank=True, default="", help_text="Why the last check could not be made.")
    calm_since = models.DateTimeField(null=True, help_text="As expected again since, while the alarm is still open.")
    dissent_since = models.DateTimeField(null=True, help_text="A minority of the parent's servers has differed since.")
    answers = models.JSONField(default=list)
    apexes = models.JSONField(default=list)

    registry_domain = models.CharField(max_length=253, blank=True, default="")
    registry_status = models.JSONField(null=True, help_text="RFC 8056, sorted.")
    expires_at = models.DateTimeField(null=True)
    expected_registry_status = models.JSONField(null=True)
    expected_expires_at = models.DateTimeField(null=True)
    registry_checked_at = models.DateTimeField(null=True)
    registry_observed_at = models.DateTimeField(null=True)
    registry_failure = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["zone__name"]
        permissions = [("accept_delegation", "Can say that a change of a delegation was ours")]
        constraints = [
            models.CheckConstraint(
                name="delegation_state_known",
                condition=Q(state__in=["unchecked", "offered", "expected", "changed", "gone", "unknown"]),
            ),
            models.CheckConstraint(
                name="delegation_accepted_by_somebody",
                condition=Q(expected=None) | (Q(accepted_at__isnull=False) & ~Q(accepted_by="")),
            ),
        ]

    def __str__(self) -> str:
        return str(self.zone)

    @property
    def expected_picture(self) -> Picture | None:
        return None if self.expected is None else Picture.from_json(self.expected)

    @property
    def observed_picture(self) -> Picture | None:
        return None if self.observed is None else Picture.from_json(self.observed)

    @property
    def differences(self) -> list[str]:
        """What differs at the parent, a sentence each; nothing while there is nothing to compare."""
        if self.expected is None or self.observed is None:
            return []
        return pictures.differences(Picture.from_json(self.expected), Picture.from_json(self.observed))

    @property
    def seen(self) -> str:
        """Names what was observed last, so that nobody accepts what they have not looked at."""
        expires = self.expires_at.isoformat() if self.expires_at else None
        looked_at: list[Any] = [self.observed, self.registry_status, expires]
        return hashlib.sha256(json.dumps(looked_at, sort_keys=True).encode()).hexdigest()[:16]


class DelegationChangeQuerySet(models.QuerySet["DelegationChange"]):
    def open(self) -> "DelegationChangeQuerySet":
        return self.filter(ended_at=None)


class DelegationChange(models.Model):
    """One change that was seen: the evidence of a seizure, or of our own move. Nobody edits it.

    evidence holds every parent server's answer in presentation form, as it was when the change was first seen.
    """

    class Source(models.TextChoices):
        PARENT = "parent", "the parent's servers"
        REGISTRY = "registry", "the registry (RDAP)"

    delegation = models.ForeignKey(Delegation, on_delete=models.CASCADE, related_name="changes")
    source = models.CharField(max_length=8, choices=Source)
    was = models.JSONField()
    now = models.JSONField()
    words = models.TextField()
    evidence = models.JSONField(default=list)
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=32, blank=True, default="", help_text="Accepted, or undone by itself.")
    accepted_by = models.CharField(max_length=254, blank=True, default="")

    objects = DelegationChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-seen_at", "-pk"]
        indexes = [models.Index(fields=["delegation", "-seen_at"], name="delegation_history")]

    def __str__(self) -> str:
        return f"{self.seen_at:%Y-%m-%d %H:%M:%S} UTC"

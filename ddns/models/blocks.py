"""Blocks: addresses that no hostname gets, and labels that nobody registers, until a time."""

from django.db import models
from django.db.models import ExpressionWrapper, Q
from django.db.models.functions import Now


class BlockQuerySet(models.QuerySet["Block"]):
    def with_state(self) -> "BlockQuerySet":
        """With in_force, by the database's clock."""
        return self.annotate(in_force=ExpressionWrapper(Q(expires_at__gt=Now()), models.BooleanField()))

    def in_force(self) -> "BlockQuerySet":
        return self.filter(expires_at__gt=Now())

    def patterns(self) -> "BlockQuerySet":
        return self.in_force().filter(kind=Block.Kind.PATTERN)


class Block(models.Model):
    """One block, and nothing of why: the reasons are in abuse. None is for good."""

    class Kind(models.TextChoices):
        NETWORK = "network", "target network"
        PATTERN = "pattern", "pattern of labels"

    kind = models.CharField(max_length=10, choices=Kind)
    value = models.CharField(max_length=63, help_text="192.0.2.0/24, 2001:db8::/48; or paypal-*, in every domain.")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()

    # Only by with_state.
    in_force: bool

    objects = BlockQuerySet.as_manager()

    class Meta:
        ordering = ["expires_at", "pk"]
        constraints = [models.CheckConstraint(name="block_kind_known", condition=Q(kind__in=["network", "pattern"]))]

    def __str__(self) -> str:
        return self.value

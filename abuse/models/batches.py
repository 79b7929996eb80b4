"""Batches: one decision about many cases, carried out in chunks."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class Batch(models.Model):
    """What shall be done about these cases, for one reason. The row is the queue: what was interrupted goes on from it."""

    class Step(models.TextChoices):
        TAKE = "take", "decide"
        APPROVE = "approve", "approve"
        REFUSE = "refuse", "refuse"
        UNDO = "undo", "undo"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    action = models.CharField(max_length=14, help_text="Decision.Action.")
    case_ids = ArrayField(models.BigIntegerField(), help_text="In the order in which they are decided.")
    decision = models.JSONField(help_text="What is the same for all: reason, parameters, end, ground.")
    second_look = models.TextField(blank=True, default="", help_text="Why all of it needs a second person; empty: no.")
    by = models.ForeignKey("ddns.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    step = models.CharField(max_length=7, choices=Step, default=Step.TAKE)
    step_by = models.ForeignKey("ddns.User", on_delete=models.PROTECT, related_name="+")
    step_reason = models.TextField(blank=True, default="")
    done_count = models.PositiveIntegerField(default=0, help_text="Of the step: how many cases were gone through.")
    failures = models.JSONField(default=dict, help_text="Why it was not done, by number of the case.")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["created_at"], name="batches_to_do", condition=Q(finished_at=None))]
        constraints = [
            models.CheckConstraint(name="batch_step_known", condition=Q(step__in=["take", "approve", "refuse", "undo"]))
        ]

    def __str__(self) -> str:
        return f"{self.action} on {len(self.case_ids)} cases"

"""Policy as data: how much each signal weighs, and when a young name is held without a person."""

from django.db import models
from django.db.models import Q


class Weight(models.Model):
    """Points that a signal adds to a score, or takes from it. What each signal is, is in abuse.policy."""

    signal = models.CharField(max_length=40, primary_key=True)
    points = models.SmallIntegerField()
    parameters = models.JSONField(default=dict, help_text="Thresholds of the signal: days, counts.")
    is_on = models.BooleanField(default=True)

    class Meta:
        ordering = ["-points", "signal"]

    def __str__(self) -> str:
        return self.signal


class Rule(models.Model):
    """When policy holds a name by itself. It never suspends."""

    key = models.CharField(max_length=40, primary_key=True)
    title = models.CharField(max_length=200)
    parameters = models.JSONField(default=dict, help_text="Thresholds: least score, sources, confidence; most age.")
    is_on = models.BooleanField(default=False)

    class Meta:
        ordering = ["key"]
        constraints = [models.CheckConstraint(name="rule_has_title", condition=~Q(title=""))]

    def __str__(self) -> str:
        return self.title

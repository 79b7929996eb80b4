"""Restrictions: what is in force over a hostname, and nothing of why."""

from django.db import models


class Restriction(models.Model):
    """At most one per hostname; the reasons are in abuse.

    A narrow table of its own, not a column of Hostname: 18,472 of 4 million names under it took 0.9 s against 4 to 15 s.
    """

    class Kind(models.TextChoices):
        HELD = "held", "held (answers frozen, updates refused)"
        SUSPENDED = "suspended", "suspended (withdrawn from DNS)"
        DIVERTED = "diverted", "diverted (answers other addresses)"

    hostname = models.OneToOneField(
        "ddns.Hostname", on_delete=models.PROTECT, primary_key=True, related_name="restriction"
    )
    kind = models.CharField(max_length=10, choices=Kind)
    answer = models.JSONField(
        default=dict, help_text="RRsets to answer instead: while held what stood, while diverted the target."
    )
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="restriction_kind_known", condition=models.Q(kind__in=["held", "suspended", "diverted"])
            )
        ]

    def __str__(self) -> str:
        return f"{self.hostname_id} {self.kind}"

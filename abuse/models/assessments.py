"""Assessments: what policy knew of a case at a moment, and what it made of it. A backtest replays them."""

from django.db import models


class Assessment(models.Model):
    """Facts as they were gathered, the score with its reasons, the verdict. Never changed, so that a backtest is honest."""

    case = models.ForeignKey("abuse.Case", on_delete=models.PROTECT, related_name="assessments")
    at = models.DateTimeField()
    facts = models.JSONField(help_text="abuse.facts.Facts.")
    total = models.SmallIntegerField(help_text="0 to 100.")
    reasons = models.JSONField(default=list, help_text="Signal, points, sentence.")
    rule = models.CharField(max_length=40, blank=True, default="", help_text="That held the name; empty: none did.")
    verdict = models.TextField(help_text="Why it was held or not.")

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["case", "id"], name="assessments_of_case")]

    def __str__(self) -> str:
        return f"{self.case_id} at {self.at:%Y-%m-%d %H:%M:%S}: {self.total}"

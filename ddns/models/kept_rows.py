"""Kept rows: what was deleted or overwritten while its account was under a preservation hold, by whomever."""

from django.db import models
from django.db.models.functions import Now


class KeptRow(models.Model):
    """Written by triggers: log-ins, mail addresses, records, groups, webhooks, TSIG keys, acme-dns accounts. Without secrets.

    The customer deletes as ever and sees no difference: nobody tells them of a hold by refusing.
    """

    account = models.ForeignKey("ddns.User", on_delete=models.PROTECT, related_name="kept_rows")
    table = models.CharField(max_length=63)
    row = models.JSONField(help_text="As it was.")
    at = models.DateTimeField(db_default=Now(), help_text="When it was deleted or overwritten.")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.table} of {self.account_id}"

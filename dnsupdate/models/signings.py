"""Signings: how it stands with the signatures of a zone that its primary signs."""

from django.db import models


class Signing(models.Model):
    """What the last look at the primary found. A zone that was never looked at has none."""

    zone = models.OneToOneField("dnsupdate.Zone", on_delete=models.CASCADE, related_name="signing")
    is_signed = models.BooleanField(default=False, help_text="Whether the primary has keys for the zone.")
    is_expected = models.BooleanField(
        default=False,
        help_text="Whether it shall be signed: so from the first time that it was seen signed, until somebody says otherwise.",
    )
    ds = models.JSONField(default=list, help_text="The DS records for the registry, in presentation form.")
    expires_at = models.DateTimeField(null=True, help_text="The first expiry among the signatures that were looked at.")
    flaw = models.TextField(blank=True, default="", help_text="Why the primary's answers do not validate.")
    detail = models.TextField(blank=True, default="", help_text="The same, with the records.")
    checked_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"the signatures of {self.zone}"

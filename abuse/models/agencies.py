"""Agencies: authorities, courts and response teams that officers speak for."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class Agency(models.Model):
    """What an officer's requests come from. How it is reached was found out by us, never taken from a request."""

    class Kind(models.TextChoices):
        POLICE = "police", "police"
        PROSECUTOR = "prosecutor", "prosecutor"
        COURT = "court", "court"
        REGULATOR = "regulator", "regulator"
        CSIRT = "csirt", "incident response team"

    name = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=10, choices=Kind)
    country = models.CharField(max_length=2, help_text="ISO 3166-1, or EU for bodies of the Union.")
    mail_domains = ArrayField(
        models.CharField(max_length=253), help_text="Normalised domains that its officers' addresses are in."
    )
    phone = models.CharField(max_length=40, help_text="For the call-back.")
    phone_source = models.CharField(
        max_length=300, help_text="Where we found the number, independently of any request."
    )
    website = models.CharField(max_length=300, blank=True, default="")
    note = models.TextField(blank=True, default="")
    added_by = models.ForeignKey("ddns.User", on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "agencies"
        constraints = [
            models.CheckConstraint(
                name="agency_kind_known", condition=Q(kind__in=["police", "prosecutor", "court", "regulator", "csirt"])
            ),
            models.CheckConstraint(name="agency_country_is_code", condition=Q(country__regex=r"^[A-Z]{2}$")),
            models.CheckConstraint(name="agency_is_reachable", condition=~Q(phone="") & ~Q(phone_source="")),
        ]

    def __str__(self) -> str:
        return self.name

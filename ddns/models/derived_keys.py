"""Derived keys: what some clients make of a key and present in its place."""

from django.db import models


class DerivedKey(models.Model):
    """A text that a client derives from a key's text, known by its SHA-256 alone, as the key itself is."""

    class Form(models.TextChoices):
        MD5 = "md5", "MD5 of the key (Dynu)"
        FREEDNS = "freedns", "SHA-1 of a user name and the key (FreeDNS)"

    key = models.ForeignKey("ddns.UpdateKey", on_delete=models.CASCADE, related_name="derived_keys")
    form = models.CharField(max_length=10, choices=Form)
    digest = models.BinaryField(max_length=32, unique=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="derived_key_form_known", condition=models.Q(form__in=["md5", "freedns"]))
        ]

    def __str__(self) -> str:
        return f"{self.form} of {self.key_id}"

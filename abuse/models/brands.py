"""Brands: words that lures imitate."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class Brand(models.Model):
    """A word that lures imitate. A label that looks like it is a reason to look, and proof of nothing."""

    word = models.CharField(max_length=63, primary_key=True, help_text="Lower-case letters and digits.")
    title = models.CharField(max_length=120, blank=True, default="", help_text="Whose it is.")
    holders = ArrayField(
        models.EmailField(max_length=254),
        default=list,
        blank=True,
        help_text="Accounts that have shown their right to it: they imitate nobody.",
    )

    class Meta:
        ordering = ["word"]
        constraints = [
            models.CheckConstraint(name="brand_is_plain", condition=Q(word__regex=r"^[a-z0-9]{3,63}$")),
        ]

    def __str__(self) -> str:
        return self.title or self.word

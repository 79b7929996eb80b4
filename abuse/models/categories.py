"""Categories: what a kind of report means here, what is done first, and how soon. Editable data."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class Category(models.Model):
    """A category and type of XARF 4 ("content/phishing"), or all types of one ("connection/*")."""

    class Route(models.TextChoices):
        """Who the holder of the name is taken for. Cases of different routes are different cases."""

        SUSPECT = "suspect", "the name serves the abuse"
        VICTIM = "victim", "the customer is the victim: inform, do not suspend"
        DISPUTE = "dispute", "not DNS abuse: forward to the customer"
        RESTRICTED = "restricted", "illegal to hold: two named people, no media"

    key = models.CharField(max_length=60, primary_key=True, help_text="category/type as in XARF 4, or category/*.")
    title = models.CharField(max_length=80, help_text="For reporters, in plain words.")
    meaning = models.CharField(max_length=200, help_text="For analysts: what it means for a dynamic-DNS name.")
    route = models.CharField(max_length=10, choices=Route, default=Route.SUSPECT)
    first_action = models.CharField(
        max_length=20, help_text="The decision that the desk offers first: Decision.Action."
    )
    clock = models.DurationField(help_text="From a complete report to a decision.")
    severity = models.PositiveSmallIntegerField(default=50, help_text="0 to 100: what is worse goes first.")
    evidence_wanted = ArrayField(
        models.CharField(max_length=200), default=list, blank=True, help_text="What the form asks for."
    )
    is_on_form = models.BooleanField(default=False, help_text="Whether the public form offers it.")
    may_be_anonymous = models.BooleanField(default=False, help_text="DSA Art. 16(2)(c): no name asked.")
    may_hold = models.BooleanField(default=False, help_text="Whether policy may hold a young name by itself.")
    retention = models.DurationField(help_text="After the case was closed. Holds win.")

    class Meta:
        ordering = ["-severity", "key"]
        verbose_name_plural = "categories"
        constraints = [
            models.CheckConstraint(name="category_severity_in_range", condition=Q(severity__lte=100)),
            models.CheckConstraint(
                name="category_route_known", condition=Q(route__in=["suspect", "victim", "dispute", "restricted"])
            ),
        ]

    def __str__(self) -> str:
        return self.title

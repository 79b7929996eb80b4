"""Proofs: what each authoritative server answered for a name, beside what the row said that it shall."""

from django.db import models


class ProofQuerySet(models.QuerySet["Proof"]):
    def of(self, zone, name: str) -> "ProofQuerySet":
        """Of one name, the latest first."""
        return self.filter(zone=zone, name=name).order_by("-asked_at", "nameserver__name")


class Proof(models.Model):
    """One name at one server at one time. Evidence: written once by propagation.prove, changed never, kept for the retention.

    answer is what the name answers, as rows hold it: {"A": {"ttl": 60, "rdata": ["192.0.2.1"]}}; {} is nothing. It is cut
    short where a server answers very much. Names are text, since a name without a row can be proven too.
    """

    zone = models.ForeignKey("dnsupdate.Zone", on_delete=models.PROTECT, related_name="proofs", db_index=False)
    name = models.CharField(max_length=253)
    revision = models.BigIntegerField(help_text="Of the publication when it was proven; 0 where there was no row.")
    nameserver = models.ForeignKey(
        "dnsupdate.Nameserver", on_delete=models.PROTECT, related_name="proofs", db_index=False
    )
    answer = models.JSONField(default=dict)
    rcode = models.CharField(max_length=16, blank=True, default="", help_text="Empty: the server gave no answer.")
    serial = models.BigIntegerField(
        null=True, help_text="Of the zone at the server: from the answer itself, else asked in the same run."
    )
    asked_at = models.DateTimeField()
    is_match = models.BooleanField(help_text="Whether it answers what the row says, and nothing else.")
    error = models.TextField(blank=True, default="", help_text="What does not match, or why there is no answer.")

    objects = ProofQuerySet.as_manager()

    class Meta:
        # No more: tens of thousands are written at a time, and what is too old stands first by primary key.
        indexes = [models.Index(fields=["name", "zone"], name="proof_by_name")]

    def __str__(self) -> str:
        return f"{self.name} at {self.nameserver}: {self.verdict}"

    @property
    def verdict(self) -> str:
        return "as it shall" if self.is_match else self.error

    @property
    def is_nothing(self) -> bool:
        """Whether the server said with authority that the name answers nothing. Silence and a refusal are not that."""
        return not self.answer and self.rcode in ("NOERROR", "NXDOMAIN") and not self.error.startswith(UNPROVEN)


# How the errors begin that say why an answer proves nothing at all.
UNPROVEN = "no proof: "

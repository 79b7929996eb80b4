"""TSIG keys of customers (RFC 8945): what a client of nsupdate signs with in the place of an update key."""

from django.db import models
from django.db.models import Q

from ddns.models.keys import UpdateKey
from dnsupdate.models.sealed import Sealed


class TsigKeyQuerySet(models.QuerySet["TsigKey"]):
    def working(self) -> "TsigKeyQuerySet":
        """Those whose update key works."""
        return self.filter(key__in=UpdateKey.objects.working(), key__account__is_active=True)


class TsigKey(Sealed):
    """The name and the secret under which an update key signs messages. What that may do, this may, and as long.

    The secret is stored sealed: whoever checks a signature has to have it in the clear (RFC 8945 §5.2).
    """

    class Algorithm(models.TextChoices):
        HMAC_SHA256 = "hmac-sha256", "HMAC-SHA-256"
        HMAC_SHA384 = "hmac-sha384", "HMAC-SHA-384"
        HMAC_SHA512 = "hmac-sha512", "HMAC-SHA-512"
        # Works while the setting NSUPDATE_HMAC_MD5 allows it.
        HMAC_MD5 = "hmac-md5", "HMAC-MD5"

    key = models.OneToOneField(UpdateKey, on_delete=models.CASCADE, related_name="tsig_key")
    name = models.CharField(max_length=63, unique=True, help_text="One label, made at random.")
    algorithm = models.CharField(max_length=12, choices=Algorithm, default=Algorithm.HMAC_SHA256)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TsigKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "TSIG key of a customer"
        verbose_name_plural = "TSIG keys of customers"
        constraints = [
            models.CheckConstraint(
                name="customer_tsig_key_algorithm_known",
                condition=Q(algorithm__in=["hmac-sha256", "hmac-sha384", "hmac-sha512", "hmac-md5"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.algorithm})"

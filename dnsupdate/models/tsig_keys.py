"""TSIG keys (RFC 8945), their secrets sealed."""

import hmac

import dns.tsig
from django.core.exceptions import ImproperlyConfigured
from django.db import models

from dnsupdate.errors import KeyRefused
from dnsupdate.models.sealed import Sealed


class TsigKey(Sealed):
    """A shared secret between us and a nameserver. The secret is stored sealed and shown nowhere."""

    class Algorithm(models.TextChoices):
        HMAC_SHA256 = "hmac-sha256"
        HMAC_SHA224 = "hmac-sha224"
        HMAC_SHA384 = "hmac-sha384"
        HMAC_SHA512 = "hmac-sha512"
        HMAC_SHA1 = "hmac-sha1"
        HMAC_MD5 = "hmac-md5.sig-alg.reg.int"

    name = models.CharField(max_length=253, unique=True)
    algorithm = models.CharField(max_length=32, choices=Algorithm, default=Algorithm.HMAC_SHA256)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="tsig_key_algorithm_known",
                condition=models.Q(
                    algorithm__in=[
                        "hmac-sha256",
                        "hmac-sha224",
                        "hmac-sha384",
                        "hmac-sha512",
                        "hmac-sha1",
                        "hmac-md5.sig-alg.reg.int",
                    ]
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.algorithm})"

    def is_same_as(self, other: "TsigKey") -> bool:
        """Whether both sign alike. A secret that cannot be read is like no other."""
        try:
            secrets = self.secret.encode(), other.secret.encode()
        except ImproperlyConfigured:
            return False
        return (self.name, self.algorithm) == (other.name, other.algorithm) and hmac.compare_digest(*secrets)

    def for_messages(self) -> dns.tsig.Key:
        """The key in the form that signs messages. Raises KeyRefused where its secret cannot be read."""
        try:
            return dns.tsig.Key(self.name, self.secret, self.algorithm)
        except ImproperlyConfigured as error:
            raise KeyRefused(f"Here it cannot be read. {error}") from error

"""Sealed secrets: what rows keep of a secret that we must be able to read again."""

from django.db import models

from dnsupdate.secrets import seal, unseal


class Sealed(models.Model):
    """A row with a secret in base64, stored sealed."""

    sealed_secret = models.TextField()

    class Meta:
        abstract = True

    @property
    def secret(self) -> str:
        """The secret in base64. Raises ImproperlyConfigured where it cannot be read."""
        return unseal(self.sealed_secret)

    @secret.setter
    def secret(self, base64_text: str) -> None:
        self.sealed_secret = seal(base64_text)

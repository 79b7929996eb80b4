"""Cursors: how far periodic work has come through a table."""

from django.db import models


class Cursor(models.Model):
    """Everything up to position is done. Locked while somebody works on it."""

    name = models.CharField(max_length=30, primary_key=True)
    position = models.BigIntegerField(default=0)
    horizon = models.BigIntegerField(default=0, help_text="The last row that was there when it was looked.")
    horizon_xid = models.BigIntegerField(
        default=0, help_text="When all transactions before it have ended, no further row up to the horizon can appear."
    )
    began_at = models.DateTimeField(null=True, help_text="When it last began at the beginning.")

    def __str__(self) -> str:
        return f"{self.name} at {self.position}"

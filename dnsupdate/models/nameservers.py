"""Nameservers that we update or ask."""

from django.db import models


class Nameserver(models.Model):
    """An authoritative server: where it listens and the key that it takes updates with.

    A rotation of its key is under way while next_key (made, not in use yet) or previous_key (replaced, perhaps still
    accepted there) is set; never both.
    """

    name = models.CharField(max_length=253, unique=True, help_text="How people call it.")
    host = models.CharField(max_length=253, help_text="Address, or a name that resolves to it.")
    port = models.PositiveIntegerField(default=53)
    key = models.ForeignKey("dnsupdate.TsigKey", on_delete=models.PROTECT, null=True, blank=True)
    next_key = models.ForeignKey(
        "dnsupdate.TsigKey", on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    previous_key = models.ForeignKey(
        "dnsupdate.TsigKey", on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="nameserver_one_step_of_a_rotation",
                condition=models.Q(next_key=None) | models.Q(previous_key=None),
            ),
            models.CheckConstraint(name="nameserver_port_in_range", condition=models.Q(port__gte=1, port__lte=65535)),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.host}:{self.port})"

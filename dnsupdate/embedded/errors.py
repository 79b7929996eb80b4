"""Errors of the embedded nameserver; the docstring of each is its message."""


class EmbeddedError(Exception):
    """The embedded nameserver cannot go on."""

    def __str__(self) -> str:
        return " ".join(map(str, self.args)) or type(self).__doc__ or ""


class ConfigurationError(EmbeddedError):
    """A file or an option that the nameserver was started with is not usable."""


class DamagedZoneError(EmbeddedError):
    """The zone's file is damaged before its last record, so records that were acknowledged may be missing."""

"""The people of these stories."""

from tests.abuse.fairness import judge, trudy  # noqa: F401 - fixtures
from tests.abuse.holds_people import inquiry, lisa, olivia, sam  # noqa: F401 - fixtures
from tests.dovecot import dovecot, trusted_dovecot  # noqa: F401 - fixtures
from tests.people import *  # noqa: F403 - fixtures

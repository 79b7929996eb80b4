"""The people of these stories."""

from tests.people import *  # noqa: F403 - fixtures

"""The provider's settings, and one view more: the least that a page can cost."""

from config.settings import *  # noqa: F403
from config.settings import MIDDLEWARE

# Before everything that browsers need.
MIDDLEWARE = ["bench.hello.Hello", *MIDDLEWARE]

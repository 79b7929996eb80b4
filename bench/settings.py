"""The provider's settings, and one view more: the least that a request through this server can cost."""

from config.settings import *  # noqa: F403
from config.settings import MIDDLEWARE

# Where the update paths are answered too: before everything that browsers need.
MIDDLEWARE = ["bench.hello.Hello", *MIDDLEWARE]

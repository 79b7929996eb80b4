"""The environment that settings are read from, and what it says that this is run as."""

from environs import Env, validate

env = Env()

# provider: refuses to start without its secrets. development: ./run. test: the test suite.
MODE = env.str("DDNS_MODE", "provider", validate=validate.OneOf(["provider", "development", "test"]))
IS_PROVIDER = MODE == "provider"

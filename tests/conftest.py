"""Fixtures of the whole suite; those of the servers are in tests/servers.py."""

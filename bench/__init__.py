"""Measurements: what an address update costs, and how fast it is in DNS."""

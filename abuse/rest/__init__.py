"""The REST API for reporters."""

"""Wiring: settings, addresses, processes. Imports every app, imported by none."""

from config.celery import app as celery

__all__ = ["celery"]

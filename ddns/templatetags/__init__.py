"""Filters of our pages."""

"""Complaints and orders in, decisions out. Imports ddns, imported by config alone."""

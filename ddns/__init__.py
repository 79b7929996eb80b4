"""Customers, their hostnames, and the protocols that update them. Imports dnsupdate, knows no abuse."""

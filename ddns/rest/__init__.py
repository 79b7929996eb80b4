"""REST: version 1 of the API under /api/v1/. Every view parses, calls one verb, presents (docs/rest-api.md)."""

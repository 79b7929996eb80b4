"""Views: parse, call one verb, present."""

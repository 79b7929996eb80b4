"""Views for everybody: parse, call one verb, present."""

"""Update protocols: each module parses its requests and renders its answers, byte for byte as its clients expect."""

"""A listener for customers' UPDATE messages (RFC 2136), whose TSIG keys stand for update keys."""

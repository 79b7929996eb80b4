"""Makes the zones say what the rows say. Knows no customers and no abuse."""

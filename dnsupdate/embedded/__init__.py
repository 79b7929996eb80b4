"""An authoritative nameserver for trying and testing: UPDATE, TSIG and AXFR in one process, no database."""

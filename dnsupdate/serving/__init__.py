"""What a nameserver in Python needs, whatever it serves: messages, TSIG, UPDATE, sockets. No database."""

"""A Stripe that checks what it is sent, on a port of this machine. It refuses what it does not know."""

"""Choosing TCP ports of 127.0.0.1 and waiting until somebody answers there."""

import socket

LOOPBACK = "127.0.0.1"


def choose_port(preferred: int | None = None) -> int:
    """`preferred` when nobody listens there, else any free port.

    The port is free now, not reserved: start its server soon.
    """
    if preferred is not None and not answers(preferred) and _can_bind(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Whether something accepts connections on this port."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=0.5).close()
    except OSError:
        return False
    return True


def _can_bind(port: int) -> bool:
    with socket.socket() as probe:
        # As every server does, so that connections of an earlier run in TIME_WAIT do not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True

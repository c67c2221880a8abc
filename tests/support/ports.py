"""Port numbers for programs that are told theirs in advance."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def reserved_ports(number: int) -> Iterator[list[int]]:
    """So many ports of 127.0.0.1 that nobody else is given, and on which a program may listen.

    They stay bound, which a listener does not mind that asks for SO_REUSEADDR, as servers do. Until it
    listens, connections are refused.
    """
    with ExitStack() as stack:
        ports = []
        for _ in range(number):
            one = stack.enter_context(socket.socket())
            one.bind(("127.0.0.1", 0))
            # set afterwards: a port that is asked for with it may be somebody's who has set it as well
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            ports.append(one.getsockname()[1])
        yield ports


def has_ipv6() -> bool:
    """Whether this machine can listen on loopback of IPv6."""
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True

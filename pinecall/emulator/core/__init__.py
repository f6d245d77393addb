"""The server's side of the protocol without I/O: text in, text out, time as an argument.

:class:`Server` is fed by ``opened``, ``receive``, ``closed`` and ``tick``; whoever drives it sends what
``outgoing`` returns and calls ``tick`` again at ``deadline``. Nothing here knows a socket or a clock,
so a client core and this one can be tested against each other in memory.
"""

from __future__ import annotations

from .outbox import Close
from .server import Server
from .settings import Settings

__all__ = ["Close", "Server", "Settings"]

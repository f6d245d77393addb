"""The server's side of the protocol without I/O: text in, text out, time as an argument.

:class:`Server` is fed by ``opened``, ``receive``, ``closed`` and ``tick``; its driver sends what
``outgoing`` returns and calls ``tick`` again at ``deadline``. The core knows no socket and no clock, so it
can be tested against a client core in memory.
"""

from __future__ import annotations

from .kernel.outbox import Close
from .kernel.settings import Settings
from .server import Server

__all__ = ["Close", "Server", "Settings"]

"""What every test needs of the process that it runs in."""

from __future__ import annotations

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what runs in the background like this, and the programs that tests start and
    # interrupt would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

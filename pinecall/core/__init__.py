"""The protocol core: text and time in, text, deliveries and a deadline out.

Nothing below this package does I/O, tells the time, starts a thread or calls user code; the fronts
:mod:`pinecall` and :mod:`pinecall_sync` do, and share everything else. Start at
:class:`~pinecall.core.engine.Engine`.
"""

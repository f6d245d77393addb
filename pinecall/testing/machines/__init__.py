"""The parts of a :class:`~pinecall.testing.CallerMachine`."""

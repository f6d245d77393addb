"""The parts of a :class:`~pinecall.testing.CallerMachine` that know nothing of Hypothesis."""

"""The base of the core, which imports nothing else of it: time, names, records, refusals, outbox."""

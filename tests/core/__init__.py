"""The sans-IO core, driven by hand: no socket, no thread, no clock."""

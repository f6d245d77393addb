"""Each example is run as a user runs it, against the emulator."""

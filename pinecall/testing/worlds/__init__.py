"""Where a test runs: in virtual time and memory, or over sockets in real time."""

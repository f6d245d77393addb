"""Named faults: cuts, delays, restarts, repeated frames, each at a moment that it waits for."""

"""Event streams in real frameworks on real servers."""

"""The commands that clients send."""

"""Saved calls: compared with the present one, or played against the program."""

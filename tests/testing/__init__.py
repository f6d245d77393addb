"""Tests of the pytest plugin: most of them run pytest in a process of its own."""

"""Tests; helpers are imported as modules of these packages."""

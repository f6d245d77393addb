"""Event streams and the dashboard in a real browser."""

"""A voice call and its parts: what the caller says, what the bot speaks, limits, audio."""

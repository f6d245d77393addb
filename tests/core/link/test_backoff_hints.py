"""Hints of the server for the next try of a conflict."""

from __future__ import annotations

import math

from pinecall.core.link.backoff import ConflictEpisode


def test_hints_that_would_spin() -> None:
    """The tries are a quarter of a second apart at least, and the episode ends after 90 s, whatever the
    server's hint is."""
    for hint in (0, -3, -math.inf, 0.001):
        episode, now, random = ConflictEpisode(0.0), 0.0, 0.0
        while True:
            delay = episode.delay(now, retry_after=hint, holder_alive=None, random=random)
            if delay is None:
                break
            assert 0.25 <= delay < 0.3
            now += delay
        assert 89.7 < now <= 90
    for hint in (1e300, math.inf):
        episode = ConflictEpisode(0.0)
        assert episode.delay(0, retry_after=hint, holder_alive=None, random=0.5) == 60
    episode = ConflictEpisode(0.0)
    assert episode.delay(0, retry_after=math.nan, holder_alive=None, random=0.5) == 5

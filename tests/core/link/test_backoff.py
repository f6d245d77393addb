"""Delays: between attempts to connect, and between tries to register."""

from __future__ import annotations

import math

import pytest

from pinecall.core.link.backoff import (
    CONFLICT_BUDGET,
    LEAST_DELAY,
    ConflictEpisode,
    reconnect_delay,
)
from pinecall.options import ReconnectPolicy

STEADY = ReconnectPolicy(jitter=0.0)


class TestReconnecting:
    def test_jitter(self) -> None:
        """Full jitter draws anything up to the delay; without jitter nothing is drawn."""
        policy = ReconnectPolicy()
        assert reconnect_delay(policy, 3, 0.0) == 0
        assert reconnect_delay(policy, 3, 0.5) == 1
        assert reconnect_delay(ReconnectPolicy(jitter=0.0), 3, 0.9) == 2
        assert reconnect_delay(policy, 5000, 1.0) == 30
        assert reconnect_delay(policy, 5000, 0.5, outage=160) == 5

    def test_doubling(self) -> None:
        """The delay doubles from half a second to 30 s, by default."""
        delays = [reconnect_delay(STEADY, attempt, 0.5) for attempt in range(1, 10)]
        assert delays == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]

    def test_a_policy_of_ones_own(self) -> None:
        """First delay, factor, maximum and jitter are the policy's."""
        policy = ReconnectPolicy(initial=2.0, factor=3.0, maximum=20.0, jitter=0.5)
        assert reconnect_delay(policy, 1, 0.0) == 1
        assert reconnect_delay(policy, 2, 1.0) == 6
        assert reconnect_delay(policy, 9, 0.5) == 15

    def test_during_an_outage(self) -> None:
        """The delay is a sixteenth of the outage at most, but the policy's first delay at least."""
        assert reconnect_delay(STEADY, 9, 0.5, outage=0.0) == 0.5
        assert reconnect_delay(STEADY, 9, 0.5, outage=32.0) == 2
        assert reconnect_delay(STEADY, 9, 0.5, outage=10_000.0) == 30
        assert reconnect_delay(STEADY, 1, 0.5, outage=10_000.0) == 0.5


class TestConflict:
    def delay(self, episode: ConflictEpisode, now: float, **hints: object) -> float | None:
        """The delay without jitter."""
        given = {"retry_after": None, "holder_alive": None, "random": 0.5, **hints}
        return episode.delay(now, **given)  # type: ignore[arg-type]

    def test_doubling(self) -> None:
        """Without hints the delay doubles from 5 s to 60 s."""
        episode = ConflictEpisode(started_at=0.0)
        delays = [self.delay(episode, 0.0) for _ in range(6)]
        assert delays == pytest.approx([5, 10, 20, 40, 60, 60])

    def test_jitter(self) -> None:
        """A delay is up to 15 % shorter or longer."""
        for random, expected in ((0.0, 4.25), (1.0, 5.75)):
            episode = ConflictEpisode(started_at=0.0)
            assert self.delay(episode, 0.0, random=random) == pytest.approx(expected)

    def test_many_tries(self) -> None:
        """The delay does not grow beyond its limit, however many tries there were."""
        episode = ConflictEpisode(started_at=0.0, attempt=5000)
        assert self.delay(episode, 0.0) == pytest.approx(60)

    def test_the_budget(self) -> None:
        """The last delay ends with the 90 s that a conflict may last; then there is none."""
        episode = ConflictEpisode(started_at=100.0)
        assert CONFLICT_BUDGET == 90
        assert self.delay(episode, 188.0) == pytest.approx(2)
        assert self.delay(episode, 189.7) == pytest.approx(0.3)
        assert self.delay(episode, 189.8) is None
        assert self.delay(episode, 1000.0) is None

    def test_the_servers_hint(self) -> None:
        """``retry_after`` is the delay, with jitter; a hint of nothing is a quarter of a second."""
        episode = ConflictEpisode(started_at=0.0)
        assert self.delay(episode, 0.0, retry_after=7.0) == pytest.approx(7)
        assert self.delay(episode, 0.0, retry_after=500.0) == pytest.approx(60)
        assert self.delay(episode, 0.0, retry_after=0.0) == LEAST_DELAY
        assert self.delay(episode, 0.0, retry_after=-5.0) == LEAST_DELAY
        assert self.delay(episode, 0.0, retry_after=math.inf) == pytest.approx(60)

    def test_a_hint_that_is_no_number(self) -> None:
        """A hint that is not a number is as good as none."""
        episode = ConflictEpisode(started_at=0.0)
        assert self.delay(episode, 0.0, retry_after=math.nan) == pytest.approx(5)

    def test_a_holder_that_is_alive(self) -> None:
        """While the holder lives the delay may be as long as the budget, and stays so without news."""
        episode = ConflictEpisode(started_at=0.0)
        assert self.delay(episode, 0.0, holder_alive=True, retry_after=80.0) == pytest.approx(80)
        assert episode.holder_alive
        assert self.delay(episode, 0.0, retry_after=80.0) == pytest.approx(80)
        assert self.delay(episode, 0.0, retry_after=1000.0) == 90

    def test_a_holder_that_is_dead(self) -> None:
        """A dead holder starts the delays and the budget over."""
        episode = ConflictEpisode(started_at=0.0)
        for _ in range(4):
            self.delay(episode, 0.0, holder_alive=True)
        assert self.delay(episode, 89.9) is None
        assert self.delay(episode, 89.9, holder_alive=False) == pytest.approx(5)
        assert (episode.attempt, episode.holder_alive, episode.started_at) == (1, False, 89.9)

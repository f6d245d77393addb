"""Waiting for the end of the connection, when every agent was refused for good."""

from __future__ import annotations

from pinecall.core.kernel.outcome import Outcome
from pinecall.errors import (
    AgentConflictError,
    DisplacedError,
)

from .harness import Wire

NUMBER = "+13186330963"


def refuse_all(wire: Wire, agent_id: str = "mara", code: str = "AGENT_CONFLICT_FATAL") -> None:
    wire.server("error", agent_id=agent_id, code=code, error="held elsewhere")


class TestNothingCanCome:
    def over(self, wire: Wire) -> Outcome[None]:
        """What run_forever() waits for."""
        outcome = wire.engine.when_over()
        wire.settle()
        return outcome

    def test_displaced(self) -> None:
        """An agent that was taken over ends run_forever() too."""
        wire = Wire()
        wire.call()
        over = self.over(wire)
        wire.server("agent.displaced", agent_id="mara", reason="newer")
        wire.after(1)
        assert isinstance(over.error, DisplacedError)

    def test_others_go_on(self) -> None:
        """run_forever() goes on with another agent or line that is not refused."""
        for other in (lambda pc: pc.agent("leo"), lambda pc: pc.line(NUMBER)):
            wire = Wire().up()
            wire.pc.agent("mara")
            other(wire.pc)
            over = self.over(wire)
            refuse_all(wire)
            wire.after(5)
            assert not over.done

    def test_until_the_other_is_removed(self) -> None:
        """run_forever() ends when the last agent that was not refused is removed."""
        wire = Wire().up()
        wire.pc.agent("mara")
        wire.pc.agent("leo")
        over = self.over(wire)
        refuse_all(wire)
        wire.pc.remove_agent("leo")
        wire.settle()
        wire.after(1)
        assert isinstance(over.error, AgentConflictError)

    def test_asked_again(self) -> None:
        """run_forever() goes on when the program asks again within a second."""
        wire = Wire().up()
        wire.pc.agent("mara")
        over = self.over(wire)
        refuse_all(wire)
        wire.after(0.5)
        wire.pc.agent("mara", prompt="Hi")
        wire.settle()
        wire.after(5)
        assert not over.done

    def test_without_a_slot(self) -> None:
        """run_forever() goes on where an agent was refused for want of a slot."""
        wire = Wire().up()
        wire.pc.agent("mara")
        over = self.over(wire)
        refuse_all(wire, code="SERVER_AT_CAPACITY")
        wire.after(5)
        assert not over.done

"""The errors that misuse of the emulator raises."""

from __future__ import annotations

from ..errors import PinecallError

__all__ = ["EmulatorError", "Nobody"]


class EmulatorError(PinecallError):
    """The emulator cannot do what was asked; the message says what is possible."""

    default_code = "EMULATOR_ERROR"


class Nobody(EmulatorError):
    """The number or agent has no owner online now; one may register in a moment."""

    default_code = "NOBODY"

"""What the emulator raises when it is misused."""

from __future__ import annotations

from ..errors import PinecallError

__all__ = ["EmulatorError", "Nobody"]


class EmulatorError(PinecallError):
    """The emulator was asked for something that cannot be; the message says what would be possible."""

    default_code = "EMULATOR_ERROR"


class Nobody(EmulatorError):
    """Nobody answers that number or agent now; somebody may register it in a moment."""

    default_code = "NOBODY"

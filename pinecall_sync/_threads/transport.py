"""The socket of the link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinecall._shared.failures import link_url

from .websocket import OnStage, Socket, connect_socket

if TYPE_CHECKING:
    from pinecall._shared.settings import Settings

__all__ = ["open_socket"]


def open_socket(settings: Settings, timeout: float, on_stage: OnStage) -> Socket:
    """Open the socket of the link. Raises :class:`OpenFailed`.

    Blocks for at most about ``timeout`` seconds for each of TCP, TLS and the handshake.
    """
    url = link_url(settings)
    return Socket(connect_socket(settings, url, timeout, on_stage))

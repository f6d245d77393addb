"""Tokens for browsers: ``GET /webrtc/token``, ``/chat/token`` and ``/stream/token``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

from ...errors import ConfigurationError, TokenError
from ..config.checks import nearest
from ..text import secrets
from .answers import filled, optional, text, whole
from .op import Reply, RestOp, json_text

__all__ = ["CHANNELS", "SCOPES", "Token", "agents_of", "create_token"]

CHANNELS = ("webrtc", "chat", "stream")
SCOPES = ("observe", "participate", "supervise")
#: Bytes of JSON that a token can seal.
MAX_METADATA = 2048


@frozen
class Token:
    """An opaque token for one use within ``expires_in`` seconds, at ``server`` (an ``https`` or
    ``wss`` base, as the server gave it). Its ``repr`` does not show ``token``.
    """

    token: str = field(repr=False)
    server: str
    expires_in: int = 60

    def __attrs_post_init__(self) -> None:
        secrets.keep(self.token)


def create_token(
    channel: str,
    agent_id: str | Iterable[str],
    *,
    metadata: Mapping[str, Any] | None = None,
    scope: str | None = None,
    call_id: str | None = None,
) -> RestOp[Token]:
    """Return the op that creates a token. ``metadata`` is sealed into it and becomes
    ``call.metadata``; ``call_id`` narrows ``observe`` and ``supervise`` to one call; several agents
    only for ``stream``.

    Raises ConfigurationError for an unknown channel or scope, for several agents elsewhere, and for
    metadata over 2 KB. The op raises TokenError.
    """
    _one_of("channel", channel, CHANNELS)
    agents = _agents(channel, agent_id)
    query = [("agent_id", ",".join(agents))]
    if metadata:
        query.append(("metadata", _metadata(metadata)))
    if scope is not None:
        query.append(("scope", _one_of("scope", scope, SCOPES)))
    if call_id is not None:
        query.append(("call_id", filled("call_id", call_id)))

    def read(reply: Reply) -> Token:
        body = reply.object()
        token = optional(body, "token")
        if not token:
            raise ValueError("it holds no token")
        server = text(body, "server") or reply.base
        return Token(token=token, server=server, expires_in=whole(body, "expires_in", 60))

    return RestOp(
        what=f"Failed to create {channel} token",
        path=f"/{channel}/token",
        query=tuple(query),
        read=read,
        error=TokenError,
        agent_id=agents[0] if len(agents) == 1 else None,
    )


def agents_of(op: RestOp[Token]) -> list[str]:
    """Return the agents of a token, from the op: the argument may be a used-up iterator."""
    return dict(op.query)["agent_id"].split(",")


def _one_of(name: str, value: object, known: tuple[str, ...]) -> str:
    if isinstance(value, str) and value in known:
        return value
    near = nearest(value, known) if isinstance(value, str) else None
    hint = f"; did you mean {near!r}?" if near else ""
    shown = repr(value[:40]) if isinstance(value, str) else type(value).__name__
    raise ConfigurationError(
        f"create_token: {name} is one of {', '.join(map(repr, known))}, not {shown}{hint}"
    )


def _agents(channel: str, agent_id: str | Iterable[str]) -> list[str]:
    if isinstance(agent_id, str):
        agents = [agent_id]
    elif isinstance(agent_id, Iterable) and not isinstance(agent_id, (bytes, Mapping)):
        agents = list(dict.fromkeys(agent_id))
        if channel != "stream":
            raise ConfigurationError(
                f"create_token: a {channel} token is for one agent; only stream takes several"
            )
    else:
        raise ConfigurationError(
            f"create_token: agent_id is a str or, for stream, a list, not {type(agent_id).__name__}"
        )
    if not agents:
        raise ConfigurationError("create_token: agent_id is an empty list; name at least one agent")
    for agent in agents:
        if "," in filled("create_token: agent_id", agent):
            raise ConfigurationError(
                f"create_token: agent_id {agent!r} holds a comma; give several agents as a list"
            )
    return agents


def _metadata(metadata: object) -> str:
    if not isinstance(metadata, Mapping):
        raise ConfigurationError(f"create_token: metadata is a dict, not {type(metadata).__name__}")
    sealed = json_text("create_token: metadata", dict(metadata))
    if len(sealed) > MAX_METADATA:
        raise ConfigurationError(
            f"create_token: metadata is {len(sealed)} bytes of JSON, a token holds {MAX_METADATA}; "
            "seal an id, and look the rest up by it"
        )
    return sealed.decode()

"""Every error the SDK raises, one tree for both fronts.

::

    PinecallError
    ├── ConfigurationError      also a ValueError: an argument, a key or a config is wrong
    ├── AuthenticationError     the server refused the API key
    ├── ConnectError            the server could not be reached; says in which phase
    ├── NotConnected            the link is down and this cannot wait for it
    ├── ProtocolError           the server broke the protocol
    ├── RegistrationError       the server refused an agent or a line, or never answered
    │   ├── AgentConflictError      another connection holds the agent's id
    │   ├── PhoneInUseError         another agent holds the phone number
    │   ├── ServerAtCapacityError   no client slot is free
    │   └── DisplacedError          another process took the registration over
    ├── CallEnded               a verb on a call that is over
    ├── DialError               an outbound call that was not answered
    ├── RequestTimeout          also a TimeoutError: no answer within the deadline
    ├── RequestRejected         the server refused a request
    └── ApiError                a REST request failed; keeps the HTTP status
        └── TokenError              a token could not be minted

No message or ``repr`` in this tree ever holds an API key or a token.
"""

from __future__ import annotations

from .core.text.secrets import clean

__all__ = [
    "AgentConflictError",
    "ApiError",
    "AuthenticationError",
    "CallEnded",
    "ConfigurationError",
    "ConnectError",
    "DialError",
    "DisplacedError",
    "NotConnected",
    "PhoneInUseError",
    "PinecallError",
    "ProtocolError",
    "RegistrationError",
    "RequestRejected",
    "RequestTimeout",
    "ServerAtCapacityError",
    "TokenError",
]


class PinecallError(Exception):
    """The root of the tree.

    ``code`` is the platform's machine-readable code if it gave one (``AGENT_CONFLICT``), else the
    SDK's own (``NOT_CONNECTED``); ``agent_id`` and ``call_id`` name the agent and the call.
    """

    default_code = "PINECALL_ERROR"

    def __init__(
        self,
        message: str,
        code: str | None = None,
        *,
        agent_id: str | None = None,
        call_id: str | None = None,
    ) -> None:
        # The server's text may repeat a secret, in ids and codes too.
        message = clean(message)
        super().__init__(message)
        self.message = message
        self.code = clean(code) if code else self.default_code
        self.agent_id = clean(agent_id) if agent_id else agent_id
        self.call_id = clean(call_id) if call_id else call_id

    def __str__(self) -> str:
        return str(getattr(self, "message", ""))

    def __repr__(self) -> str:
        message, code = getattr(self, "message", ""), getattr(self, "code", None)
        return f"{type(self).__name__}({message!r}, code={code!r})"


class ConfigurationError(PinecallError, ValueError):
    """An argument or a configuration is wrong; the message names the field and the fix."""

    default_code = "CONFIGURATION_ERROR"


class AuthenticationError(PinecallError):
    """The server refused the API key (wire: ``error`` before ``connected``); never retried."""

    default_code = "INVALID_KEY"


class ConnectError(PinecallError):
    """The server could not be reached.

    ``phase`` is one of ``dns``, ``tcp``, ``tls``, ``proxy``, ``handshake``, ``authentication``,
    ``capacity``; ``attempts`` counts the tries; the last cause is ``__cause__``.
    """

    default_code = "CONNECTION_FAILED"

    def __init__(
        self,
        message: str,
        code: str | None = None,
        *,
        phase: str = "tcp",
        attempts: int = 1,
        retryable: bool = True,
    ) -> None:
        super().__init__(message, code)
        self.phase = phase
        self.attempts = attempts
        self.retryable = retryable


class NotConnected(PinecallError):
    """The link is down, and the request makes no sense later (speech, a dial, a raw frame)."""

    default_code = "NOT_CONNECTED"


class ProtocolError(PinecallError):
    """The server broke the protocol; the error was reported, and the link goes on."""

    default_code = "PROTOCOL_ERROR"


class RegistrationError(PinecallError):
    """The server refused an agent or a line (``REGISTRATION_ERROR``, ``PROVIDER_KEY_REQUIRED``,
    ``MODEL_NOT_ALLOWED``, ``LINE_CONFLICT`` …), or never answered (``AGENT_NOT_REGISTERED``)."""

    default_code = "REGISTRATION_ERROR"


class AgentConflictError(RegistrationError):
    """Another connection holds the agent's id.

    ``reason`` is ``server_fatal`` (the server probed the holder: it lives),
    ``retry_budget_exhausted`` (it did not release the id within 90 s) or ``retrying``.
    """

    default_code = "AGENT_CONFLICT"

    def __init__(
        self,
        message: str,
        code: str | None = None,
        *,
        reason: str = "server_fatal",
        agent_id: str | None = None,
    ) -> None:
        super().__init__(message, code, agent_id=agent_id)
        self.reason = clean(reason)


class PhoneInUseError(RegistrationError):
    """Another agent (``owner``, where the server names it) holds the number ``phone``."""

    default_code = "PHONE_IN_USE"

    def __init__(
        self,
        message: str,
        code: str | None = None,
        *,
        phone: str | None = None,
        owner: str | None = None,
        agent_id: str | None = None,
    ) -> None:
        super().__init__(message, code, agent_id=agent_id)
        self.phone = clean(phone) if phone else phone
        self.owner = clean(owner) if owner else owner


class ServerAtCapacityError(RegistrationError):
    """No client slot is free: ``used`` of ``limit`` are taken."""

    default_code = "SERVER_AT_CAPACITY"

    def __init__(
        self,
        message: str,
        code: str | None = None,
        *,
        used: int | None = None,
        limit: int | None = None,
        agent_id: str | None = None,
    ) -> None:
        super().__init__(message, code, agent_id=agent_id)
        self.used = used
        self.limit = limit


class DisplacedError(RegistrationError):
    """Another process took the registration over; the client does not reconnect by itself."""

    default_code = "DISPLACED"


class CallEnded(PinecallError):
    """A verb was used on a call that is over."""

    default_code = "CALL_ENDED"


class DialError(PinecallError):
    """An outbound call that was not answered.

    ``reason`` is ``busy``, ``no-answer``, ``failed``, ``canceled``, ``timeout`` or
    ``connection_lost``, or what the server said.
    """

    default_code = "DIAL_FAILED"

    def __init__(
        self,
        message: str,
        code: str | None = None,
        *,
        reason: str = "failed",
        agent_id: str | None = None,
        call_id: str | None = None,
    ) -> None:
        super().__init__(message, code, agent_id=agent_id, call_id=call_id)
        self.reason = clean(reason)


class RequestTimeout(PinecallError, TimeoutError):
    """No answer came within the deadline; the message names what was awaited."""

    default_code = "REQUEST_TIMEOUT"


class RequestRejected(PinecallError):
    """The server answered a request with an error."""

    default_code = "REQUEST_REJECTED"


class ApiError(PinecallError):
    """A REST request failed. ``status`` is the HTTP status, 0 when the host was not reached."""

    default_code = "API_ERROR"

    def __init__(self, message: str, code: str | None = None, *, status: int = 0) -> None:
        super().__init__(message, code)
        self.status = status


class TokenError(ApiError):
    """A token could not be minted."""

    default_code = "TOKEN_ERROR"

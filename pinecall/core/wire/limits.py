"""Limits on what is kept of a server's data: one place for every bound.

A server may be broken, or hostile. So each table and buffer that it can fill has a bound here, in
bytes (or characters), or as a number of things that are bounded themselves. Anything beyond is
refused, forgotten or left out, as the comment says, and never causes an endless row of warnings.
"""

from __future__ import annotations

# -- the connection -------------------------------------------------------------------------------

#: Bytes of the head of an answer to a WebSocket handshake; a longer one fails the attempt.
HANDSHAKE = 64 << 10
#: Bytes of one WebSocket message, the heads of its fragments included; beyond it the connection is
#: cut. The session refuses what is over MAX_MESSAGE, and goes on.
MAX_FRAME = 16 << 20
#: Characters of one message; a longer one is refused and reported.
MAX_MESSAGE = 4 << 20
#: Bytes that may arrive between the handshake and the first read; then the network waits.
EARLY = 1 << 20

# -- what is remembered of agents and calls -----------------------------------------------------------

#: Characters of the id of a call, session, message, tool or agent that is a table's key. An event
#: of a call with a longer id is refused and reported; other long ids are not remembered.
MAX_ID = 256
#: Calls and sessions that are live at once; another one is refused and reported.
LIVE_CALLS = 20_000
#: Characters of the frames that began the live calls (which hold their metadata); beyond it a new
#: call is refused likewise. Characters said on all live calls; a call that grows then forgets half.
CALL_STARTS, CALLS_TEXT = 64 << 20, 256 << 20
#: Ended calls whose ids are remembered, so that a late frame does not bring them back.
ENDED_REMEMBERED = 1024
#: Spellings of agent ids that are remembered, resolved or not.
SPELLINGS_REMEMBERED = 10_000
#: Messages of one call, and characters said in them; the oldest are forgotten.
CALL_MESSAGES, CALL_TEXT = 5_000, 8 << 20
#: Characters of one reply being spoken or written; the rest is missing from its text so far.
BOT_TEXT = 1 << 20
#: Answered rounds of tool calls that a call remembers, and characters of their ids.
LEDGER_ROUNDS, LEDGER_SIZE = 1_000, 256 << 10
#: Skills remembered as loaded on one call; more are ignored.
CALL_SKILLS = 256
#: Keys that one ``listen()`` collects; more are ignored.
KEYS = 1_000
#: Characters of the tokens, and of the tool calls, of one answer to ``chat()``; the rest is left out.
CHAT_ANSWER = 4 << 20

# -- what waits for the program's own code ------------------------------------------------------------

#: Events queued for one handler lane or iterator before interim events are merged.
INBOX = 1_000
#: Events, and characters of their frames, queued there at most. Beyond it even events that are
#: never merged are left out, which is reported: the program has taken nothing for a very long time.
INBOX_MOST, INBOX_TEXT = 100_000, 64 << 20

#: Coroutine handlers that run at once, on asyncio; events beyond that are left out likewise.
HANDLERS = 100_000
#: Turns whose ``call.preparing`` handlers have not finished; more are answered without handlers.
PREPARING = 1_000

# -- what is reported ---------------------------------------------------------------------------------

#: Malformed messages reported one by one for each connection; the rest are only counted.
MALFORMED_REPORTED = 10
#: Warnings of one kind in a minute; the rest are counted, and logged as a number.
WARNINGS = 10
#: Kinds of trouble counted separately, and characters of a kind.
KINDS, KIND = 256, 200

# -- traces of calls ----------------------------------------------------------------------------------

#: Frames of one trace, and characters of them; what comes after them is left out and reported once.
TRACE_ENTRIES, TRACE_TEXT = 200_000, 32 << 20
#: Characters of all traces; beyond it the oldest ended ones are forgotten, then frames left out.
TRACES_TEXT = 256 << 20
#: Characters of a frame from which on its audio (a recording) is left out.
TRACE_SOUND = 64 << 10

# -- streams to browsers ------------------------------------------------------------------------------

#: Events, and their bytes, that the hub keeps for readers that reconnect.
RING, RING_BYTES = 2_000, 2 << 20
#: The same for the stream of one call.
CALL_RING, CALL_RING_BYTES = 500, 256 << 10
#: Events, and their bytes, queued for one reader; a slower one is cut off, and resumes by id.
READER, READER_BYTES = 1_000, 512 << 10
#: Messages of each call among which a repeat is recognised.
REPEATS_REMEMBERED = 256

# -- REST and the other sockets -----------------------------------------------------------------------

#: Bytes of an answer to a REST request; a larger one fails.
REST_BODY = 64 << 20
#: Bytes of a refusal's body that are read.
ERROR_BODY = 64 << 10
#: Messages, and their characters, queued on a side socket before the network has to wait.
SIDE_MESSAGES, SIDE_TEXT = 64, 1 << 20
#: Logs whose cursors are remembered by an agent's observation; the oldest are forgotten.
LOG_CURSORS = 10_000
#: Speech: bytes of audio queued for reading, and characters of its word timings; beyond them it
#: fails. Bytes of one event of its stream.
SPEECH_AUDIO, SPEECH_WORDS, SPEECH_EVENT = 64 << 20, 8 << 20, 8 << 20
#: Live transcription: final results, and their characters, queued; the oldest are left out.
LIVE_RESULTS, LIVE_TEXT = 10_000, 4 << 20

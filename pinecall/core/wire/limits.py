"""How much of what a server sends is kept: one place for every bound.

A server may be broken, or hostile. So each table and buffer that it can fill has a bound here, in
bytes (or characters), or as a number of things that are bounded themselves. What goes beyond is
refused, forgotten or left out, as the comment says, and is never an endless row of warnings.
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
#: Bytes that arrive between the handshake and the first read of them; then the network waits.
EARLY = 1 << 20

# -- what is remembered of agents and calls -----------------------------------------------------------

#: Characters of the id of a call, session, message, tool or agent that is a key of some table. An
#: event of a call with a longer id is refused and reported, another id is not remembered.
MAX_ID = 256
#: Calls and sessions that are live at once; another one is refused and reported.
LIVE_CALLS = 20_000
#: Characters of the frames that began the live calls, whose metadata they hold; another call is
#: refused likewise. Characters of what was said on all of them; a call that grows then forgets half.
CALL_STARTS, CALLS_TEXT = 64 << 20, 256 << 20
#: Ended calls whose ids are remembered, so that a late frame does not bring them back.
ENDED_REMEMBERED = 1024
#: Spellings of agent ids that are remembered, resolved or not.
SPELLINGS_REMEMBERED = 10_000
#: Messages of one call, and characters of what was said in them; the oldest are forgotten.
CALL_MESSAGES, CALL_TEXT = 5_000, 8 << 20
#: Characters of one reply that is being spoken or written; the rest is not in its text so far.
BOT_TEXT = 1 << 20
#: Answered rounds of tool calls that a call remembers, and characters of their ids.
LEDGER_ROUNDS, LEDGER_SIZE = 1_000, 256 << 10
#: Skills loaded on one call; of more the call does not know.
CALL_SKILLS = 256
#: Keys that one ``listen()`` collects; it takes no more.
KEYS = 1_000
#: Characters of the tokens, and of the tool calls, of one answer to ``chat()``; the rest is left out.
CHAT_ANSWER = 4 << 20

# -- what waits for the program's own code ------------------------------------------------------------

#: Events for one handler lane or iterator from which on interim events are merged.
INBOX = 1_000
#: Events, and characters of their frames, that wait there at most. Then even what is never merged is
#: left out, which is announced: the program has not taken anything for a very long time.
INBOX_MOST, INBOX_TEXT = 100_000, 64 << 20

#: Coroutine handlers that run at once, on asyncio; of more the events are left out likewise.
HANDLERS = 100_000
#: Turns whose ``call.preparing`` handlers have not finished; the server is answered without more.
PREPARING = 1_000

# -- what is reported ---------------------------------------------------------------------------------

#: Malformed messages reported one by one for each connection; the rest are only counted.
MALFORMED_REPORTED = 10
#: Warnings of one kind in a minute; the rest are counted, and told as a number.
WARNINGS = 10
#: Kinds of trouble that are told apart, and characters of a kind.
KINDS, KIND = 256, 200

# -- streams to browsers ------------------------------------------------------------------------------

#: Events, and bytes of them, that the hub keeps for those who come back.
RING, RING_BYTES = 2_000, 2 << 20
#: The same of the stream of one call.
CALL_RING, CALL_RING_BYTES = 500, 256 << 10
#: Events, and bytes of them, that wait for one reader; a slower one is cut, and resumes by id.
READER, READER_BYTES = 1_000, 512 << 10
#: Messages of each call in which a repeat is recognised.
REPEATS_REMEMBERED = 256

# -- REST and the other sockets -----------------------------------------------------------------------

#: Bytes of an answer to a REST request; a larger one fails.
REST_BODY = 64 << 20
#: Bytes of a refusal's body that are read.
ERROR_BODY = 64 << 10
#: Messages, and characters of them, that wait on a side socket before the network has to.
SIDE_MESSAGES, SIDE_TEXT = 64, 1 << 20
#: Logs whose cursors are remembered by an agent's observation; the oldest are forgotten.
LOG_CURSORS = 10_000
#: Speech: bytes of audio that wait to be read, and characters that tell of its words; with more it
#: fails. Bytes of one event of its stream.
SPEECH_AUDIO, SPEECH_WORDS, SPEECH_EVENT = 64 << 20, 8 << 20, 8 << 20
#: Live transcription: final results, and characters of them, that wait; the oldest are left out.
LIVE_RESULTS, LIVE_TEXT = 10_000, 4 << 20

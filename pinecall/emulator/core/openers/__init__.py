"""The ways in which conversations begin: calls in and out, lines, chats, WhatsApp sessions."""

"""Conversations: their common base, the model's answers, chats and WhatsApp sessions."""

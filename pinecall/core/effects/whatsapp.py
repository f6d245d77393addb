"""WhatsApp sessions."""

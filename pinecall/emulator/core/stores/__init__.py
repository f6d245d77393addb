"""Data that outlives a conversation: call log, memory, knowledge."""

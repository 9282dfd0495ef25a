"""The phone: calls and their tools, writes for callers, texts, and who is owed word."""

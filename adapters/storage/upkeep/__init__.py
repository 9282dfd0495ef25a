"""Keeping what is stored in order: emptied, pruned, sealed under another key, restored."""

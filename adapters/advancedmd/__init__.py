"""AdvancedMD: its envelopes and faults, its session, its book by column, and what is written."""

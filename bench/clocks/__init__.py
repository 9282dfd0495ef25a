"""Clocks of a shared budget: ours and those of the peers, a file each."""

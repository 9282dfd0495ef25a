"""Systems that carry a question to another process and its answer back: one file each."""

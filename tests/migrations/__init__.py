"""The schema goes up and down, and is what the code thinks it is."""

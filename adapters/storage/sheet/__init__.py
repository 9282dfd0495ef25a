"""The run sheet: its rows read, merged with what a PMS says, written, and told of."""

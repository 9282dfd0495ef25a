"""Vapi: what its messages say, how they are proved, and the tools it is told of."""

"""Everything that reaches us over HTTP."""

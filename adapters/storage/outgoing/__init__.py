"""Programs of an account that are told when its sheet has changed."""

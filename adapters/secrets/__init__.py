"""Where long-lived secrets and short-lived tokens are kept."""

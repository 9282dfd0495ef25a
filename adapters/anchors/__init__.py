"""Where the heads of audit chains are kept outside the database."""

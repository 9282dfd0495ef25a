"""The vendors, played back over HTTP from their documents."""

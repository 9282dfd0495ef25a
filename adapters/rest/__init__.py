"""One engine that reads every REST-shaped PMS from its description."""

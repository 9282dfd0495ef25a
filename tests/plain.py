"""For clients that speak to this machine without TLS."""

import ssl

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody; spares every client reading the root store, which takes 50 ms of CPU."""

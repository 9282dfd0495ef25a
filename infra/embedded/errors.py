"""The one error of the embedded servers: a sentence that says what to do."""


class EmbeddedServerError(RuntimeError):
    """A server could not be found, started or reached; the message is for whoever started it."""

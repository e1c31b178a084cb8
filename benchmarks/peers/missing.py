"""What a peer says of a case that it cannot do."""


class NotThere(Exception):
    """The engine cannot do this case; the message says what is missing."""

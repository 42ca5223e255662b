"""How long a cursor may be."""

MAX_CURSOR_LENGTH = 4_000

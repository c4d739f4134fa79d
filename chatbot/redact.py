"""Takes out."""


def redact(text: str) -> str:
    """T."""
    return text

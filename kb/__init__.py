"""The knowledge: what we know and where it came from."""

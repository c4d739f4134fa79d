"""Visitors' messages to the clinic, from the store to the clinic's mail server."""

"""Talking: question in, cited answer out."""

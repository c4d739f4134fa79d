"""Measurements, and the fitting of what is fitted; nothing here is part of the program."""

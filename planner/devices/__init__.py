"""Instrument profiles as data files."""

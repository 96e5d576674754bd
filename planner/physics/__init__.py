"""Illustrative physics of the lesion."""

"""The X-ray screen's parts."""

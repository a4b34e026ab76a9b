"""Rendered files to where they go. Nothing outside the output is written."""

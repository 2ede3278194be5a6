"""Copies of the hub: the file, the reading of all rows in one moment, and putting them back."""

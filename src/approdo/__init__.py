"""Approdo: the self-hosted hub for Amazon Vendor orders."""

__version__ = "0.1.0"

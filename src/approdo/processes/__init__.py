"""Connectors, runs, and the engine that makes sure they end."""

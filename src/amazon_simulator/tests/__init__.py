"""Tests of the simulated Amazon, over real HTTP."""

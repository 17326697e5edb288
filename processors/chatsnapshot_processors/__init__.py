"""Processors: the pure sequencing core, its state, and the Faust application around it."""

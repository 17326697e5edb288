"""Spools that processes left behind: where they are meant to go, and sending them there."""

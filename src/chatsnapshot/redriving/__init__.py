"""Solving quarantine records: which ones, whether somebody did it before, and the report of each."""

from chatsnapshot.redriving.redriver import Redriver

__all__ = ["Redriver"]

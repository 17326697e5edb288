"""The one error of this suite."""


class BenchmarkFailed(Exception):
    """A part could not be measured: something did not start, ended early, took too long or gave a wrong result."""

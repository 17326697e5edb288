"""One module a question; each has `NAME`, `TITLE` and `run(options) -> PartResult`."""

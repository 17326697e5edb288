"""Producers: from `record()` over the spool on disk to the events topic. See `recorder`, `spool`, `publisher`."""

"""The HTTP server: health, metrics and the read API (DESIGN section 10)."""

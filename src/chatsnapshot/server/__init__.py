"""The HTTP server: takes events and blobs, answers questions, health and metrics (DESIGN section 10)."""

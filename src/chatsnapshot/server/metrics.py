"""Every metric of the HTTP server itself: name, unit, meaning. The ingest's own are in the producers' module."""

from prometheus_client import Counter, Histogram

HTTP_REQUESTS = Counter("chatsnapshot_http_requests", "Requests answered, by route and status.", ("route", "status"))
HTTP_SECONDS = Histogram(
    "chatsnapshot_http_seconds", "Seconds from a request's head to its answer, by route.", ("route",)
)

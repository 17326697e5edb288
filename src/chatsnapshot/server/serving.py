"""Bind and serve until SIGTERM or Ctrl-C."""

import ipaddress
import socket

import uvicorn

from chatsnapshot.server.app import http_app
from chatsnapshot.server.http_roles import ALL_ROLES, HttpRole
from chatsnapshot.settings import Settings
from chatsnapshot_schemas.errors import ConfigurationError, PortTaken

SHUTDOWN_S = 5
"""Requests in flight get this long; then the process ends anyway."""


def serve_http(settings: Settings, *, host: str, port: int, roles: frozenset[HttpRole] = ALL_ROLES) -> int:
    """Serve; returns the exit code. Raises ConfigurationError, StackNotRunning, PortTaken before anything is served."""
    if not _loopback(host) and settings.api_key is None:
        raise ConfigurationError(f"bound to {host}, a key is needed: set CHATSNAPSHOT_API_KEY, or bind 127.0.0.1")
    with _bind(host, port) as listener:
        config = uvicorn.Config(
            http_app(settings, roles), log_level="warning", access_log=False, timeout_graceful_shutdown=SHUTDOWN_S
        )
        uvicorn.Server(config).run(sockets=[listener])
    return 0


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortTaken(f"cannot bind {host}:{port}: {error.strerror}; choose another with --port") from None
    return listener


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

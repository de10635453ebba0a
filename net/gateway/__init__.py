"""The exchange's door for everybody: WebSocket and REST on one port."""

from net.gateway.app import run_gateway, serve
from net.gateway.config import GatewayConfig, SessionLimits

__all__ = ["GatewayConfig", "SessionLimits", "run_gateway", "serve"]

"""Python client of the exchange: typed, reconnecting, resuming.

async with Client() as client:
    await client.register("my bot")
    acme = client.instrument("ACME")
    result = await client.add_order(acme.symbol_id, "buy", 10, price=99.5)
"""

from net.client.client import Client
from net.client.inbox import AccountLost, ConnectionChanged, ConnectionState, Push

__all__ = ["AccountLost", "Client", "ConnectionChanged", "ConnectionState", "Push"]

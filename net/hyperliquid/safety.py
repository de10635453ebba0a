"""What stands between a key and real money: a network by name, a cap for each order, a sentence that is typed."""

from __future__ import annotations

from net.errors import StartupError
from net.hyperliquid.decimals import SCALE
from net.hyperliquid.info_client import Network


class Locked(Exception):
    """Nobody has typed the confirmation, or the network was not named."""


class BadRequest(ValueError):
    """The request breaks the venue's or our own rules; nothing was sent."""


class Safety:
    """The rules of one session; locked until ``unlock`` is given the confirmation.

    Args:
        network: the real network, by name; None for a simulator.
        value_max: largest value of one order, in e8 dollars.
    """

    def __init__(self, network: Network | None = None, value_max: int = 100 * SCALE) -> None:
        self.network = network
        self.value_max = value_max
        self._unlocked = False

    @property
    def name(self) -> str:
        """The network in a word."""
        return self.network.name.lower() if self.network else "simulator"

    @property
    def confirmation(self) -> str:
        """What a person has to type before the first order."""
        return f"trade up to ${self.value_max // SCALE} per order on {self.name}"

    @property
    def banner(self) -> str:
        """What the screen must show in red while orders can leave; nothing while they cannot."""
        if not self._unlocked:
            return ""
        what = "REAL MONEY" if self.network is Network.MAINNET else "REAL ORDERS"
        return f"{what} · {self.name.upper()} · up to ${self.value_max // SCALE} per order"

    def unlock(self, typed: str) -> None:
        """Permit orders, given exactly ``confirmation``; raises ``Locked`` for anything else."""
        if typed.strip() != self.confirmation:
            raise Locked(f"type: {self.confirmation}")
        self._unlocked = True

    def check_unlocked(self) -> None:
        """Raise ``Locked`` unless somebody typed the confirmation."""
        if not self._unlocked:
            raise Locked(f"type: {self.confirmation}")

    def check(self, base_url: str) -> None:
        """Raise ``Locked`` when ``base_url`` is a real network and not the one that was named."""
        real = real_network(base_url)
        if real is not self.network:
            raise Locked(
                f"{base_url} is {real.name.lower() if real else 'a simulator'}: name that network to trade there"
            )

    def check_value(self, value: int, *, closes: bool) -> None:
        """Raise ``BadRequest`` for an order worth more (e8 dollars) than the cap; one that can only close is exempt."""
        if value > self.value_max and not closes:
            raise BadRequest(f"worth more than the cap of ${self.value_max // SCALE} per order")


def real_network(base_url: str) -> Network | None:
    """The network whose address this is; None for somebody's simulator."""
    return next((network for network in Network if base_url.rstrip("/").lower() == network.value), None)


def network_url(name: str) -> str:
    """Base URL of a network by name (``mainnet``, ``testnet``), or the simulator's URL that was given.

    Raises:
        StartupError: neither.
    """
    for network in Network:
        if name.lower() == network.name.lower():
            return network.value
    if not name.startswith(("http://", "https://")):
        raise StartupError(f"no network {name!r}: there are mainnet and testnet, or the base URL of a simulator")
    return name.rstrip("/")

"""What a gateway may be told about its Hyperliquid venue."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Chain: TypeAlias = Literal["any", "mainnet", "testnet"]
"""Which network an action may be signed for."""


class VenueConfig(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How to run the venue. Light to import: the venue itself is loaded when somebody asks for it."""

    accounts: tuple[str, ...] = ()
    """``0xADDRESS=USDC``, opened at the start."""
    port: int | None = None
    """A port of its own, without the prefix; 0 takes any free one."""
    strict: bool = False
    """The live venue's manners: hang up on unknown names, its cadences, its limits."""
    faults: bool = False
    """Whether ``POST /hl/faults`` arms faults."""
    chain: Chain = "any"
    """Which signatures count."""

    @property
    def wanted(self) -> bool:
        """Whether the venue is to start with the gateway, rather than at its first request."""
        return bool(self.accounts) or self.port is not None

"""Who has an account at the venue, and with what: ``0xADDRESS=USDC``, the amount being in both wallets.

``0xADDRESS=10000,spot=500,HYPE=20`` says otherwise for the spot wallet: USDC of 500, and 20 HYPE.
"""

from __future__ import annotations

import msgspec

from engine.commands import AccountLimits, OpenAccount
from engine.types import RejectCode
from net.errors import StartupError
from net.hyperliquid.decimals import from_wire
from net.hyperliquid.signing import normal_address
from net.hyperliquid.venue.listing import Listing, base_token
from net.hyperliquid.venue.settings import ENGINE_LEVERAGE
from net.hyperliquid.venue.users import Wallet, account_of

WORKING_ORDERS_MAX = 5_000
"""The venue's highest bound on open orders."""


class Funding(msgspec.Struct, frozen=True, kw_only=True):
    """What an address starts with, in e8: USDC of the two wallets, and tokens of the spot wallet."""

    address: str
    perp: int
    spot: int
    tokens: dict[str, int] = {}


def read_funding(text: str) -> Funding:
    """Read ``0xADDRESS=USDC`` as a flag or a scenario has it.

    Raises:
        StartupError: not of this form.
    """
    head, *rest = text.split(",")
    address, _, amount = head.partition("=")
    try:
        perp = from_wire(amount)
        named = {name.strip(): from_wire(value) for name, _, value in (item.partition("=") for item in rest)}
        spot = named.pop("spot", perp)
        if min(perp, spot, *named.values(), 0) < 0:
            raise ValueError("nobody starts with less than nothing")
        return Funding(address=normal_address(address.strip()), perp=perp, spot=spot, tokens=named)
    except ValueError as error:
        raise StartupError(f"{text!r} is no account: say 0xADDRESS=USDC, like 0x{'1' * 40}=10000 ({error})") from error


def openings(funding: Funding, listing: Listing) -> list[OpenAccount]:
    """The commands that open both wallets; tokens that are not listed are left out."""
    positions = {}
    for listed in listing.spots:
        lots = listed.lots(funding.tokens.get(base_token(listed), 0))
        if lots and not listed.asset.delisted:
            positions[listed.symbol_id] = lots
    name = f"{funding.address[:6]}…{funding.address[-4:]}"
    return [
        OpenAccount(
            account=account_of(funding.address, Wallet.PERP),
            name=name,
            personality="hyperliquid",
            cash=funding.perp,
            limits=AccountLimits(leverage=ENGINE_LEVERAGE, max_working_orders=WORKING_ORDERS_MAX),
        ),
        OpenAccount(
            account=account_of(funding.address, Wallet.SPOT),
            name=f"{name} spot",
            personality="hyperliquid",
            cash=funding.spot,
            positions=positions,
            limits=AccountLimits(short_selling=False, max_working_orders=WORKING_ORDERS_MAX),
        ),
    ]


def is_fine(code: RejectCode | None) -> bool:
    """Whether an account is open after such an answer: opened now, or there already."""
    return code in (None, RejectCode.DUPLICATE_ACCOUNT)

"""The texts the venue refuses with, word for word: clients classify them by substring."""

from __future__ import annotations

from net.hyperliquid.decimals import to_wire

UNDECODABLE = "Failed to deserialize the JSON body into the target type"
"""Body of HTTP 422."""
UNRECOVERABLE = "Unable to recover signer."
ZERO_SIZE = "Order has zero size."
INVALID_SIZE = "Order has invalid size."
INVALID_PRICE = "Order has invalid price."
MODIFY_INVALID = "Attempted to modify to invalid new order"
EXPIRED = "Action expired: expiresAfter has passed."
EMPTY_BATCH = "Batch is empty."
TOO_MANY_REQUESTS = "429 Too Many Requests"
TOO_MANY_POSTS = "Too many pending post requests"
TOO_MANY_MESSAGES = "Cannot send more than 2000 messages per minute."
UNAVAILABLE = "The matching engine is unavailable, try again."


def on_asset(text: str, asset: int) -> str:
    """A per-order refusal, which names the asset at its end."""
    return f"{text} asset={asset}"


def other_nonce(signed: int, nonce: int) -> str:
    """The nonce of the request is not the one that was signed."""
    return f"Invalid nonce: {nonce} is not the signed {signed}"


def unknown_signer(address: str) -> str:
    """The recovered address is nobody's account or agent."""
    return f"User or API Wallet {address} does not exist."


def must_deposit(address: str) -> str:
    """The owner of a user-signed action has no account."""
    return f"Must deposit before performing actions. User: {address}"


def tick(asset: int) -> str:
    """The price has too many decimals or figures."""
    return on_asset("Price must be divisible by tick size.", asset)


def minimum_value(asset: int, *, spot: bool) -> str:
    """The order is worth less than ten dollars."""
    amount = "10 USDC." if spot else "$10."
    return on_asset(f"Order must have minimum value of {amount}", asset)


def margin(asset: int) -> str:
    """The account cannot carry the position."""
    return on_asset("Insufficient margin to place order.", asset)


def spot_balance(asset: int) -> str:
    """The account has too little of the token it would give."""
    return on_asset("Insufficient spot balance", asset)


def reduce_only(asset: int) -> str:
    """A reduce-only order that would not shrink the position."""
    return on_asset("Reduce only order would increase position.", asset)


def post_only(asset: int, bid: int | None, ask: int | None) -> str:
    """An add-liquidity-only order that would have matched; names the best prices, in e8."""
    best = "@".join("None" if price is None else to_wire(price).removesuffix(".0") for price in (bid, ask))
    return on_asset(f"Post only order would have immediately matched, bbo was {best}.", asset)


def immediate(asset: int) -> str:
    """An immediate-or-cancel order that met nothing."""
    return on_asset("Order could not immediately match against any resting orders.", asset)


def trigger_price(asset: int) -> str:
    """A trigger on the wrong side of the mark, or malformed."""
    return on_asset("Invalid TP/SL price.", asset)


def no_liquidity(asset: int) -> str:
    """A market order into an empty book."""
    return on_asset("No liquidity available for market order.", asset)


def out_of_bounds(asset: int, percent: int) -> str:
    """The price is too far away to be meant."""
    return on_asset(f"Order price cannot be more than {percent}% away from the reference price", asset)


def unknown_order(asset: int) -> str:
    """A cancel of what is not there."""
    return on_asset("Order was never placed, already canceled, or filled.", asset)


def builder(asset: int) -> str:
    """A builder whose fee the account never approved."""
    return on_asset("Builder fee has not been approved.", asset)


def too_many_orders(limit: int) -> str:
    """A trigger order more than an account may have waiting."""
    return f"Too many open orders: at most {limit} may wait for a trigger."


def invalid_asset(asset: int) -> str:
    """An asset id nothing is listed under."""
    return on_asset("Invalid asset.", asset)


def halted(asset: int) -> str:
    """The instrument takes no orders now."""
    return on_asset("Trading is halted.", asset)


def too_large(maximum: int) -> str:
    """The order is worth more than the account may place at once; ``maximum`` in whole dollars."""
    return f"Order value too large. Max is ${maximum}."


def too_many_requests(sent: int, cap: int, volume: int) -> str:
    """The address used up its actions; ``volume`` is what it traded, in e8 dollars."""
    traded = to_wire(volume).removesuffix(".0")
    return (
        f"Too many cumulative requests sent ({sent} > {cap}) for cumulative volume traded ${traded}. "
        "Place taker orders to free up 1 request per USDC traded."
    )


def out_of_funds(what: str) -> str:
    """A transfer of more than there is."""
    return f"Insufficient balance for {what}."

"""Hyperliquid, in both directions: a connector to its API, and a venue of our own that answers like it.

``decimals``, ``names``, ``wire``, ``subscriptions``, ``actions``, ``signing``, ``nonces`` and ``refusals`` know the
wire and do no I/O; both directions are built on them. See ``docs/HYPERLIQUID.md``.
"""

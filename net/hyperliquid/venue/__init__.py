"""Our own exchange as a Hyperliquid venue: the same requests, the same answers, on our engine.

``venue`` wires it; ``app`` is its HTTP side and ``streams`` its WebSocket side, both mounted by the gateway under
``/hl`` or served on a port of their own. ``docs/HYPERLIQUID.md`` says what is the same and what is simplified.
"""

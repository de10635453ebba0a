"""The exchange itself: books, matching, order management. Deterministic, no I/O."""

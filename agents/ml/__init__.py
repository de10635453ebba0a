"""Machine learning on the public feed: features, a classifier that learns as it trades, training on simulations."""

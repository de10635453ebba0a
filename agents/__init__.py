"""Trading agents: strategies, the population, and the processes that run them."""

"""The console for others: over SSH and in a browser. Everybody gets a console and nothing else of this machine."""

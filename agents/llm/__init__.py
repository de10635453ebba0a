"""Language models as traders: one adapter to OpenAI-compatible endpoints, and everything that keeps it on a leash."""

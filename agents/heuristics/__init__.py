"""Strategies that trade by rule, one a file."""

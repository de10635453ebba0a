"""Softmax regression that learns one example at a time, in plain Python; saved as JSON, never as code.

Inputs are standardised by their running mean and variance (Welford 1962). A saved model names its features; one whose
features differ is refused.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from agents.ml.features import FEATURE_HASH, FEATURES, SCHEMA_VERSION

DOWN, FLAT, UP = range(3)
CLASSES: Final = 3


class ModelError(ValueError):
    """A saved model that cannot be used; one line."""


class SavedModel(msgspec.Struct, frozen=True, kw_only=True):
    """The file."""

    kind: str = "softmax"
    schema_version: int = SCHEMA_VERSION
    features: list[str] = []
    feature_hash: str = ""
    examples: int = 0
    means: list[float] = []
    squares: list[float] = []
    weights: list[list[float]] = []


class OnlineSoftmax:
    """Probabilities of down, flat and up."""

    def __init__(self, rate: float = 0.02, decay: float = 1e-4) -> None:
        """``rate`` is the learning rate, ``decay`` the pull of weights to zero."""
        count = len(FEATURES)
        self._rate, self._decay = rate, decay
        self._means = [0.0] * count
        self._squares = [0.0] * count
        self._weights = [[0.0] * (count + 1) for _ in range(CLASSES)]
        self.examples = 0

    def predict(self, features: Sequence[float]) -> list[float]:
        """Probability of each class."""
        return self._probabilities(self._scaled(features))

    def learn(self, features: Sequence[float], label: int) -> float:
        """Take one example; the loss it had before."""
        self.examples += 1
        for index, value in enumerate(features):
            change = value - self._means[index]
            self._means[index] += change / self.examples
            self._squares[index] += change * (value - self._means[index])
        x = self._scaled(features)
        probabilities = self._probabilities(x)
        rate = self._rate / (1 + self.examples / 20_000)
        for kind, weights in enumerate(self._weights):
            error = probabilities[kind] - (1.0 if kind == label else 0.0)
            for index, value in enumerate(x):
                weights[index] -= rate * (error * value + self._decay * weights[index])
            weights[-1] -= rate * error
        return -math.log(max(probabilities[label], 1e-12))

    def _scaled(self, features: Sequence[float]) -> list[float]:
        if self.examples < 2:
            return [0.0] * len(features)
        scaled = []
        for value, mean, square in zip(features, self._means, self._squares, strict=True):
            spread = math.sqrt(square / self.examples)
            scaled.append(max(-5.0, min(5.0, (value - mean) / spread)) if spread > 1e-9 else 0.0)
        return scaled

    def _probabilities(self, x: Sequence[float]) -> list[float]:
        scores = [sum(w * v for w, v in zip(weights, x, strict=False)) + weights[-1] for weights in self._weights]
        highest = max(scores)
        powers = [math.exp(score - highest) for score in scores]
        total = sum(powers)
        return [power / total for power in powers]

    def save(self, path: Path) -> None:
        """Write the model as JSON."""
        saved = SavedModel(
            features=list(FEATURES),
            feature_hash=FEATURE_HASH,
            examples=self.examples,
            means=self._means,
            squares=self._squares,
            weights=self._weights,
        )
        path.write_bytes(msgspec.json.format(msgspec.json.encode(saved)))

    @classmethod
    def load(cls, path: Path) -> OnlineSoftmax:
        """Read a model.

        Raises:
            ModelError: it is no such file, or its features differ from these.
        """
        try:
            saved = msgspec.json.decode(path.read_bytes(), type=SavedModel)
        except (OSError, msgspec.DecodeError) as error:
            raise ModelError(f"model {path} cannot be read: {error}") from error
        if saved.kind != "softmax" or saved.feature_hash != FEATURE_HASH or saved.features != list(FEATURES):
            raise ModelError(
                f"model {path} was made for other features (version {saved.schema_version}): train it again"
            )
        if [len(row) for row in saved.weights] != [len(FEATURES) + 1] * CLASSES:
            raise ModelError(f"model {path} is damaged: its weights have the wrong shape")
        model = cls()
        model.examples = saved.examples
        model._means, model._squares, model._weights = saved.means, saved.squares, saved.weights
        return model

"""Training on simulated markets, walk-forward: each seed is predicted by a model that saw the earlier ones only."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, TypeAlias

import msgspec

from agents.intents import AgentEvent, AgentIntent
from agents.market import NS, SymbolView
from agents.ml.features import FEATURE_HASH, FEATURES, SCHEMA_VERSION, FeatureReader
from agents.ml.softmax import CLASSES, OnlineSoftmax
from agents.ml.trader import MLTraderParameters, label
from agents.pacing import PacedStrategy
from agents.scenario import load_scenario
from agents.simulation import Guest, Simulation
from agents.strategy import Context, Strategy
from engine.types import SymbolId

Kind: TypeAlias = Literal["softmax", "lightgbm"]
Example: TypeAlias = tuple[list[float], int]
TREES: Final = 100
LEAVES: Final = 15


class Fold(msgspec.Struct, frozen=True):
    """One step of the walk: how a model did on a seed it had not seen."""

    seed: int
    examples: int
    accuracy: float
    log_loss: float
    baseline_log_loss: float
    """Of always giving the classes' shares of the training data."""


class TrainingReport(msgspec.Struct, frozen=True):
    """What training came to."""

    kind: Kind
    path: str
    examples: int
    folds: list[Fold]


class _Observer(PacedStrategy):
    """Trades nothing; notes features and what came after them."""

    wants: ClassVar[frozenset[type]] = frozenset()

    def __init__(self, context: Context, parameters: MLTraderParameters, examples: list[Example]) -> None:
        super().__init__(context, parameters.rate, attentive=False)
        self._parameters = parameters
        self._examples = examples
        self._readers: dict[SymbolId, FeatureReader] = {}
        self._pending: dict[SymbolId, list[tuple[int, float, list[float]]]] = {}

    def listed(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        self._readers[symbol.symbol_id] = FeatureReader(self.market, symbol)
        self._pending[symbol.symbol_id] = []
        return ()

    def decide(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        pending, parameters = self._pending[symbol.symbol_id], self._parameters
        due = self.market.now - parameters.horizon_s * NS
        while pending and pending[0][0] <= due:
            _, mid, features = pending.pop(0)
            self._examples.append((features, label(symbol.mid - mid, parameters.move_sigmas * symbol.base_volatility)))
        pending.append((self.market.now, symbol.mid, self._readers[symbol.symbol_id].read(0.0)))
        return ()

    def react(self, event: AgentEvent) -> Sequence[AgentIntent]:
        del event
        return ()


def observe(scenario: str, seed: int, hours: float | None, parameters: MLTraderParameters) -> list[Example]:
    """Features and outcomes of one simulated session."""
    chosen = load_scenario(scenario)
    examples: list[Example] = []

    def make(context: Context) -> Strategy:
        return _Observer(context, parameters, examples)

    simulation = Simulation(chosen, seed, guests=(Guest("observer", make),))
    simulation.run_until((chosen.market.hours if hours is None else hours) * 3600)
    return examples


def train(
    scenario: str,
    seeds: Sequence[int],
    path: Path,
    *,
    kind: Kind = "softmax",
    hours: float | None = None,
    parameters: MLTraderParameters | None = None,
    progress: Callable[[Fold], None] | None = None,
) -> TrainingReport:
    """Train on a scenario's seeds in turn and write the model to ``path``.

    ``lightgbm`` needs the extra ``[ml]`` and writes its text model beside a JSON file that names its features.

    Raises:
        ScenarioError: the scenario cannot be used.
        ModuleNotFoundError: lightgbm is not installed.
    """
    settings = parameters or MLTraderParameters()
    seen: list[Example] = []
    folds: list[Fold] = []
    model: OnlineSoftmax | _Boosted = OnlineSoftmax() if kind == "softmax" else _Boosted()
    for seed in seeds:
        fresh = observe(scenario, seed, hours, settings)
        if seen and fresh:
            fold = _score(model, seed, seen, fresh)
            folds.append(fold)
            if progress is not None:
                progress(fold)
        seen.extend(fresh)
        model.fit(seen, fresh) if isinstance(model, _Boosted) else _learn_all(model, fresh)
    path.parent.mkdir(parents=True, exist_ok=True)
    model.save(path)
    return TrainingReport(kind, str(path), len(seen), folds)


def _learn_all(model: OnlineSoftmax, examples: Sequence[Example]) -> None:
    for features, outcome in examples:
        model.learn(features, outcome)


def _score(model: OnlineSoftmax | _Boosted, seed: int, seen: Sequence[Example], fresh: Sequence[Example]) -> Fold:
    shares = [max(sum(1 for _, outcome in seen if outcome == kind), 1) / len(seen) for kind in range(CLASSES)]
    right, loss, baseline = 0, 0.0, 0.0
    for features, outcome in fresh:
        probabilities = model.predict(features)
        right += probabilities.index(max(probabilities)) == outcome
        loss -= math.log(max(probabilities[outcome], 1e-12))
        baseline -= math.log(shares[outcome])
    count = len(fresh)
    return Fold(seed, count, right / count, loss / count, baseline / count)


class _Boosted:
    """Gradient-boosted trees by lightgbm."""

    def __init__(self) -> None:
        import lightgbm

        self._lightgbm: Any = lightgbm
        self._booster: Any = None

    def fit(self, seen: Sequence[Example], _fresh: Sequence[Example]) -> None:
        import numpy

        data = self._lightgbm.Dataset(
            numpy.array([features for features, _ in seen]), numpy.array([outcome for _, outcome in seen])
        )
        settings = {
            "objective": "multiclass", "num_class": CLASSES, "num_leaves": LEAVES, "verbosity": -1, "seed": 1,
            "deterministic": True, "num_threads": 1,
        }  # fmt: skip
        self._booster = self._lightgbm.train(settings, data, TREES)

    def predict(self, features: Sequence[float]) -> list[float]:
        import numpy

        return [float(value) for value in self._booster.predict(numpy.array([features]))[0]]

    def save(self, path: Path) -> None:
        self._booster.save_model(str(path))
        meta = {
            "kind": "lightgbm", "schema_version": SCHEMA_VERSION, "features": list(FEATURES),
            "feature_hash": FEATURE_HASH,
        }  # fmt: skip
        path.with_suffix(path.suffix + ".json").write_bytes(msgspec.json.format(msgspec.json.encode(meta)))

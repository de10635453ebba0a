import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from small_market import small_market

from agents.intents import Explain, New
from agents.ml.features import FEATURES, FeatureReader
from agents.ml.softmax import DOWN, FLAT, UP, ModelError, OnlineSoftmax
from agents.ml.trader import label
from agents.ml.training import train
from engine.types import Side


def taught(count: int = 3_000) -> OnlineSoftmax:
    """A model that learned: up when the first feature is high, down when it is low."""
    rng, model = random.Random(1), OnlineSoftmax()
    for _ in range(count):
        features = [rng.gauss(0, 1) for _ in FEATURES]
        model.learn(features, UP if features[0] > 0.5 else DOWN if features[0] < -0.5 else FLAT)
    return model


def test_it_learns_what_there_is_to_learn() -> None:
    model = taught()
    high, low, middle = [2.0] + [0.0] * 9, [-2.0] + [0.0] * 9, [0.0] * 10
    assert model.predict(high)[UP] > 0.8
    assert model.predict(low)[DOWN] > 0.8
    assert max(range(3), key=model.predict(middle).__getitem__) == FLAT
    assert sum(model.predict(high)) == pytest.approx(1.0)


def test_a_saved_model_is_the_same_again(tmp_path: Path) -> None:
    model = taught(500)
    model.save(tmp_path / "model.json")
    again = OnlineSoftmax.load(tmp_path / "model.json")
    features = [0.3] * len(FEATURES)
    assert again.predict(features) == model.predict(features)
    assert again.learn(features, UP) == model.learn(features, UP)


def test_a_model_of_other_features_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    taught(50).save(path)
    path.write_text(path.read_text().replace("microprice", "moonphase"))
    with pytest.raises(ModelError, match="was made for other features"):
        OnlineSoftmax.load(path)
    path.write_text("{")
    with pytest.raises(ModelError, match="cannot be read"):
        OnlineSoftmax.load(path)
    with pytest.raises(ModelError, match="cannot be read"):
        OnlineSoftmax.load(tmp_path / "none.json")


def test_features_follow_the_book(tiny: Any) -> None:
    reader = FeatureReader(tiny.view, tiny.symbol)
    tiny.symbol.set_best(9_999, 90, 10_001, 10)
    values = dict(zip(FEATURES, reader.read(0.25), strict=True))
    assert values["imbalance_1"] == pytest.approx(0.8)
    assert values["microprice"] > 0
    assert values["flow_imbalance_10s"] > 0
    assert values["inventory"] == 0.25
    tiny.pass_time(5)
    tiny.quote(10_009, 10_011)
    assert dict(zip(FEATURES, reader.read(0.0), strict=True))["return_10s"] > 0


def test_moves_are_labelled_by_size() -> None:
    assert [label(move, 2.0) for move in (-3.0, -1.0, 2.0, 2.5)] == [DOWN, FLAT, FLAT, UP]


def test_a_young_model_passes_on_to_the_heuristic_and_says_so(tiny: Any) -> None:
    agent = tiny.agent("ml", rate=1.0, warm_examples=10_000)
    agent.context.narrate = True
    told = []
    for step in range(80):
        tiny.quote(9_999 + step, 10_001 + step)
        told += [intent for intent in agent.look() if isinstance(intent, Explain)]
    assert told
    assert told[0].stage == "heuristic"
    assert told[0].fell_back_from.startswith("ml: ")


def test_a_sure_model_trades_within_its_limit(tiny: Any) -> None:
    agent = tiny.agent("ml", rate=1.0, warm_examples=0, max_position=7.0, horizon_s=1e6)
    agent.strategy.model = taught()
    agent.context.narrate = True
    tiny.symbol.set_best(9_999, 900, 10_001, 1)
    order, explanation = agent.look()
    assert isinstance(order, New)
    assert (order.side, order.qty) == (Side.BUY, 5)
    assert explanation.stage == "ml"
    agent.filled(Side.BUY, 5)
    assert agent.look(5) == []


@pytest.mark.parametrize("kind", ["softmax", "lightgbm"])
def test_training_walks_forward_and_writes_a_model(tmp_path: Path, kind: Any) -> None:
    if kind == "lightgbm":
        pytest.importorskip("lightgbm")
    path = tmp_path / "out" / "model"
    report = train(small_market(tmp_path), (1, 2, 3), path, kind=kind, hours=0.1)
    assert [fold.seed for fold in report.folds] == [2, 3]
    assert report.examples > 100
    assert all(0 < fold.accuracy <= 1 and fold.log_loss > 0 for fold in report.folds)
    assert path.exists()
    if kind == "softmax":
        assert OnlineSoftmax.load(path).examples == report.examples


@pytest.mark.parametrize("module", ["agents.ml.training", "agents.llm.trader", "agents.roster"])
def test_whichever_module_comes_first_can_be_imported(module: str) -> None:
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True, timeout=30)

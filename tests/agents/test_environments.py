from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gymnasium")
pytest.importorskip("pettingzoo")
pytest.importorskip("numpy")

import numpy
from small_market import small_market

from agents.environments import ExecutionEnv, MakerEnv, MakersEnv


def play(env: Any, action: Any, seed: int) -> tuple[list[float], dict[str, Any]]:
    env.reset(seed=seed)
    rewards, info = [], {}
    over = False
    while not over:
        observation, reward, terminated, truncated, info = env.step(action)
        assert env.observation_space.contains(observation)
        rewards.append(reward)
        over = terminated or truncated
    return rewards, info


def test_the_same_seed_and_actions_give_the_same_episode(tmp_path: Path) -> None:
    env = MakerEnv(small_market(tmp_path), steps=40)
    action = numpy.array([1.0, 0.0], numpy.float32)
    first, info = play(env, action, 3)
    assert len(first) == 40
    assert first == play(env, action, 3)[0] != play(env, action, 4)[0]
    assert abs(info["position"]) <= 105


def test_a_maker_that_quotes_far_away_trades_less_than_one_that_quotes_near(tmp_path: Path) -> None:
    env = MakerEnv(small_market(tmp_path), steps=60)
    near, far = (play(env, numpy.array([half, 0.0], numpy.float32), 3)[0] for half in (0.5, 10.0))
    assert sum(1 for reward in near if reward) > sum(1 for reward in far if reward)


def test_an_execution_ends_when_all_is_bought_and_taking_costs(tmp_path: Path) -> None:
    env = ExecutionEnv(small_market(tmp_path), target=40, steps=60)
    rewards, info = play(env, 3, 2)
    assert info["held"] >= 40
    assert len(rewards) < 60
    assert sum(rewards) < 0


def test_waiting_for_ever_is_cut_off_and_charged(tmp_path: Path) -> None:
    env = ExecutionEnv(small_market(tmp_path), target=40, steps=10)
    rewards, info = play(env, 0, 2)
    assert (len(rewards), info["held"]) == (10, 0)
    assert rewards[-1] < -1


def test_several_makers_share_one_market(tmp_path: Path) -> None:
    env = MakersEnv(small_market(tmp_path), makers=3, steps=20)
    env.reset(seed=1)
    total = dict.fromkeys(env.possible_agents, 0.0)
    while env.agents:
        actions = {name: numpy.array([0.5, 0.0], numpy.float32) for name in env.agents}
        _, rewards, _, _, _ = env.step(actions)
        for name, reward in rewards.items():
            total[name] += reward
    assert any(total.values())

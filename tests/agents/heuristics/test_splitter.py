from typing import Any

from engine.types import Side


def work(agent: Any, times: int) -> list[Any]:
    done = []
    for _ in range(times):
        for order in agent.look():
            done.append(order)
            agent.filled(order.side, order.qty)
    return done


def test_works_one_parent_in_pieces_of_one_side(tiny: Any) -> None:
    agent = tiny.agent("institution", rate=1.0, rest_s=0.001, parent_min=200.0, parent_max=200.0)
    children = work(agent, 20)
    total = 0
    sides = []
    for child in children:
        if total % 200 == 0:
            sides.append(child.side)
        assert child.side is sides[-1]
        total += child.qty
    assert len(children) > len(sides)


def test_order_signs_of_many_parents_are_persistent(tiny: Any) -> None:
    agent = tiny.agent("whale", rate=1.0, rest_s=0.001)
    signs = [1 if child.side is Side.BUY else -1 for child in work(agent, 800)]
    agreement = sum(a == b for a, b in zip(signs, signs[5:], strict=False)) / (len(signs) - 5)
    assert agreement > 0.6
    assert set(signs) == {1, -1}


def test_a_share_of_the_volume_follows_the_volume(tiny: Any) -> None:
    agent = tiny.agent("institution", schedule="pov", participation=0.1, rate=1.0, rest_s=0.001, parent_min=500.0)
    agent.look(2)
    assert agent.look() == []
    tiny.symbol.volume += 300
    (child,) = agent.look()
    assert child.qty == 30


def test_rests_after_a_parent_is_done(tiny: Any) -> None:
    agent = tiny.agent("institution", rate=1.0, rest_s=0.001, parent_min=1.0, parent_max=1.0)
    (child,) = agent.look()
    agent.strategy.parameters = agent.strategy.parameters.__class__(rest_s=1e6)
    agent.filled(child.side, child.qty)
    assert agent.look(10) == []

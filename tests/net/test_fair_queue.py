import pytest

from net.fair_queue import FairQueue


class Peer:
    def __init__(self, *, writable: bool = True) -> None:
        self.writable = writable


def drain(queue: FairQueue[Peer, str], most: int) -> list[str]:
    taken = []
    while share := queue.take(most):
        taken.append("".join(share[1]))
    return taken


def test_peers_take_turns_and_each_keeps_its_order() -> None:
    queue: FairQueue[Peer, str] = FairQueue(100)
    greedy, polite = Peer(), Peer()
    queue.add(greedy, list("abcdef"), 1)
    queue.add(greedy, list("gh"), 2)
    queue.add(polite, list("xy"), 3)
    assert len(queue) == 10
    assert drain(queue, 2) == ["ab", "xy", "cd", "ef", "gh"]
    assert len(queue) == 0


def test_requests_come_with_the_time_of_their_arrival() -> None:
    queue: FairQueue[Peer, str] = FairQueue(100)
    peer = Peer()
    queue.add(peer, ["a"], 1)
    queue.add(peer, ["b"], 2)
    assert queue.take(5) == (peer, ["a"], 1)
    assert queue.take(5) == (peer, ["b"], 2)
    assert queue.take(5) is None


def test_what_does_not_fit_is_given_back() -> None:
    queue: FairQueue[Peer, str] = FairQueue(3)
    peer, other = Peer(), Peer()
    assert queue.add(peer, list("ab"), 1) == []
    assert queue.add(other, list("xyz"), 1) == ["y", "z"]
    assert queue.add(peer, list("c"), 1) == ["c"]
    assert len(queue) == 3


def test_a_peer_that_does_not_read_waits_and_holds_up_nobody() -> None:
    queue: FairQueue[Peer, str] = FairQueue(100)
    stalled, other = Peer(writable=False), Peer()
    queue.add(stalled, ["a"], 1)
    queue.add(other, ["x"], 1)
    assert drain(queue, 5) == ["x"]
    assert len(queue) == 1
    assert queue.take(5, also_unwritable=True) == (stalled, ["a"], 1)


def test_what_is_put_back_is_next_again() -> None:
    queue: FairQueue[Peer, str] = FairQueue(100)
    peer = Peer()
    queue.add(peer, list("abcd"), 1)
    taken = queue.take(3)
    assert taken is not None
    queue.put_back(peer, taken[1][1:], 1)
    assert drain(queue, 10) == ["bc", "d"]
    queue.put_back(peer, ["z"], 1)
    assert (len(queue), drain(queue, 10)) == (1, ["z"])


@pytest.mark.parametrize("taken", [0, 3])
def test_a_peer_that_left_is_forgotten(taken: int) -> None:
    queue: FairQueue[Peer, str] = FairQueue(100)
    peer, other = Peer(), Peer()
    queue.add(peer, list("abcd"), 1)
    queue.add(peer, list("ef"), 1)
    if taken:
        queue.take(taken)
    queue.add(other, ["x"], 1)
    assert queue.drop(peer) == 6 - taken
    assert queue.drop(peer) == 0
    assert (len(queue), drain(queue, 10)) == (1, ["x"])

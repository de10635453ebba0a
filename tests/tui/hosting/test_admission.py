"""Limits on visits."""

import pytest

from tui.hosting.admission import Admission, Limits, Refused, Visitor

LIMITS = Limits(traders=3, spectators=2, per_key=2, per_address=4)


def trader(who: str, address: str = "192.0.2.1") -> Visitor:
    return Visitor("ssh", who, "name", address, trades=True)


def spectator(address: str) -> Visitor:
    return Visitor("ssh", "", "name", address, trades=False)


def test_traders_and_spectators_have_places_of_their_own():
    admission = Admission(LIMITS)
    for who in "abc":
        admission.enter(trader(who))
    with pytest.raises(Refused, match=r"all places for traders are taken \(3\)"):
        admission.enter(trader("d"))
    admission.enter(spectator("192.0.2.2"))
    admission.enter(spectator("192.0.2.3"))
    with pytest.raises(Refused, match=r"all places for spectators are taken \(2\)"):
        admission.enter(spectator("192.0.2.4"))


def test_one_key_has_two_consoles_and_gets_a_place_back_when_it_leaves():
    admission = Admission(LIMITS)
    admission.enter(trader("a"))
    admission.enter(trader("a"))
    with pytest.raises(Refused, match="2 consoles of yours are open already"):
        admission.enter(trader("a"))
    admission.leave(trader("a"))
    admission.enter(trader("a"))


def test_one_address_cannot_take_all_places():
    admission = Admission(Limits(traders=9, per_address=2))
    admission.enter(trader("a"))
    admission.enter(trader("b"))
    with pytest.raises(Refused, match="2 visitors from your address are here already"):
        admission.enter(trader("c"))
    admission.enter(trader("c", "192.0.2.9"))

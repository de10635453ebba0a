import pytest

from agents.market import usual_volatility
from agents.newsroom import Newsroom, Story, Subject, posted_move
from agents.scenario import NewsSection
from net.sentiment import score

SUBJECTS = (Subject(1, "Acme", "industrials", 10.0, 1.0, 150.0), Subject(2, "Beta", "health", 5.0, 2.0, 100.0))


def stories(section: NewsSection, hours: float = 200.0, seed: int = 1) -> list[Story]:
    return Newsroom(section, SUBJECTS, seed).write(hours * 3600)


def test_stories_come_as_often_as_asked_with_their_follow_ups() -> None:
    section = NewsSection(macro_per_hour=0, sector_per_hour=0, company_per_hour=10, branching=0.5, rumour_share=0)
    count = len(stories(section, hours=400))
    assert 400 * 10 * 1.6 < count < 400 * 10 * 2.2


def test_stories_come_in_clusters() -> None:
    room = Newsroom(NewsSection(macro_per_hour=0, sector_per_hour=0, branching=0.6), SUBJECTS, 2)
    counts = [len(room.write(minute * 60.0)) for minute in range(5, 60_000, 5)]
    mean = sum(counts) / len(counts)
    variance = sum((count - mean) ** 2 for count in counts) / len(counts)
    assert variance / mean > 1.3


def test_the_text_sounds_like_the_true_sentiment() -> None:
    told = [story for story in stories(NewsSection(rumour_share=0)) if abs(story.sentiment) > 0.6]
    right = sum((score(story.headline) > 0) == (story.sentiment > 0) for story in told)
    assert len(told) > 500
    assert right / len(told) > 0.9


def test_a_rumour_moves_no_value_and_is_denied_later() -> None:
    told = stories(NewsSection(rumour_share=1.0, macro_per_hour=0, sector_per_hour=0))
    rumours = [story for story in told if story.scope == "rumour"]
    denials = [story for story in told if story.scope == "denial"]
    assert len(rumours) > 100
    assert abs(len(rumours) - len(denials)) < 10
    assert all(story.jumps == {} for story in rumours)


def test_a_macro_story_moves_every_value_by_its_beta() -> None:
    told = stories(NewsSection(company_per_hour=0, sector_per_hour=0, macro_per_hour=5))
    assert all(story.symbol_id is None for story in told)
    assert all(story.jumps[2] == pytest.approx(story.jumps[1]) for story in told)


def test_an_own_story_has_its_true_impact_and_a_stranger_s_the_one_it_sounds_like() -> None:
    room = Newsroom(NewsSection(), SUBJECTS, 1)
    story = next(story for minute in range(600) for story in room.write(minute * 60.0) if story.scope == "company")
    assert room.impact(story.headline, 0.0, story.symbol_id) == story.jumps
    assert room.impact("Acme is wonderful", 0.5, 1) == {1: 75.0}
    assert room.impact("All is well", 0.5, None) == {1: pytest.approx(45.0), 2: pytest.approx(60.0)}
    assert room.impact("Nobody", 0.5, 77) == {}
    assert room.usual_impact(0.5, 1) == {1: 5.0}
    assert room.usual_impact(0.5, None) == {1: pytest.approx(3.0), 2: pytest.approx(3.0)}


def test_a_posted_headline_moves_a_wilder_instrument_more_within_bounds() -> None:
    calm, usual, wild = (posted_move(10_000, usual_volatility(10_000) * factor) for factor in (0.5, 1.0, 4.0))
    assert usual == pytest.approx(130)
    assert 80 < calm < usual < wild
    assert posted_move(10_000, 1_000.0) == pytest.approx(400)


def test_a_closed_newsroom_writes_nothing() -> None:
    room = Newsroom(NewsSection(enabled=False), SUBJECTS, 1)
    assert room.write(1e9) == []


def headlines(room: Newsroom, hours: float = 40.0) -> list[str]:
    return [story.headline for story in room.write(hours * 3600)]


def test_a_paper_that_goes_on_tells_other_stories_and_repeats_no_recent_headline() -> None:
    first = headlines(Newsroom(NewsSection(), SUBJECTS, 1))
    room, again = Newsroom(NewsSection(), SUBJECTS, 1), Newsroom(NewsSection(), SUBJECTS, 1)
    room.go_on(first[:20], 20)
    again.go_on(first[:20], 20)
    second = headlines(room)
    assert second == headlines(again)
    assert second[:5] != first[:5]
    told = first[:20] + second
    assert len(second) > 300
    assert all(headline not in told[max(index - 20, 0) : index] for index, headline in enumerate(told) if index >= 20)


def test_a_paper_begins_alike_without_a_history_and_hears_of_later_ones_no_more() -> None:
    room = Newsroom(NewsSection(), SUBJECTS, 1)
    room.go_on([], 0)
    room.go_on(["Old hat"], 7)
    assert headlines(room)[:3] == headlines(Newsroom(NewsSection(), SUBJECTS, 1))[:3]


def test_same_seed_same_stories() -> None:
    assert stories(NewsSection(), 50, seed=4) == stories(NewsSection(), 50, seed=4)
    assert stories(NewsSection(), 50, seed=4) != stories(NewsSection(), 50, seed=5)


def test_a_promised_story_is_one_that_moves_its_company() -> None:
    for seed in range(20):
        room = Newsroom(NewsSection(company_per_hour=0, sector_per_hour=0, macro_per_hour=0), SUBJECTS, seed)
        room.promise(5.0)
        assert room.write(4.9) == []
        [story] = room.write(5.0)
        assert story.symbol_id is not None
        assert abs(story.jumps[story.symbol_id]) >= 1.2 * room.subjects[story.symbol_id].unit_ticks

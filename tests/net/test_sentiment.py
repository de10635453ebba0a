import pytest

from net.sentiment import score

GOOD = [
    "ACME beats profit forecast on strong demand",
    "BETA shares surge after drug approval",
    "GAMA upgraded by analysts, outlook raised",
    "DELT wins record contract",
    "EPSI raises dividend",
    "Takeover offer at a premium lifts ZETA",
    "ACME announces buyback",
    "Breakthrough at BETA",
]
BAD = [
    "ACME misses earnings, shares plunge",
    "BETA recalls product after failures",
    "GAMA downgraded on weak demand",
    "DELT faces fraud investigation",
    "EPSI cuts outlook, layoffs planned",
    "ZETA halts withdrawals amid insolvency fears",
    "ACME warns of loss",
    "Strike at GAMA mine delays output",
]


@pytest.mark.parametrize("headline", GOOD)
def test_good_news_sound_good(headline: str) -> None:
    assert score(headline) > 0.1


@pytest.mark.parametrize("headline", BAD)
def test_bad_news_sound_bad(headline: str) -> None:
    assert score(headline) < -0.1


def test_words_that_mean_nothing_on_an_exchange_are_neutral() -> None:
    assert score("ACME shares: interest on capital, gross yields, crude oil options") == 0.0

"""Named scenarios in market words: each rule of ``docs/MATCHING.md`` a handful of times. ``story`` has the language."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from engine_world import MILLION, SECOND, TICK

from engine.commands import AccountLimits
from engine.instruments import FeeSchedule
from engine.types import SelfTradePrevention


class Scenario(NamedTuple):
    """One story and the rule it is about; ``rules`` and ``accounts`` say what is special about its world."""

    name: str
    source: str
    story: str
    rules: Mapping[str, Any] = MappingProxyType({})
    accounts: Mapping[str, Any] = MappingProxyType({})


PRICE_TIME: Final = "Nasdaq Equity 4, Rule 4757(a): price, then time"
TIME_IN_FORCE: Final = "Nasdaq Equity 4, Rule 4703(a): time in force"
POST_ONLY: Final = "Nasdaq Equity 4, Rule 4702(b)(4): post-only orders"
RESERVE: Final = "Nasdaq Equity 4, Rule 4703(h): reserve size"
SELF_TRADES: Final = "Nasdaq Equity 4, Rule 4757(a)(4): anti-internalization"
STOPS: Final = "Xetra T7 market model: stop orders"
COLLAR: Final = "docs/MATCHING.md: price bands, after the collars of Nasdaq Equity 4, Rule 4757"
AUCTIONS: Final = "Xetra T7 market model: price determination in auctions"
VOLATILITY: Final = "Xetra T7 market model: volatility interruption"
ORDER_CHANGES: Final = (
    "Xetra, Order handling: change of the priority of an order; a changed order is matched like a new one"
)
PRE_TRADE: Final = "Wiener Börse, Pre-trade controls: price collar check, maximum order volume and value"
FEES: Final = "Nasdaq Equity 7, Section 118(a): fees for execution, credits for liquidity"
DEAD_MAN: Final = "Kraken API, Cancel All Orders After X"
OURS: Final = "docs/MATCHING.md"

SCENARIOS: Final = [
    # --- price and time -------------------------------------------------------------------------------------------
    Scenario(
        "the best price trades first",
        PRICE_TIME,
        """
        alice sells 5 @ 102
        carol sells 5 @ 101
        bob buys 8 @ 102
        -> trades 5@101 3@102
        -> makers 2 1
        -> book | 2@102
        """,
    ),
    Scenario(
        "at one price the older order trades first",
        PRICE_TIME,
        """
        alice buys 5 @ 99
        carol buys 5 @ 99
        bob sells 7 @ 99
        -> makers 1 2
        -> alice 5
        -> carol 2
        """,
    ),
    Scenario(
        "a taker gets the resting order's price",
        PRICE_TIME,
        """
        alice sells 5 @ 100
        bob buys 5 @ 120
        -> trades 5@100
        -> cash bob -500
        """,
    ),
    Scenario(
        "a partial fill keeps its place",
        PRICE_TIME,
        """
        alice sells 10 @ 100
        carol sells 10 @ 100
        bob buys 4 @ 100
        bob buys 8 @ 100
        -> makers 1 2
        -> book | 8@100
        """,
    ),
    # --- changing an order ----------------------------------------------------------------------------------------
    Scenario(
        "giving lots back keeps the place",
        "Nasdaq Equity 4, Rule 4756(a): a decrease in size keeps time priority",
        """
        alice sells 10 @ 100
        carol sells 10 @ 100
        alice changes 1 to 5
        -> kept 1
        bob buys 5 @ 100
        -> makers 1
        """,
    ),
    Scenario(
        "asking for more lots loses the place",
        "Nasdaq Equity 4, Rule 4756(a): any other change is a new order",
        """
        alice sells 10 @ 100
        carol sells 10 @ 100
        alice changes 1 to 11
        -> moved 1
        bob buys 10 @ 100
        -> makers 2
        """,
    ),
    Scenario(
        "another price loses the place, and coming back does not restore it",
        ORDER_CHANGES,
        """
        alice sells 10 @ 100
        carol sells 10 @ 100
        alice changes 1 to 10 @ 101
        alice changes 1 to 10 @ 100
        bob buys 10 @ 100
        -> makers 2
        """,
    ),
    Scenario(
        "a changed order trades like a new one",
        ORDER_CHANGES,
        """
        alice buys 10 @ 99
        bob sells 4 @ 101
        alice changes 1 to 10 @ 101
        -> trades 4@101
        -> book 6@101 |
        """,
    ),
    Scenario(
        "a changed quantity is what stays open, whatever has traded",
        OURS,
        """
        alice buys 10 @ 99
        bob sells 4 @ 99
        alice changes 1 to 2
        -> book 2@99 |
        bob sells 5 @ 99
        -> trades 2@99
        """,
    ),
    # --- time in force --------------------------------------------------------------------------------------------
    Scenario(
        "immediate-or-cancel takes what is there and is gone",
        TIME_IN_FORCE,
        """
        alice sells 5 @ 100
        bob buys 8 @ 100 ioc
        -> trades 5@100
        -> canceled 2 ioc_remainder
        -> book |
        """,
    ),
    Scenario(
        "fill-or-kill is filled whole or refused",
        TIME_IN_FORCE,
        """
        alice sells 5 @ 100
        carol sells 5 @ 102
        bob buys 6 @ 101 fok
        -> refused would_not_fill
        -> book | 5@100 5@102
        bob buys 6 @ 102 fok
        -> trades 5@100 1@102
        """,
    ),
    Scenario(
        "fill-or-kill counts an iceberg's hidden lots",
        TIME_IN_FORCE,
        """
        alice sells 10 @ 100 show 2
        bob buys 10 @ 100 fok
        -> trades 2@100 2@100 2@100 2@100 2@100
        """,
    ),
    Scenario(
        "fill-or-kill does not count the account's own orders",
        TIME_IN_FORCE,
        """
        alice sells 5 @ 100
        bob sells 5 @ 100
        bob buys 6 @ 100 fok
        -> refused would_not_fill
        bob buys 5 @ 100 fok
        -> trades 5@100
        """,
    ),
    Scenario(
        "a market order can be fill-or-kill",
        TIME_IN_FORCE,
        """
        alice sells 5 @ 100
        bob buys 6 fok
        -> refused would_not_fill
        bob buys 5 fok
        -> trades 5@100
        """,
    ),
    Scenario(
        "day orders end with the day, others stay",
        TIME_IN_FORCE,
        """
        alice buys 5 @ 99 day
        alice buys 5 @ 98
        day ends
        -> canceled 1 expired
        -> book 5@98 |
        """,
    ),
    Scenario(
        "good-till-date orders end at their time",
        TIME_IN_FORCE,
        """
        alice buys 5 @ 99 until 10
        time 9
        -> book 5@99 |
        time 10
        -> canceled 1 expired
        """,
    ),
    Scenario(
        "good-till-date needs a time to come",
        TIME_IN_FORCE,
        """
        time 9
        alice buys 5 @ 99 until 9
        -> refused invalid_message
        alice buys 5 @ 99 until 10
        -> book 5@99 |
        """,
    ),
    Scenario(
        "a stop for the day ends with the day",
        TIME_IN_FORCE,
        """
        alice buys 5 @ 125 stop 120 day
        alice buys 5 stop 120 day
        alice buys 5 stop 120
        day ends
        -> canceled 1 expired 2 expired
        """,
    ),
    # --- dead man's switch ----------------------------------------------------------------------------------------
    Scenario(
        "an armed account's orders are canceled at its deadline, and only then",
        DEAD_MAN,
        """
        alice buys 5 @ 99
        alice buys 5 @ 125 stop 120
        bob buys 5 @ 98
        alice arms 10
        time 9
        -> book 5@98 5@99 |
        time 10
        -> canceled 1 dead_man 2 dead_man
        -> book 5@98 |
        alice buys 5 @ 97
        time 11
        -> book 5@97 5@98 |
        """,
    ),
    Scenario(
        "arming again moves the deadline, disarming takes it away",
        DEAD_MAN,
        """
        alice buys 5 @ 99
        alice arms 10
        alice arms 20
        time 10
        -> book 5@99 |
        alice arms 10
        -> refused invalid_message
        alice disarms
        time 30
        -> book 5@99 |
        """,
    ),
    Scenario(
        "of what is due at one moment, orders expire before accounts are canceled and markets open",
        OURS,
        """
        market auction 10
        alice buys 5 @ 99
        alice buys 5 @ 101 until 10
        bob sells 5 @ 99
        alice arms 10
        time 10
        -> canceled 2 expired 1 dead_man
        -> no trades
        """,
    ),
    # --- post-only ------------------------------------------------------------------------------------------------
    Scenario(
        "a post-only order that would trade is refused",
        POST_ONLY,
        """
        alice sells 5 @ 100
        bob buys 5 @ 100 post-only
        -> refused would_cross
        bob buys 5 @ 99 post-only
        -> book 5@99 | 5@100
        """,
    ),
    Scenario(
        "a post-only order cannot be changed into a taker",
        POST_ONLY,
        """
        alice sells 5 @ 100
        bob buys 5 @ 99 post-only
        bob changes 2 to 5 @ 100
        -> refused would_cross
        -> book 5@99 | 5@100
        """,
    ),
    # --- icebergs -------------------------------------------------------------------------------------------------
    Scenario(
        "an iceberg shows its display quantity only",
        RESERVE,
        """
        alice sells 10 @ 100 show 3
        -> book | 3@100
        bob buys 2 @ 100
        -> book | 1@100
        bob buys 1 @ 100
        -> book | 3@100
        """,
    ),
    Scenario(
        "each new tranche of an iceberg goes to the back of the queue",
        RESERVE,
        """
        alice sells 10 @ 100 show 3
        carol sells 3 @ 100
        bob buys 9 @ 100
        -> trades 3@100 3@100 3@100
        -> makers 1 2 1
        -> book | 3@100
        """,
    ),
    Scenario(
        "the last tranche of an iceberg is what is left",
        RESERVE,
        """
        alice sells 7 @ 100 show 3
        bob buys 6 @ 100
        -> book | 1@100
        bob buys 5 @ 100
        -> trades 1@100
        -> book 4@100 |
        """,
    ),
    Scenario(
        "an iceberg trades whole as a taker and hides only what rests",
        RESERVE,
        """
        bob sells 6 @ 100
        alice buys 10 @ 100 show 2
        -> trades 6@100
        -> book 2@100 |
        """,
    ),
    Scenario(
        "an iceberg gives hidden lots back first",
        OURS,
        """
        alice sells 10 @ 100 show 3
        carol sells 3 @ 100
        alice changes 1 to 4
        -> kept 1
        -> book | 6@100
        bob buys 10 @ 100
        -> makers 1 2 1
        """,
    ),
    # --- self-trade prevention --------------------------------------------------------------------------------------
    Scenario(
        "an account's resting order gives way to its new one",
        SELF_TRADES,
        """
        alice sells 5 @ 100
        carol sells 5 @ 100
        alice buys 8 @ 100
        -> canceled 1 self_trade
        -> trades 5@100
        -> book 3@100 |
        """,
    ),
    Scenario(
        "cancel-taker stops where it would meet its own",
        SELF_TRADES,
        """
        carol sells 5 @ 99
        alice sells 5 @ 100
        alice buys 8 @ 101
        -> trades 5@99
        -> canceled 3 self_trade
        -> book | 5@100
        """,
        accounts={"stp": SelfTradePrevention.CANCEL_TAKER},
    ),
    Scenario(
        "decrement takes the smaller quantity off both, the taker the larger",
        SELF_TRADES,
        """
        alice sells 5 @ 100
        carol sells 5 @ 100
        alice buys 8 @ 100
        -> canceled 1 self_trade
        -> moved 3
        -> trades 3@100
        -> book | 2@100
        -> alice 3
        """,
        accounts={"stp": SelfTradePrevention.DECREMENT},
    ),
    Scenario(
        "decrement takes the smaller quantity off both, the maker the larger",
        SELF_TRADES,
        """
        alice sells 5 @ 100
        alice buys 3 @ 100
        -> kept 1
        -> canceled 2 self_trade
        -> no trades
        -> book | 2@100
        """,
        accounts={"stp": SelfTradePrevention.DECREMENT},
    ),
    Scenario(
        "decrement eats an iceberg tranche by tranche",
        SELF_TRADES,
        """
        alice sells 5 @ 100 show 2
        alice buys 3 @ 100
        -> no trades
        -> book | 1@100
        bob buys 5 @ 100
        -> trades 1@100 1@100
        """,
        accounts={"stp": SelfTradePrevention.DECREMENT},
    ),
    Scenario(
        "fill-or-kill is refused where its account stands in the way",
        SELF_TRADES,
        """
        alice sells 5 @ 100
        carol sells 5 @ 101
        alice buys 5 @ 101 fok
        -> refused would_not_fill
        """,
        accounts={"stp": SelfTradePrevention.CANCEL_TAKER},
    ),
    Scenario(
        "fill-or-kill does not count tranches that come behind its account's own order",
        SELF_TRADES,
        """
        bob sells 10 @ 100 show 3
        alice sells 5 @ 100
        alice buys 4 @ 100 fok
        -> refused would_not_fill
        -> book | 8@100
        alice buys 3 @ 100 fok
        -> trades 3@100
        """,
        accounts={"stp": SelfTradePrevention.CANCEL_TAKER},
    ),
    Scenario(
        "fill-or-kill is refused where a part of it would be taken off its account's own order",
        SELF_TRADES,
        """
        bob sells 10 @ 100 show 3
        alice sells 5 @ 100
        alice buys 4 @ 100 fok
        -> refused would_not_fill
        """,
        accounts={"stp": SelfTradePrevention.DECREMENT},
    ),
    Scenario(
        "fill-or-kill counts an iceberg whole where its account's own order gives way",
        SELF_TRADES,
        """
        bob sells 10 @ 100 show 3
        alice sells 5 @ 100
        alice buys 10 @ 100 fok
        -> canceled 2 self_trade
        -> trades 3@100 3@100 3@100 1@100
        """,
    ),
    # --- stops ------------------------------------------------------------------------------------------------------
    Scenario(
        "a stop waits unseen and becomes a market order when its price trades",
        STOPS,
        """
        bob buys 5 @ 97
        alice sells 5 stop 98
        -> book 5@97 |
        carol buys 1 @ 98
        bob sells 1 @ 98
        -> triggered 2
        -> trades 1@98 5@97
        """,
    ),
    Scenario(
        "a buy stop is triggered from below",
        STOPS,
        """
        alice buys 5 @ 103 stop 102
        carol sells 1 @ 101
        bob buys 1 @ 101
        -> triggered
        carol sells 1 @ 102
        bob buys 1 @ 102
        -> triggered 1
        -> book 5@103 |
        """,
    ),
    Scenario(
        "a stop whose price has been reached is triggered at once",
        STOPS,
        """
        carol sells 1 @ 105
        bob buys 1 @ 105
        alice buys 5 @ 103 stop 104
        -> triggered 3
        -> book 5@103 |
        """,
    ),
    Scenario(
        "before the first trade the initial price triggers stops at once",
        STOPS,
        """
        alice sells 5 @ 105
        bob buys 1 stop 106
        -> triggered
        bob buys 1 stop 100
        -> triggered 3
        -> trades 1@105
        """,
    ),
    Scenario(
        "a sweep triggers stops in the order in which it reaches them, the older first at one price",
        STOPS,
        """
        alice buys 1 @ 110 stop 103
        alice buys 1 @ 110 stop 102
        alice buys 1 @ 110 stop 102
        carol sells 1 @ 101
        carol sells 1 @ 103
        bob buys 2 @ 103
        -> triggered 2 3 1
        """,
    ),
    Scenario(
        "a sweep that triggers stops of both sides executes the buys first",
        OURS,
        """
        alice sells 1 stop 99
        alice buys 1 stop 101
        bob sells 1 @ 98
        bob sells 1 @ 102
        carol buys 2 @ 102
        -> trades 1@98 1@102
        -> triggered 2 1
        """,
    ),
    Scenario(
        "stops hear of every price at which those before them traded",
        OURS,
        """
        alice sells 1 stop 99
        alice buys 1 stop 101
        alice buys 1 @ 104 stop 104
        alice sells 1 @ 96 stop 96
        bob buys 1 @ 95
        bob sells 1 @ 98
        bob sells 1 @ 102
        bob sells 1 @ 105
        carol buys 2 @ 102
        -> trades 1@98 1@102 1@105 1@95
        -> triggered 2 1 3 4
        """,
    ),
    Scenario(
        "a stop's own trades trigger further stops",
        STOPS,
        """
        bob buys 1 @ 97
        bob buys 1 @ 95
        bob buys 1 @ 90
        alice sells 1 stop 98
        alice sells 1 stop 97
        alice sells 1 stop 95
        carol buys 1 @ 98
        bob sells 1 @ 98
        -> triggered 4 5 6
        -> trades 1@98 1@97 1@95 1@90
        """,
    ),
    Scenario(
        "a triggered stop that finds nobody is canceled",
        STOPS,
        """
        alice sells 1 stop 98
        carol buys 1 @ 98
        bob sells 1 @ 98
        -> triggered 1
        -> canceled 1 trigger_rejected
        """,
    ),
    Scenario(
        "a stop can be changed and canceled while it waits",
        STOPS,
        """
        alice sells 5 stop 98
        alice changes 1 to 3 stop 95
        carol buys 1 @ 96
        bob sells 1 @ 96
        -> triggered
        alice cancels 1
        -> canceled 1 requested
        """,
    ),
    Scenario(
        "a stop needs buying power when it is triggered, not before",
        OURS,
        """
        alice buys 20 @ 101 stop 101
        -> reserved alice 0
        carol sells 1 @ 101
        bob buys 1 @ 101
        -> triggered 1
        -> canceled 1 trigger_rejected
        """,
        accounts={"cash": 1_000 * TICK},
    ),
    # --- market orders and bands --------------------------------------------------------------------------------------
    Scenario(
        "a market order is refused when nobody is there",
        COLLAR,
        """
        bob buys 1
        -> refused no_liquidity
        """,
    ),
    Scenario(
        "a market order sweeps as far as the band, no further",
        COLLAR,
        """
        alice sells 1 @ 100
        alice sells 1 @ 110
        bob buys 1
        carol sells 1 @ 91
        bob buys 3
        -> trades 1@91 1@110
        """,
        rules={"price_band_ppm": 100_000},
    ),
    Scenario(
        "a market sale sweeps down as far as the band, no further",
        COLLAR,
        """
        alice buys 1 @ 100
        alice buys 1 @ 90
        bob sells 1
        carol buys 1 @ 99
        carol buys 1 @ 100
        bob sells 3
        -> trades 1@100 1@99 1@90
        """,
        rules={"price_band_ppm": 100_000},
    ),
    Scenario(
        "a market sale leaves what lies below the band alone",
        COLLAR,
        """
        alice buys 1 @ 90
        carol sells 1 @ 101
        bob buys 1 @ 101
        alice buys 1 @ 101
        bob sells 2
        -> trades 1@101
        -> canceled 5 price_band
        -> book 1@90 |
        """,
        rules={"price_band_ppm": 100_000},
    ),
    Scenario(
        "limit prices must lie within the band around the last price",
        PRE_TRADE,
        """
        bob buys 1 @ 89
        -> refused price_out_of_band
        bob buys 1 @ 90
        bob sells 1 @ 111
        -> refused price_out_of_band
        bob sells 1 @ 110
        -> book 1@90 | 1@110
        """,
        rules={"price_band_ppm": 100_000},
    ),
    # --- reduce-only --------------------------------------------------------------------------------------------------
    Scenario(
        "reduce-only is refused without a position to reduce",
        OURS,
        """
        alice sells 5 @ 100 reduce-only
        -> refused would_not_reduce
        bob sells 5 @ 100
        alice buys 5 @ 100
        alice sells 6 @ 101 reduce-only
        -> refused would_not_reduce
        alice sells 5 @ 101 reduce-only
        -> book | 5@101
        """,
    ),
    Scenario(
        "a reduce-only order shrinks with the position",
        OURS,
        """
        bob sells 10 @ 100
        alice buys 10 @ 100
        alice sells 10 @ 105 reduce-only
        carol buys 4 @ 99
        alice sells 4 @ 99
        -> kept 3
        -> book | 6@105
        carol buys 6 @ 99
        alice sells 6 @ 99
        -> canceled 3 reduce_only
        """,
    ),
    Scenario(
        "reduce-only orders shrink oldest first",
        OURS,
        """
        bob sells 10 @ 100
        alice buys 10 @ 100
        alice sells 10 @ 105 reduce-only
        alice sells 9 @ 104 reduce-only
        carol buys 4 @ 99
        alice sells 4 @ 99
        -> kept 3 4
        -> book | 6@104 6@105
        """,
    ),
    Scenario(
        "one sweep through an account's orders does not turn its position",
        OURS,
        """
        bob sells 10 @ 100
        alice buys 10 @ 100
        alice sells 7 @ 101
        alice sells 10 @ 102 reduce-only
        carol buys 20 @ 102
        -> trades 7@101 3@102
        -> alice 0
        """,
    ),
    Scenario(
        "take-profit and stop-loss share one position",
        OURS,
        """
        bob sells 10 @ 100
        alice buys 10 @ 100
        alice sells 10 @ 110 reduce-only
        alice sells 10 stop 95 reduce-only
        carol buys 10 @ 94
        carol buys 1 @ 95
        bob sells 1 @ 95
        -> triggered 4
        -> trades 1@95 10@94
        -> canceled 3 reduce_only
        -> alice 0
        """,
    ),
    Scenario(
        "a reduce-only stop is cut to what is left to reduce when it is triggered",
        OURS,
        """
        bob sells 10 @ 100
        alice buys 10 @ 100
        alice sells 10 stop 95 reduce-only
        carol buys 4 @ 99
        alice sells 4 @ 99
        carol buys 10 @ 94
        carol buys 1 @ 95
        bob sells 1 @ 95
        -> triggered 3
        -> kept 3
        -> trades 1@95 6@94
        -> alice 0
        """,
    ),
    # --- mass quotes --------------------------------------------------------------------------------------------------
    Scenario(
        "a mass quote replaces the last one, and unchanged levels keep their place",
        OURS,
        """
        alice quotes 5@98 5@99 / 5@101 5@102
        bob buys 5 @ 99
        alice quotes 5@99 6@97 / 4@101 7@102
        -> canceled 1 replaced
        -> kept 3
        -> moved 4
        -> book 6@97 10@99 | 4@101 7@102
        carol sells 5 @ 99
        -> makers 2
        """,
    ),
    Scenario(
        "a mass quote is placed whole or not at all",
        OURS,
        """
        bob sells 1 @ 103
        alice quotes 5@98 / 5@101
        alice quotes 5@98 5@103 / 5@104
        -> refused would_cross
        alice quotes 5@100 / 5@100
        -> refused would_cross
        alice quotes 0@98 / 5@101
        -> refused invalid_message
        -> book 5@98 | 5@101 1@103
        """,
    ),
    Scenario(
        "a quote may move through its own old prices",
        OURS,
        """
        alice quotes 5@98 / 5@101
        alice quotes 5@102 / 5@104
        -> book 5@102 | 5@104
        alice quotes 5@90 / 5@92
        -> book 5@90 | 5@92
        alice quotes /
        -> book |
        """,
    ),
    Scenario(
        "a mass quote leaves the account's other orders alone",
        OURS,
        """
        alice buys 1 @ 97
        alice quotes 5@98 /
        alice quotes /
        -> book 1@97 |
        """,
    ),
    Scenario(
        "quotes that a mass quote does not name go, dearest ask first, best bid last",
        OURS,
        """
        alice quotes 5@99 5@98 / 5@101 5@102
        alice quotes /
        -> canceled 4 replaced 3 replaced 2 replaced 1 replaced
        """,
    ),
    Scenario(
        "an enlarged quote holds back what it would if it came anew",
        OURS,
        """
        bob sells 1 @ 110
        carol buys 1 @ 110
        alice quotes / 5@105
        -> reserved alice 550
        bob sells 1 @ 100
        carol buys 1 @ 100
        alice quotes / 6@105
        -> reserved alice 630
        """,
    ),
    # --- fees ---------------------------------------------------------------------------------------------------------
    Scenario(
        "the taker pays, the maker gets a rebate, the exchange keeps the rest",
        FEES,
        """
        alice sells 100 @ 100
        bob buys 100 @ 100
        -> fee bob 30
        -> fee alice -20
        -> cash bob -10030
        -> cash alice 10020
        """,
        rules={"fees": FeeSchedule(maker_ppm=-2_000, taker_ppm=3_000)},
    ),
    # --- profit -------------------------------------------------------------------------------------------------------
    Scenario(
        "profit is realized on what a trade closes, against average cost",
        OURS,
        """
        bob sells 10 @ 100
        alice buys 10 @ 100
        bob sells 10 @ 110
        alice buys 10 @ 110
        bob buys 5 @ 120
        alice sells 5 @ 120
        -> profit alice 75
        -> cost alice 1575
        -> profit bob -75
        -> cost bob -1575
        """,
    ),
    Scenario(
        "a trade that turns a position realizes what it closes and opens the rest at its own price",
        OURS,
        """
        bob sells 10 @ 100
        alice buys 10 @ 100
        bob buys 15 @ 120
        alice sells 15 @ 120
        -> alice -5
        -> profit alice 200
        -> cost alice -600
        -> bob 5
        -> profit bob -200
        -> cost bob 600
        """,
    ),
    # --- buying power and limits --------------------------------------------------------------------------------------
    Scenario(
        "working buys hold cash back, cancels free it",
        OURS,
        """
        alice buys 6 @ 100
        -> reserved alice 600
        alice buys 5 @ 100
        -> refused insufficient_funds
        alice cancels 1
        -> reserved alice 0
        alice buys 10 @ 100
        -> reserved alice 1000
        """,
        accounts={"cash": 1_000 * TICK},
    ),
    Scenario(
        "a two-sided quote needs buying power for one side",
        OURS,
        """
        alice quotes 10@99 / 9@101
        -> reserved alice 990
        """,
        accounts={"cash": 1_000 * TICK},
    ),
    Scenario(
        "an account may be short as much as it is worth",
        OURS,
        """
        alice sells 11 @ 100
        -> refused insufficient_funds
        alice sells 10 @ 100
        bob buys 10 @ 100
        alice sells 1 @ 100
        -> refused insufficient_funds
        alice buys 10 @ 100
        -> reserved alice 0
        """,
        accounts={"cash": 1_000 * TICK},
    ),
    Scenario(
        "without short selling nobody sells what he has not",
        OURS,
        """
        alice sells 1 @ 100
        -> refused position_limit
        """,
        accounts={"limits": AccountLimits(short_selling=False)},
    ),
    Scenario(
        "leverage multiplies what an account may hold",
        OURS,
        """
        alice buys 31 @ 100
        -> refused insufficient_funds
        bob sells 30 @ 100
        alice buys 30 @ 100
        -> alice 30
        alice buys 1 @ 100
        -> refused insufficient_funds
        """,
        accounts={"cash": 1_000 * TICK, "limits": AccountLimits(leverage=3)},
    ),
    Scenario(
        "limits on size, position and number of orders",
        OURS,
        """
        alice buys 11 @ 90
        -> refused order_limit
        alice buys 10 @ 90
        alice buys 6 @ 90
        -> refused position_limit
        alice buys 5 @ 90
        alice sells 1 @ 110
        -> refused order_limit
        """,
        accounts={
            "cash": MILLION,
            "limits": AccountLimits(max_order_qty=10, max_position=15, max_working_orders=2),
        },
    ),
    Scenario(
        "orders, changes and mass quotes count in the order rate, cancels and refusals do not",
        OURS,
        """
        alice buys 5 @ 99
        alice cancels 1
        alice buys 0 @ 99
        -> refused invalid_message
        alice buys 5 @ 98
        alice changes 2 to 4
        alice changes 2 to 3
        -> refused rate_limited
        alice quotes 5@97 /
        -> refused rate_limited
        alice buys 5 @ 96
        -> refused rate_limited
        alice cancels 2
        -> canceled 2 requested
        time 1
        alice quotes 5@97 /
        alice quotes 4@97 /
        alice quotes 3@97 /
        alice quotes 2@97 /
        -> refused rate_limited
        """,
        accounts={"limits": AccountLimits(max_orders_per_second=3)},
    ),
    Scenario(
        "a market buy is held to what it costs should reduce-only orders in its way be cut",
        OURS,
        """
        carol sells 10 @ 98
        bob buys 10 @ 98
        bob sells 10 @ 99 reduce-only
        bob sells 10 @ 100 reduce-only
        carol sells 10 @ 180
        alice buys 20
        -> refused insufficient_funds
        alice buys 11
        -> trades 10@99 1@180
        """,
        accounts={"cash": 2_000 * TICK},
    ),
    Scenario(
        "who covers a short position pays with what he has",
        OURS,
        """
        alice sells 10 @ 100
        bob buys 10 @ 100
        alice buys 10 @ 201
        -> refused insufficient_funds
        alice buys 10 @ 201 reduce-only
        -> refused insufficient_funds
        alice buys 10 @ 150
        -> reserved alice 0
        alice changes 3 to 10 @ 201
        -> refused insufficient_funds
        alice cancels 3
        alice buys 10 @ 150 reduce-only
        alice changes 4 to 10 @ 201
        -> refused insufficient_funds
        alice cancels 4
        alice quotes 10@201 / 1@300
        -> refused insufficient_funds
        """,
        accounts={"cash": 1_000 * TICK},
    ),
    Scenario(
        "a position limit holds whichever of plain and reduce-only orders trades first",
        OURS,
        """
        alice sells 10 @ 100
        bob buys 10 @ 100
        alice buys 10 @ 98 reduce-only
        alice buys 11 @ 97
        -> refused position_limit
        alice quotes 11@97 / 1@103
        -> refused position_limit
        alice buys 10 @ 97
        alice changes 4 to 11
        -> refused position_limit
        """,
        accounts={"limits": AccountLimits(max_position=10)},
    ),
    Scenario(
        "a reduce-only order added or enlarged may not send other sales below zero",
        OURS,
        """
        alice sells 5 @ 100 reduce-only
        alice sells 5 @ 110
        alice changes 1 to 10
        -> refused position_limit
        alice sells 1 @ 120 reduce-only
        -> refused position_limit
        """,
        accounts={"positions": {1: 10}, "limits": AccountLimits(short_selling=False)},
    ),
    # --- halts --------------------------------------------------------------------------------------------------------
    Scenario(
        "a halt takes cancels and reductions, nothing else",
        OURS,
        """
        alice buys 5 @ 99
        market halted
        bob buys 1 @ 98
        -> refused instrument_halted
        alice changes 1 to 4
        -> kept 1
        alice changes 1 to 4 @ 98
        -> refused instrument_halted
        alice cancels 1
        -> canceled 1 requested
        """,
    ),
    Scenario(
        "a halt takes a stop's cancel and reduction, and no other change of it",
        OURS,
        """
        alice buys 5 @ 125 stop 120
        market halted
        alice changes 1 to 6
        -> refused instrument_halted
        alice changes 1 to 5 stop 110
        -> refused instrument_halted
        alice changes 1 to 5 @ 124
        -> refused instrument_halted
        alice changes 1 to 4
        -> kept 1
        alice cancels 1
        -> canceled 1 requested
        """,
    ),
    Scenario(
        "a halt takes a mass quote that only pulls or shrinks quotes",
        OURS,
        """
        alice quotes 5@98 5@99 / 5@101
        market halted
        alice quotes 5@99 / 6@101
        -> refused instrument_halted
        alice quotes 5@97 / 5@101
        -> refused instrument_halted
        alice quotes 4@99 / 5@101
        -> canceled 1 replaced
        -> kept 2
        -> book 4@99 | 5@101
        alice quotes /
        -> book |
        """,
    ),
    # --- auctions -----------------------------------------------------------------------------------------------------
    Scenario(
        "an auction collects orders and trades them at one price",
        AUCTIONS,
        """
        market auction
        alice buys 10 @ 102
        bob sells 6 @ 98
        -> no trades
        -> indicates 6@102
        carol sells 6 @ 101
        -> indicates 10@101
        market open
        -> trades 6@101 4@101
        -> book | 2@101
        -> cash alice -1010
        """,
    ),
    Scenario(
        "most lots decide the price",
        AUCTIONS,
        """
        market auction
        alice buys 10 @ 103
        alice buys 10 @ 101
        bob sells 15 @ 101
        bob sells 2 @ 99
        -> indicates 17@101
        market open
        -> trades 2@101 8@101 7@101
        -> book 3@101 |
        """,
    ),
    Scenario(
        "with the same volume the smaller surplus decides",
        AUCTIONS,
        """
        market auction
        alice buys 10 @ 104
        alice buys 5 @ 102
        bob sells 10 @ 100
        -> indicates 10@104
        """,
    ),
    Scenario(
        "buyers left over everywhere raise the price to the highest",
        AUCTIONS,
        """
        market auction
        alice buys 20 @ 103
        bob sells 10 @ 98
        -> indicates 10@103
        """,
    ),
    Scenario(
        "sellers left over everywhere lower the price to the lowest",
        AUCTIONS,
        """
        market auction
        alice buys 10 @ 103
        bob sells 20 @ 98
        -> indicates 10@98
        """,
    ),
    Scenario(
        "without a surplus the reference price decides, as near as the range allows",
        AUCTIONS,
        """
        market auction
        alice buys 10 @ 103
        bob sells 10 @ 98
        -> indicates 10@100
        alice cancels 1
        -> indicates 0@None
        carol buys 10 @ 99
        -> indicates 10@99
        """,
    ),
    Scenario(
        "at the uncross the better price goes first, then the older order",
        AUCTIONS,
        """
        market auction
        alice buys 5 @ 101
        carol buys 5 @ 101
        bob buys 5 @ 102
        alice sells 8 @ 95
        market open
        -> trades 5@101 3@101
        -> bob 5
        -> carol 0
        -> book 7@101 |
        """,
    ),
    Scenario(
        "icebergs count in an auction with all their lots",
        AUCTIONS,
        """
        market auction
        alice buys 10 @ 101 show 2
        bob sells 10 @ 100
        -> indicates 10@100
        market open
        -> alice 10
        -> book |
        """,
    ),
    Scenario(
        "an auction takes plain limit orders and stops only",
        AUCTIONS,
        """
        market auction
        alice buys 1
        -> refused instrument_halted
        alice buys 1 @ 100 ioc
        -> refused instrument_halted
        alice buys 1 @ 100 fok
        -> refused instrument_halted
        alice buys 1 @ 100 post-only
        -> refused instrument_halted
        alice buys 1 @ 105 stop 101
        bob buys 1 @ 101
        carol sells 1 @ 101
        market open
        -> trades 1@101
        -> triggered 1
        """,
    ),
    Scenario(
        "an auction takes no more and no other price for orders that it would not take anew",
        AUCTIONS,
        """
        bob sells 10 @ 100
        alice buys 10 @ 100
        alice sells 5 @ 105 reduce-only
        alice sells 5 @ 106 post-only
        alice sells 5 stop 90 reduce-only
        carol buys 5 @ 99
        market auction
        alice changes 3 to 6
        -> refused instrument_halted
        alice changes 3 to 5 @ 98
        -> refused instrument_halted
        alice changes 4 to 5 @ 98
        -> refused instrument_halted
        alice changes 5 to 5 stop 91
        -> refused instrument_halted
        alice changes 3 to 4
        -> kept 3
        alice changes 4 to 4
        -> kept 4
        alice changes 5 to 4
        -> kept 5
        carol changes 6 to 6 @ 105
        -> indicates 4@105
        """,
    ),
    Scenario(
        "quotes take part in an auction and may cross there",
        AUCTIONS,
        """
        bob sells 4 @ 101
        market auction
        alice quotes 5@102 / 5@104
        -> indicates 4@102
        market open
        -> trades 4@102
        -> book 1@102 | 5@104
        """,
    ),
    Scenario(
        "nobody pays a fee in an auction",
        OURS,
        """
        market auction
        alice buys 10 @ 100
        bob sells 10 @ 100
        market open
        -> fee alice 0
        -> fee bob 0
        """,
        rules={"fees": FeeSchedule(maker_ppm=10_000, taker_ppm=10_000)},
    ),
    Scenario(
        "a reduce-only order takes its turn in an auction as it does outside",
        OURS,
        """
        bob sells 10 @ 100
        alice buys 10 @ 100
        alice sells 8 @ 101 reduce-only
        alice sells 4 @ 102
        market auction
        carol buys 20 @ 105
        -> indicates 12@105
        market open
        -> trades 8@105 4@105
        -> alice -2
        """,
    ),
    Scenario(
        "a reduce-only order counts in an auction with what better orders leave to reduce",
        OURS,
        """
        bob sells 10 @ 100
        alice buys 10 @ 100
        alice sells 4 @ 101
        alice sells 8 @ 102 reduce-only
        market auction
        carol buys 20 @ 105
        -> indicates 10@105
        market open
        -> kept 4
        -> trades 4@105 6@105
        -> alice 0
        """,
    ),
    Scenario(
        "a reduce-only order with nothing left to reduce moves no auction price",
        OURS,
        """
        bob sells 10 @ 100
        alice buys 10 @ 100
        alice sells 10 @ 101
        alice sells 10 @ 103 reduce-only
        market auction
        carol buys 12 @ 103
        -> indicates 10@103
        carol changes 5 to 9
        -> indicates 9@101
        market open
        -> trades 9@101
        -> kept 4
        -> book | 1@101 1@103
        """,
    ),
    Scenario(
        "a reduce-only order that no auction reaches keeps its size",
        OURS,
        """
        bob sells 10 @ 100
        alice buys 10 @ 100
        alice sells 10 @ 120 reduce-only
        alice sells 5 @ 130
        market auction
        bob sells 5 @ 110
        carol buys 1 @ 110
        market open
        -> trades 1@110
        -> book | 4@110 10@120 5@130
        """,
    ),
    Scenario(
        "opening an open market changes nothing",
        OURS,
        """
        bob sells 10 @ 100
        alice buys 10 @ 100
        alice sells 10 @ 105 reduce-only
        alice sells 5 @ 106
        market open
        -> nothing
        -> book | 10@105 5@106
        """,
    ),
    Scenario(
        "an auction that begins with a crossed book says where it would uncross",
        OURS,
        """
        market auction
        alice buys 5 @ 105
        bob sells 5 @ 95
        -> indicates 5@100
        market auction
        -> indicates 5@100
        market halted
        alice changes 1 to 4
        market auction
        -> indicates 4@95
        market open
        -> trades 4@95
        """,
    ),
    Scenario(
        "a halt in the middle of an auction keeps its orders for the next opening",
        OURS,
        """
        market auction
        alice buys 1 @ 101
        bob sells 1 @ 100
        market halted
        -> no trades
        market open
        -> trades 1@100
        """,
    ),
    Scenario(
        "an auction of a set length ends by itself",
        OURS,
        """
        market auction 10
        alice buys 1 @ 101
        bob sells 1 @ 100
        time 9
        -> no trades
        time 10
        -> trades 1@100
        carol sells 1 @ 101
        alice buys 1 @ 101
        -> trades 1@101
        """,
    ),
    Scenario(
        "who halts an auction of a set length, or begins it anew, decides when it ends",
        OURS,
        """
        market auction 10
        alice buys 1 @ 101
        bob sells 1 @ 100
        market halted
        time 10
        -> no trades
        market auction 10
        market auction 20
        time 20
        -> no trades
        time 30
        -> trades 1@100
        """,
    ),
    Scenario(
        "only an auction has a length",
        OURS,
        """
        market halted 10
        -> refused invalid_message
        market open 10
        -> refused invalid_message
        market auction 0
        -> refused invalid_message
        market auction 86401
        -> refused invalid_message
        """,
    ),
    # --- volatility ---------------------------------------------------------------------------------------------------
    Scenario(
        "instead of trading too far from the last auction, the market holds another one",
        VOLATILITY,
        """
        alice sells 5 @ 105
        alice sells 5 @ 106
        bob buys 8 @ 107
        -> trades 5@105
        -> book 3@107 | 5@106
        carol buys 1 @ 107 ioc
        -> refused instrument_halted
        time 9
        -> no trades
        time 10
        -> trades 3@106
        -> book | 2@106
        carol buys 2 @ 106
        -> trades 2@106
        """,
        rules={"halt_band_ppm": 50_000, "halt_duration_ns": 10 * SECOND},
    ),
    Scenario(
        "a market order is cut off by a volatility halt",
        VOLATILITY,
        """
        alice sells 5 @ 105
        alice sells 5 @ 106
        bob buys 8
        -> trades 5@105
        -> canceled 3 price_band
        time 10
        carol buys 1 @ 106
        -> trades 1@106
        """,
        rules={"halt_band_ppm": 50_000, "halt_duration_ns": 10 * SECOND},
    ),
    Scenario(
        "the last price that does not halt the market is the same distance away on both sides",
        VOLATILITY,
        """
        alice buys 1 @ 95
        bob sells 1 @ 95
        -> trades 1@95
        alice buys 1 @ 94
        bob sells 1 @ 94
        -> no trades
        time 10
        -> trades 1@94
        """,
        rules={"halt_band_ppm": 50_000, "halt_duration_ns": 10 * SECOND},
    ),
    Scenario(
        "who opens the market during a volatility halt ends it for good",
        VOLATILITY,
        """
        alice sells 5 @ 106
        bob buys 8 @ 107
        -> no trades
        market open
        -> trades 5@107
        market auction
        carol sells 1 @ 100
        -> indicates 1@107
        time 10
        -> no trades
        market open
        -> trades 1@107
        """,
        rules={"halt_band_ppm": 50_000, "halt_duration_ns": 10 * SECOND},
    ),
    Scenario(
        "fill-or-kill may not count on prices beyond a volatility halt",
        VOLATILITY,
        """
        alice sells 5 @ 105
        alice sells 5 @ 106
        bob buys 8 @ 107 fok
        -> refused would_not_fill
        """,
        rules={"halt_band_ppm": 50_000, "halt_duration_ns": 10 * SECOND},
    ),
    Scenario(
        "stops that a halt overtakes are triggered when it is over",
        VOLATILITY,
        """
        alice buys 1 @ 110 stop 104
        alice buys 1 @ 110 stop 105
        bob sells 1 @ 105
        bob sells 1 @ 108
        carol buys 1 @ 105
        -> triggered 1
        -> trades 1@105
        time 10
        -> triggered 2
        """,
        rules={"halt_band_ppm": 50_000, "halt_duration_ns": 10 * SECOND},
    ),
    Scenario(
        "a stop that a halt overtakes keeps its place unless its stop price is changed",
        VOLATILITY,
        """
        alice buys 2 @ 110 stop 104
        carol buys 1 @ 110 stop 104
        carol buys 1 @ 110 stop 104
        bob sells 1 @ 104
        bob sells 5 @ 120
        bob sells 1 @ 106
        carol buys 3 @ 107
        -> trades 1@104
        alice changes 1 to 2
        alice changes 1 to 1
        alice changes 1 to 3 @ 109
        carol changes 2 to 1 stop 103
        time 10
        -> triggered 1 3 2
        """,
        rules={"halt_band_ppm": 50_000, "halt_duration_ns": 10 * SECOND},
    ),
    Scenario(
        "a stop that comes during a halt hears nothing of the prices before it",
        VOLATILITY,
        """
        alice buys 1 @ 110 stop 102
        alice buys 1 @ 110 stop 103
        bob sells 1 @ 105
        bob sells 1 @ 108
        carol buys 1 @ 105
        -> triggered 1
        carol sells 1 @ 100 stop 104
        time 10
        -> triggered 2
        """,
        rules={"halt_band_ppm": 50_000, "halt_duration_ns": 10 * SECOND},
    ),
    Scenario(
        "a stop that a halt overtakes can still be canceled",
        VOLATILITY,
        """
        alice buys 1 @ 110 stop 104
        alice buys 1 @ 110 stop 105
        bob sells 1 @ 105
        bob sells 1 @ 108
        carol buys 1 @ 105
        -> triggered 1
        alice cancels 2
        -> canceled 2 requested
        time 10
        -> trades 1@108
        """,
        rules={"halt_band_ppm": 50_000, "halt_duration_ns": 10 * SECOND},
    ),
    Scenario(
        "a triggered stop keeps the place it had among its account's working orders",
        STOPS,
        """
        alice buys 1 @ 105 stop 103
        bob sells 1 @ 103
        carol buys 1 @ 103
        -> triggered 1
        -> book 1@105 |
        alice buys 1 @ 99
        -> refused order_limit
        """,
        accounts={"limits": AccountLimits(max_working_orders=1)},
    ),
]

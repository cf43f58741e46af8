"""Makes the card-payment data set: synthetic, seeded, in time order.

Called by train.py. A payment stream is simulated first (who pays, when, where, how much); the
velocity features are then counted from that stream, so they agree with each other; last, a fraud
label is drawn from a risk score over the features. All features are stationary: a later slice of
the stream has the same distribution as an earlier one. Values are rounded as a payment system
would store them, so that a last-bit difference between processors does not reach the models.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

FEATURES: list[str] = [
    "amount",
    "amount_to_customer_mean",
    "amount_24h",
    "hour_of_day",
    "day_of_week",
    "count_1h",
    "count_24h",
    "count_7d",
    "days_since_last",
    "distance_km",
    "distance_from_last_km",
    "account_age_days",
    "card_age_days",
    "customer_age_years",
    "credit_used_ratio",
    "merchant_risk",
    "device_age_days",
    "declines_24h",
    "is_card_present",
    "is_foreign",
]
STRINGS: list[str] = ["merchant_category", "country"]

CUSTOMERS = 5_000
HOUR = 3_600
DAY = 24 * HOUR
BURN_IN_DAYS = 63  # history before the first row that is kept; also the longest days_since_last
KEPT_DAYS = 140
PAYMENTS = 150_000  # first payments of a session; bursts come on top
EPISODE_DAYS = 4  # a trip or a stolen card lasts this long
FRAUD_RATE = 0.03

CATEGORIES = ["grocery", "restaurant", "fuel", "clothing", "pharmacy"]
CATEGORIES += ["electronics", "travel", "subscription", "gaming", "gift_card"]
# One value a category: share of payments, usual amount as a multiple of the customer's mean,
# share paid in person, mean of merchant_risk.
CATEGORY_SHARES = [0.27, 0.15, 0.09, 0.11, 0.08, 0.07, 0.05, 0.09, 0.06, 0.03]
CATEGORY_AMOUNTS = np.array([0.7, 0.6, 0.9, 1.2, 0.4, 3.0, 5.0, 0.3, 0.5, 1.0])
CATEGORY_IN_PERSON = np.array([0.92, 0.95, 0.98, 0.55, 0.90, 0.40, 0.10, 0.00, 0.00, 0.20])
CATEGORY_RISKS = np.array([0.08, 0.10, 0.15, 0.20, 0.10, 0.50, 0.40, 0.25, 0.45, 0.80])
COUNTRIES = ["DE", "FR", "ES", "IT", "NL", "PL", "SE", "GB", "US", "CA"]
COUNTRY_SHARES = [0.22, 0.17, 0.13, 0.12, 0.07, 0.08, 0.04, 0.10, 0.05, 0.02]
HOURLY_WEIGHTS = [
    *[1.0, 0.6, 0.4, 0.3, 0.3, 0.5, 1.2, 2.5, 3.5, 4.0, 4.5, 5.5],
    *[6.5, 6.0, 5.0, 5.0, 5.5, 6.5, 7.5, 7.0, 5.5, 4.0, 2.8, 1.8],
]
DAILY_WEIGHTS = [1.0, 0.95, 1.0, 1.05, 1.3, 1.4, 0.9]  # Monday first


@dataclass(frozen=True)
class Customers:
    """One entry per seat: when an account closes, a new one takes its seat."""

    share: Floats  # of all payments
    mean_amount: Floats
    credit_limit: Floats
    age_years: Floats
    country: Ints  # index into COUNTRIES
    account_days: Floats  # life of an account in this seat
    device_days: Floats  # days between two new devices
    offset_days: Floats  # phase of both lives


@dataclass(frozen=True)
class Stream:
    """One entry per payment, sorted by customer, then time."""

    customer: Ints
    second: Ints  # since the start of the simulation, a Monday at midnight
    stolen: Bools  # the card is in the wrong hands; not visible to a model
    trip: Bools


def make(seed: int) -> pd.DataFrame:
    """Every kept payment in time order: FEATURES (float32, NaN = missing), STRINGS, `label`."""
    rng = np.random.default_rng(seed)
    customers = _customers(rng)
    stream = _stream(rng, customers)
    table = pd.DataFrame({"second": stream.second})
    _add_place(rng, table, customers, stream)
    _add_amounts(rng, table, customers, stream)
    _add_velocity(table, stream)
    _add_ages(rng, table, customers, stream)
    _add_declines(rng, table, stream)
    table["label"] = _labels(rng, table)
    _hide(rng, table)
    kept = table[table["second"] >= BURN_IN_DAYS * DAY].sort_values("second", kind="stable")
    kept = kept[[*FEATURES, *STRINGS, "label"]].reset_index(drop=True)
    return kept.astype({name: np.float32 for name in FEATURES})


def _customers(rng: np.random.Generator) -> Customers:
    share = rng.lognormal(0.0, 0.8, CUSTOMERS)
    mean_amount = rng.lognormal(3.9, 0.5, CUSTOMERS)
    credit_limit = np.round(mean_amount * rng.lognormal(3.4, 0.5, CUSTOMERS), -2) + 500
    age: Floats = np.clip(rng.normal(44.0, 15.0, CUSTOMERS), 18.0, 92.0)
    return Customers(
        share=share / share.sum(),
        mean_amount=mean_amount,
        credit_limit=credit_limit,
        age_years=np.round(age),
        country=_choose(rng, COUNTRY_SHARES, CUSTOMERS),
        account_days=rng.uniform(200, 5_000, CUSTOMERS),
        device_days=rng.uniform(60, 1_200, CUSTOMERS),
        offset_days=rng.uniform(0, 5_000, CUSTOMERS),
    )


def _stream(rng: np.random.Generator, customers: Customers) -> Stream:
    weights = DAILY_WEIGHTS * ((BURN_IN_DAYS + KEPT_DAYS) // 7 + 1)
    day = _choose(rng, weights[: BURN_IN_DAYS + KEPT_DAYS], PAYMENTS)
    hour = _choose(rng, HOURLY_WEIGHTS, PAYMENTS)
    customer = _choose(rng, customers.share, PAYMENTS)
    stolen = _episodes(rng, customer, day, 0.035)
    # A thief also works at night, when the holder sleeps.
    hour = np.where(stolen & (rng.random(PAYMENTS) < 0.4), rng.integers(0, 24, PAYMENTS), hour)
    second = day * DAY + hour * HOUR + rng.integers(0, HOUR, PAYMENTS)

    # Some payments come in bursts: a shopping tour, or a thief emptying a card.
    more = rng.geometric(0.5, PAYMENTS) * (rng.random(PAYMENTS) < np.where(stolen, 0.35, 0.06))
    source = np.repeat(np.arange(PAYMENTS), more)
    later = second[source] + np.rint(rng.exponential(25 * 60, source.size)).astype(np.int64)
    later = np.minimum(later, (BURN_IN_DAYS + KEPT_DAYS) * DAY - 1)

    customer = np.concatenate([customer, customer[source]])
    second = np.concatenate([second, later])
    stolen = np.concatenate([stolen, stolen[source]])
    trip = _episodes(rng, customer, second // DAY, 0.04)
    order = np.lexsort((second, customer))
    return Stream(customer[order], second[order], stolen[order], trip[order])


def _add_place(
    rng: np.random.Generator, table: pd.DataFrame, customers: Customers, stream: Stream
) -> None:
    n = len(table)
    normal = _choose(rng, CATEGORY_SHARES, n)
    thief = _choose(rng, CATEGORY_SHARES * (0.2 + CATEGORY_RISKS), n)
    category = np.where(stream.stolen, thief, normal)
    present = rng.random(n) < CATEGORY_IN_PERSON[category]
    present &= ~stream.stolen | (rng.random(n) < 0.5)

    near = rng.lognormal(1.4, 1.1, n)
    far = rng.lognormal(6.6, 0.9, n)
    away = stream.trip | (stream.stolen & (rng.random(n) < 0.35))
    distance = np.clip(np.where(away, far, near), 0.1, 19_000)
    foreign = np.where(distance > 400, rng.random(n) < 0.85, rng.random(n) < 0.01)
    foreign |= ~present & (rng.random(n) < 0.12)
    home = customers.country[stream.customer]
    abroad = (home + 1 + _choose(rng, COUNTRY_SHARES[:-1], n)) % len(COUNTRIES)

    table["merchant_category"] = np.array(CATEGORIES)[category]
    table["country"] = np.array(COUNTRIES)[np.where(foreign, abroad, home)]
    table["is_card_present"] = present.astype(np.float64)
    table["is_foreign"] = foreign.astype(np.float64)
    table["distance_km"] = np.round(distance, 1)
    risk = CATEGORY_RISKS[category] + rng.normal(0, 0.12, n)
    table["merchant_risk"] = np.round(np.clip(risk, 0, 1), 3)


def _add_amounts(
    rng: np.random.Generator, table: pd.DataFrame, customers: Customers, stream: Stream
) -> None:
    n = len(table)
    mean = customers.mean_amount[stream.customer]
    usual = dict(zip(CATEGORIES, CATEGORY_AMOUNTS, strict=True))
    amount = mean * table["merchant_category"].map(usual).to_numpy() * rng.lognormal(-0.25, 0.75, n)
    amount *= np.where(stream.stolen, rng.lognormal(0.5, 0.8, n), 1.0)
    # Card testing: a thief tries a card with a very small amount first.
    testing = stream.stolen & (table["is_card_present"] == 0) & (rng.random(n) < 0.25)
    amount = np.where(testing, rng.uniform(0.5, 3.0, n), amount)
    table["amount"] = np.round(np.clip(amount, 0.5, 25_000), 2)
    table["amount_to_customer_mean"] = np.round(table["amount"] / mean, 3)
    used = rng.beta(1.6, 3.0, n) + table["amount"] / customers.credit_limit[stream.customer]
    table["credit_used_ratio"] = np.round(np.clip(used, 0, 1.5), 3)


def _add_velocity(table: pd.DataFrame, stream: Stream) -> None:
    """Counts and sums over the customer's earlier payments; the payment itself is not counted."""
    here = np.arange(len(table))
    key = stream.customer * (1_000 * DAY) + stream.second  # increasing: customer, then time
    cents = np.rint(table["amount"].to_numpy() * 100).astype(np.int64)
    before = np.concatenate([[0], np.cumsum(cents)])
    starts = {}
    for name, span in {"1h": HOUR, "24h": DAY, "7d": 7 * DAY}.items():
        oldest = stream.customer * (1_000 * DAY) + np.maximum(stream.second - span, 0)
        starts[name] = np.minimum(np.searchsorted(key, oldest, side="left"), here)
        table[f"count_{name}"] = (here - starts[name]).astype(np.float64)
    table["amount_24h"] = (before[here] - before[starts["24h"]]) / 100
    table["hour_of_day"] = (stream.second // HOUR % 24).astype(np.float64)
    table["day_of_week"] = (stream.second // DAY % 7).astype(np.float64)

    gap = np.diff(stream.second, prepend=0) / DAY
    first = np.diff(stream.customer, prepend=-1) != 0
    gap = np.where(first | (gap > BURN_IN_DAYS), np.nan, gap)
    table["days_since_last"] = np.round(gap, 4)
    previous = table["distance_km"].shift(1).to_numpy()
    away = np.abs(table["distance_km"].to_numpy() - previous) + 0.1 * previous
    table["distance_from_last_km"] = np.round(np.where(np.isnan(gap), np.nan, away), 1)


def _add_ages(
    rng: np.random.Generator, table: pd.DataFrame, customers: Customers, stream: Stream
) -> None:
    who = stream.customer
    day = stream.second / DAY + customers.offset_days[who]
    account = day % customers.account_days[who]
    table["account_age_days"] = np.floor(account)
    table["card_age_days"] = np.floor(np.minimum(account, day % 1_095))
    table["customer_age_years"] = customers.age_years[who]
    stranger = stream.stolen & (rng.random(len(table)) < 0.6)
    device = np.where(stranger, rng.exponential(1.0, len(table)), day % customers.device_days[who])
    table["device_age_days"] = np.round(np.minimum(device, account), 1)


def _add_declines(rng: np.random.Generator, table: pd.DataFrame, stream: Stream) -> None:
    expected = 0.04 + 0.10 * (table["credit_used_ratio"] > 0.8) + 0.7 * stream.stolen
    table["declines_24h"] = rng.poisson(expected).astype(np.float64)


def _labels(rng: np.random.Generator, table: pd.DataFrame) -> Ints:
    """Fraud with probability sigmoid(risk + offset); the offset is set to give FRAUD_RATE."""
    risk = _risk(table) + rng.normal(0.0, 0.3, len(table))
    low, high = -30.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        if float(np.mean(_sigmoid(risk + middle))) < FRAUD_RATE:
            low = middle
        else:
            high = middle
    return (rng.random(len(table)) < _sigmoid(risk + low)).astype(np.int64)


def _risk(table: pd.DataFrame) -> Floats:
    """Log-odds of fraud up to a constant, from the full features, before any value is hidden."""
    column = {name: table[name].to_numpy() for name in FEATURES}
    online = column["is_card_present"] == 0
    foreign = column["is_foreign"] == 1
    night = column["hour_of_day"] < 6
    ratio = np.log(np.clip(column["amount_to_customer_mean"], 0.05, 40))
    hours = np.nan_to_num(column["days_since_last"], nan=30.0) * 24 + 0.25
    speed = np.nan_to_num(column["distance_from_last_km"]) / hours
    new_device = online & (column["device_age_days"] < 2)
    testing = online & (column["amount"] < 3) & (column["count_24h"] <= 3)

    risk: Floats = 0.9 * np.maximum(ratio, 0) + 0.7 * np.log1p(column["count_1h"])
    risk += 0.20 * np.log1p(column["distance_km"]) * (1 + 0.8 * ~online)
    risk += 1.2 * np.minimum(column["declines_24h"], 3)
    risk += 2.4 * column["merchant_risk"] * np.where(online, 1.4, 0.4)
    risk += 1.2 * (column["account_age_days"] < 90) + 0.6 * (column["card_age_days"] < 30)
    risk += 1.8 * new_device + 1.2 * new_device * np.maximum(ratio, 0)
    risk += 1.8 * (foreign & online) + 1.8 * (night & online & (column["merchant_risk"] > 0.3))
    risk += 3.5 * testing + 2.5 * (~online & (speed > 400))
    risk += 1.8 * ((column["credit_used_ratio"] > 0.7) & (ratio > 0.7))
    risk += 1.6 * ((column["amount_24h"] > 250) & (column["count_24h"] >= 2))
    risk += 0.02 * np.abs(column["customer_age_years"] - 48)
    risk -= 0.9 * ((column["count_7d"] >= 4) & (column["count_24h"] == 0) & ~foreign)
    return risk


def _hide(rng: np.random.Generator, table: pd.DataFrame) -> None:
    """Removes what a payment system would not know."""
    n = len(table)
    online = (table["is_card_present"] == 0).to_numpy()
    no_place = online & (rng.random(n) < 0.3)
    table.loc[no_place, ["distance_km", "distance_from_last_km"]] = np.nan
    table.loc[~online, "device_age_days"] = np.nan  # no device: the card was in a terminal
    table.loc[rng.random(n) < 0.06, "merchant_risk"] = np.nan  # a merchant not yet rated
    table.loc[rng.random(n) < 0.04, "customer_age_years"] = np.nan


def _episodes(rng: np.random.Generator, customer: Ints, day: Ints, share: float) -> Bools:
    """True for a share of all (customer, EPISODE_DAYS) pairs, and so for their payments."""
    periods = (BURN_IN_DAYS + KEPT_DAYS) // EPISODE_DAYS + 1
    chosen = rng.random((CUSTOMERS, periods)) < share
    return chosen[customer, day // EPISODE_DAYS]


def _choose(rng: np.random.Generator, weights: list[float] | Floats, n: int) -> Ints:
    shares = np.asarray(weights, np.float64)
    shares /= shares.sum()
    return rng.choice(shares.size, size=n, p=shares).astype(np.int64)


def _sigmoid(x: Floats) -> Floats:
    probability: Floats = 1.0 / (1.0 + np.exp(-x))
    return probability

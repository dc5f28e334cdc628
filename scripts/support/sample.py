"""A small warehouse of invented customers: the same ones every time."""

import datetime
import json
import random
import sqlite3

FIRST = ("Ada Amina Bruno Chiara Dmitri Elena Farid Grace Hiroshi Ingrid Joaquín Kwame Léa Mateo Nadia "
         "Oluwaseun Priya Quentin Rosa Søren Tomasz Usha Věra Wei Xóchitl Yusuf Zoë").split()
LAST = ("Abe Andersen Bianchi Costa Dvořák Eriksson Fofana García Haddad Ivanova Jansen Kaya Laurent "
        "Mbeki Nguyen O'Brien Patel Rossi Schmidt Tanaka Urbański Varga Wójcik Yıldız Zhang").split()
CITIES = [("Lisbon", "PT", "pt"), ("Kraków", "PL", "pl"), ("São Paulo", "BR", "pt"), ("Osaka", "JP", "ja"),
          ("Montréal", "CA", "fr"), ("Nairobi", "KE", "en"), ("Zürich", "CH", "de"), ("Austin", "US", "en")]
GENRES = "jazz folk techno opera soul metal ambient fado".split()
PLANS = ["free", "plus", "family"]

ROWS = 1000
# The last rows lie within ten minutes of the newest, inside a sync's overlap.
RECENT = 40


def text(moment):
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def payload(dice, number):
    city, country, language = dice.choice(CITIES)
    first, last = dice.choice(FIRST), dice.choice(LAST)
    return {
        "first_name": first,
        "last_name": last,
        "email": f"customer{number:04}@example.com",
        "home_city": city,
        "country": country,
        "language": language,
        "plan": dice.choice(PLANS),
        "loyalty_points": dice.randrange(0, 5000),
        "newsletter": dice.random() < 0.4,
        "favourite_genres": dice.sample(GENRES, dice.randrange(1, 4)),
        "last_order": {"amount": round(dice.uniform(5, 250), 2), "items": dice.randrange(1, 9)},
    }


def make_warehouse(path, newest):
    """Writes `ROWS` customers to the table `customers`; the newest was updated at `newest` (UTC)."""
    dice = random.Random(1997)
    rows = []
    for number in range(ROWS):
        if number < ROWS - RECENT:
            age = datetime.timedelta(minutes=15 + 43 * (ROWS - RECENT - number))
        else:
            age = datetime.timedelta(seconds=15 * (ROWS - 1 - number))
        document = json.dumps(payload(dice, number + 1), ensure_ascii=False)
        rows.append((text(newest - age), f"customer-{number + 1:04}", document))
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE TABLE customers (UPDATED_AT TEXT NOT NULL, EXTERNAL_ID TEXT PRIMARY KEY, PAYLOAD TEXT NOT NULL)")
        database.executemany("INSERT INTO customers VALUES (?, ?, ?)", rows)
    database.close()


def change(path, customers, now, points):
    """Sets the loyalty points of some customers, as an application would: payload and UPDATED_AT."""
    with sqlite3.connect(path) as database:
        for customer in customers:
            database.execute(
                "UPDATE customers SET PAYLOAD = json_set(PAYLOAD, '$.loyalty_points', ?), UPDATED_AT = ? "
                "WHERE EXTERNAL_ID = ?", (points, text(now), customer))
    database.close()


def count_since(path, since):
    with sqlite3.connect(path) as database:
        count = database.execute("SELECT count(*) FROM customers WHERE UPDATED_AT >= ?", (text(since),)).fetchone()[0]
    database.close()
    return count

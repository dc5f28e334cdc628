"""Rows in pages: f and v, at most so many rows and so many bytes a page, page tokens that mean nothing to others."""

import dataclasses
import json
import secrets

from ..common.duck import quoted
from . import types
from .errors import BigQueryError

LARGEST_PAGE = 10 << 20
TOKEN_SECONDS = 86_400


@dataclasses.dataclass
class Rows:
    fields: list
    rows: list

    def encoded(self, index, integers):
        cells = [{"v": types.cell(value, field, integers)}
                 for value, field in zip(self.rows[index], self.fields, strict=True)]
        return json.dumps({"f": cells}, ensure_ascii=False, separators=(",", ":"))


def run(cursor, sql):
    """Runs DuckDB SQL and keeps what comes."""
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE outcome AS {sql}")
    try:
        described = cursor.execute("DESCRIBE outcome").fetchall()
        fields = [types.of_duck(column[0], column[1]) for column in described]
        cells = [types.selected(f"outcome.{quoted(field['name'])}", field) for field in fields]
        return Rows(fields, cursor.execute(f"SELECT {', '.join(cells)} FROM outcome ORDER BY rowid").fetchall())
    finally:
        cursor.execute("DROP TABLE IF EXISTS outcome")


class Pages:
    """The page tokens of one tenant."""

    def __init__(self, clock):
        self.clock = clock
        self._tokens = {}
        #: Sizes of the next pages, in rows, whatever was asked for.
        self.sizes = []
        self.largest = LARGEST_PAGE

    def page(self, owner, result, query):
        """The text of the rows, their number, and the token of the next page or None."""
        start = self._start(owner, query)
        asked = int(query["maxResults"]) if "maxResults" in query else len(result.rows)
        if self.sizes:
            asked = min(asked, self.sizes.pop(0))
        integers = query.get("formatOptions.useInt64Timestamp", "").lower() == "true"
        lines, held, index = [], 0, start
        while index < len(result.rows) and len(lines) < asked:
            line = result.encoded(index, integers)
            if lines and held + len(line) > self.largest:
                break
            lines.append(line)
            held += len(line)
            index += 1
        return "[" + ",".join(lines) + "]", len(lines), self._token(owner, result, index)

    def rendered(self, owner, result, query):
        """As `page`, with the number of the first row instead of the text."""
        start = self._start(owner, query)
        asked = int(query["maxResults"]) if "maxResults" in query else len(result.rows)
        count = max(0, min(asked, len(result.rows) - start, max(1, self.largest // result.row_size)))
        return start, count, self._token(owner, result, start + count)

    def _token(self, owner, result, index):
        if index >= len(result.rows):
            return None
        token = secrets.token_urlsafe(24)
        self._tokens[token] = (owner, index, self.clock.seconds + TOKEN_SECONDS)
        return token

    def _start(self, owner, query):
        token = query.get("pageToken")
        if token:
            of, index, expires = self._tokens.get(token, (None, 0, 0))
            if of != owner or expires < self.clock.seconds:
                raise BigQueryError("invalid", "Invalid page token provided.")
            return index
        return int(query.get("startIndex", 0))

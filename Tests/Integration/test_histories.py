"""Random histories of rows end in the store as the plain model of Tests/Model says.

Batches are cut and shuffled at random, repeated, and read again by later runs beside late rows and copies. After every
batch its receipt, at the end the profiles and the row log are compared. SLUICE_HISTORIES says how many (150; the full
count is 10,000), SLUICE_HISTORY_SEED where the seeds begin (0): a failure names its seed.
"""

import collections
import os

import pytest
import values
from histories import History
from model import Model
from support import writing
from support.house import House

COUNT = int(os.environ.get("SLUICE_HISTORIES", "150"))
FIRST = int(os.environ.get("SLUICE_HISTORY_SEED", "0"))
OUTCOMES = ["applied", "unchanged", "already_applied", "superseded", "skipped", "rejected"]


class Play:
    """One history against the store in a workspace of its own, and against the model."""

    def __init__(self, writer, seed):
        self.writer, self.seed = writer, seed
        self.history = History(seed)
        self.random = self.history.random
        self.model = Model()
        self.syncs = {}
        self.applied, self.seen = collections.Counter(), collections.Counter()
        self.log = collections.defaultdict(list)   # sync -> [(batch, row, right codes, warnings)]

    def play(self):
        rows = [self.history.row() for _ in range(self.random.randint(10, 36))]
        for number in range(self.random.randint(1, 3)):
            table = rows if number == 0 else self.read_again(rows)
            self.random.shuffle(table)
            if self.random.random() < 0.5:
                table.sort(key=lambda row: row.at)
            self.run(list(table))
        self.compare()

    def read_again(self, rows):
        """What a later run reads: some rows again, some late or new ones, some copies."""
        rows += [self.history.row() for _ in range(self.random.randint(0, 10))]
        rows += self.random.choices(rows, k=self.random.randint(0, 3))
        return [row for row in rows if self.random.random() < 0.8]

    def run(self, rows):
        self.seen.clear()
        self.syncs = {data: writing.Sync(self.writer, f"w{self.seed}", data, self.history.existing_only,
                                         after=self.syncs.get(data)) for data in self.history.data}
        while rows:
            data = rows[0].data
            batch = [row for row in rows[:self.random.randint(1, 8)] if row.data == data]
            for row in batch:
                rows.remove(row)
            self.send(self.syncs[data], batch)

    def send(self, sync, batch):
        number = sync.next
        receipt = sync.apply(batch)
        expected, warned, told = collections.Counter(), 0, []
        for index, row in enumerate(batch):
            self.seen[row.key] += 1
            if self.seen[row.key] <= self.applied[row.key]:
                expected["already_applied"] += 1
                continue
            self.applied[row.key] += 1
            outcome, right, warnings = self.model.apply(row, self.history.existing_only)
            expected[outcome] += 1
            told.append((outcome, right, warnings, row))
            warned += bool(warnings)
            if right or warnings:
                self.log[sync.data].append((number, index, right, sorted(warnings)))
        found = {name: getattr(receipt, name) for name in OUTCOMES if getattr(receipt, name)}
        if found != dict(expected) or receipt.warnings != warned:
            log = [(e.row_index, e.code, e.warning) for e in sync.log() if e.batch_number == number]
            pytest.fail(f"seed {self.seed}: {found}, {receipt.warnings} with warnings; the model says:\n"
                        + "\n".join(map(str, told)) + f"\nthe row log says: {log}")
        if self.random.random() < 0.1:
            assert sync.repeat() == receipt

    def compare(self):
        for data, sync in self.syncs.items():
            found = collections.defaultdict(list)
            for entry in sync.log():
                found[entry.batch_number, entry.row_index].append((entry.code, entry.warning))
            assert len(found) == len(self.log[data]), f"seed {self.seed}"
            for number, index, right, warnings in self.log[data]:
                entries = found[number, index]
                if right:
                    assert entries == [(right[0], False)], f"seed {self.seed}: batch {number}, row {index}"
                else:
                    assert sorted(entries) == [(code, True) for code in warnings], \
                        f"seed {self.seed}: batch {number}, row {index}"
        found = [values.parse(text) for text in writing.export(self.writer, f"w{self.seed}")]
        for profile in found:
            del profile["braze_id"]
        wanted = self.model.export()
        assert len(found) == len(wanted), f"seed {self.seed}"
        for store, model in zip(found, wanted):
            assert store == model, f"seed {self.seed}"


@pytest.fixture(scope="module")
def writer(tmp_path_factory, stubs):
    folder = tmp_path_factory.mktemp("house")
    # What is compared here is not the disk.
    with writing.memory_folder(folder) as folder, House(folder) as house:
        with writing.Writer(house, stubs) as writer:
            yield writer


def test_histories_end_as_the_model_says(writer, capsys):
    rows = 0
    for seed in range(FIRST, FIRST + COUNT):
        try:
            play = Play(writer, seed)
            play.play()
        except BaseException:
            with capsys.disabled():
                print(f"\n  seed {seed}: SLUICE_HISTORIES=1 SLUICE_HISTORY_SEED={seed}")
            raise
        rows += sum(play.applied.values())
    with capsys.disabled():
        print(f"\n  seeds {FIRST} to {FIRST + COUNT - 1}: {COUNT} histories of {rows} rows end as the model says")

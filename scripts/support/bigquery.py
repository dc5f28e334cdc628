"""A project of the emulator of BigQuery, for tests of the running services."""


class BigQueryProject:
    """Statements run as its owner."""

    def __init__(self, emulator, name, **options):
        self.emulator, self.name = emulator, name
        emulator.admin("/tenants", {"name": name, **options})

    def steer(self, verb, **arguments):
        return self.emulator.admin(f"/tenants/{self.name}/{verb}", arguments)

    def sql(self, *statements):
        return self.steer("sql", statements=list(statements))

    def requests(self, point):
        journal = self.emulator.admin(f"/tenants/{self.name}/journal")
        return [request for request in journal["requests"] if request["point"] == point]

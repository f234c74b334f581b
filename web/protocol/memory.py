"""What stands in for the browser's store where there is none: the same calls, for as long as the page lives. Pure."""


class Memory:
    """As browser/store.py has it."""

    def __init__(self):
        self.records = {}  # (object store, key) -> value

    async def get(self, store, key):
        return self.records.get((store, key))

    async def keys(self, store, prefix=""):
        return sorted([key for own, key in self.records if own == store and key.startswith(prefix)])

    async def entries(self, store, first, last):
        return [(key, self.records[store, key]) for key in await self.keys(store) if first <= key <= last]

    async def put_all(self, records, gone=()):
        for place in gone:
            self.records.pop(place, None)
        for store, key, value in records:
            self.records[store, key] = value

    async def delete(self, store, prefix):
        for key in await self.keys(store, prefix):
            del self.records[store, key]

    async def erase(self):
        self.records = {}

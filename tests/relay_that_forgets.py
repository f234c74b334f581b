"""relay_process.py with a fault: it acknowledges and delivers before it commits, and commits every thousandth time.

The fault is in SQLite's connection, so nothing in server.py has to be known: what is not committed can be read all the
same, and only a crash shows the difference.
"""

import sqlite3
from itertools import count

import relay_process


class LateConnection(sqlite3.Connection):
    """Goes on with the last transaction instead of ending it."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.commits = count(1)

    def execute(self, command, *values):
        if self.in_transaction and command.lower().startswith("begin"):
            command, values = "select 1", ()
        elif command.lower().startswith("commit"):
            return self.commit()
        return super().execute(command, *values)

    def commit(self):
        if next(self.commits) % 1_000 == 0:
            super().commit()

    def __exit__(self, kind, *_):
        self.rollback() if kind else self.commit()


if __name__ == "__main__":
    connect = sqlite3.connect
    sqlite3.connect = lambda *arguments, **options: connect(*arguments, **{"factory": LateConnection} | options)
    relay_process.main()

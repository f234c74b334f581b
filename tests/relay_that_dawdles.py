"""relay_process.py that waits after each statement, so that a kill falls into the middle of a transaction, and after
those of a trim most of all."""

import sqlite3
import time

import relay_process


class SlowConnection(sqlite3.Connection):
    def execute(self, command, *values):
        result = super().execute(command, *values)
        time.sleep(0.02 if command.startswith(("delete", "update")) else 0.0002)
        return result


if __name__ == "__main__":
    connect = sqlite3.connect
    sqlite3.connect = lambda *arguments, **options: connect(*arguments, **{"factory": SlowConnection} | options)
    relay_process.main()

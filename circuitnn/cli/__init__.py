"""The command line: `circuitnn`, thin, over the library."""

from circuitnn.cli.commands import app as app

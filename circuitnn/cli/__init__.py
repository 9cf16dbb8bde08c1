"""The command line: `circuitnn`, thin, over the library."""

from circuitnn.cli.app import app as app

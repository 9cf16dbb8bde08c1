"""`python -m circuitnn.cli`, where the script is not on the PATH."""

from circuitnn.cli.commands import app

app()

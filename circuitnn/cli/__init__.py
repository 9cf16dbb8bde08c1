"""The command line: `circuitnn`, thin, over the library."""

try:
    from circuitnn.cli.commands import app as app
except KeyboardInterrupt:  # Ctrl-C before there is a command that could answer it
    raise SystemExit(130) from None

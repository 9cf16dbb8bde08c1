"""The version that is installed."""

from importlib import metadata

try:
    __version__ = metadata.version("circuitnn")
except metadata.PackageNotFoundError:  # a folder on the path, never installed
    __version__ = "unknown"

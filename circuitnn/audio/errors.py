"""The one error of this room."""

from typing import final


@final
class AudioError(ValueError):
    """A sound that cannot be read, written or used; the message names the file or the signal and says what to do."""

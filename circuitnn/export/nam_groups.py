"""Convolutions in groups in .nam files: here they are full ones, whose weights from group to group are zero."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, final

from circuitnn.convolutional import LayerArray
from circuitnn.export.nam_arrays import flag
from circuitnn.export.nam_words import FILM_WORDS
from circuitnn.export.strangers import Record

MOST_GROUPS = 1024


@final
class Groups(NamedTuple):
    """In how many groups the convolutions of an array are; each group of outputs sees its own group of inputs.

    Attributes:
        convolution: of the convolutions with taps.
        residual: of the maps in front of the next layer.
        skip: of those in front of the head.
    """

    convolution: int = 1
    residual: int = 1
    skip: int = 1

    def spared(self, array: LayerArray) -> int:
        """Weights that a file does not have, since they would be zero."""
        total = 0
        for number, kernel in enumerate(array.kernel_sizes):
            widths = array.widths(number, 1)
            full = widths["convolution"] * array.channels * kernel
            total += full - full // self.convolution
            for maps, groups in ((array.channels if array.residual else 0, self.residual), (array.skip, self.skip)):
                total += (maps or 0) * array.inner * (groups - 1) // groups
        return total


def groups_of(record: Record, array: LayerArray) -> Groups:
    """What a file says of an array.

    Raises:
        FormatError: for groups that do not divide the channels.
    """
    _groups(record, "groups_input_mixin", [1])  # the condition has one channel
    for key in FILM_WORDS:
        if record.fields.get(key) and flag(record.record(key), "active", True):
            _groups(record.record(key), "groups", [1])
    z = [array.widths(number, 1)["convolution"] for number in range(len(array.dilations))]
    places = {
        "convolution": (record, "groups_input", [array.channels, *z]),
        "residual": (record.record("layer1x1"), "groups", [array.inner, array.channels] if array.residual else []),
        "skip": (record.record("head1x1"), "groups", [] if array.skip is None else [array.inner, array.skip]),
    }
    return Groups(**{name: _groups(*place) if place[2] else 1 for name, place in places.items()})


def grouped(stacks: Sequence[Any], groups: Sequence[Groups]) -> Iterator[tuple[Any, int]]:
    """The weights of the layers of arrays, each with the number of its groups."""
    for stack, each in zip(stacks, groups, strict=True):
        for layer in stack.layers:
            for part, count in zip((layer.convolution, layer.residual, layer.skip), each, strict=True):
                if part is not None:
                    yield part.weight, count


def _groups(record: Record, key: str, widths: Sequence[int]) -> int:
    count = record.whole(key, 1, high=MOST_GROUPS)
    other = next((width for width in widths if width % count), None)
    if other is not None:
        raise record.fault(f"{key}: {other} channel{'s' * (other != 1)} cannot be in {count} groups")
    return count

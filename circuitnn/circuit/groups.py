"""Disjoint sets: what is connected."""

from collections.abc import Hashable
from typing import Generic, TypeVar, final

Member = TypeVar("Member", bound=Hashable)


@final
class Groups(Generic[Member]):
    """Disjoint sets of nodes, or of points; what is in none is one by itself."""

    def __init__(self) -> None:
        self.parent: dict[Member, Member] = {}

    def find(self, node: Member) -> Member:
        """What stands for the set that something is in."""
        root = node
        while (parent := self.parent.get(root, root)) != root:
            root = parent
        while (parent := self.parent.get(node, node)) != root:  # shorten the way for the next one
            self.parent[node], node = root, parent
        return root

    def join(self, a: Member, b: Member) -> None:
        """Make one set of two, for which stands what stood for the second."""
        self.parent[self.find(a)] = self.find(b)

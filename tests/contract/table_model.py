"""A `Table` in a dictionary: what the port promises, in as few words as possible."""

from collections.abc import Sequence

from promptpilot.clock import epoch_ms
from promptpilot.errors import ConditionFailed
from promptpilot.ports.table import (
    Check,
    Create,
    Delete,
    Index,
    Item,
    Key,
    Operation,
    Page,
    Position,
    Put,
    Replace,
)


class ModelTable:
    """The model that adapters are compared with."""

    def __init__(self) -> None:
        self._items: dict[Key, Item] = {}

    def get(self, key: Key) -> Item | None:
        item = self._items.get(key)
        expired = item and item.expires_at is not None and item.expires_at * 1000 <= epoch_ms()
        return None if expired else item

    def get_many(self, keys: Sequence[Key]) -> list[Item | None]:
        return [self.get(key) for key in keys]

    def query(
        self,
        partition: str,
        *,
        index: Index = Index.PRIMARY,
        prefix: str = "",
        limit: int = 50,
        after: Position | None = None,
        descending: bool = False,
    ) -> Page:
        places = {
            (place.sort.encode(), key.partition.encode(), key.sort.encode()): Position(place, key)
            for key, item in self._items.items()
            if (place := key if index is Index.PRIMARY else getattr(item, index))
            and place.partition == partition
            and place.sort.startswith(prefix)
            and self.get(key)
        }
        order = [places[place] for place in sorted(places, reverse=descending)]
        begin = 0 if after is None else order.index(after) + 1
        page, rest = order[begin : begin + limit], order[begin + limit :]
        return Page(
            tuple(self._items[position.key] for position in page), page[-1] if rest else None
        )

    def write(self, operations: Sequence[Operation], *, durable: bool = True) -> None:
        for position, operation in enumerate(operations):
            if not self._holds(operation):
                raise ConditionFailed(operation=position)
        for operation in operations:
            match operation:
                case Create() | Replace() | Put():
                    self._items[operation.item.key] = operation.item
                case Delete():
                    self._items.pop(operation.key, None)

    def _holds(self, operation: Operation) -> bool:
        match operation:
            case Create():
                return self.get(operation.item.key) is None
            case Replace():
                stored = self.get(operation.item.key)
                return stored is not None and stored.revision == operation.item.revision - 1
            case Delete(key, revision) if revision is not None:
                stored = self.get(key)
                return stored is not None and stored.revision == revision
            case Check(key, revision):
                stored = self.get(key)
                return (stored and stored.revision) == revision
        return True

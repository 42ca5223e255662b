"""Where functions keep what the product knows, and the right to it."""

from dataclasses import dataclass

from stacks.constructs.blobs import Blobs
from stacks.constructs.function import Function
from stacks.constructs.table import Table


@dataclass(frozen=True)
class Storage:
    """The table, and the blobs that are too large for it."""

    table: Table
    blobs: Blobs

    @property
    def variables(self) -> dict[str, str]:
        """For functions that use both."""
        return {
            "PROMPTPILOT_TABLE": self.table.table.table_name,
            "PROMPTPILOT_BLOBS_BUCKET": self.blobs.bucket.bucket_name,
        }

    def allow(self, function: Function) -> None:
        """Let `function` use both."""
        self.table.allow(function)
        self.blobs.allow(function)

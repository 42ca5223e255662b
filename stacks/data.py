"""What the product knows: the table, and the blobs."""

from constructs import Construct

from stacks.constructs.blobs import Blobs
from stacks.constructs.capability_stack import CapabilityStack
from stacks.constructs.storage import Storage
from stacks.constructs.table import Table
from stacks.settings import Settings


class DataStack(CapabilityStack):
    """Where data is protected, this stack and what it holds cannot be deleted by mistake."""

    def __init__(self, scope: Construct, *, settings: Settings) -> None:
        super().__init__(scope, "data", settings=settings, description="Table and blobs")
        self.storage = Storage(Table(self, settings), Blobs(self, settings))
        self.table = self.storage.table.table
        blobs = self.storage.blobs.bucket
        self.output("TableName", self.table.table_name, "The table")
        self.output("BlobsBucketName", blobs.bucket_name, "The bucket of large values")

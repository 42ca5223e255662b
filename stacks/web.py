"""The web app, and the one address that it and the API have for browsers."""

from constructs import Construct

from stacks.api import ApiStack
from stacks.constructs.acknowledge import acknowledge
from stacks.constructs.bucket import PrivateBucket
from stacks.constructs.capability_stack import CapabilityStack
from stacks.constructs.edge import Edge
from stacks.live import LiveStack
from stacks.settings import Settings

PUBLIC_FILES = "Public files, which CloudFront alone reads and which can be built again."


class WebStack(CapabilityStack):
    """The bucket of the app's files, which the deploy script fills, and CloudFront before it."""

    def __init__(
        self, scope: Construct, *, settings: Settings, api: ApiStack, live: LiveStack
    ) -> None:
        super().__init__(scope, "web", settings=settings, description="The web app")
        files = PrivateBucket(self, "Files", settings=settings)
        acknowledge(
            files,
            {"AwsSolutions-S1": PUBLIC_FILES},
        )
        edge = Edge(
            self,
            settings,
            files=files,
            api_host=api.http.host,
            live_origin=live.socket.origin,
        )
        distribution = edge.distribution
        self.output("WebUrl", edge.url, "The web app; the API is at api/ below it")
        self.output("WebBucketName", files.bucket_name, "Where the web app's files are put")
        self.output("DistributionId", distribution.distribution_id, "Told of new files")
        self.output("DistributionDomain", distribution.domain_name, "What a domain points at")

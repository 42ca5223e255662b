"""Clients of AWS, made when they are first used and then kept."""

from threading import Lock
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.session import Session

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_stepfunctions import SFNClient

CONFIG = Config(
    connect_timeout=2,
    read_timeout=8,
    retries={"mode": "standard", "total_max_attempts": 3},
    tcp_keepalive=True,
    max_pool_connections=32,
)
"""A request ends within 30 s, whatever happens: API Gateway waits no longer."""


class Clients:
    """One client a service for the whole process. Safe to use from several threads.

    They are botocore's own: what boto3 adds on top is not used here, and takes time to import.
    """

    def __init__(self, region: str) -> None:
        self._region = region
        self._lock = Lock()
        self._session: Session | None = None
        self._made: dict[str, Any] = {}

    @property
    def dynamodb(self) -> "DynamoDBClient":
        """Of DynamoDB."""
        client: DynamoDBClient = self._client("dynamodb")
        return client

    @property
    def s3(self) -> "S3Client":
        """Of S3."""
        client: S3Client = self._client("s3")
        return client

    @property
    def stepfunctions(self) -> "SFNClient":
        """Of Step Functions."""
        client: SFNClient = self._client("stepfunctions")
        return client

    @property
    def sqs(self) -> "SQSClient":
        """Of SQS."""
        client: SQSClient = self._client("sqs")
        return client

    @property
    def events(self) -> "EventBridgeClient":
        """Of EventBridge."""
        client: EventBridgeClient = self._client("events")
        return client

    @property
    def scheduler(self) -> "EventBridgeSchedulerClient":
        """Of EventBridge Scheduler."""
        client: EventBridgeSchedulerClient = self._client("scheduler")
        return client

    @property
    def cognito(self) -> "CognitoIdentityProviderClient":
        """Of Cognito's user pools."""
        client: CognitoIdentityProviderClient = self._client("cognito-idp")
        return client

    @property
    def ssm(self) -> "SSMClient":
        """Of the Parameter Store."""
        client: SSMClient = self._client("ssm")
        return client

    def websocket(self, endpoint: str) -> "ApiGatewayManagementApiClient":
        """Of the connections to one WebSocket API, whose stage is at `endpoint`."""
        client: ApiGatewayManagementApiClient = self._client("apigatewaymanagementapi", endpoint)
        return client

    def _client(self, service: str, endpoint: str | None = None) -> Any:
        with self._lock:  # a session must not make two clients at once
            if service not in self._made:
                self._session = self._session or Session()
                self._made[service] = self._session.create_client(
                    service, region_name=self._region, endpoint_url=endpoint, config=CONFIG
                )
            return self._made[service]

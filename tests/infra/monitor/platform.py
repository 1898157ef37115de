"""What Azure itself writes into Log Analytics, and the host: no handler can show it, so it stands here as their
documentation has it ("Supported metrics for Microsoft.EventHub/namespaces", "AzureMetrics"; the host names a
request by its function)."""

import datetime
import json

from .ingestion import Rows

FUNCTION = "IngestOrders"


def host(now: datetime.datetime, invocations: list[tuple[float, bool]]) -> Rows:
    """Invocations as the host reports them: how many minutes ago, and whether they succeeded."""
    return {
        "AppRequests": [
            {
                "TimeGenerated": now - datetime.timedelta(minutes=minutes),
                "Name": FUNCTION,
                "Success": success,
                "ResultCode": "0",
                "DurationMs": 20.0,
                "OperationId": f"{number:032x}",
                "AppRoleName": "func",
                "AppRoleInstance": "host",
                "Properties": {},
                "ItemCount": 1,
            }
            for number, (minutes, success) in enumerate(invocations)
        ]
    }


def hub(now: datetime.datetime, minutes: int) -> Rows:
    """A minute of events that a namespace took in, and as much as it gave out."""
    return {
        "AzureMetrics": [
            {
                "TimeGenerated": now - datetime.timedelta(minutes=minutes),
                "ResourceProvider": "MICROSOFT.EVENTHUB",
                "Resource": "EVHNS-DEV",
                "MetricName": name,
                "Total": 200.0,
                "Count": 1.0,
                "TimeGrain": "PT1M",
            }
            for name in ("IncomingMessages", "OutgoingMessages")
        ]
    }


def log(text: str) -> Rows:
    """The handler's output as the host keeps it."""
    return {
        "FunctionAppLogs": [
            {
                "TimeGenerated": json.loads(line)["timestamp"],
                "Level": "Information",
                "Message": line,
                "HostInstanceId": "host",
            }
            for line in text.splitlines()
        ]
    }

#!/usr/bin/env python3
"""Polls a public price API, and sends each answer to an event hub as it came.

    poller.py [--every SECONDS] [--polls N] PAIR…

CONNECTION is the hub's connection string; without it, that of `bronzegate local --hub`.
PRICE_API is the API, without it https://api.coinbase.com.
"""

import argparse
import os
import sys
import time
import urllib.error
import urllib.request
from http.client import HTTPException

from azure.eventhub import EventData, EventHubProducerClient

LAPTOP = (
    "Endpoint=sb://localhost:5672;SharedAccessKeyName=RootManageSharedAccessKey;"
    "SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;EntityPath=orders"
)
API = "https://api.coinbase.com"
TRIES = 4
TIMEOUT = 10
LONGEST = 30


class NoAnswer(Exception):
    """The API gave none, within its tries."""


def fetch(api: str, pair: str, wait: float) -> tuple[bytes, str]:
    """The API's answer for a pair, and its content type. 429, 5xx and broken connections are tried
    again, after a wait that doubles, or as long as the API says; anything else is final."""
    request = urllib.request.Request(f"{api}/v2/prices/{pair}/spot", headers={"Accept": "application/json"})
    for attempt in range(1, TRIES + 1):
        pause = min(wait * 2 ** (attempt - 1), LONGEST)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                return answer.read(), answer.headers.get("Content-Type", "")
        except urllib.error.HTTPError as error:
            if error.code != 429 and error.code < 500:
                raise NoAnswer(f"status {error.code}") from error
            said, after = f"status {error.code}", error.headers.get("Retry-After", "")
            if after.isdecimal():
                pause = min(int(after), LONGEST)
        except (OSError, HTTPException) as error:
            said = type(error).__name__
        if attempt < TRIES:
            time.sleep(pause)
    raise NoAnswer(f"{said}, {TRIES} times")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pairs", nargs="+", metavar="PAIR", help="as in BTC-USD")
    parser.add_argument("--every", type=float, default=60, metavar="SECONDS", help="the interval (60)")
    parser.add_argument("--polls", type=int, metavar="N", help="end after so many polls; else never")
    parser.add_argument("--wait", type=float, default=1, metavar="SECONDS", help="before the first retry (1)")
    arguments = parser.parse_args()
    api, connection = os.environ.get("PRICE_API", API), os.environ.get("CONNECTION", LAPTOP)

    sent, missed, poll, next_at = 0, 0, 0, time.monotonic()
    with EventHubProducerClient.from_connection_string(connection) as producer:
        while arguments.polls is None or poll < arguments.polls:
            time.sleep(max(0.0, next_at - time.monotonic()))
            # an interval is counted from poll to poll, whatever the answers take
            next_at, poll = next_at + arguments.every, poll + 1
            for pair in arguments.pairs:
                try:
                    body, content_type = fetch(api, pair, arguments.wait)
                except NoAnswer as error:
                    missed += 1
                    print(f"poller: {pair}: no answer: {error}", file=sys.stderr)
                    continue
                event = EventData(body)
                event.properties = {"pair": pair}
                event.content_type = content_type
                # it returns when the hub has acknowledged it, and raises where it does not
                producer.send_event(event, partition_key=pair)
                sent += 1
    print(f"{sent} answers sent, {missed} missed")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

"""Bicep's functions, as far as the templates use them."""

import hashlib
import ipaddress
import json
import uuid

from provider.identity import SUBSCRIPTION

from .resource import Object


class Refused(Exception):
    """The template itself refuses its parameters."""


def _union(*values):
    if isinstance(values[0], list):
        return list(dict.fromkeys(item for value in values for item in value))
    found = Object()
    for value in values:
        for key, entry in value.items():
            both = isinstance(entry, dict) and isinstance(found.get(key), dict)
            found[key] = _union(found[key], entry) if both else entry
        found.lines.update(getattr(value, "lines", {}))
    return found


def _fail(message: str):
    raise Refused(message)


def _concat(*values):
    return (
        [item for value in values for item in value]
        if isinstance(values[0], list)
        else "".join(values)
    )


def _string(value) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _subnet(network: str, size: int, index: int) -> str:
    return str(list(ipaddress.ip_network(network).subnets(new_prefix=size))[index])


FUNCTIONS = {
    "concat": _concat,
    "contains": lambda container, item: item in container,
    "empty": lambda value: len(value) == 0,
    "environment": lambda: {"suffixes": {"storage": "core.windows.net"}},
    "fail": _fail,
    "guid": lambda *values: str(uuid.uuid5(uuid.NAMESPACE_OID, "-".join(values))),
    "items": lambda value: [
        {"key": key, "value": value[key]} for key in sorted(value, key=str.lower)
    ],
    "join": lambda values, by: by.join(values),
    "cidrSubnet": _subnet,
    "string": _string,
    "subscription": lambda: {"id": SUBSCRIPTION},
    "subscriptionResourceId": lambda kind, name: f"{SUBSCRIPTION}/providers/{kind}/{name}",
    "toLower": str.lower,
    "union": _union,
    # the twin has a hash of the same texts
    "uniqueString": lambda *values: hashlib.sha256("-".join(values).encode()).hexdigest()[:13],
}

"""Which argument of azurerm is which property of Azure, resource type by resource type."""

from . import events, function, group, monitor, network, roles, storage

__all__ = ["events", "function", "group", "monitor", "network", "roles", "storage"]

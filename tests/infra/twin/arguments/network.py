"""The private network."""

from twin.plan import Bodies, PlanError, Values, common, of, present


@of("azurerm_virtual_network")
def virtual_network(values: Values) -> Bodies:
    yield (
        values.id,
        "Microsoft.Network/virtualNetworks",
        {
            **common(values),
            "properties": {
                "addressSpace": {"addressPrefixes": values["address_space"]},
                "subnets": [],
            },
        },
    )


@of("azurerm_subnet")
def subnet(values: Values) -> Bodies:
    values["virtual_network_name"]
    delegations = [
        {
            "name": delegation["name"],
            "properties": {"serviceName": delegation.only("service_delegation")["name"]},
        }
        for delegation in values["delegation"]
    ]
    policies = values["private_endpoint_network_policies"]
    properties = present(
        {
            "addressPrefix": values["address_prefixes"][0],
            "defaultOutboundAccess": values["default_outbound_access_enabled"],
            "delegations": delegations or None,
            "privateEndpointNetworkPolicies": None
            if (policies or "").startswith("<")
            else policies,
        }
    )
    network = values.id.rpartition("/subnets/")[0]
    yield (
        network,
        "Microsoft.Network/virtualNetworks",
        {"properties": {"subnets": [{"name": values["name"], "properties": properties}]}},
    )


@of("azurerm_private_dns_zone")
def dns_zone(values: Values) -> Bodies:
    yield (
        values.id,
        "Microsoft.Network/privateDnsZones",
        {"name": values["name"], "location": "global", "tags": values["tags"]},
    )


@of("azurerm_private_dns_zone_virtual_network_link")
def dns_link(values: Values) -> Bodies:
    values["private_dns_zone_name"]
    yield (
        values.id,
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        {
            "name": values["name"],
            "location": "global",
            "tags": values["tags"],
            "properties": {
                "registrationEnabled": values["registration_enabled"],
                "virtualNetwork": {"id": values["virtual_network_id"]},
            },
        },
    )


@of("azurerm_private_endpoint")
def private_endpoint(values: Values) -> Bodies:
    connection, group = (
        values.only("private_service_connection"),
        values.only("private_dns_zone_group"),
    )
    if connection["is_manual_connection"]:
        raise PlanError(f"{values.address} waits for an approval")
    yield (
        values.id,
        "Microsoft.Network/privateEndpoints",
        {
            **common(values),
            "properties": {
                "subnet": {"id": values["subnet_id"]},
                "privateLinkServiceConnections": [
                    {
                        "name": connection["name"],
                        "properties": {
                            "privateLinkServiceId": connection["private_connection_resource_id"],
                            "groupIds": connection["subresource_names"],
                        },
                    }
                ],
            },
        },
    )
    zones = [{"properties": {"privateDnsZoneId": zone}} for zone in group["private_dns_zone_ids"]]
    yield (
        f"{values.id}/privateDnsZoneGroups/{group['name']}",
        "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
        {
            "name": group["name"],
            "properties": {"privateDnsZoneConfigs": zones},
        },
    )

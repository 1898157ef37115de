"""What a Bicep template deploys, in the same form."""

import json

from bicep.evaluate import Deployed

from .arguments.roles import assignment


def bodies(deployed: Deployed) -> dict[str, tuple[str, dict]]:
    """The resources of a template: id to type and body."""
    found: dict[str, tuple[str, dict]] = {}
    for resource in deployed.resources:
        body, identity = dict(resource.body), resource.id
        if resource.type == "Microsoft.Authorization/roleAssignments":
            # its name is a guid
            body.pop("name")
            identity = assignment(
                identity.rpartition("/providers/Microsoft.Authorization/")[0], body["properties"]
            )
        if resource.type == "Microsoft.Network/privateEndpoints/privateDnsZoneGroups":
            # azurerm names a group's entry by the zone, whatever it is called
            configs = [
                {"properties": config["properties"]}
                for config in body["properties"]["privateDnsZoneConfigs"]
            ]
            body["properties"] = {"privateDnsZoneConfigs": configs}
        if resource.type == "Microsoft.Insights/workbooks":
            # a text, in which the order of keys is nobody's
            read = json.loads(body["properties"]["serializedData"])
            body["properties"] = {**body["properties"], "serializedData": read}
        if identity in found:
            raise ValueError(f"{identity} is deployed twice")
        found[identity] = (resource.type, body)
    return found

"""Plan and function app."""

from twin.plan import Bodies, PlanError, Values, common, enabled, of, present


@of("azurerm_service_plan")
def service_plan(values: Values) -> Bodies:
    tier = "FlexConsumption" if values["sku_name"] == "FC1" else "ElasticPremium"
    elastic = values["maximum_elastic_worker_count"]
    yield (
        values.id,
        "Microsoft.Web/serverfarms",
        {
            **common(values),
            # azurerm leaves the kind to the platform, which derives it from the size
            "kind": "functionapp" if tier == "FlexConsumption" else "elastic",
            "sku": {"name": values["sku_name"], "tier": tier},
            "properties": present(
                {"reserved": values["os_type"] == "Linux", "maximumElasticWorkerCount": elastic}
            ),
        },
    )


@of("azapi_resource")
def azapi(values: Values) -> Bodies:
    identities = values.only("identity")
    values["parent_id"]
    yield (
        values.id,
        values["type"].partition("@")[0],
        {
            **common(values),
            **_present_deep(values["body"]),
            "identity": {
                "type": identities["type"],
                "userAssignedIdentities": {name: {} for name in identities["identity_ids"]},
            },
        },
    )


@of("azapi_update_resource")
def azapi_update(values: Values) -> Bodies:
    values["parent_id"]
    yield values.id, values["type"].partition("@")[0], {"name": values["name"], **values["body"]}


def _present_deep(value):
    if isinstance(value, dict):
        return {name: _present_deep(item) for name, item in value.items() if item is not None}
    return value


@of("azurerm_linux_function_app")
def linux_function_app(values: Values) -> Bodies:
    site, identities = values.only("site_config"), values.only("identity")
    if not (
        site.only("application_stack")["use_custom_runtime"]
        and values["storage_uses_managed_identity"]
    ):
        raise PlanError(f"{values.address} is no custom runtime, or opens its storage by a key")
    settings = {
        **values["app_settings"],
        # what azurerm writes by its own arguments
        "AzureWebJobsStorage__accountName": values["storage_account_name"],
        "FUNCTIONS_EXTENSION_VERSION": values["functions_extension_version"],
        "FUNCTIONS_WORKER_RUNTIME": "custom",
    }
    yield (
        values.id,
        "Microsoft.Web/sites",
        {
            **common(values),
            "kind": "functionapp,linux",
            "identity": {
                "type": identities["type"],
                "userAssignedIdentities": {name: {} for name in identities["identity_ids"]},
            },
            "properties": present(
                {
                    "serverFarmId": values["service_plan_id"],
                    "reserved": True,
                    "httpsOnly": values["https_only"],
                    "publicNetworkAccess": enabled(values["public_network_access_enabled"]),
                    "virtualNetworkSubnetId": values["virtual_network_subnet_id"],
                    "siteConfig": {
                        "appSettings": [
                            {"name": name, "value": value} for name, value in settings.items()
                        ],
                        "functionAppScaleLimit": site["app_scale_limit"],
                        "ftpsState": site["ftps_state"],
                        "functionsRuntimeScaleMonitoringEnabled": site[
                            "runtime_scale_monitoring_enabled"
                        ],
                        "http20Enabled": site["http2_enabled"],
                        "minimumElasticInstanceCount": site["elastic_instance_minimum"],
                        "minTlsVersion": site["minimum_tls_version"],
                        "use32BitWorkerProcess": site["use_32_bit_worker"],
                        "vnetRouteAllEnabled": site["vnet_route_all_enabled"],
                    },
                }
            ),
        },
    )
    policies = {
        "ftp": "ftp_publish_basic_authentication_enabled",
        "scm": "webdeploy_publish_basic_authentication_enabled",
    }
    for name, argument in policies.items():
        identity = f"{values.id}/basicPublishingCredentialsPolicies/{name}"
        yield (
            identity,
            "Microsoft.Web/sites/basicPublishingCredentialsPolicies",
            {"name": name, "properties": {"allow": values[argument]}},
        )

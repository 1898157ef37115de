"""The checks, in the order in which they run; each takes a repository and says what is wrong in it."""

from . import (
    azd,
    containers,
    cost,
    parameters,
    publish,
    queries,
    roles,
    runbook,
    security,
    telemetry,
    terraform,
    twins,
    types,
    workflows,
)

CHECKS = {
    "format": terraform.form,
    "validate": terraform.validate,
    "test": terraform.test,
    "types": types.check,
    "twin": twins.check,
    "parameters": parameters.check,
    "roles": roles.check,
    "queries": queries.check,
    "runbook": runbook.check,
    "cost": cost.check,
    "azd": azd.check,
    "publish": publish.check,
    "workflows": workflows.check,
    "containers": containers.check,
    "security": security.check,
}

# those that start the handler, which has to be built: `just monitor`
HANDLER = {"telemetry": telemetry.check}

# The whole of bronzegate in one resource group. Its twin is infra/bicep: the same resources, names,
# parameters and outputs (`just infra` holds one against the other).

terraform {
  required_version = ">= 1.9"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 4.55"
    }
    # for the Flex Consumption app alone: see function.tf
    azapi = {
      source  = "Azure/azapi"
      version = "~> 2.0"
    }
  }
}

# the subscription is ARM_SUBSCRIPTION_ID's, the login az's or the pipeline's
provider "azurerm" {
  storage_use_azuread = true

  features {
    storage {
      # the accounts may be private: nothing is asked that the management API can't answer
      data_plane_available = false
    }
  }
}

provider "azapi" {}

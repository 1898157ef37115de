variable "environment" {
  description = "Name of the environment: part of the names, and a tag. Lower case letters, digits and hyphens."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.environment) >= 2 && length(var.environment) <= 20
    error_message = "environment has from 2 to 20 characters."
  }

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*[a-z0-9]$", var.environment))
    error_message = "environment is lower case letters, digits and hyphens, and starts with a letter."
  }
}

variable "location" {
  description = "Region of all resources."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.location) >= 3
    error_message = "location has 3 characters at least."
  }

  validation {
    condition     = can(regex("^[a-z0-9]+$", var.location))
    error_message = "location is a region's short name, such as westeurope."
  }
}

variable "tags" {
  description = "More tags for all resources."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "event_hubs_tier" {
  description = "Tier of the Event Hubs namespace. Basic is left out: it has no Kafka endpoint and one consumer group."
  type        = string
  default     = "Standard"
  nullable    = false

  validation {
    condition     = contains(["Standard", "Premium"], var.event_hubs_tier)
    error_message = "event_hubs_tier is one of Standard, Premium."
  }
}

variable "event_hubs_capacity" {
  description = "Throughput units (Standard) or processing units (Premium: 1, 2, 4, 6, 8, 10, 12 or 16) of the namespace."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.event_hubs_capacity >= 1 && var.event_hubs_capacity <= 40
    error_message = "event_hubs_capacity is from 1 to 40."
  }

  validation {
    condition     = var.event_hubs_tier != "Premium" || contains([1, 2, 4, 6, 8, 10, 12, 16], var.event_hubs_capacity)
    error_message = "event_hubs_capacity is 1, 2, 4, 6, 8, 10, 12 or 16 on Premium."
  }
}

variable "event_hubs_maximum_capacity" {
  description = "Throughput units up to which the namespace inflates by itself; the same as event_hubs_capacity turns that off. Standard only."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.event_hubs_maximum_capacity >= 1 && var.event_hubs_maximum_capacity <= 40
    error_message = "event_hubs_maximum_capacity is from 1 to 40."
  }

  validation {
    condition     = var.event_hubs_tier != "Standard" || var.event_hubs_maximum_capacity >= var.event_hubs_capacity
    error_message = "event_hubs_maximum_capacity is less than event_hubs_capacity."
  }
}

variable "partition_count" {
  description = "Partitions of the hub. They bound how many instances work at once, and can not be changed later on Standard."
  type        = number
  default     = 8
  nullable    = false

  validation {
    condition     = var.partition_count >= 1 && var.partition_count <= 100
    error_message = "partition_count is from 1 to 100."
  }

  validation {
    condition     = var.event_hubs_tier != "Standard" || var.partition_count <= 32
    error_message = "partition_count is at most 32 on Standard."
  }
}

variable "retention_days" {
  description = "Days that the hub keeps an event: the time there is to mend an outage. Standard takes 7 at most."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 90
    error_message = "retention_days is from 1 to 90."
  }

  validation {
    condition     = var.event_hubs_tier != "Standard" || var.retention_days <= 7
    error_message = "retention_days is at most 7 on Standard."
  }
}

variable "function_plan" {
  description = "Plan of the function app."
  type        = string
  default     = "FlexConsumption"
  nullable    = false

  validation {
    condition     = contains(["FlexConsumption", "Premium"], var.function_plan)
    error_message = "function_plan is one of FlexConsumption, Premium."
  }
}

variable "premium_size" {
  description = "Size of an instance on the Premium plan."
  type        = string
  default     = "EP1"
  nullable    = false

  validation {
    condition     = contains(["EP1", "EP2", "EP3"], var.premium_size)
    error_message = "premium_size is one of EP1, EP2, EP3."
  }
}

variable "instance_memory" {
  description = "Memory of an instance on Flex Consumption, in MB."
  type        = number
  default     = 2048
  nullable    = false

  validation {
    condition     = contains([512, 2048, 4096], var.instance_memory)
    error_message = "instance_memory is one of 512, 2048, 4096."
  }
}

variable "maximum_instance_count" {
  description = "Instances at most. More than there are partitions never have work. Premium takes 100 at most."
  type        = number
  default     = 40
  nullable    = false

  validation {
    condition     = var.maximum_instance_count >= 1 && var.maximum_instance_count <= 1000
    error_message = "maximum_instance_count is from 1 to 1000."
  }

  validation {
    condition     = var.function_plan != "Premium" || var.maximum_instance_count <= 100
    error_message = "maximum_instance_count is at most 100 on Premium."
  }
}

variable "api" {
  description = "HTTP API in the function app: SubmitOrder takes orders from whoever has a function key, and publishes them to the hub. Its package is `just package --api`. Excludes private_networking."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !(var.api && var.private_networking)
    error_message = "api and private_networking exclude one another: the API would be a public way into a private hub."
  }
}

variable "lake_redundancy" {
  description = "Redundancy of the landing account."
  type        = string
  default     = "ZRS"
  nullable    = false

  validation {
    condition     = contains(["LRS", "ZRS", "GRS", "RAGRS", "GZRS", "RAGZRS"], var.lake_redundancy)
    error_message = "lake_redundancy is one of LRS, ZRS, GRS, RAGRS, GZRS, RAGZRS."
  }
}

variable "hierarchical_namespace" {
  description = "Hierarchical namespace of the landing account (Data Lake Storage). Can not be changed later, and excludes versioning."
  type        = bool
  default     = false
  nullable    = false
}

variable "versioning" {
  description = "Keep former versions of blobs. Excludes the hierarchical namespace."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !(var.versioning && var.hierarchical_namespace)
    error_message = "versioning and hierarchical_namespace exclude one another."
  }
}

variable "soft_delete_days" {
  description = "Days for which a deleted blob or container can be brought back."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.soft_delete_days >= 1 && var.soft_delete_days <= 365
    error_message = "soft_delete_days is from 1 to 365."
  }
}

variable "lake_cool_after_days" {
  description = "Days after which bronze and rejections move to the cool tier; 0 leaves them."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.lake_cool_after_days >= 0 && var.lake_cool_after_days <= 3650
    error_message = "lake_cool_after_days is from 0 to 3650."
  }
}

variable "lake_delete_after_days" {
  description = "Days after which bronze and rejections are deleted; 0 keeps them. Not less than retention_days: what is still in the hub would land again. Never said of the outbox."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.lake_delete_after_days >= 0 && var.lake_delete_after_days <= 36500
    error_message = "lake_delete_after_days is from 0 to 36500."
  }

  validation {
    condition     = var.lake_delete_after_days == 0 || var.lake_delete_after_days >= var.retention_days
    error_message = "lake_delete_after_days is less than retention_days: what is deleted would land again."
  }

  validation {
    condition     = var.lake_delete_after_days == 0 || var.lake_delete_after_days > var.lake_cool_after_days
    error_message = "lake_delete_after_days is not more than lake_cool_after_days."
  }
}

variable "log_retention_days" {
  description = "Days that Log Analytics keeps logs."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.log_retention_days >= 30 && var.log_retention_days <= 730
    error_message = "log_retention_days is from 30 to 730."
  }
}

variable "action_group_id" {
  description = "Resource id of the action group that alerts notify; empty: they show in the portal alone."
  type        = string
  default     = ""
  nullable    = false
}

variable "alert_age_minutes" {
  description = "Minutes that an event may be old when it is landed, before events-late notifies."
  type        = number
  default     = 15
  nullable    = false

  validation {
    condition     = var.alert_age_minutes >= 1 && var.alert_age_minutes <= 1440
    error_message = "alert_age_minutes is from 1 to 1440."
  }
}

variable "alert_rejection_percent" {
  description = "Percent of a stream that may be rejected within an hour, before events-rejected notifies."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.alert_rejection_percent >= 0 && var.alert_rejection_percent <= 100
    error_message = "alert_rejection_percent is from 0 to 100."
  }
}

variable "alert_held_minutes" {
  description = "Minutes for which every try of a batch may fail, before partition-held notifies."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.alert_held_minutes >= 1 && var.alert_held_minutes <= 25
    error_message = "alert_held_minutes is from 1 to 25: partition-held looks at half an hour."
  }
}

variable "private_networking" {
  description = "Virtual network with private endpoints of the hub and both storage accounts, which then refuse public traffic. Producers and readers need a way into the network."
  type        = bool
  default     = false
  nullable    = false
}

variable "address_prefix" {
  description = "Address range of the virtual network: a /24, or larger."
  type        = string
  default     = "10.80.0.0/24"
  nullable    = false

  validation {
    condition     = length(var.address_prefix) >= 9 && length(var.address_prefix) <= 18
    error_message = "address_prefix has from 9 to 18 characters."
  }

  validation {
    condition     = can(cidrsubnet(var.address_prefix, 26 - tonumber(split("/", var.address_prefix)[1]), 1))
    error_message = "address_prefix is an address range, a /24 or larger."
  }
}

variable "databricks_connector" {
  description = "Databricks access connector that may read the lake. Unity Catalog needs the hierarchical namespace."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.databricks_connector || var.hierarchical_namespace
    error_message = "databricks_connector needs hierarchical_namespace."
  }
}

variable "operator_principal_id" {
  description = "Object id of who may send and ask for events, read the lake and, on Premium, publish the package; empty: nobody but the function."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = length(var.operator_principal_id) <= 36
    error_message = "operator_principal_id has 36 characters at most."
  }
}

variable "operator_principal_type" {
  description = "What operator_principal_id is."
  type        = string
  default     = "User"
  nullable    = false

  validation {
    condition     = contains(["User", "Group", "ServicePrincipal"], var.operator_principal_type)
    error_message = "operator_principal_type is one of User, Group, ServicePrincipal."
  }
}

variable "handler_settings" {
  description = "More app settings, such as LOG_LEVEL or STREAM_NAME: the README lists what the handler reads."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "package" {
  description = "Zip to publish, as `just package` makes it; empty publishes nothing. Terraform alone: azd publishes by itself."
  type        = string
  default     = "../../target/package/bronzegate.zip"
  nullable    = false

  validation {
    condition     = var.package == "" ? true : fileexists(var.package)
    error_message = "There is no such package: run `just package` first, or set package to another zip, or to \"\"."
  }

  validation {
    condition     = var.package == "" || var.function_plan != "Premium" || var.operator_principal_id != ""
    error_message = "On Premium the operator uploads the package: set operator_principal_id to your object id, or package to \"\"."
  }
}

# What excludes one another, or is out of bounds, is refused before anything is made.

mock_provider "azurerm" {
  mock_data "azurerm_subscription" {
    defaults = { id = "/subscriptions/00000000-0000-0000-0000-000000000000" }
  }
}
mock_provider "azapi" {}

variables {
  environment = "dev"
  location    = "westeurope"
  package     = ""
}

run "versioning_and_a_hierarchical_namespace" {
  command = plan
  variables {
    versioning             = true
    hierarchical_namespace = true
  }
  expect_failures = [var.versioning]
}

run "an_api_into_a_private_hub" {
  command = plan
  variables {
    api                = true
    private_networking = true
  }
  expect_failures = [var.api]
}

run "a_connector_without_a_hierarchical_namespace" {
  command = plan
  variables {
    databricks_connector = true
  }
  expect_failures = [var.databricks_connector]
}

run "a_life_cycle_shorter_than_the_retention" {
  command = plan
  variables {
    retention_days         = 7
    lake_cool_after_days   = 0
    lake_delete_after_days = 6
  }
  expect_failures = [var.lake_delete_after_days]
}

run "a_life_cycle_that_deletes_before_it_cools" {
  command = plan
  variables {
    lake_cool_after_days   = 30
    lake_delete_after_days = 30
  }
  expect_failures = [var.lake_delete_after_days]
}

run "eight_days_on_standard" {
  command = plan
  variables {
    retention_days = 8
  }
  expect_failures = [var.retention_days]
}

run "partitions_that_standard_has_not" {
  command = plan
  variables {
    partition_count = 33
  }
  expect_failures = [var.partition_count]
}

run "no_partition" {
  command = plan
  variables {
    partition_count = 0
  }
  expect_failures = [var.partition_count]
}

run "inflating_to_less" {
  command = plan
  variables {
    event_hubs_capacity         = 5
    event_hubs_maximum_capacity = 4
  }
  expect_failures = [var.event_hubs_maximum_capacity]
}

run "three_processing_units" {
  command = plan
  variables {
    event_hubs_tier     = "Premium"
    event_hubs_capacity = 3
  }
  expect_failures = [var.event_hubs_capacity]
}

run "the_basic_tier" {
  command = plan
  variables {
    event_hubs_tier = "Basic"
  }
  expect_failures = [var.event_hubs_tier]
}

run "a_plan_that_there_is_not" {
  command = plan
  variables {
    function_plan = "Consumption"
  }
  expect_failures = [var.function_plan]
}

run "too_many_instances_on_premium" {
  command = plan
  variables {
    function_plan          = "Premium"
    maximum_instance_count = 101
  }
  expect_failures = [var.maximum_instance_count]
}

run "a_name_with_capitals" {
  command = plan
  variables {
    environment = "Dev"
  }
  expect_failures = [var.environment]
}

run "a_network_that_is_too_small" {
  command = plan
  variables {
    private_networking = true
    address_prefix     = "10.0.0.0/26"
  }
  expect_failures = [var.address_prefix]
}

run "a_package_that_is_not_there" {
  command = plan
  variables {
    package = "no/such.zip"
  }
  expect_failures = [var.package]
}

run "a_premium_package_that_nobody_may_upload" {
  command = plan
  variables {
    function_plan          = "Premium"
    maximum_instance_count = 1
    package                = "outputs.tf"
  }
  expect_failures = [var.package]
}

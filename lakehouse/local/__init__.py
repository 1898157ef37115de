"""Runs the pipeline on this machine: open-source Spark, Delta tables in a folder."""

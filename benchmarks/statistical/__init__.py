"""The comparisons and simulations that `benchmarks.statistics` runs, one topic a module."""

"""What runs inside another interpreter: nothing here imports the rest of the benchmarks or the product."""

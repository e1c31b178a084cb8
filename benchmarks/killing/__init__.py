"""Parts of `benchmarks.kills`: commands that are killed, and what is looked for afterwards."""

"""What a person may set: every key typed and checked once, the same for Snakemake, scripts and tests."""

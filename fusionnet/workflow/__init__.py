"""What Snakemake and DVC ask of Python: which code a stage runs, who has claimed what, where a run is."""

"""What a run of the workflow is made of: settings, plan and logs; knows nothing of Snakemake."""

"""Where the pipeline runs: on this machine, or where Beam's runner says."""

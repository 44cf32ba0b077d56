"""What `deploy.sh` does: checks what is said, collects and tries the files, asks gcloud for the rest.

It needs a Python of 3.10 or newer and no packages.
"""

"""The commands of `deploy.sh`: check the options, collect and try the files, ask gcloud for the rest.

It needs a Python of 3.10 or newer and no packages.
"""

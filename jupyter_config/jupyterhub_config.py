"""A JupyterHub with Dotscience, for more than one machine: adapt the addresses and the authenticator.

    pip install '.[hub,postgresql,s3]'                (in a checkout)
    npm install -g configurable-http-proxy
    jupyterhub --config jupyterhub_config.py

On one machine `dotscience-hub up` does all of this by itself.
"""

import os
import sys

from dotscience_hub.launcher.hubconfig import add_dotscience, add_gateway

c = get_config()  # noqa: F821 - JupyterHub gives it to this file

# Where people reach the hub. Put a server with TLS in front, or see JupyterHub's documentation on ssl_cert.
c.JupyterHub.bind_url = "http://127.0.0.1:8000"
c.JupyterHub.db_url = "sqlite:////var/lib/dotscience/hub.sqlite"
c.JupyterHub.cookie_secret_file = "/var/lib/dotscience/hub-cookie"  # noqa: S105 - a path

# Who may log in: any of JupyterHub's authenticators. `ds login USER` asks for a password where the authenticator takes
# one (PAM does); `ds login --web` and `--device` work with all of them, OAuth too.
c.JupyterHub.authenticator_class = "pam"
c.Authenticator.allow_all = True
c.Authenticator.admin_users = {"admin"}

# The store, for service and gateway. Many users: PostgreSQL for it, S3 for large files. A password belongs into
# ~/.pgpass, and the keys of the bucket into ~/.aws/credentials or the environment, not here: everybody can read a
# command line.
#   --db-url=postgresql+psycopg://dotscience@db.example.org/dotscience        (for both)
#   --DotscienceHub.s3_bucket=dotscience                                      (for the service)
store = ["--data-dir=/var/lib/dotscience"]

# The service. What it can be told: `python -m dotscience_hub --help-all`.
add_dotscience(
    c,
    url="http://127.0.0.1:10101",
    command=[sys.executable, "-m", "dotscience_hub", *store],
    # JupyterHub keeps its own environment from services; these are for S3.
    environment={name: value for name, value in os.environ.items() if name.startswith("AWS_")},
)

# JupyterLab on runners: `python -m dotscience_hub gateway --help-all`. The hub's proxy must run on the same machine.
add_gateway(
    c,
    url="http://127.0.0.1:10102",
    service_url="http://127.0.0.1:10101",
    command=[sys.executable, "-m", "dotscience_hub", "gateway", *store],
)
# What JupyterLab runs in when nobody says otherwise; tools/build_lab_image.sh makes this one, and any other with the
# packages jupyterhub and jupyterlab serves.
c.DotscienceSpawner.image = "dotscience-lab"

"""A JupyterHub with Dotscience, for more than one machine: adapt the addresses and the authenticator.

    pip install '.[hub,postgresql,s3]'                (in a checkout)
    npm install -g configurable-http-proxy
    jupyterhub --config jupyterhub_config.py

On one machine `dotscience-hub up` does all of this by itself.
"""

import os
import sys

from dotscience_hub.launcher.hubconfig import add_dotscience

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

# The service. What it can be told: `python -m dotscience_hub --help-all`.
add_dotscience(
    c,
    url="http://127.0.0.1:10101",
    command=[
        sys.executable,
        "-m",
        "dotscience_hub",
        "--data-dir=/var/lib/dotscience",
        # Many users: PostgreSQL for the store, S3 for large files. A password belongs into ~/.pgpass, and the keys of
        # the bucket into ~/.aws/credentials or the environment, not here: a command line can be read by everybody.
        #   --db-url=postgresql+psycopg://dotscience@db.example.org/dotscience
        #   --DotscienceHub.s3_bucket=dotscience
    ],
    # JupyterHub keeps its own environment from services; these are for S3.
    environment={name: value for name, value in os.environ.items() if name.startswith("AWS_")},
)

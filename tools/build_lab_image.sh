#!/bin/bash
# Build the image that JupyterLab runs in from this checkout; IMAGE and BASE as for tools/build_runner_image.sh.
set -euo pipefail
export IMAGE=${IMAGE:-dotscience-lab:latest} FILE=spawner/Dockerfile
exec "$(dirname "$0")/build_runner_image.sh"

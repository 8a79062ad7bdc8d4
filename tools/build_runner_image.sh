#!/bin/bash
# Build the runner's image from this checkout.
#
#   IMAGE=dotscience-runner:latest BASE=python:3.13-slim tools/build_runner_image.sh
#
# Where there is no registry: BASE=ds-base:host, made by .ci/base_image.sh. That is the default when it exists.
set -euo pipefail
cd "$(dirname "$0")/.."
image=${IMAGE:-dotscience-runner:latest}
python=${PYTHON:-.venv/bin/python}

# A client elsewhere in PATH may lack BuildKit; the distribution's, beside its engine, has what that engine can do.
docker=docker
[ ! -x /usr/bin/docker ] || docker=/usr/bin/docker

base=${BASE:-}
if [ -z "$base" ]; then
    base=python:3.13-slim
    ! $docker image inspect ds-base:host >/dev/null 2>&1 || base=ds-base:host
fi

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
"$python" -m hatchling build --target wheel --directory "$context" >/dev/null
cp constraints.txt "$context/"

build() {
    DOCKER_BUILDKIT=$1 $docker build --quiet --build-arg "BASE=$base" --file "${FILE:-runner/Dockerfile}" --tag "$image" "$context"
}
# The older builder is the fallback for clients that were built without the newer one.
build 1 2>"$context/buildkit.err" || build 0 || { cat "$context/buildkit.err" >&2; exit 1; }
echo "$image (on $base)"

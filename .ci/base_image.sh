#!/bin/bash
# Make a container image without any registry, out of this machine's own Python, git and C library.
#
#   .ci/base_image.sh [TAG...]        default tags: ds-base:host python:3
#
# The image holds the tree of the interpreter that `python3` is (pyenv's, or the distribution's), the programs named in
# TOOLS, git and ssh among them, and every shared object that these need. Tests use it as the default task image, and the
# runner image is built on it. Nothing is done when all tags exist. Needs: docker, ldd, tar. Takes about 8 seconds.
set -euo pipefail
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"

TOOLS="awk base64 basename bash cat chmod chown cp cut date dd df dirname du echo env false find free grep groupadd gzip head
hostname id kill ldd ln ls mkdir mktemp mv nice nohup nproc printf ps pwd readlink rm rmdir sed seq setsid sh sha256sum sleep sort
ssh stat stty tail tar tee test timeout touch tr true uname uniq useradd wc which whoami xargs yes git"

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

make_folders() {
    mkdir -p "$root"/{usr/{bin,sbin,lib,lib64,share,local/bin},etc/ssl/certs,home/jovyan,root,proc,sys,dev,run,tmp,var/tmp}
    chmod 1777 "$root/tmp" "$root/var/tmp"
    local name
    for name in bin sbin lib lib64; do ln -s "usr/$name" "$root/$name"; done
}

copy_tools() {
    local tool path
    for tool in $TOOLS; do
        # Only from the system's folders: what a version manager puts first in PATH are scripts that need it.
        path=$(PATH=/usr/bin:/bin:/usr/sbin:/sbin type -P "$tool") || continue
        cp -L "$path" "$root/usr/bin/$tool"
    done
    local folder
    # python-wheels: what Debian's ensurepip installs into a new virtual environment.
    for folder in /usr/lib/git-core /usr/share/git-core /usr/share/python-wheels; do
        [ ! -d "$folder" ] || cp -a "$folder" "$root${folder%/*}/"
    done
}

# The interpreter behind `python3`, outside any virtual environment. Where an old python3 comes first in PATH,
# the first that can run Dotscience is taken.
find_python() {
    local candidate
    for candidate in python3 /usr/bin/python3 python3.13 python3.12 python3.11; do
        "$candidate" - <<'PY' 2>/dev/null && return 0
import sys, sysconfig
if sys.version_info < (3, 11):
    raise SystemExit(1)
print(sys.base_prefix, sysconfig.get_path("stdlib"), f"python{sys.version_info[0]}.{sys.version_info[1]}")
PY
    done
    echo "base_image: no Python 3.11 or newer found" >&2
    return 1
}

copy_python() {
    local prefix=$1 stdlib=$2 name=$3
    mkdir -p "$root$stdlib" "$root$prefix/bin"
    tar -C "$stdlib" --exclude=__pycache__ --exclude=test --exclude=tests --exclude=idlelib --exclude='config-*' \
        --exclude='site-packages/*' --exclude='dist-packages/*' -cf - . | tar -C "$root$stdlib" -xf -
    cp -L "$prefix/bin/$name" "$root$prefix/bin/$name"
    copy_pip "$stdlib"
    # A shared libpython (pyenv with --enable-shared) is found by its run path, so it keeps its place.
    local library
    for library in "$prefix"/lib/libpython3*.so*; do
        [ ! -e "$library" ] || cp -a "$library" "$root$prefix/lib/"
    done
    local link
    for link in python python3 "$name"; do
        [ -e "$root/usr/bin/$link" ] || ln -s "$prefix/bin/$name" "$root/usr/bin/$link"
    done
}

# pip by way of ensurepip's bundled wheel: Debian's python3 has no pip of its own, and a wheel is just a zip on the path.
copy_pip() {
    local stdlib=$1 wheel target
    if [ -d "$stdlib/site-packages/pip" ]; then
        cp -a "$stdlib"/site-packages/pip "$stdlib"/site-packages/pip-*info "$root$stdlib/site-packages/"
    else
        for wheel in "$stdlib"/ensurepip/_bundled/pip-*.whl /usr/share/python-wheels/pip-*.whl; do
            [ ! -e "$wheel" ] || break
        done
        [ -e "$wheel" ] || { echo "base_image: no pip found (package python3-venv)" >&2; return 1; }
        # Debian's Python looks for packages in <prefix>/local/lib/pythonX.Y/dist-packages.
        target="$root/usr/local/lib/${stdlib##*/}/dist-packages"
        mkdir -p "$target"
        python3 -m zipfile -e "$wheel" "$target"
        # The image is one program's world: nobody's distribution packages can be broken here.
        rm -f "$root$stdlib/EXTERNALLY-MANAGED"
    fi
    local link
    for link in pip pip3; do
        printf '#!/bin/sh\nexec python3 -m pip "$@"\n' >"$root/usr/bin/$link"
        chmod 755 "$root/usr/bin/$link"
    done
}

# Every shared object that a program or extension module of the image is linked with, and those that programs load by name.
copy_libraries() {
    local library target
    {
        find "$root" -type f \( -perm -u+x -o -name '*.so*' \) -print0 | xargs -0 ldd 2>/dev/null |
            awk '/=> \//{print $3} /^\t\/lib/{print $1}' || true  # ldd fails on what is not dynamic
        dpkg -L libc6 libgcc-s1 libstdc++6 libgomp1 2>/dev/null | grep -E '/lib.*\.so(\.[0-9.]+)?$' || true
    } | sort -u | while read -r library; do
        case $library in "$root"*) continue ;; esac
        [ -f "$library" ] || continue
        target="$root$(readlink -f "$(dirname "$library")")"
        mkdir -p "$target"
        cp -nL "$library" "$target/"
    done
    cp -a /etc/ld.so.conf /etc/ld.so.conf.d "$root/etc/"
    ldconfig -r "$root" 2>/dev/null  # it warns that copies are not links
}

write_settings() {
    # The machine's own CA bundle: a company's network may sign what it lets through, and pip must trust that too.
    cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
    printf '%s\n' root:x:0:0:root:/root:/bin/bash jovyan:x:1000:100:jovyan:/home/jovyan:/bin/bash \
        nobody:x:65534:65534:nobody:/:/bin/false >"$root/etc/passwd"
    printf '%s\n' root:x:0: users:x:100: nogroup:x:65534: >"$root/etc/group"
    printf '%s\n' 'passwd: files' 'group: files' 'hosts: files dns' >"$root/etc/nsswitch.conf"
    chown 1000:100 "$root/home/jovyan" 2>/dev/null || true
}

# The interpreter's own bin folder is in PATH because pip puts the programs of packages there.
import_image() {
    local tag=$1 prefix=$2
    tar -C "$root" -cf - . | docker import \
        -c "ENV PATH=$prefix/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" -c 'ENV LANG=C.UTF-8' \
        -c 'ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt' -c 'ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt' \
        -c 'CMD ["python3"]' - "$tag" >/dev/null
}

main() {
    local tags=("$@") tag missing=""
    [ $# -gt 0 ] || tags=(ds-base:host python:3)
    for tag in "${tags[@]}"; do docker image inspect "$tag" >/dev/null 2>&1 || missing=yes; done
    [ -n "$missing" ] || return 0
    if ! docker image inspect "${tags[0]}" >/dev/null 2>&1; then
        local python
        python=$(find_python)
        make_folders
        copy_tools
        # shellcheck disable=SC2086  # three words
        copy_python $python
        copy_libraries
        write_settings
        import_image "${tags[0]}" "${python%% *}"
    fi
    docker run --rm "${tags[0]}" python3 -c 'import ctypes, sqlite3, ssl'
    # A tag that exists is somebody's real image: it stays.
    for tag in "${tags[@]:1}"; do
        docker image inspect "$tag" >/dev/null 2>&1 || docker tag "${tags[0]}" "$tag"
    done
}

main "$@"

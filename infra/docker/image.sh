#!/usr/bin/env bash
# The image's root file system without a registry: Debian's packages by mmdebstrap, the product from its lock; and, where buildah is,
# an image of it. Needs root. Usage: infra/docker/image.sh [FOLDER]; then FOLDER/rootfs is it.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:-build/image}
root=$out/rootfs
uv=.venv/bin/uv
command -v mmdebstrap >/dev/null || { echo "image: mmdebstrap is not here: it is in Debian's package mmdebstrap" >&2; exit 1; }
rm -rf "$root"
mkdir -p "$out"
mmdebstrap --quiet --mode=root --variant=essential --include=python3-minimal,libpython3.11-stdlib,ca-certificates,tzdata \
  --dpkgopt=path-exclude='/usr/share/man/*' --dpkgopt=path-exclude='/usr/share/doc/*' --dpkgopt=path-exclude='/usr/share/locale/*' \
  --customize-hook='rm -rf "$1"/var/lib/apt "$1"/var/cache/* "$1"/var/log/*' bookworm "$root"
lib=$root/opt/colloquy
# What is installed hangs on the interpreter's exact version, and Debian's is another than that of the environment here.
version=$(chroot "$root" /usr/bin/python3 -c 'import platform; print(platform.python_version())')
$uv pip install --quiet --target "$lib" --python .venv/bin/python --python-version "$version" --no-deps --require-hashes --compile-bytecode --link-mode copy \
  -r infra/locks/product.txt
$uv pip install --quiet --target "$lib" --python .venv/bin/python --no-deps --no-build-isolation --compile-bytecode --link-mode copy .
rm -rf "$lib"/setuptools* "$lib"/pkg_resources "$lib"/_distutils_hack "$lib"/distutils-precedence.pth
# Isolated children (`python -I`) find it too: a path of Python's own, not of the environment.
install -d "$root/usr/lib/python3/dist-packages"
# Where the product looks for the program that migrates: beside the interpreter's other scripts.
ln -sf /opt/colloquy/bin/dbmate "$root/usr/local/bin/dbmate"
echo /opt/colloquy > "$root/usr/lib/python3/dist-packages/colloquy.pth"
printf '#!/usr/bin/python3 -I\nfrom api.cli.main import main\n\nmain()\n' > "$root/usr/bin/colloquy"
chmod 755 "$root/usr/bin/colloquy"
echo "colloquy:x:10001:10001::/data:/usr/sbin/nologin" >> "$root/etc/passwd"
echo "colloquy:x:10001:" >> "$root/etc/group"
install -d -o 10001 -g 10001 "$root/data" "$root/keys"
chmod 1777 "$root/tmp"
du -sm "$root" | cut -f1 > "$out/megabytes"
echo "$root: $(cat "$out/megabytes") MB"
if command -v buildah >/dev/null; then
  new=$(buildah from scratch)
  buildah copy --quiet "$new" "$root" / >/dev/null
  buildah config --user 10001:10001 --workingdir /data --entrypoint '["colloquy"]' --cmd serve --port 8080 --port 9090 \
    --env COLLOQUY_DATA_DIR=/data --env COLLOQUY_HOST=0.0.0.0 --env COLLOQUY_METRICS_PORT=9090 --env PYTHONDONTWRITEBYTECODE=1 "$new"
  buildah commit --quiet --rm "$new" colloquy:local
else
  echo "no image of it: buildah is not here (Debian's package buildah)"
fi

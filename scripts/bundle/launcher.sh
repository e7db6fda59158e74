#!/bin/sh
# resumeproof @VERSION@ for Linux on x86-64, with everything that it needs; the archive begins after the last line.
#   sh @NAME@ doctor
#   sh @NAME@ run --backend webgpu --require-gpu
#   sh @NAME@ check-gpu --out DIR --minutes 8
# Unpacks once, into a folder beside this file or in the one that RESUMEPROOF_BUNDLE names, and writes nowhere else
# but where it is told to. Needs gzip and tar; no network, no Node, no compiler.
set -u

fail() {
  echo "resumeproof: $1" >&2
  exit 3
}

# Whether the system has a library of this name.
has_library() {
  for folder in $(echo "${LD_LIBRARY_PATH:-}" | tr ':' ' ') /usr/lib/x86_64-linux-gnu /lib/x86_64-linux-gnu \
    /usr/lib64 /lib64 /usr/lib /lib /usr/local/lib /run/opengl-driver/lib; do
    if [ -e "$folder/$1" ]; then return 0; fi
  done
  return 1
}

add_libraries() {
  if [ -d "$1" ]; then export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$1"; fi
}

# Everything that follows the launcher is checked before any of it is unpacked by what came out of it.
unpack() {
  for tool in gzip tar head tail wc; do
    command -v "$tool" >/dev/null 2>&1 || fail "unpacking needs $tool, which is not on the path"
  done
  bytes=$(wc -c <"$self") || fail "$self cannot be read"
  if [ "$bytes" -ne @TOTAL@ ]; then
    fail "$self has $bytes bytes instead of @TOTAL@: it was cut off or changed, so copy it again"
  fi
  partial=$(mktemp -d "$parent/.resumeproof-XXXXXX" 2>/dev/null) ||
    fail "$parent cannot be written; name another folder with RESUMEPROOF_BUNDLE=DIR"
  trap 'rm -rf "$partial"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  echo "resumeproof: unpacking into $home …" >&2
  tail -c +@NODE_AT@ "$self" | head -c @NODE_BYTES@ | gzip -dc >"$partial/node" ||
    fail "$self cannot be unpacked into $parent: the disk is full (200 MB are needed), or the file is damaged"
  chmod +x "$partial/node"
  "$partial/node" -e '
    const { createHash } = require("node:crypto");
    const { readFileSync, writeSync } = require("node:fs");
    const { zstdDecompressSync } = require("node:zlib");
    const [file, start, rest, digest] = process.argv.slice(1);
    const bytes = readFileSync(file);
    if (createHash("sha256").update(bytes.subarray(start - 1)).digest("hex") !== digest) process.exit(1);
    const archive = zstdDecompressSync(bytes.subarray(rest - 1));
    for (let at = 0; at < archive.length; ) at += writeSync(1, archive, at, Math.min(65536, archive.length - at));
  ' "$self" @NODE_AT@ @REST_AT@ @DIGEST@ >"$partial/archive.tar" ||
    fail "$self is damaged, or this system cannot run it (it needs glibc 2.28 or newer): copy it again"
  tar -xf "$partial/archive.tar" -C "$partial" && rm "$partial/archive.tar" ||
    fail "$self cannot be unpacked into $parent: the disk is full (200 MB are needed)"
  # Whoever else unpacks at the same time makes the same folder.
  "$partial/node" -e '
    const { existsSync, renameSync } = require("node:fs");
    const [from, to] = process.argv.slice(1);
    try { renameSync(from, to); } catch (error) { if (!existsSync(to)) throw error; }
  ' "$partial" "$home" || fail "$home cannot be written"
  rm -rf "$partial"
  trap - EXIT INT TERM HUP
}

[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] ||
  fail "this bundle is for Linux on x86-64, and this is $(uname -s) on $(uname -m)"
self=$0
[ -f "$self" ] || fail "start it by its path: sh PATH/@NAME@"
parent=${RESUMEPROOF_BUNDLE:-$(dirname "$self")}
parent=$(cd "$parent" 2>/dev/null && pwd) || fail "there is no folder $parent, which RESUMEPROOF_BUNDLE names"
home=$parent/resumeproof-@VERSION@-@SHORT@

# Names the folders of libraries that only some systems have.
has_library libstdc++.so.6 || cxx=missing
[ -d "$home" ] || unpack
[ "${cxx:-}" != missing ] || add_libraries "$home/lib/cxx"
has_library libvulkan.so.1 || add_libraries "$home/lib/vulkan"
for folder in /usr/local/nvidia/lib64 /usr/local/nvidia/lib; do add_libraries "$folder"; done

# Drivers keep shaders below HOME.
mkdir -p "$home/home" "$home/tmp" 2>/dev/null && [ -w "$home/tmp" ] ||
  fail "$home cannot be written; name another folder with RESUMEPROOF_BUNDLE=DIR"
export HOME="$home/home" XDG_CACHE_HOME="$home/home/.cache" TMPDIR="$home/tmp"
export RESUMEPROOF_COMMAND="sh $self"
export RESUMEPROOF_SCENARIOS="${RESUMEPROOF_SCENARIOS:-$home/app/scenarios}"
unset NODE_OPTIONS NODE_PATH

script=harness/cli/main.js
if [ "${1:-}" = check-gpu ]; then
  shift
  script=scripts/check-gpu.js
fi
exec "$home/node" --no-warnings "$home/app/$script" "$@"
exit 3

#!/bin/sh
# resumeproof @VERSION@ for Linux on x86-64, with everything it needs; the archive starts after the last line.
#   sh @NAME@ doctor
#   sh @NAME@ run --backend webgpu --require-gpu
#   sh @NAME@ check-gpu --out DIR --minutes 8
# Unpacks once, into a folder next to this file or in the folder that RESUMEPROOF_BUNDLE names. Writes nowhere
# else, except to folders named by options. Needs gzip and tar, but no network, Node or compiler.
set -u

fail() {
  echo "resumeproof: $1" >&2
  exit 3
}

# Succeeds if the system has a library of this name.
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

# Unpacks Node first, which gzip checks; Node then checks the whole payload before it unpacks the rest.
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
  room="@MEGABYTES@ MB"
  tail -c +@NODE_AT@ "$self" | head -c @NODE_BYTES@ | gzip -dc >"$partial/node" ||
    fail "$self cannot be unpacked into $parent: the disk is full ($room are needed), or the file is damaged"
  chmod +x "$partial/node"
  "$partial/node" --version >/dev/null || fail "this system cannot run Node 22: it needs glibc 2.28 or newer"
  "$partial/node" -e '
    const { createHash } = require("node:crypto");
    const { createReadStream } = require("node:fs");
    const { pipeline } = require("node:stream/promises");
    const { createZstdDecompress } = require("node:zlib");
    const [file, node, archive, digest] = process.argv.slice(1);
    (async () => {
      const hash = createHash("sha256");
      await pipeline(createReadStream(file, { start: node - 1 }), hash);
      if (hash.digest("hex") !== digest) process.exit(1);
      await pipeline(createReadStream(file, { start: archive - 1 }), createZstdDecompress(), process.stdout);
    })().catch(() => process.exit(1));
  ' "$self" @NODE_AT@ @ARCHIVE_AT@ @DIGEST@ | tar -xf - -C "$partial" 2>/dev/null ||
    fail "$self cannot be unpacked into $parent: the disk is full ($room are needed), or the file is damaged"
  # Another process may have unpacked the same folder at the same time.
  "$partial/node" -e '
    const { existsSync, renameSync } = require("node:fs");
    const [from, to] = process.argv.slice(1);
    try { renameSync(from, to); } catch (error) { if (!existsSync(to)) throw error; }
  ' "$partial" "$home" || fail "$home cannot be written"
  rm -rf "$partial"
  trap - EXIT INT TERM HUP
}

[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] ||
  fail "this bundle needs Linux on x86-64; this is $(uname -s) on $(uname -m)"
self=$0
[ -f "$self" ] || fail "start it by its path: sh PATH/@NAME@"
wanted=${RESUMEPROOF_BUNDLE:-$(dirname "$self")}
mkdir -p "$wanted" 2>/dev/null
parent=$(cd "$wanted" 2>/dev/null && pwd) ||
  fail "cannot unpack into $wanted: not a folder. Name another in RESUMEPROOF_BUNDLE"
home=$parent/resumeproof-@VERSION@-@SHORT@

# Adds the bundled libraries that this system lacks.
has_library libstdc++.so.6 || cxx=missing
[ -d "$home" ] || unpack
[ "${cxx:-}" != missing ] || add_libraries "$home/lib/cxx"
has_library libvulkan.so.1 || add_libraries "$home/lib/vulkan"
for folder in /usr/local/nvidia/lib64 /usr/local/nvidia/lib; do add_libraries "$folder"; done

# Drivers cache shaders below HOME.
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

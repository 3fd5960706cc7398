#!/usr/bin/env bash
# Installs what `cargo test -p outage-conformance --test ecosystem` talks to our upsd with: clients of other makers, from
# PyPI, npm and crates.io, unmodified and in pinned versions, into target/ecosystem. What cannot be installed here is said,
# and its tests then say that their precondition is unmet.
set -uo pipefail
cd "$(dirname "$0")/.."

home="${OUTAGE_ECOSYSTEM:-$PWD/target/ecosystem}"
mkdir -p "$home"
failed=0
say() { printf '== %s\n' "$*"; }
lacks() { printf 'ecosystem: %s\n' "$*" >&2; failed=1; }

say "PyPI: PyNUTClient 2.8.5, nut2 2.1.1"
if command -v python3 >/dev/null; then
    { [ -x "$home/venv/bin/python" ] || python3 -m venv "$home/venv"; } &&
        "$home/venv/bin/pip" install --quiet --disable-pip-version-check PyNUTClient==2.8.5 nut2==2.1.1 ||
        lacks "pip could not install the Python clients (apt-get install python3-venv)"
else
    lacks "there is no python3 (apt-get install python3-venv)"
fi

say "npm: node-nut 1.0.3"
if command -v npm >/dev/null; then
    npm install --silent --no-save --no-audit --no-fund --prefix "$home" node-nut@1.0.3 ||
        lacks "npm could not install node-nut"
else
    lacks "there is no npm (apt-get install nodejs npm)"
fi

say "crates.io: rups 0.6.1"
if cargo build --quiet --release --locked --manifest-path conformance/tests/ecosystem/clients/rups/Cargo.toml \
    --target-dir "$home/rups"; then
    mkdir -p "$home/bin" && cp "$home/rups/release/rups-client" "$home/bin/"
else
    lacks "cargo could not build the rups client"
fi

exit "$failed"

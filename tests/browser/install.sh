#!/bin/sh
# Install Debian's chromium for tests/browser; without it, these tests are skipped.
set -eu
command -v chromium >/dev/null && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "tests/browser: no chromium, and only root can install it (package chromium)"
    exit 0
fi
echo "tests/browser: installing chromium"
(apt-get update && DEBIAN_FRONTEND=noninteractive \
    apt-get install --yes --no-install-recommends chromium fonts-dejavu-core) >/dev/null 2>&1 ||
    echo "tests/browser: chromium could not be installed"

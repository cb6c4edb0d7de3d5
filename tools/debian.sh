#!/bin/sh
# Installs Debian packages, for the other tools.
#
#   tools/debian.sh PACKAGE…
set -eu

if [ "$(id -u)" -eq 0 ]; then sudo=; else sudo=sudo; fi
$sudo apt-get update -qq >&2
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2

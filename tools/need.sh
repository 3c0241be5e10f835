#!/bin/sh
# Makes sure that commands are there. Each argument is COMMAND:PACKAGE, the package being Debian's; a file's
# whole path may stand for a command. As root on Debian
# what is missing is installed; elsewhere one line says what to install, and the script fails.
set -eu

there() {
    case "$1" in
    /*) [ -e "$1" ] ;;
    *) PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1 ;;
    esac
}

packages=
for pair in "$@"; do
    there "${pair%%:*}" || packages="$packages ${pair#*:}"
done
[ -n "$packages" ] || exit 0

distribution=unknown
[ ! -r /etc/os-release ] || distribution=$(. /etc/os-release && echo "${ID:-unknown}")
if [ "$distribution" != debian ] || [ "$(id -u)" -ne 0 ]; then
    echo "Missing, please install (Debian's names):$packages" >&2
    exit 1
fi

echo "Installing$packages"
export DEBIAN_FRONTEND=noninteractive
# A package list that is too old names files that are no longer served, so a failure is tried again with a new one.
# shellcheck disable=SC2086
apt-get install -qq -y --no-install-recommends $packages </dev/null >/dev/null 2>&1 || {
    apt-get update -qq </dev/null
    apt-get install -qq -y --no-install-recommends $packages </dev/null >/dev/null
}

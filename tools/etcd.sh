#!/bin/sh
# Fetches etcd for the store's tests into target/etcd, beside the system: `etcd` is new enough to be used, `etcd-old` is
# one that must be refused. Both come from Debian's later suites, through the mirror that this system already uses, and
# apt checks their signatures. Nothing is installed. Where this cannot be done it says so, and the tests are skipped.
set -eu

oldest=3.5.30
suites='stable testing unstable'
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
target=${CARGO_TARGET_DIR:-$(dirname "$0")/../target}/etcd

skip() {
    echo "SKIPPED: the store's tests with a real etcd: $1" >&2
    echo "  Start etcd $oldest or later and name it in MUSTER_TEST_ETCD (http://host:port) to include them." >&2
    exit 0
}

[ -z "${MUSTER_TEST_ETCD:-}" ] || exit 0
[ ! -x "$target/etcd" ] || [ ! -e "$target/complete" ] || exit 0
command -v apt-get >/dev/null 2>&1 || skip 'this system has no apt'
[ -r "$keyring" ] || skip "$keyring is missing (package debian-archive-keyring)"

codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
site=$(apt-get indextargets --format '$(RELEASE) $(SITE)' 'Created-By: Packages' |
    awk -v release="$codename" '$1 == release { print $2; exit }')
[ -n "$site" ] || skip "no mirror of Debian $codename is configured for apt"

mkdir -p "$target"
target=$(cd "$target" && pwd)
private=$(mktemp -d)
trap 'rm -rf "$private"' EXIT
mkdir -p "$private/lists/partial" "$private/cache/archives/partial"
for suite in $suites; do
    echo "deb [signed-by=$keyring] $site $suite main"
done >"$private/sources.list"
cat >"$private/apt.conf" <<END
Dir::Etc::sourcelist "$private/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "$private";
Dir::State::lists "$private/lists";
Dir::State::status "/dev/null";
Dir::Cache "$private/cache";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
APT::Sandbox::User "root";
END
export APT_CONFIG="$private/apt.conf"

echo "Fetching etcd for the store's tests"
apt-get update -qq </dev/null || skip 'the lists of the later suites could not be fetched'

# fetch VERSION NAME
fetch() {
    rm -rf "$private/deb" "$private/tree"
    mkdir "$private/deb"
    (cd "$private/deb" && apt-get download -qq "etcd-server=$1" </dev/null) || return 1
    dpkg -x "$private"/deb/*.deb "$private/tree"
    "$private/tree/usr/bin/etcd" --version >/dev/null 2>&1 || return 1
    mv "$private/tree/usr/bin/etcd" "$target/$2"
    echo "$2 is etcd $1"
}

new=
old=
for version in $(apt-cache madison etcd-server | awk '{ print $3 }' | sort -u); do
    if dpkg --compare-versions "$version" ge "$oldest"; then new=$version; else old=$version; fi
done
[ -n "$new" ] || skip "no suite of ($suites) has etcd $oldest or later"
fetch "$new" etcd || skip "etcd $new could not be fetched, or does not run here"
[ -z "$old" ] || fetch "$old" etcd-old || echo "etcd $old, which must be refused, could not be fetched" >&2
touch "$target/complete"

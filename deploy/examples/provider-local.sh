#!/bin/sh
# A provider for Muster that launches processes of this machine. For a cloud, put its own tool into the three functions.
# The protocol is in crates/provider/README.md.
#
#   FLEET_DIR   where launches are booked
#   FLEET_NODE  what is run for a launch; it gets the file with the request as its only argument
set -eu
umask 077

refuse() {
  echo "$1" >&2
  exit 78
}

[ -n "${FLEET_DIR:-}" ] || refuse 'FLEET_DIR is not set: name a directory for launches'
[ -x "${FLEET_NODE:-}" ] || refuse 'FLEET_NODE is not set to an executable'
here=$FLEET_DIR/$PROVIDER_CLUSTER
mkdir -p "$here"

# The process of a launch, empty when it is gone. Its number may belong to somebody else by now, its start time cannot.
pid_of() {
  [ -s "$here/$1.process" ] || return 0
  read -r pid started <"$here/$1.process"
  [ -n "$started" ] && [ "$(started_at "$pid")" = "$started" ] || return 0
  echo "$pid"
}

# Field 22 of /proc/PID/stat; the second one may have spaces in it. Nothing for one that is gone or a zombie.
started_at() {
  [ -r "/proc/$1/stat" ] || return 0
  # shellcheck disable=SC2046 # the fields are to be split
  set -- $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null)
  [ "${1:-Z}" = Z ] || echo "${20}"
}

machine() {
  printf '{"id":"%s","cluster":"%s","key":"%s"}' "$1" "$PROVIDER_CLUSTER" "$1"
}

launch() {
  key=$PROVIDER_KEY
  if [ -z "$(pid_of "$key")" ]; then
    rm -f "$here/$key.process"
    cat >"$here/$key.request"
    setsid sh "$0" run </dev/null >/dev/null 2>&1 9>&- &
    until [ -s "$here/$key.process" ]; do sleep 0.05; done
  fi
  printf '{"machine":%s}\n' "$(machine "$key")"
}

# What launch starts: it books itself before it becomes the node, so that no crash leaves a node that is not booked.
run() {
  echo "$$ $(started_at $$)" >"$here/$PROVIDER_KEY.new"
  mv "$here/$PROVIDER_KEY.new" "$here/$PROVIDER_KEY.process"
  exec "$FLEET_NODE" "$here/$PROVIDER_KEY.request"
}

terminate() {
  pid=$(pid_of "$PROVIDER_MACHINE")
  if [ -n "$pid" ]; then
    kill "$pid" || true
    tries=0
    while [ -n "$(pid_of "$PROVIDER_MACHINE")" ]; do
      tries=$((tries + 1))
      [ "$tries" -ne 20 ] || kill -KILL "$pid" || true
      [ "$tries" -lt 40 ] || exit 1
      sleep 0.1
    done
  fi
  rm -f "$here/$PROVIDER_MACHINE.process" "$here/$PROVIDER_MACHINE.request"
  echo '{}'
}

list() {
  found=
  for file in "$here"/*.process; do
    key=$(basename "$file" .process)
    [ -e "$file" ] && [ -n "$(pid_of "$key")" ] || continue
    found="$found${found:+,}$(machine "$key")"
  done
  printf '{"machines":[%s]}\n' "$found"
}

case ${1:-} in
launch | terminate | list)
  # One at a time: two launches with one key must not both find nothing.
  exec 9>"$FLEET_DIR/lock"
  flock 9
  "$1"
  ;;
run) run ;;
*) refuse "usage: $0 launch|terminate|list" ;;
esac

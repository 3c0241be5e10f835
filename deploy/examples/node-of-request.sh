#!/bin/sh
# Becomes a media node with the settings of a launch: what FLEET_NODE of provider-local.sh may be.
# Gets the file with the request as its only argument. No value may have a space, a quotation mark or a backslash in it.
#
#   FLEET_DIR      where nodes keep their data, below data/
#   FLEET_MUSTER   the program, `muster` unless said otherwise
set -eu
for setting in $(grep -o '"MUSTER_[A-Z_]*":"[^"\\ ]*"' "$1" | sed 's/^"\([A-Z_]*\)":"\(.*\)"$/\1=\2/'); do
  export "$setting"
done
export MUSTER_DATA_DIR="$FLEET_DIR/data/$MUSTER_NODE_ID"
exec "${FLEET_MUSTER:-muster}" node

#!/bin/sh
# Fails when a pure crate can reach the network, a clock's runtime or randomness through its dependencies.
set -eu

pure='conference cluster openvidu'
banned='tokio|mio|socket2|async-std|smol|getrandom|rand|hyper|tonic|axum|rustls'

status=0
for crate in $pure; do
    [ -d "crates/$crate" ] || continue
    # Build scripts and macros run on the builder's machine; only what is linked counts.
    found=$(cargo tree --locked --package "$crate" --edges normal --prefix none --format '{p}' |
        awk '{print $1}' | sort -u | grep -Ex "$banned" || true)
    if [ -n "$found" ]; then
        echo "$crate is pure and must not depend on: $(echo "$found" | tr '\n' ' ')" >&2
        echo "  cargo tree -p $crate -e normal -i $(echo "$found" | head -1)  shows the way there" >&2
        status=1
    else
        echo "$crate: pure"
    fi
done
exit $status

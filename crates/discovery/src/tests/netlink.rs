//! Real changes of real interfaces, in a network namespace of the test's own.

use std::process::Command;
use std::time::{Duration, Instant};

use addresses::Finding;

use crate::{Discovery, interfaces};

const INSIDE: &str = "tests::netlink::inside_a_namespace";

/// Runs the test below in a namespace.
#[test]
fn the_system_tells_of_addresses_that_come_and_go() {
    let possible = Command::new("unshare").args(["--net", "true"]).output();
    if !possible.is_ok_and(|done| done.status.success()) {
        assert!(
            std::env::var_os("CI").is_none(),
            "network namespaces cannot be made here"
        );
        eprintln!("SKIPPED: network namespaces cannot be made here");
        return;
    }
    let test = std::env::current_exe().expect("this test");
    let done = Command::new("unshare")
        .arg("--net")
        .arg(test)
        .args(["--exact", INSIDE, "--ignored", "--nocapture"])
        .output()
        .expect("started");
    let said = String::from_utf8_lossy(&done.stdout);
    let wrong = String::from_utf8_lossy(&done.stderr);
    assert!(
        done.status.success() && said.contains("1 passed"),
        "{said}\n{wrong}"
    );
}

fn ip(args: &str) {
    let done = Command::new("ip")
        .args(args.split(' '))
        .output()
        .expect("ip(8)");
    assert!(
        done.status.success(),
        "ip {args}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
}

async fn sees(discovery: &mut Discovery, address: &str, there: bool) {
    let began = Instant::now();
    loop {
        let left = Duration::from_secs(2).saturating_sub(began.elapsed());
        let found = tokio::time::timeout(left, discovery.next()).await;
        let Finding::Interfaces(Ok(found)) = found.expect("told within 2 s") else {
            panic!("expected interfaces");
        };
        if found.iter().any(|it| it.ip.to_string() == address) == there {
            return;
        }
    }
}

#[tokio::test]
#[ignore = "run by the test above, in a namespace"]
async fn inside_a_namespace() {
    let alone = interfaces().expect("getifaddrs");
    assert!(
        alone.iter().all(|it| it.ip.is_loopback()),
        "not in a namespace: {alone:?}"
    );
    let mut discovery = Discovery::new(Box::new(interfaces), None);
    assert!(discovery.watcher.is_some());
    ip("link add inner0 type veth peer name outer0");
    ip("link set inner0 up");
    ip("link set outer0 up");
    ip("address add 203.0.113.7/24 dev inner0");
    sees(&mut discovery, "203.0.113.7", true).await;
    ip("address add 2001:db8::7/64 dev inner0 nodad");
    sees(&mut discovery, "2001:db8::7", true).await;
    ip("address del 203.0.113.7/24 dev inner0");
    sees(&mut discovery, "203.0.113.7", false).await;
    ip("link set inner0 down");
    sees(&mut discovery, "2001:db8::7", false).await;
    // Quiet again: what was told is not told twice for ever.
    while tokio::time::timeout(Duration::from_millis(300), discovery.next())
        .await
        .is_ok()
    {}
    // More changes than the socket holds: that something was lost is as good as hearing of it.
    for number in 0..200 {
        ip(&format!(
            "address add 198.51.{}.{}/32 dev inner0",
            100,
            number + 1
        ));
    }
    ip("link set inner0 up");
    sees(&mut discovery, "198.51.100.200", true).await;
}

use std::net::IpAddr;

use super::*;

mod metadata;
mod netlink;
mod stun;

#[test]
fn this_machine_has_a_loopback_interface() {
    let addresses = interfaces().expect("getifaddrs");
    assert!(
        addresses.iter().any(|a| a.ip.is_loopback()),
        "{addresses:?}"
    );
}

#[test]
fn firmware_tells_amazons_machines_from_others() {
    let says = |file: &str, text: &str| {
        let sys = tempfile::tempdir().expect("a directory");
        let path = sys.path().join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
        ec2::is_ec2(sys.path())
    };
    assert!(says("class/dmi/id/sys_vendor", "Amazon EC2\n"));
    assert!(says("class/dmi/id/bios_version", "4.11.amazon\n"));
    assert!(says(
        "hypervisor/uuid",
        "ec2e1916-9099-7caf-fd21-012345abcdef\n"
    ));
    assert!(!says("class/dmi/id/sys_vendor", "QEMU\n"));
    assert!(!says(
        "hypervisor/uuid",
        "8ec2e191-9099-7caf-fd21-012345abcdef\n"
    ));
    assert!(!ec2::is_ec2(Path::new("/nowhere")));
}

#[test]
fn metadata_that_is_off_is_asked_nowhere() {
    assert_eq!(service(&MetadataService::Off), None);
}

#[test]
fn what_is_kept_comes_back_and_garbage_does_not() {
    let directory = tempfile::tempdir().expect("a directory");
    let kept = Kept::of(directory.path());
    assert!(kept.read().is_empty());
    let ips: Vec<IpAddr> = ["203.0.113.7", "2001:db8::7"]
        .map(|ip| ip.parse().expect("ip"))
        .to_vec();
    kept.write(&ips);
    assert_eq!(kept.read(), ips);
    let path = directory.path().join("last-addresses");
    std::fs::write(&path, "203.0.113.7\n;; timed out\n\n300.1.1.1\n").expect("written");
    assert_eq!(kept.read(), ips[..1]);
    std::fs::write(&path, "203.0.113.7\n".repeat(1000)).expect("written");
    assert!(kept.read().is_empty());
    std::fs::write(&path, [0xff, 0xfe]).expect("written");
    assert!(kept.read().is_empty());
}

#[tokio::test]
async fn a_name_leads_to_each_address_once() {
    let found = names::resolve("localhost")
        .await
        .expect("every machine knows it");
    assert!(found.iter().all(IpAddr::is_loopback), "{found:?}");
    let mut distinct = found.clone();
    distinct.dedup();
    assert_eq!(found, distinct);
    assert!(names::resolve("no such name").await.is_err());
}

//! This machine: clock, disk, descriptors, buffers, connection tracker, certificate.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use diagnosis::Cause;
use rustix::process::{Resource, getrlimit};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::{Check, State};
use crate::config::Settings;

/// The certificate that is kept here, and the one that was not accepted when the master was asked.
const CERTIFICATE: &str = "certificate";
pub(super) const SHOWN: &str = "certificate of the master";
const DAY: u64 = 24 * 3600;
const MIB: u64 = 1 << 20;
/// Renewal should have happened by then.
const SOON: u64 = 30 * DAY;
/// Files and sockets that a small cluster's process needs.
const DESCRIPTORS: u64 = 4096;

pub(super) fn checks(settings: &Settings) -> Vec<Check> {
    let pem = match &settings.certificate {
        Some(files) => Some(files.cert_pem.clone()),
        None => std::fs::read_to_string(settings.data_dir.join("https.crt")).ok(),
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let mut checks = vec![
        certificate(pem.as_deref(), now.as_secs()),
        clock(),
        clock_source(&::machine::clock_source()),
        disk(&settings.data_dir),
        descriptors(getrlimit(Resource::Nofile).maximum),
    ];
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    checks.extend(receive_errors(&read("/proc/net/snmp")));
    checks.extend(conntrack(
        &read("/proc/sys/net/netfilter/nf_conntrack_count"),
        &read("/proc/sys/net/netfilter/nf_conntrack_max"),
    ));
    checks
}

/// The one that browsers and applications see.
pub(super) fn certificate(pem: Option<&str>, now: u64) -> Check {
    const NAME: &str = CERTIFICATE;
    let Some(pem) = pem else {
        return Check::of(NAME, State::Unknown, "none is kept here yet", "");
    };
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok();
    let Some((begin, end)) = der.and_then(|der| link::trust::validity(&der)) else {
        let remedy = "put a certificate in PEM there, its own before those that vouch for it";
        return Check::of(NAME, State::Ill, "it cannot be read", remedy);
    };
    let days = |seconds: u64| seconds / DAY;
    match now {
        _ if now > end => {
            let seen = format!("it expired {} days ago", days(now - end));
            Check::of(NAME, State::Ill, seen, "renew it")
        }
        _ if now < begin => {
            let seen = format!("it is good only in {} days", days(begin - now) + 1);
            Check::of(
                NAME,
                State::Ill,
                seen,
                "correct the clock of this machine, or the certificate",
            )
        }
        _ if end - now < SOON => {
            let seen = format!("it expires in {} days", days(end - now));
            Check::of(NAME, State::Doubtful, seen, "renew it")
        }
        _ => Check::well(NAME, format!("good for {} more days", days(end - now))),
    }
}

/// The certificate here is the one that the master shows: what is told of that is not told twice.
pub(super) fn told_once(mut checks: Vec<Check>) -> Vec<Check> {
    let shown = |check: &&mut Check| {
        let by_master = check.seen.contains("https certificate");
        check.state == State::Ill && (check.name == SHOWN || by_master)
    };
    let here = |check: &Check| check.name == CERTIFICATE && check.state == State::Ill;
    let seen = checks.iter().find(|check| here(check));
    let seen = seen.map(|check| format!("the certificate that is kept here: {}", check.seen));
    if let (Some(seen), Some(shown)) = (seen, checks.iter_mut().find(shown)) {
        shown.follows.push(seen);
        checks.retain(|check| !here(check));
    }
    checks
}

/// Whether somebody keeps it right can be seen of systemd's client and of chrony.
fn clock() -> Check {
    let signs = [
        "/run/systemd/timesync/synchronized",
        "/run/chrony/chronyd.sock",
    ];
    match signs.iter().find(|sign| Path::new(sign).exists()) {
        Some(sign) => Check::well("clock", format!("it is kept right ({sign})")),
        None => Check::of(
            "clock",
            State::Unknown,
            "nothing here shows that it is synchronised",
            "run chrony or systemd-timesyncd",
        ),
    }
}

/// What the kernel reads the time from.
pub(super) fn clock_source(name: &str) -> Check {
    const NAME: &str = "clock source";
    match name {
        "" => Check::of(NAME, State::Unknown, "the kernel does not say", ""),
        slow if ::machine::is_slow_clock(slow) => {
            Check::of(NAME, State::Doubtful, slowness(slow), QUICK_CLOCK)
        }
        quick => Check::well(NAME, quick),
    }
}

pub(super) fn slowness(source: &str) -> String {
    format!(
        "the kernel reads the time from {source}, which takes microseconds each time, and media does with each packet"
    )
}

pub(super) const QUICK_CLOCK: &str = "`dmesg | grep -iE 'tsc|clocksource'` there says why the processor's own counter is not used. If \
     /sys/devices/system/clocksource/clocksource0/available_clocksource names tsc or kvm-clock, write that into \
     current_clocksource beside it, and clocksource=NAME on the kernel's command line; if not, have whoever runs the \
     virtual machine offer it";

fn disk(data_dir: &Path) -> Check {
    match ::machine::disk(data_dir) {
        Ok((free, all)) => space(free, all),
        Err(error) => {
            let seen = format!("{} cannot be looked at: {error}", data_dir.display());
            Check::of("disk", State::Unknown, seen, "")
        }
    }
}

/// Bytes.
pub(super) fn space(free: u64, all: u64) -> Check {
    let remedy = "make room: what changes cannot be written down, and does not outlive the master";
    let (state, seen) = (fullness(free), room(free, all));
    match state {
        State::Well => Check::well("disk", seen),
        _ => Check::of("disk", state, seen, remedy),
    }
}

/// Of so many bytes that are free.
pub(super) fn fullness(free: u64) -> State {
    match free / MIB {
        0..50 => State::Ill,
        50..500 => State::Doubtful,
        _ => State::Well,
    }
}

pub(super) fn room(free: u64, all: u64) -> String {
    format!("{} MiB of {} MiB free", free / MIB, all / MIB)
}

/// `None`: no limit.
pub(super) fn descriptors(most: Option<u64>) -> Check {
    match most {
        Some(most) if most < DESCRIPTORS => Check::of(
            "descriptors",
            State::Doubtful,
            format!("a process here may open {most} files and sockets"),
            format!("allow {DESCRIPTORS} at least (LimitNOFILE of systemd, ulimit -Hn)"),
        ),
        Some(most) => Check::well("descriptors", format!("{most} allowed")),
        None => Check::well("descriptors", "no limit"),
    }
}

/// `Udp:` of `/proc/net/snmp`: a line of names and one of numbers.
pub(super) fn receive_errors(snmp: &str) -> Option<Check> {
    let mut lines = snmp.lines().filter_map(|line| line.strip_prefix("Udp: "));
    let (names, numbers) = (lines.next()?, lines.next()?);
    let find = |name: &str| {
        let at = names.split_whitespace().position(|it| it == name)?;
        numbers.split_whitespace().nth(at)?.parse::<u64>().ok()
    };
    let (received, dropped) = (find("InDatagrams")?, find("RcvbufErrors")?);
    let seen =
        format!("{dropped} of {received} datagrams were dropped for want of room since boot");
    // One in a thousand is seen in pictures.
    Some(match dropped > 0 && dropped >= received / 1000 {
        true => Check::of(
            "buffers",
            State::Doubtful,
            seen,
            "raise net.core.rmem_max, or add nodes",
        ),
        false => Check::well("buffers", seen),
    })
}

pub(super) fn conntrack(count: &str, most: &str) -> Option<Check> {
    let (count, most): (u64, u64) = (count.trim().parse().ok()?, most.trim().parse().ok()?);
    let seen = format!("{count} of {most} connections tracked");
    let remedy = Cause::Conntrack.remedy().text;
    Some(match count.saturating_mul(100) / most.max(1) {
        0..60 => Check::well("conntrack here", seen),
        60..90 => Check::of("conntrack here", State::Doubtful, seen, remedy),
        _ => Check::of("conntrack here", State::Ill, seen, remedy),
    })
}

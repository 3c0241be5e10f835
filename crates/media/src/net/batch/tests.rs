use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use super::*;
use crate::counters::Totals;
use crate::net::{Inbox, bind, bind_udp};

struct Setup {
    udp: Udp,
    batch: Batch,
    counters: Counters,
    far: UdpSocket,
}

impl Setup {
    fn new() -> Self {
        let (udp, ..) = bind(&(0..=0)).expect("a port is free");
        let far = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        far.set_read_timeout(Some(Duration::from_secs(10)))
            .expect("not zero");
        Self {
            udp,
            batch: Batch::default(),
            counters: Counters::default(),
            far,
        }
    }

    fn put(&mut self, to: SocketAddr, data: &[u8]) {
        let slot = self.batch.slot(&self.udp, &self.counters);
        slot[..data.len()].copy_from_slice(data);
        let local = Some(Ipv4Addr::LOCALHOST.into());
        self.batch.commit(to, local, data.len());
    }

    fn flush(&mut self) -> Totals {
        self.batch.flush(&self.udp, &self.counters);
        self.counters.totals()
    }

    fn receive(&self) -> Vec<u8> {
        let mut buffer = vec![0; LARGEST];
        let len = self.far.recv(&mut buffer).expect("a datagram comes");
        buffer.truncate(len);
        buffer
    }
}

/// Datagrams of these sizes, each filled with its number.
fn datagrams_of(sizes: &[usize]) -> Vec<Vec<u8>> {
    let numbered = sizes.iter().enumerate();
    numbered
        .map(|(number, size)| vec![number as u8; *size])
        .collect()
}

#[test]
fn equal_sizes_share_a_message_and_arrive_apart() {
    let mut setup = Setup::new();
    let to = setup.far.local_addr().expect("bound");
    // Three runs: the short one ends the first, the longer one begins the third.
    let sent = datagrams_of(&[1000, 1000, 1000, 400, 400, 400, 1100, 20]);
    sent.iter().for_each(|data| setup.put(to, data));
    let totals = setup.flush();
    assert_eq!((totals.udp_messages, totals.udp_out), (3, 8));
    assert_eq!(totals.udp_out_bytes, 5320);
    for data in &sent {
        assert_eq!(&setup.receive(), data);
    }
}

#[test]
fn runs_end_at_their_longest() {
    let mut setup = Setup::new();
    let to = setup.far.local_addr().expect("bound");
    let sent = datagrams_of(&[300; RUN * 2 + 1]);
    sent.iter().for_each(|data| setup.put(to, data));
    assert_eq!(setup.flush().udp_messages, 3);
    for data in &sent {
        assert_eq!(&setup.receive(), data);
    }
}

#[test]
fn destinations_do_not_mix() {
    let mut setup = Setup::new();
    let to = setup.far.local_addr().expect("bound");
    let other = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    let elsewhere = other.local_addr().expect("bound");
    setup.put(to, &[1; 100]);
    setup.put(elsewhere, &[2; 100]);
    setup.put(to, &[3; 100]);
    assert_eq!(setup.flush().udp_messages, 3);
    assert_eq!(setup.receive(), [1; 100]);
    assert_eq!(setup.receive(), [3; 100]);
}

#[test]
fn without_segmentation_datagrams_go_one_by_one() {
    let mut setup = Setup::new();
    let to = setup.far.local_addr().expect("bound");
    (0..REFUSALS).for_each(|_| setup.batch.doubt_segmentation(&setup.counters));
    let sent = datagrams_of(&[500; 5]);
    sent.iter().for_each(|data| setup.put(to, data));
    let totals = setup.flush();
    assert_eq!(totals.udp_messages, 5);
    assert_eq!((totals.gso_refused, totals.gso_off), (8, 1));
    for data in &sent {
        assert_eq!(&setup.receive(), data);
    }
}

#[test]
fn segments_that_do_not_fit_a_path_are_sent_one_by_one() {
    for code in [libc::EINVAL, libc::EIO, libc::EMSGSIZE] {
        assert!(refuses_segments(&io::Error::from_raw_os_error(code)));
    }
    assert!(!refuses_segments(&io::Error::from_raw_os_error(
        libc::EPERM
    )));
}

#[test]
fn refused_destination_costs_nobody_else_the_segmentation() {
    let mut setup = Setup::new();
    // Port 0 is nobody's: the system refuses it with EINVAL, as it refuses segments.
    let nobody = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
    for _ in 0..2 * REFUSALS {
        (0..3).for_each(|_| setup.put(nobody, &[2; 100]));
        setup.flush();
    }
    assert_eq!(setup.flush().gso_off, 0);
}

#[test]
fn refused_destination_does_not_hold_up_the_others() {
    let mut setup = Setup::new();
    let to = setup.far.local_addr().expect("bound");
    // Port 0 is nobody's: the system refuses it.
    let nobody = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
    setup.put(to, &[1; 100]);
    setup.put(nobody, &[2; 100]);
    setup.put(to, &[3; 100]);
    let totals = setup.flush();
    assert_eq!((totals.udp_out, totals.udp_refused), (2, 1));
    assert_eq!(setup.receive(), [1; 100]);
    assert_eq!(setup.receive(), [3; 100]);
}

#[test]
fn arena_is_flushed_when_full() {
    let mut setup = Setup::new();
    let to = setup.far.local_addr().expect("bound");
    let count = ARENA / 1000 + 10;
    for number in 0..count {
        setup.put(to, &vec![number as u8; 1000]);
    }
    let totals = setup.flush();
    // What the far end's buffer could not hold is lost there, not here.
    assert_eq!(totals.udp_out + totals.udp_would_block, count as u64);
}

/// What the system receives together comes as a run, and nothing of it is lost where it does not.
#[test]
fn runs_arrive_as_the_datagrams_that_they_were() {
    let mut setup = Setup::new();
    let (near, port) = bind_udp(Ipv4Addr::LOCALHOST.into(), 0).expect("a port is free");
    let to = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let sent = datagrams_of(&[1100, 1100, 1100, 900, 1200, 1]);
    sent.iter().for_each(|data| setup.put(to, data));
    assert_eq!(setup.flush().udp_messages, 2);
    let (mut inbox, mut came) = (Inbox::of_runs(), Vec::new());
    let until = Instant::now() + Duration::from_secs(10);
    while came.len() < sent.len() {
        assert!(Instant::now() < until, "{} came", came.len());
        for slot in 0..inbox.fill(&near) {
            let run = inbox.run(slot).expect("whole");
            came.extend(run.data.chunks(run.size).map(<[u8]>::to_vec));
        }
    }
    assert_eq!(came, sent);
}

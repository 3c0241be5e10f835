use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ::control::{Control, Effect as Wanted, Now, Settings};
use async_trait::async_trait;
use cluster::{Addresses, AttachmentId, Boot, BootId, Capacity, Hello, Load, Moment, Policy};
use conference::Timestamp;
use provider::{Launch, ProviderError};
use tokio::time::timeout;

use super::*;

/// Machines that the test puts there and takes away.
#[derive(Default)]
struct Shelf {
    machines: Mutex<BTreeMap<LaunchKey, Machine>>,
    launches: Mutex<usize>,
}

impl Shelf {
    fn put(&self, name: &str) -> Machine {
        let machine = Machine {
            id: MachineId::parse(&format!("m-{name}")).expect("plain"),
            key: LaunchKey::parse(name).expect("plain"),
            address: None,
        };
        let mut machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        machines.insert(machine.key.clone(), machine.clone());
        machine
    }

    fn take(&self, name: &str) {
        let mut machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        machines.retain(|key, _| key.as_str() != name);
    }

    fn launches(&self) -> usize {
        *self.launches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Provider for Shelf {
    fn name(&self) -> &'static str {
        "shelf"
    }

    async fn list(&self, _: &ClusterId) -> Result<Vec<Machine>, ProviderError> {
        let machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(machines.values().cloned().collect())
    }

    async fn launch(&self, launch: &Launch) -> Result<Machine, ProviderError> {
        *self.launches.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Ok(self.put(launch.key.as_str()))
    }

    async fn terminate(&self, _: &ClusterId, machine: &MachineId) -> Result<(), ProviderError> {
        self.take(machine.as_str().trim_start_matches("m-"));
        Ok(())
    }
}

/// A master's mind with its provider, without a clock of its own.
struct Desk {
    shelf: Arc<Shelf>,
    control: Control,
    providing: Providing,
    started: Instant,
}

impl Desk {
    fn wanting(count: u32, shelf: Arc<Shelf>) -> Self {
        let settings = Settings {
            cluster: cluster::Settings {
                gate: cluster::Gate::Word,
                launches: 100,
                list_first: true,
                launch_retry: Duration::from_millis(20),
                ..cluster::Settings::default()
            },
            policy: Policy {
                count: Some(count),
                ..Policy::default()
            },
            ..Settings::default()
        };
        let control = Control::new(Now::default(), settings);
        let fleet = Fleet {
            provider: shelf.clone(),
            cluster: ClusterId::parse("c1").expect("plain"),
            timing: Timing {
                list_every: Duration::from_millis(20),
                settle: Duration::ZERO,
                ..Timing::default()
            },
            bounds: Bounds::default(),
            spec: Arc::new(|_, _| Ok(Spec::default())),
            ends_with_master: false,
        };
        let link = SocketAddr::from(([127, 0, 0, 1], 1));
        let providing = Providing::new(fleet, link, control.cluster());
        Self {
            shelf,
            control,
            providing,
            started: Instant::now(),
        }
    }

    fn handle(&mut self, mut inputs: Vec<Input>) {
        while !inputs.is_empty() {
            let mut next = Vec::new();
            for input in std::mem::take(&mut inputs) {
                let since = self.started.elapsed().as_millis();
                let now = u64::try_from(since).expect("short");
                let now = Now {
                    moment: Moment(now),
                    timestamp: Timestamp(now),
                };
                for effect in self.control.handle(now, input) {
                    self.carry_out(&effect, &mut next);
                }
            }
            if next.is_empty() {
                next = self.providing.flush(self.control.cluster());
            }
            inputs = next;
        }
    }

    fn carry_out(&mut self, effect: &Wanted, next: &mut Vec<Input>) {
        let cluster = self.control.cluster();
        next.extend(match effect {
            Wanted::Launch { node } => {
                self.providing.launch(node);
                Vec::new()
            }
            Wanted::Terminate { node } => self.providing.terminate(node, cluster),
            Wanted::Welcome { node, .. } => self.providing.welcomed(node, cluster),
            Wanted::Log(notice) => self.providing.note(notice, cluster),
            _ => Vec::new(),
        });
    }

    fn attach(&mut self, stream: u64, name: &str) {
        let hello = Hello {
            node: NodeId::new(name),
            boot: Boot {
                id: BootId::new(format!("boot-{stream}")),
                started: stream,
            },
            version: "test".to_owned(),
            addresses: Addresses {
                version: 1,
                ips: vec![[192, 0, 2, 1].into()],
                ports: vec![1],
                stun_port: 2,
                relay_tls: String::new(),
                ..Addresses::default()
            },
            capacity: Capacity { shards: 1 },
            load: Load::default(),
        };
        self.handle(vec![Input::Attached {
            attachment: AttachmentId(stream),
            hello: Box::new(hello),
            carries: Vec::new(),
        }]);
    }

    fn detach(&mut self, stream: u64) {
        self.handle(vec![Input::Detached {
            attachment: AttachmentId(stream),
            reason: "gone".to_owned(),
        }]);
    }

    fn names(&self) -> Vec<String> {
        let nodes = self.control.cluster().nodes();
        nodes.map(|node| node.id().to_string()).collect()
    }

    /// Lets the provider speak until this is so.
    async fn until(&mut self, what: &str, mut so: impl FnMut(&Self) -> bool) {
        let end = Instant::now() + Duration::from_secs(20);
        while !so(self) {
            assert!(Instant::now() < end, "{what}; there are {:?}", self.names());
            let said = timeout(Duration::from_millis(20), self.providing.next()).await;
            let inputs = match said {
                Ok(told) => self.providing.take(told, self.control.cluster()),
                Err(_) => vec![Input::Tick],
            };
            self.handle(inputs);
            let flushed = self.providing.flush(self.control.cluster());
            self.handle(flushed);
        }
    }

    /// Lets the provider list several times.
    async fn a_while(&mut self) {
        let end = Instant::now() + Duration::from_millis(300);
        self.until("time passes", |_| Instant::now() >= end).await;
    }
}

#[tokio::test]
async fn what_is_there_already_is_not_launched_again() {
    let shelf = Arc::new(Shelf::default());
    shelf.put("old_1");
    shelf.put("old_2");
    let mut desk = Desk::wanting(3, shelf);
    desk.until("one is launched", |desk| desk.names().len() == 3)
        .await;
    desk.attach(1, "old_1");
    desk.attach(2, "old_2");
    desk.attach(3, "media_0");
    desk.a_while().await;
    assert_eq!(desk.names(), ["media_0", "old_1", "old_2"]);
    assert_eq!(desk.shelf.launches(), 1);
}

#[tokio::test]
async fn a_node_whose_machine_is_gone_is_replaced_when_its_link_is_gone_too() {
    let mut desk = Desk::wanting(1, Arc::default());
    desk.until("it is launched", |desk| desk.shelf.launches() == 1)
        .await;
    desk.attach(1, "media_0");
    desk.a_while().await;
    desk.shelf.take("media_0");
    desk.a_while().await;
    assert_eq!(desk.names(), ["media_0"], "it still speaks");
    desk.detach(1);
    desk.until("it is replaced", |desk| {
        desk.names() == ["media_1"] && desk.shelf.launches() == 2
    })
    .await;
}

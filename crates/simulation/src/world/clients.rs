//! The master's end of its clients' WebSockets: the real machines of `openvidu::rpc`.

use std::sync::Arc;

use conference::{Notification, Reply};
use control::{Input, Told};
use openvidu::id::RpcSessionId;
use openvidu::rpc::{self, ClientNumber, SocketId};

use super::World;
use crate::browser::sdp;
use crate::network::{End, LineId, Payload, Purpose};
use crate::sabotage::Sabotage;
use crate::seen::Seen;

impl World {
    pub(crate) fn accepted(&mut self, line: LineId, purpose: Purpose) {
        let Some(now) = self.master_now() else {
            return;
        };
        if purpose == Purpose::Link {
            return;
        }
        let mut random = [0; 26];
        self.random.fill(&mut random);
        let session = RpcSessionId::from_random(&random);
        let Some(master) = &mut self.master else {
            return;
        };
        let number = ClientNumber(master.next_client);
        master.next_client += 1;
        let identity = rpc::Identity {
            number,
            session: session.clone(),
        };
        let mut client = rpc::Client::new(identity, Arc::clone(&master.settings));
        let effects = client.attach(now.timestamp, SocketId(line.0), "10.9.9.9");
        master.clients.insert(number, client);
        master.sockets.insert(line, number);
        self.tell_control(Input::Opened {
            client: number,
            session,
        });
        self.do_for_client(number, effects);
    }

    pub(crate) fn master_hears_browser(&mut self, line: LineId, payload: Payload) {
        let (Some(now), Some(master)) = (self.master_now(), &mut self.master) else {
            return;
        };
        let Some(number) = master.sockets.get(&line).copied() else {
            return;
        };
        let Some(client) = master.clients.get_mut(&number) else {
            return;
        };
        let effects = match payload {
            Payload::Frame(text) => client.text(now.timestamp, SocketId(line.0), &text),
            _ => {
                master.sockets.remove(&line);
                client.detached(now.timestamp, SocketId(line.0))
            }
        };
        self.do_for_client(number, effects);
        self.schedule_master();
    }

    pub(super) fn wake_clients(&mut self) {
        let (Some(now), Some(master)) = (self.master_now(), &mut self.master) else {
            return;
        };
        let due: Vec<ClientNumber> = (master.clients.iter())
            .filter(|(_, client)| {
                (client.next_timeout()).is_some_and(|(at, _)| at <= now.timestamp)
            })
            .map(|(number, _)| *number)
            .collect();
        for number in due {
            let client = self
                .master
                .as_mut()
                .and_then(|it| it.clients.get_mut(&number));
            if let Some(client) = client {
                let effects = client.timeout(now.timestamp);
                self.do_for_client(number, effects);
            }
        }
    }

    pub(super) fn tell_client(&mut self, number: ClientNumber, told: Told) {
        self.see_addresses(&told);
        let left = matches!(told, Told::Notify(Notification::ParticipantLeft { .. }));
        if left && self.sabotage == Sabotage::SilentLeaving {
            return;
        }
        let (Some(now), Some(master)) = (self.master_now(), &mut self.master) else {
            return;
        };
        let Some(client) = master.clients.get_mut(&number) else {
            return;
        };
        let effects = match told {
            Told::Reply { request, result } => client.reply(now.timestamp, request, result),
            Told::Notify(notification) => client.notify(&notification),
            Told::Disconnected => client.disconnected(now.timestamp),
            Told::ResumeRefused(resume) => client.resume_refused(&resume),
            Told::Adopted { resume, connection } => {
                client.adopted(now.timestamp, &resume, connection)
            }
            Told::Redial => client.redial(now.timestamp),
            Told::Stop => Vec::new(),
        };
        self.do_for_client(number, effects);
    }

    /// What a client is told of where nodes are.
    fn see_addresses(&mut self, told: &Told) {
        let sdp = match told {
            Told::Reply {
                result: Ok(Reply::Published { answer, .. } | Reply::Offer(answer)),
                ..
            } => answer,
            Told::Notify(Notification::ForciblyReconnectSubscriber { offer, .. }) => offer,
            _ => return,
        };
        if let Some(remote) = sdp::transport(sdp) {
            self.see(Seen::Handed { ips: remote.ips });
        }
    }

    pub(super) fn pass_socket(
        &mut self,
        from: ClientNumber,
        to: ClientNumber,
        resume: rpc::Resume,
    ) {
        let (Some(now), Some(master)) = (self.master_now(), &mut self.master) else {
            return;
        };
        let line = LineId(resume.socket.0);
        let Some(machine) = master.clients.get_mut(&to) else {
            return self.tell_client(from, Told::ResumeRefused(resume));
        };
        master.sockets.insert(line, to);
        let resumed = machine.resume(now.timestamp, resume);
        let handed = (master.clients.get_mut(&from)).map(rpc::Client::handed_over);
        self.do_for_client(to, resumed);
        self.do_for_client(from, handed.unwrap_or_default());
    }

    fn do_for_client(&mut self, number: ClientNumber, effects: Vec<rpc::Effect>) {
        for effect in effects {
            match effect {
                rpc::Effect::Send { socket, text } => {
                    self.note(format_args!("master → client {}: {text}", number.0));
                    self.send(LineId(socket.0), End::Far, Payload::Frame(text));
                }
                rpc::Effect::Close { socket, .. } => {
                    let line = LineId(socket.0);
                    if let Some(master) = &mut self.master {
                        master.sockets.remove(&line);
                    }
                    self.hang_up(line, End::Far);
                }
                rpc::Effect::Join { request, join } => self.tell_control(Input::Join {
                    request,
                    join: Box::new(join),
                }),
                rpc::Effect::Operation {
                    request,
                    connection,
                    operation,
                } => self.tell_control(Input::Operation {
                    request,
                    connection,
                    operation,
                }),
                rpc::Effect::Resume(resume) => self.tell_control(Input::Resume {
                    from: number,
                    resume,
                }),
                rpc::Effect::Lost { connection } => self.tell_control(Input::Lost { connection }),
                rpc::Effect::Ended => {
                    if let Some(master) = &mut self.master {
                        master.clients.remove(&number);
                    }
                    self.tell_control(Input::Ended { client: number });
                }
            }
        }
    }
}

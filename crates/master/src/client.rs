//! One task per RPC session: it owns the client's machine and its sockets, and waits for nobody but the control task.

use std::collections::HashMap;
use std::sync::Arc;

use ::control::{Input, Told};
use axum::extract::ws::WebSocket;
use openvidu::id::RpcSessionId;
use openvidu::rpc::{Client, ClientNumber, Effect, Identity, Settings, SocketId};
use tokio::sync::mpsc;
use tokio::time::sleep_until;

use crate::clock::Clock;
use crate::control::{ClientDoors, Event, Message};
use crate::random;
use crate::socket::{self, Content, Frame, Socket};

/// Frames that may wait for a client's task; its WebSocket is read more slowly then.
const FRAMES: usize = 8;

/// Events that may wait for a client's task. A client whose task takes none for so long is put out.
/// More than a full session has participants: closing it tells each of all that were evicted before.
const EVENTS: usize = 4096;

/// What a client is made with.
pub(crate) struct Arrival {
    pub(crate) number: ClientNumber,
    pub(crate) socket: SocketId,
    /// Where it comes from, for people.
    pub(crate) ip: String,
    /// What its program calls itself.
    pub(crate) user_agent: String,
    pub(crate) control: mpsc::Sender<Message>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) clock: Clock,
    pub(crate) backlog: socket::Total,
    /// Held as long as something of this client runs.
    pub(crate) alive: mpsc::Sender<std::convert::Infallible>,
}

/// Serves a WebSocket that has just been accepted; returns when that WebSocket is closed. Its client may live longer,
/// and may be another one by then.
pub(crate) async fn serve(ws: WebSocket, arrival: Arrival) {
    let (frames, frames_in) = mpsc::channel(FRAMES);
    let (socket, pump) = socket::pair(arrival.socket, frames.clone(), arrival.backlog.clone());
    let alive = arrival.alive.clone();
    tokio::spawn(run(arrival, socket, frames, frames_in));
    pump.run(ws).await;
    drop(alive);
}

async fn run(
    arrival: Arrival,
    socket: Socket,
    frames: mpsc::Sender<Frame>,
    mut frames_in: mpsc::Receiver<Frame>,
) {
    let (events, mut events_in) = mpsc::channel(EVENTS);
    let session = RpcSessionId::from_random(&random::draw());
    let identity = Identity {
        number: arrival.number,
        session: session.clone(),
    };
    let opened = Message::Opened {
        client: arrival.number,
        session,
        doors: ClientDoors {
            events,
            frames,
            user_agent: arrival.user_agent,
        },
    };
    let mut task = Task {
        number: arrival.number,
        machine: Client::new(identity, arrival.settings),
        sockets: HashMap::new(),
        control: arrival.control,
        clock: arrival.clock,
        ended: false,
    };
    task.tell(opened).await;
    task.attach(socket, &arrival.ip).await;
    while !task.ended {
        let deadline = task
            .machine
            .next_timeout()
            .map(|(at, _)| task.clock.instant(at));
        tokio::select! {
            // What the control task said first goes first: a resumption before the end of the grace that it interrupts.
            biased;
            event = events_in.recv() => match event {
                Some(Event::HandedOver { frames }) => task.hand_over(&frames, &mut frames_in).await,
                Some(event) => task.event(event).await,
                None => break,
            },
            () = sleep_until(deadline.unwrap_or_else(std::time::Instant::now).into()), if deadline.is_some() => {
                let effects = task.machine.timeout(task.clock.timestamp());
                task.carry_out(effects).await;
            }
            Some(frame) = frames_in.recv() => task.frame(frame).await,
        }
    }
    events_in.close();
    task.drain(&mut events_in, &mut frames_in).await;
    task.tell(Message::Ended {
        client: task.number,
    })
    .await;
    drop(arrival.alive);
}

struct Task {
    number: ClientNumber,
    machine: Client,
    /// One, or two for a moment while a newer one replaces it.
    sockets: HashMap<SocketId, Socket>,
    control: mpsc::Sender<Message>,
    clock: Clock,
    ended: bool,
}

impl Task {
    async fn attach(&mut self, socket: Socket, ip: &str) {
        let id = socket.id();
        self.sockets.insert(id, socket);
        let effects = self.machine.attach(self.clock.timestamp(), id, ip);
        self.carry_out(effects).await;
    }

    async fn frame(&mut self, frame: Frame) {
        let now = self.clock.timestamp();
        let effects = match frame.content {
            Content::Text(text) => self.machine.text(now, frame.socket, &text),
            Content::Gone => {
                self.sockets.remove(&frame.socket);
                self.machine.detached(now, frame.socket)
            }
        };
        self.carry_out(effects).await;
    }

    async fn event(&mut self, event: Event) {
        let now = self.clock.timestamp();
        let effects = match event {
            Event::Told(Told::Reply { request, result }) => {
                self.machine.reply(now, request, result)
            }
            Event::Told(Told::Notify(notification)) => self.machine.notify(&notification),
            Event::Told(Told::Disconnected) => self.machine.disconnected(now),
            Event::Told(Told::Stop) => return self.stop(),
            Event::Told(Told::Redial) => self.machine.redial(now),
            // Come with their sockets, below.
            Event::Told(Told::ResumeRefused(_) | Told::Adopted { .. }) => Vec::new(),
            Event::Resumed { resume, socket } => {
                tracing::info!(client = self.number.0, ip = resume.ip, "client reconnected");
                self.sockets.insert(socket.id(), socket);
                self.machine.resume(now, resume)
            }
            Event::Adopted {
                resume,
                socket,
                connection,
            } => {
                tracing::info!(client = self.number.0, %connection, ip = resume.ip, "client came back after a restart");
                self.sockets.insert(socket.id(), socket);
                self.machine.adopted(now, &resume, connection)
            }
            Event::ResumeRefused { resume, socket } => {
                self.sockets.insert(socket.id(), socket);
                self.machine.resume_refused(&resume)
            }
            // Taken out by `run`, which has the frames that must follow.
            Event::HandedOver { .. } => Vec::new(),
        };
        self.carry_out(effects).await;
    }

    /// The socket is another client's now. Frames of it that came here go there; the client sends nothing between
    /// `connect` and its answer, so that those which took the new way already cannot overtake anything that matters.
    async fn hand_over(&mut self, to: &mpsc::Sender<Frame>, frames: &mut mpsc::Receiver<Frame>) {
        frames.close();
        while let Some(frame) = frames.recv().await {
            if to.send(frame).await.is_err() {
                break;
            }
        }
        let effects = self.machine.handed_over();
        self.carry_out(effects).await;
    }

    /// Somebody may have asked to go on as this client while it ended, and waits for an answer.
    async fn drain(
        &mut self,
        events: &mut mpsc::Receiver<Event>,
        frames: &mut mpsc::Receiver<Frame>,
    ) {
        while let Some(event) = events.recv().await {
            match event {
                Event::Resumed { .. } => self.event(event).await,
                Event::HandedOver { frames: to } => self.hand_over(&to, frames).await,
                _ => {}
            }
        }
    }

    fn stop(&mut self) {
        for (_, socket) in self.sockets.drain() {
            socket.close(GOING_AWAY, "The server is going down");
        }
        self.ended = true;
    }

    async fn carry_out(&mut self, effects: Vec<Effect>) {
        let mut waiting = std::collections::VecDeque::from(effects);
        while let Some(effect) = waiting.pop_front() {
            match effect {
                Effect::Send { socket, text } => {
                    if self.send(socket, text).is_err() {
                        waiting.extend(self.machine.detached(self.clock.timestamp(), socket));
                    }
                }
                Effect::Close {
                    socket,
                    code,
                    reason,
                } => {
                    if let Some(socket) = self.sockets.remove(&socket) {
                        socket.close(code, reason);
                    }
                }
                Effect::Join { request, join } => {
                    let join = Box::new(join);
                    self.tell(Message::Input(Input::Join { request, join }))
                        .await;
                }
                Effect::Operation {
                    request,
                    connection,
                    operation,
                } => {
                    self.tell(Message::Input(Input::Operation {
                        request,
                        connection,
                        operation,
                    }))
                    .await;
                }
                Effect::Resume(resume) => {
                    // Without a socket there is nobody to resume; its `Gone` is on the way.
                    if let Some(socket) = self.sockets.remove(&resume.socket) {
                        self.tell(Message::Resume {
                            from: self.number,
                            resume,
                            socket,
                        })
                        .await;
                    }
                }
                Effect::Lost { connection } => {
                    tracing::info!(client = self.number.0, %connection, "client did not come back in its grace");
                    self.tell(Message::Input(Input::Lost { connection })).await;
                }
                Effect::Ended => self.ended = true,
            }
        }
    }

    /// Drops a socket that takes no more.
    fn send(&mut self, id: SocketId, text: String) -> Result<(), socket::Unwritable> {
        // One that is gone already has been, or is being, reported.
        let Some(socket) = self.sockets.get(&id) else {
            return Ok(());
        };
        socket.send(text).inspect_err(|_| {
            tracing::info!(
                client = self.number.0,
                "a WebSocket that does not read is closed"
            );
            self.sockets.remove(&id);
        })
    }

    async fn tell(&mut self, message: Message) {
        // Without a control task the master is going down. What it still said waits among the events, which end then,
        // and this task with them.
        let _ = self.control.send(message).await;
    }
}

/// RFC 6455, section 7.4.1.
const GOING_AWAY: u16 = 1001;

#[cfg(test)]
mod tests;

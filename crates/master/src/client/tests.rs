use conference::{ConnectionId, EndReason, Notification};

use super::*;

const JOIN: &str = r#"{"jsonrpc":"2.0","id":1,"method":"joinRoom","params":
    {"session":"S","token":"T","secret":"","platform":"P","metadata":""}}"#;

const CONNECT: &str =
    r#"{"jsonrpc":"2.0","id":4,"method":"connect","params":{"sessionId":"gone"}}"#;

fn settings() -> Arc<Settings> {
    Arc::new(Settings {
        compatible_version: "2.32.1".into(),
    })
}

fn machine(number: u32, session: &str) -> Client {
    let identity = Identity {
        number: ClientNumber(number),
        session: RpcSessionId::new(session),
    };
    Client::new(identity, settings())
}

fn evicted() -> Event {
    Event::Told(Told::Notify(Notification::ParticipantEvicted {
        connection: ConnectionId::new("con_A"),
        reason: EndReason::SessionClosedByServer,
    }))
}

#[tokio::test]
async fn what_the_control_task_said_before_it_ended_is_sent() {
    let (control, mut said) = mpsc::channel(4);
    let (frames, frames_in) = mpsc::channel(FRAMES);
    let (socket, mut pump) = socket::pair(SocketId(1), frames.clone(), socket::Total::default());
    let arrival = Arrival {
        number: ClientNumber(1),
        socket: SocketId(1),
        ip: "203.0.113.7".into(),
        user_agent: String::new(),
        control,
        settings: settings(),
        clock: Clock::start(),
        backlog: socket::Total::default(),
        alive: mpsc::channel(1).0,
    };
    let task = tokio::spawn(run(arrival, socket, frames.clone(), frames_in));
    let Some(Message::Opened { doors, .. }) = said.recv().await else {
        panic!("the client did not report itself");
    };
    drop(said);
    let content = Content::Text(JOIN.into());
    let socket = SocketId(1);
    assert!(frames.send(Frame { socket, content }).await.is_ok());
    while frames.capacity() < FRAMES {
        tokio::task::yield_now().await;
    }
    assert!(doors.events.try_send(evicted()).is_ok(), "it listens on");
    drop(doors);
    task.await.expect("no panic");
    let written = pump.waiting();
    assert_eq!(written.len(), 1, "{written:?}");
    assert!(written[0].contains("participantEvicted"), "{written:?}");
}

#[tokio::test]
async fn a_resumption_that_waits_when_the_client_ends_is_refused() {
    let (control, _said) = mpsc::channel(4);
    let clock = Clock::start();
    let mut ended = Task {
        number: ClientNumber(1),
        machine: machine(1, "gone"),
        sockets: HashMap::new(),
        control,
        clock,
        ended: false,
    };
    let effects = ended.machine.handed_over();
    ended.carry_out(effects).await;
    assert!(ended.ended);

    let (frames, mut frames_in) = mpsc::channel(FRAMES);
    let (socket, mut pump) = socket::pair(SocketId(2), frames, socket::Total::default());
    let mut asking = machine(2, "asking");
    asking.attach(clock.timestamp(), SocketId(2), "203.0.113.7");
    let mut asked = asking.text(clock.timestamp(), SocketId(2), CONNECT);
    let Some(Effect::Resume(resume)) = asked.pop() else {
        panic!("{asked:?}");
    };
    let (events, mut events_in) = mpsc::channel(EVENTS);
    assert!(events.try_send(Event::Resumed { resume, socket }).is_ok());
    events_in.close();
    ended.drain(&mut events_in, &mut frames_in).await;
    let written = pump.waiting();
    assert_eq!(written.len(), 1, "{written:?}");
    assert!(written[0].contains("40007"), "{written:?}");
}

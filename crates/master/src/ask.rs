//! How a request of an application reaches the control task, and the answer comes back.

use ::control::{Control, Now, Obeyed};
use cluster::{Cluster, Illegal};
use conference::{Conference, Error, Reply, ServerOperation};
use tokio::sync::oneshot;

use crate::app::App;
use crate::control::Message;

/// The master is going down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server is going down")]
pub(crate) struct GoingDown;

impl App {
    /// Does something, and looks at the conference as it is when the answer may be told. What the answer names may be
    /// gone by then.
    pub(crate) async fn operate<R: Send + 'static>(
        &self,
        operation: ServerOperation,
        render: impl FnOnce(&Conference, Result<Reply, Error>) -> R + Send + 'static,
    ) -> Result<R, GoingDown> {
        let (answer, answered) = oneshot::channel();
        let respond = Box::new(
            move |conference: &Conference, result: Result<Reply, Error>| {
                // An asker that has gone away needs no answer.
                let _ = answer.send(render(conference, result));
            },
        );
        self.tell(Message::Server { operation, respond }).await?;
        answered.await.map_err(|_| GoingDown)
    }

    /// Looks at what there is.
    pub(crate) async fn look<R: Send + 'static>(
        &self,
        look: impl FnOnce(&Conference, &Cluster) -> R + Send + 'static,
    ) -> Result<R, GoingDown> {
        self.inspect(move |control, _| look(control.conference(), control.cluster()))
            .await
    }

    /// Looks at everything, with the time on the control task's clocks.
    pub(crate) async fn inspect<R: Send + 'static>(
        &self,
        look: impl FnOnce(&Control, Now) -> R + Send + 'static,
    ) -> Result<R, GoingDown> {
        let (answer, answered) = oneshot::channel();
        let look = Box::new(move |control: &Control, now: Now| {
            let _ = answer.send(look(control, now));
        });
        self.tell(Message::Look(look)).await?;
        answered.await.map_err(|_| GoingDown)
    }

    /// Does what an operator asks for, or says why it cannot be.
    pub(crate) async fn command(
        &self,
        command: cluster::Command,
    ) -> Result<Result<Obeyed, Illegal>, GoingDown> {
        let (answer, answered) = oneshot::channel();
        let report = Box::new(move |result| {
            let _ = answer.send(result);
        });
        self.tell(Message::Command { command, report }).await?;
        answered.await.map_err(|_| GoingDown)
    }

    /// Sets how many nodes are wanted from now on; `None`: as the settings say.
    pub(crate) async fn set_policy(
        &self,
        policy: Option<cluster::Policy>,
    ) -> Result<(), GoingDown> {
        let (answer, answered) = oneshot::channel();
        let report = Box::new(move |_| {
            let _ = answer.send(());
        });
        let policy = policy.map(Box::new);
        self.tell(Message::Policy { policy, report }).await?;
        answered.await.map_err(|_| GoingDown)
    }

    /// Makes relay credentials under a new secret from now on.
    pub(crate) async fn rotate_relay_secret(&self) -> Result<(), GoingDown> {
        let (answer, answered) = oneshot::channel();
        let report = Box::new(move |_| {
            let _ = answer.send(());
        });
        self.tell(Message::RotateRelay { report }).await?;
        answered.await.map_err(|_| GoingDown)
    }

    /// Says that something has happened.
    pub(crate) async fn input(&self, input: ::control::Input) -> Result<(), GoingDown> {
        self.tell(Message::Input(input)).await
    }

    async fn tell(&self, message: Message) -> Result<(), GoingDown> {
        self.control.send(message).await.map_err(|_| GoingDown)
    }
}

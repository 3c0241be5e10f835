//! How a request of an application reaches the control task, and the answer comes back.

use cluster::Cluster;
use conference::{Conference, Error, Reply, ServerOperation};
use tokio::sync::oneshot;

use crate::app::App;
use crate::control::Message;

/// The master is going down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server is going down")]
pub(crate) struct GoingDown;

impl App {
    /// Does something, and looks at the conference as it is right afterwards.
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
        self.control
            .send(Message::Server { operation, respond })
            .await
            .map_err(|_| GoingDown)?;
        answered.await.map_err(|_| GoingDown)
    }

    /// Looks at what there is.
    pub(crate) async fn look<R: Send + 'static>(
        &self,
        look: impl FnOnce(&Conference, &Cluster) -> R + Send + 'static,
    ) -> Result<R, GoingDown> {
        let (answer, answered) = oneshot::channel();
        let look = Box::new(move |conference: &Conference, cluster: &Cluster| {
            let _ = answer.send(look(conference, cluster));
        });
        self.control
            .send(Message::Look(look))
            .await
            .map_err(|_| GoingDown)?;
        answered.await.map_err(|_| GoingDown)
    }
}

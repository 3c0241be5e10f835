//! A node that makes transports, by name, and knows which answer it accepted.

use std::collections::BTreeMap;

use conference::*;

pub struct Node {
    pub id: NodeId,
    pub transports: BTreeMap<TransportId, Transport>,
    /// Answers under way.
    pub due: Vec<(RequestId, Result<MediaAnswer, MediaError>)>,
    dead: bool,
}

pub struct Transport {
    stream: StreamId,
    publishes: bool,
    /// The client's description, by which alone the two can be connected.
    pub remote: Option<String>,
}

impl Node {
    pub fn new(id: &str) -> Self {
        Self {
            id: NodeId::new(id),
            transports: BTreeMap::new(),
            due: Vec::new(),
            dead: false,
        }
    }

    /// Its link is down: the shell answers in its place.
    pub fn die(&mut self) {
        self.dead = true;
        self.transports.clear();
        for (_, outcome) in &mut self.due {
            *outcome = Err(MediaError::Unavailable("no link".into()));
        }
    }

    pub fn told(&mut self, command: MediaCommand) {
        match command {
            MediaCommand::Publish { key, .. }
            | MediaCommand::Subscribe { key, .. }
            | MediaCommand::Accept { key, .. }
                if self.dead =>
            {
                let refused = MediaError::Unavailable("no link".into());
                self.due.push((key, Err(refused)));
            }
            MediaCommand::Publish {
                key,
                stream,
                transport,
                offer,
                ..
            } => {
                self.transports
                    .retain(|_, it| !(it.publishes && it.stream == stream));
                self.open(&transport, stream, true, Some(offer));
                let answer = MediaAnswer::Answer(transport.to_string());
                self.due.push((key, Ok(answer)));
            }
            MediaCommand::Subscribe {
                key,
                stream,
                transport,
                ..
            } => {
                self.open(&transport, stream, false, None);
                let offer = MediaAnswer::Offer(transport.to_string());
                self.due.push((key, Ok(offer)));
            }
            MediaCommand::Accept {
                key,
                transport,
                answer,
            } => {
                let known = self.transports.get_mut(&transport);
                let outcome = match known {
                    Some(known) => {
                        known.remote = Some(answer);
                        Ok(MediaAnswer::Accepted)
                    }
                    None => Err(MediaError::Unknown(transport.to_string())),
                };
                self.due.push((key, outcome));
            }
            MediaCommand::Close { transport } => self.close(&transport),
            MediaCommand::Candidate { .. } => {}
        }
    }

    fn open(
        &mut self,
        id: &TransportId,
        stream: StreamId,
        publishes: bool,
        remote: Option<String>,
    ) {
        let transport = Transport {
            stream,
            publishes,
            remote,
        };
        self.transports.insert(id.clone(), transport);
    }

    /// With its stream, if it is the source.
    fn close(&mut self, id: &TransportId) {
        if let Some(closed) = self.transports.remove(id)
            && closed.publishes
        {
            self.transports.retain(|_, it| it.stream != closed.stream);
        }
    }
}

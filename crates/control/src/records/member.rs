//! One participant of a session.

use conference::{
    Active, Connection, ConnectionId, ConnectionProperties, IceCredentials, IceServer,
    MediaOptions, Publisher, SessionId, StreamId, Subscriber, Timestamp, Token, TransportId,
};
use openvidu::id::RpcSessionId;
use serde::{Deserialize, Serialize};

use super::{part, words};

words!(Role: Subscriber, Publisher, Moderator);
words!(TypeOfVideo: Camera, Screen, Custom, Ipcam);

/// A participant, pending or active, and the RPC session as which its client comes back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemberRecord {
    pub(crate) session: String,
    id: String,
    created_at: u64,
    token: String,
    server_data: String,
    role: Role,
    record: bool,
    kurento_options: Option<String>,
    ice_servers: Vec<IceServerRecord>,
    active: Option<ActiveRecord>,
    pub(crate) rpc_session: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct IceServerRecord {
    url: String,
    credentials: Option<Credentials>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Credentials {
    Fixed {
        username: String,
        credential: String,
    },
    StaticAuthSecret(String),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ActiveRecord {
    since: u64,
    client_data: String,
    platform: String,
    ip: String,
    publisher: Option<PublisherRecord>,
    subscribers: Vec<SubscriberRecord>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct PublisherRecord {
    stream: String,
    created_at: u64,
    transport: Option<String>,
    has_audio: bool,
    has_video: bool,
    audio_active: bool,
    video_active: bool,
    type_of_video: Option<TypeOfVideo>,
    frame_rate: Option<i64>,
    video_dimensions: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct SubscriberRecord {
    stream: String,
    created_at: u64,
    transport: Option<String>,
    established: bool,
}

impl MemberRecord {
    /// Where it lies.
    pub(crate) fn key(session: &SessionId, connection: &ConnectionId) -> String {
        let (session, connection) = (part(session.as_str()), part(connection.as_str()));
        format!("members/{session}/{connection}")
    }

    pub(crate) fn of(
        session: &SessionId,
        connection: &Connection,
        rpc_session: Option<&RpcSessionId>,
    ) -> Self {
        let asked = &connection.properties;
        Self {
            session: session.as_str().to_owned(),
            id: connection.id.as_str().to_owned(),
            created_at: connection.created_at.0,
            token: connection.token.as_str().to_owned(),
            server_data: asked.server_data.clone(),
            role: asked.role.into(),
            record: asked.record,
            kurento_options: asked.kurento_options.clone(),
            ice_servers: asked.ice_servers.iter().map(IceServerRecord::of).collect(),
            active: connection.active.as_ref().map(ActiveRecord::of),
            rpc_session: rpc_session.map(|id| id.as_str().to_owned()),
        }
    }
}

impl From<MemberRecord> for Connection {
    fn from(record: MemberRecord) -> Self {
        Self {
            id: ConnectionId::new(record.id),
            created_at: Timestamp(record.created_at),
            token: Token::new(record.token),
            properties: ConnectionProperties {
                server_data: record.server_data,
                role: record.role.into(),
                record: record.record,
                kurento_options: record.kurento_options,
                ice_servers: record.ice_servers.into_iter().map(Into::into).collect(),
            },
            active: record.active.map(Into::into),
        }
    }
}

impl IceServerRecord {
    fn of(server: &IceServer) -> Self {
        let credentials = server
            .credentials
            .as_ref()
            .map(|credentials| match credentials {
                IceCredentials::Fixed {
                    username,
                    credential,
                } => Credentials::Fixed {
                    username: username.clone(),
                    credential: credential.clone(),
                },
                IceCredentials::StaticAuthSecret(secret) => {
                    Credentials::StaticAuthSecret(secret.clone())
                }
            });
        Self {
            url: server.url.clone(),
            credentials,
        }
    }
}

impl From<IceServerRecord> for IceServer {
    fn from(record: IceServerRecord) -> Self {
        let credentials = record.credentials.map(|credentials| match credentials {
            Credentials::Fixed {
                username,
                credential,
            } => IceCredentials::Fixed {
                username,
                credential,
            },
            Credentials::StaticAuthSecret(secret) => IceCredentials::StaticAuthSecret(secret),
        });
        Self {
            url: record.url,
            credentials,
        }
    }
}

impl ActiveRecord {
    fn of(active: &Active) -> Self {
        let subscribers = active.subscribers.iter();
        Self {
            since: active.since.0,
            client_data: active.client_data.clone(),
            platform: active.platform.clone(),
            ip: active.ip.clone(),
            publisher: active.publisher.as_ref().map(PublisherRecord::of),
            subscribers: subscribers
                .map(|(stream, subscriber)| SubscriberRecord {
                    stream: stream.as_str().to_owned(),
                    created_at: subscriber.created_at.0,
                    transport: text(subscriber.transport.as_ref()),
                    established: subscriber.established,
                })
                .collect(),
        }
    }
}

impl From<ActiveRecord> for Active {
    fn from(record: ActiveRecord) -> Self {
        let subscribers = record.subscribers.into_iter().map(|subscriber| {
            let stream = StreamId::new(subscriber.stream);
            let subscriber = Subscriber {
                created_at: Timestamp(subscriber.created_at),
                transport: subscriber.transport.map(TransportId::new),
                established: subscriber.established,
            };
            (stream, subscriber)
        });
        Self {
            since: Timestamp(record.since),
            client_data: record.client_data,
            platform: record.platform,
            ip: record.ip,
            publisher: record.publisher.map(Into::into),
            subscribers: subscribers.collect(),
        }
    }
}

impl PublisherRecord {
    fn of(publisher: &Publisher) -> Self {
        let options = &publisher.options;
        Self {
            stream: publisher.stream.as_str().to_owned(),
            created_at: publisher.created_at.0,
            transport: text(publisher.transport.as_ref()),
            has_audio: options.has_audio,
            has_video: options.has_video,
            audio_active: options.audio_active,
            video_active: options.video_active,
            type_of_video: options.type_of_video.map(Into::into),
            frame_rate: options.frame_rate,
            video_dimensions: options.video_dimensions.clone(),
        }
    }
}

impl From<PublisherRecord> for Publisher {
    fn from(record: PublisherRecord) -> Self {
        Self {
            stream: StreamId::new(record.stream),
            created_at: Timestamp(record.created_at),
            options: MediaOptions {
                has_audio: record.has_audio,
                has_video: record.has_video,
                audio_active: record.audio_active,
                video_active: record.video_active,
                type_of_video: record.type_of_video.map(Into::into),
                frame_rate: record.frame_rate,
                video_dimensions: record.video_dimensions,
            },
            transport: record.transport.map(TransportId::new),
        }
    }
}

fn text(transport: Option<&TransportId>) -> Option<String> {
    transport.map(|id| id.as_str().to_owned())
}

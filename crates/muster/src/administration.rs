//! How the master is administered, from the settings.

use anyhow::{Context, Result};
use client::Trust;
use master::{Administration, Webhook};

use crate::config::{Settings, WebhookSettings};
use crate::data_dir::DataDir;
use crate::{restarting, token};

/// The settings' part.
///
/// # Errors
/// When the data directory cannot be used.
pub fn read(settings: &Settings, data: &DataDir) -> Result<Administration> {
    let cluster_id = match &settings.cluster_id {
        Some(id) => id.clone(),
        None => data.cluster_id()?,
    };
    Ok(Administration {
        cluster_id,
        links: token::links(settings, settings.link.listen),
        restart: Some(restarting::restart(data.clone())),
        webhook: settings.webhook.as_ref().map(webhook).transpose()?,
        strategy: settings.load_strategy,
        policy: cluster::Policy {
            autoscaling: settings.autoscaling,
            ..cluster::Policy::default()
        },
    })
}

fn webhook(settings: &WebhookSettings) -> Result<Webhook> {
    let header = |(name, value): &(String, String)| {
        let parsed = (name.parse()?, value.parse()?);
        Ok::<_, anyhow::Error>(parsed)
    };
    let headers = settings.headers.iter().map(header);
    Ok(Webhook {
        endpoint: settings.endpoint.clone(),
        headers: headers.collect::<Result<_>>().context("webhook.headers")?,
        events: settings.events.clone(),
        trust: match &settings.authorities {
            Some(pem) => Trust::Authorities(pem.clone()),
            None => Trust::Anybody,
        },
    })
}

//! The example of a provider command does what the protocol asks.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use provider::command::Command;
use provider::{ClusterId, Launch, LaunchKey, Provider, ProviderError, Spec};
use tempfile::TempDir;

const EXAMPLE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../deploy/examples/provider-local.sh"
);

/// Its settings are variables of the environment, given to it by `env`.
fn example(folder: &Path, node: &Path) -> Command {
    let mut command = Command::new("/usr/bin/env");
    command.arguments = vec![
        format!("FLEET_DIR={}", folder.display()).into(),
        format!("FLEET_NODE={}", node.display()).into(),
        "sh".into(),
        EXAMPLE.into(),
    ];
    command
}

fn launch(key: &str) -> Launch {
    Launch {
        cluster: ClusterId::parse("c1").unwrap(),
        key: LaunchKey::parse(key).unwrap(),
        spec: Arc::new(Spec::default()),
    }
}

#[tokio::test]
async fn launches_lists_and_terminates() {
    let folder = TempDir::new().unwrap();
    let node = folder.path().join("node");
    fs::write(&node, "#!/bin/sh\nexec sleep 60\n").unwrap();
    fs::set_permissions(&node, fs::Permissions::from_mode(0o755)).unwrap();
    let command = example(&folder.path().join("fleet"), &node);
    let cluster = ClusterId::parse("c1").unwrap();

    assert!(command.list(&cluster).await.unwrap().is_empty());
    let (again, a) = (launch("a"), launch("a"));
    let (first, second) = tokio::join!(command.launch(&a), command.launch(&again));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first, second);
    let b = command.launch(&launch("b")).await.unwrap();
    assert_eq!(
        command.list(&cluster).await.unwrap(),
        [first.clone(), b.clone()]
    );
    let request = fs::read_to_string(folder.path().join("fleet/c1/a.request")).unwrap();
    assert!(request.contains("\"key\":\"a\""), "{request}");

    command.terminate(&cluster, &first.id).await.unwrap();
    assert_eq!(
        command.list(&cluster).await.unwrap(),
        std::slice::from_ref(&b)
    );
    command.terminate(&cluster, &first.id).await.unwrap();
    command.terminate(&cluster, &b.id).await.unwrap();
    assert!(command.list(&cluster).await.unwrap().is_empty());
}

#[tokio::test]
async fn refuses_for_good_what_cannot_work() {
    let folder = TempDir::new().unwrap();
    let command = example(folder.path(), &folder.path().join("missing"));
    let error = command.launch(&launch("a")).await.unwrap_err();
    assert!(matches!(error, ProviderError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains("FLEET_NODE"), "{error}");
}

//! An operator's executable that does what it should, and every way in which it may not.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use provider::command::{Command, Patience};
use provider::{ClusterId, Launch, LaunchKey, MachineId, Provider, ProviderError, Spec};
use tempfile::TempDir;

/// A script, run by a shell so that nothing is executed that is still open for writing.
struct Script {
    folder: TempDir,
    command: Command,
}

fn script(text: &str) -> Script {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("script");
    fs::write(&path, text).unwrap();
    let mut command = Command::new("/bin/sh");
    command.arguments = vec![path.into()];
    Script { folder, command }
}

fn impatient(text: &str, patience: Duration) -> Script {
    let mut script = script(text);
    script.command.patience = Patience {
        launch: patience,
        terminate: patience,
        list: patience,
    };
    script
}

fn cluster() -> ClusterId {
    ClusterId::parse("c1").unwrap()
}

fn launch() -> Launch {
    let mut spec = Spec::default();
    let settings = [("MUSTER_LINK_JOIN", "s3\"cret")];
    spec.settings = settings.map(|(k, v)| (k.into(), v.into())).into();
    spec.wishes = [("instanceType".into(), "c6a.xlarge".into())].into();
    Launch {
        cluster: cluster(),
        key: LaunchKey::parse("media_a1").unwrap(),
        spec: Arc::new(spec),
    }
}

async fn listed(script: &Script) -> Result<usize, ProviderError> {
    let machines = script.command.list(&cluster()).await?;
    Ok(machines.len())
}

async fn error(text: &str) -> ProviderError {
    listed(&script(text)).await.unwrap_err()
}

#[tokio::test]
async fn asks_in_json_and_in_plain_variables() {
    let script = script(
        r#"cat >"$(dirname "$0")/asked"
        echo "$1 $PROVIDER_CLUSTER $PROVIDER_KEY" >>"$(dirname "$0")/asked"
        echo '{"machine":{"id":"i-1","cluster":"c1","key":"media_a1","address":"2001:db8::7","zone":"b"},"took":3}'"#,
    );
    let machine = script.command.launch(&launch()).await.unwrap();
    assert_eq!(machine.id.as_str(), "i-1");
    assert_eq!(machine.address, Some("2001:db8::7".parse().unwrap()));
    assert_eq!(
        fs::read_to_string(script.folder.path().join("asked")).unwrap(),
        "{\"version\":1,\"cluster\":\"c1\",\"key\":\"media_a1\",\
         \"settings\":{\"MUSTER_LINK_JOIN\":\"s3\\\"cret\"},\"wishes\":{\"instanceType\":\"c6a.xlarge\"}}\n\
         launch c1 media_a1\n"
    );
}

#[tokio::test]
async fn terminates_by_the_machines_name() {
    let script = script(
        r#"[ "$1 $PROVIDER_CLUSTER $PROVIDER_MACHINE" = "terminate c1 i-1" ] || exit 1
        echo '{}'"#,
    );
    let machine = MachineId::parse("i-1").unwrap();
    script
        .command
        .terminate(&cluster(), &machine)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_empty_list_is_an_answer_and_no_output_is_none() {
    assert_eq!(
        listed(&script(r#"echo '{"machines":[]}'"#)).await.unwrap(),
        0
    );
    assert!(matches!(
        error("exit 0").await,
        ProviderError::NoAnswer { .. }
    ));
    assert!(matches!(
        error("echo; echo").await,
        ProviderError::NoAnswer { .. }
    ));
}

#[tokio::test]
async fn garbage_half_an_object_and_another_object_have_different_names() {
    let garbage = error("echo 'Error: no credentials'").await;
    assert!(matches!(garbage, ProviderError::Garbage { .. }));
    assert!(garbage.to_string().contains("Error: no credentials"));
    assert!(matches!(
        error(r#"echo '{"machines":[]} done'"#).await,
        ProviderError::Garbage { .. }
    ));
    assert!(matches!(
        error(r"printf '\377\376\000\001'").await,
        ProviderError::Garbage { .. }
    ));
    assert!(matches!(
        error(r#"printf '{"machines":[{"id":"i-1","clu'"#).await,
        ProviderError::HalfAnswer { .. }
    ));
    for wrong in [
        r#"{}"#,
        r#"{"machines":{}}"#,
        r#"{"machines":[{"id":"i-1"}]}"#,
        r#"{"machines":[{"id":"i 1","cluster":"c1","key":"k"}]}"#,
        r#"{"machines":[{"id":"i-1","cluster":"c2","key":"k"}]}"#,
        r#"{"machines":[{"id":"i-1","cluster":"c1","key":"../k"}]}"#,
        r#"{"machines":[{"id":"i-1","cluster":"c1","key":"k"},{"id":"i-1","cluster":"c1","key":"l"}]}"#,
        r#"{"machines":[{"id":"i-1","cluster":"c1","key":"k","address":"somewhere"}]}"#,
    ] {
        let error = error(&format!("echo '{wrong}'")).await;
        assert!(
            matches!(error, ProviderError::WrongAnswer { .. }),
            "{wrong}: {error}"
        );
    }
}

#[tokio::test]
async fn a_machine_of_another_launch_is_a_wrong_answer() {
    let script = script(r#"echo '{"machine":{"id":"i-1","cluster":"c1","key":"media_b2"}}'"#);
    let error = script.command.launch(&launch()).await.unwrap_err();
    assert!(matches!(error, ProviderError::WrongAnswer { .. }));
}

#[tokio::test]
async fn exit_statuses_say_whether_to_try_again() {
    let failed = error("echo 'no quota' >&2; exit 3").await;
    assert!(matches!(failed, ProviderError::Failed { .. }) && !failed.is_final());
    assert!(failed.to_string().contains("no quota"), "{failed}");
    let refused = error("echo 'no such zone' >&2; exit 78").await;
    assert!(matches!(refused, ProviderError::Refused { .. }) && refused.is_final());
    assert!(matches!(
        error("kill -KILL $$").await,
        ProviderError::Failed { .. }
    ));
    // A failure is not made good by what was written before it.
    assert!(matches!(
        error(r#"echo '{"machines":[]}'; exit 1"#).await,
        ProviderError::Failed { .. }
    ));
}

#[tokio::test]
async fn a_missing_executable_is_named() {
    let error = Command::new("/nowhere/fleet").list(&cluster()).await;
    let error = error.unwrap_err();
    assert!(matches!(error, ProviderError::NotStarted { .. }));
    assert!(error.to_string().contains("/nowhere/fleet list"), "{error}");
}

#[tokio::test]
async fn one_that_hangs_is_killed_with_all_that_it_started() {
    let script = impatient(
        r#"sleep 60 & echo $! >"$(dirname "$0")/child"
        trap '' TERM
        echo 'waiting for the cloud' >&2
        wait; sleep 60"#,
        Duration::from_millis(700),
    );
    let began = Instant::now();
    let error = listed(&script).await.unwrap_err();
    assert!(matches!(error, ProviderError::TimedOut { .. }));
    assert!(
        error.to_string().contains("waiting for the cloud"),
        "{error}"
    );
    assert!(began.elapsed() < Duration::from_secs(20));
    gone(&script, "child").await;
}

#[tokio::test]
async fn one_that_is_given_up_is_killed_with_all_that_it_started() {
    let script = script(
        r#"sleep 60 & echo $! >"$(dirname "$0")/child.new"
        mv "$(dirname "$0")/child.new" "$(dirname "$0")/child"
        wait"#,
    );
    let child = script.folder.path().join("child");
    let begun = async {
        while !child.exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        answer = listed(&script) => panic!("{answer:?}"),
        () = begun => {}
    }
    gone(&script, "child").await;
}

/// Waits until the process whose number is in a file is gone, or is one that nobody has waited for yet.
async fn gone(script: &Script, file: &str) {
    let pid = fs::read_to_string(script.folder.path().join(file)).unwrap();
    let stat = format!("/proc/{}/stat", pid.trim());
    let until = Instant::now() + Duration::from_secs(20);
    while fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
        assert!(Instant::now() < until, "{pid} still runs");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn output_left_open_counts_as_hanging() {
    let script = impatient(
        r#"echo '{"machines":[]}'
        sleep 60 &"#,
        Duration::from_millis(700),
    );
    assert!(matches!(
        listed(&script).await,
        Err(ProviderError::TimedOut { .. })
    ));
}

#[tokio::test]
async fn one_that_writes_without_end_is_killed() {
    let began = Instant::now();
    let error = error("exec yes").await;
    assert!(matches!(error, ProviderError::TooMuchOutput { limit, .. } if limit == 1 << 20));
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn endless_complaints_do_not_matter_and_their_end_is_shown() {
    let script = script(
        r#"yes complaint | head -c 3000000 >&2
        echo 'the last words' >&2
        exit 1"#,
    );
    let error = listed(&script).await.unwrap_err().to_string();
    assert!(
        error.contains("the last words") && error.len() < 4096,
        "{error}"
    );
}

#[tokio::test]
async fn slow_within_the_time_is_fine_and_reading_nothing_too() {
    let slow = script(
        r#"exec <&-
        printf '{"machines":'; sleep 0.4; printf '[{"id":"i-1","cluster":"c1","key":"k"}]'; sleep 0.4; echo '}'"#,
    );
    assert_eq!(listed(&slow).await.unwrap(), 1);
}

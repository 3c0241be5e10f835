//! Generates the messages from `proto/link.proto`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto/link.proto");
    // Large, and seldom there.
    let builder = tonic_prost_build::configure().boxed(".muster.link.v1.Heartbeat.limits");
    builder.compile_protos(&["proto/link.proto"], &["proto"])?;
    Ok(())
}

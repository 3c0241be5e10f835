//! Generates the messages from `proto/link.proto`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto/link.proto");
    tonic_prost_build::compile_protos("proto/link.proto")?;
    Ok(())
}

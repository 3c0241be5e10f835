//! Generates the link's messages without the gRPC around them, which would double the time to build.

fn main() -> std::io::Result<()> {
    println!("cargo:rerun-if-changed=../crates/link/proto/link.proto");
    prost_build::compile_protos(
        &["../crates/link/proto/link.proto"],
        &["../crates/link/proto"],
    )
}

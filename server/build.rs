//! Makes the gRPC messages of `proto/inference.proto`, without a `protoc` on the machine.
#![forbid(unsafe_code)]

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=proto");
    let files = protox::compile(["proto/inference.proto"], ["proto"])?;
    #[expect(clippy::disallowed_methods, reason = "Cargo says so where what is built goes")]
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    // For reflection.
    std::fs::write(out.join("inference.desc"), prost::Message::encode_to_vec(&files))?;
    prost_build::Config::new()
        // Raw tensors are parts of the request's own bytes, not copies.
        .bytes([
            ".inference.ModelInferRequest.raw_input_contents",
            ".inference.ModelInferResponse.raw_output_contents",
        ])
        .compile_fds(files)?;
    Ok(())
}

//! Names lead to kernels, and only to those that run here.

use super::*;

#[test]
fn names_lead_back_to_kernels_that_run_here() {
    for kernel in Kernel::ALL {
        match Kernels::from_name(kernel.name()) {
            Ok(kernels) => assert!(kernels.has(kernel) && kernels.has(Kernel::Plain)),
            Err(error) => assert!(!kernel.runs_here(), "{error}"),
        }
        assert_eq!(Kernels::detect().has(kernel), kernel.runs_here());
    }
    let portable = Kernels::from_name("portable").unwrap();
    assert!(portable.has(Kernel::Compact) && !portable.has(Kernel::Tables));
    assert_eq!(format!("{:?}", Kernels::PLAIN), "{Plain}");
}

#[test]
fn an_unknown_name_is_refused() {
    let error = Kernels::from_name("quick").unwrap_err();
    assert_eq!(error.to_string(), "unknown forest kernel `quick`");
}

#[test]
fn a_kind_of_another_processor_is_refused() {
    for (name, architecture) in [("neon", "aarch64"), ("avx2", "x86_64"), ("avx512", "x86_64")] {
        match Kernels::from_name(name) {
            Ok(kernels) => {
                assert_eq!(architecture, std::env::consts::ARCH);
                assert!(kernels.has(Kernel::Tables) && kernels.has(Kernel::Compact));
            }
            Err(error) if architecture == std::env::consts::ARCH => {
                let message = format!("unknown forest kernel on this processor `{name}`");
                assert_eq!(error.to_string(), message);
            }
            Err(error) => assert_eq!(error.to_string(), format!("unknown forest kernel `{name}`")),
        }
    }
}

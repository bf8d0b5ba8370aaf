//! Every method that there is, by its path: what strangers make up is none.

use std::{collections::HashSet, sync::Arc};

use lanyard_proto::DESCRIPTORS;
use prost::Message as _;
use prost_types::{FileDescriptorProto, FileDescriptorSet};

/// The paths of all methods of the contract, and of health and reflection.
#[derive(Debug)]
pub(crate) struct Methods(HashSet<Arc<str>>);

impl Methods {
    /// Reads them off the descriptors that reflection serves.
    pub(crate) fn new() -> Self {
        let sets = [
            DESCRIPTORS,
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
        ];
        // They were made with the program, and a test reads them: there is none that cannot be read.
        let sets = sets.into_iter().map(FileDescriptorSet::decode);
        let files = sets.flat_map(|set| set.unwrap_or_default().file);
        Self(files.flat_map(paths).collect())
    }

    /// The path, if it is that of a method.
    pub(crate) fn find(&self, path: &str) -> Option<Arc<str>> {
        self.0.get(path).cloned()
    }
}

fn paths(file: FileDescriptorProto) -> impl Iterator<Item = Arc<str>> {
    let package = file.package.unwrap_or_default();
    file.service.into_iter().flat_map(move |service| {
        let name = format!("/{package}.{}", service.name());
        let methods = service.method.into_iter();
        methods.map(move |method| format!("{name}/{}", method.name()).into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_known_by_its_one_path_and_nothing_else_is_one() {
        let methods = Methods::new();
        for path in [
            "/lanyard.v1.IdentityService/IssueToken",
            "/lanyard.v1.PolicyService/Check",
            "/lanyard.v1.TrustService/Watch",
            "/lanyard.v1.AdminService/RotateAccessKey",
            "/grpc.health.v1.Health/Check",
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        ] {
            assert_eq!(methods.find(path).as_deref(), Some(path));
            assert_eq!(methods.find(&format!("/{path}")), None);
            assert_eq!(methods.find(&format!("{path}x")), None);
        }
        assert_eq!(methods.find("/lanyard.v1.IdentityService/Anything"), None);
        assert_eq!(methods.find(""), None);
    }
}

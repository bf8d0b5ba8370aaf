//! The options of the protos, by which the generators of other languages name their code.

use std::collections::BTreeSet;

use lanyard_proto::DESCRIPTORS;
use prost::Message as _;
use prost_types::{FileDescriptorProto, FileDescriptorSet};

#[test]
fn every_proto_names_its_package_in_every_language() {
    for file in files() {
        let options = file.options.clone().unwrap_or_default();
        let name = file.name();
        assert_eq!(options.go_package(), "lanyard/v1;lanyardv1", "{name}");
        assert_eq!(options.java_package(), "com.lanyard.v1", "{name}");
        assert!(options.java_multiple_files(), "{name}");
        assert_eq!(options.csharp_namespace(), "Lanyard.V1", "{name}");
        assert_eq!(options.objc_class_prefix(), "LXX", "{name}");
        assert_eq!(options.php_namespace(), "Lanyard\\V1", "{name}");
        assert_eq!(options.ruby_package(), "Lanyard::V1", "{name}");
    }
}

/// Java has one class for each file beside those of its messages, and all are in one package.
#[test]
fn no_outer_class_of_java_has_the_name_of_another_class() {
    let files = files();
    let mut names = BTreeSet::from(["Error".to_owned(), "Object".to_owned()]);
    let messages = files.iter().flat_map(|file| &file.message_type);
    names.extend(messages.map(|message| message.name().to_owned()));
    let enums = files.iter().flat_map(|file| &file.enum_type);
    names.extend(enums.map(|r#enum| r#enum.name().to_owned()));
    for file in &files {
        let options = file.options.clone().unwrap_or_default();
        let outer = options.java_outer_classname().to_owned();
        assert!(!outer.is_empty(), "{}", file.name());
        assert!(names.insert(outer), "{}", file.name());
    }
}

fn files() -> Vec<FileDescriptorProto> {
    let set = FileDescriptorSet::decode(DESCRIPTORS).expect("a descriptor set");
    let is_ours = |file: &FileDescriptorProto| file.package() == "lanyard.v1";
    let files: Vec<_> = set.file.into_iter().filter(is_ours).collect();
    assert_eq!(files.len(), 7, "the files of the contract");
    files
}

//! Server reflection, v1 and v1alpha.
//!
//! tonic-reflection ends the stream at the first symbol that it does not find, where the protocol has
//! an `error_response` and goes on. Its messages and its generated servers are used; the index is here.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures_util::{StreamExt as _, stream::BoxStream};
use lanyard_proto::DESCRIPTORS;
use lanyard_token::excerpt;
use prost::{DecodeError, Message as _};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    FileDescriptorSet, OneofDescriptorProto,
};
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_reflection::{pb, server};

use super::open_streams::OpenStreams;

/// The reflection service.
#[derive(Clone, Debug)]
pub(crate) struct ReflectionGrpc {
    index: Arc<Index>,
    open: OpenStreams,
}

impl ReflectionGrpc {
    /// Reflects these services, which may be fewer than the descriptors have.
    ///
    /// # Errors
    /// If a descriptor set that was compiled in cannot be decoded.
    pub(crate) fn new(services: Vec<String>) -> Result<Self, DecodeError> {
        let index = Arc::new(Index::new(services)?);
        let open = OpenStreams::at_most(MAX_STREAMS);
        Ok(Self { index, open })
    }
}

/// The files of the contract, of health and reflection, and of the details of errors.
#[derive(Debug, Default)]
struct Index {
    services: Vec<String>,
    files: BTreeMap<String, Vec<u8>>,
    /// The file of each symbol, by its full name.
    symbols: BTreeMap<String, String>,
    messages: BTreeSet<String>,
}

impl Index {
    fn new(services: Vec<String>) -> Result<Self, DecodeError> {
        let mut index = Self {
            services,
            ..Self::default()
        };
        for set in [
            DESCRIPTORS,
            tonic_types::pb::FILE_DESCRIPTOR_SET,
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            pb::v1::FILE_DESCRIPTOR_SET,
            pb::v1alpha::FILE_DESCRIPTOR_SET,
        ] {
            for mut file in FileDescriptorSet::decode(set)?.file {
                // tonic-types names its files without their directory, by which others import them.
                if file.package() == GOOGLE_RPC && !file.name().contains('/') {
                    file.name = Some(format!("google/rpc/{}", file.name()));
                }
                index.add(&file);
            }
        }
        Ok(index)
    }

    fn add(&mut self, file: &FileDescriptorProto) {
        let name = file.name();
        if self.files.contains_key(name) {
            return;
        }
        self.files.insert(name.to_owned(), file.encode_to_vec());
        let mut symbols = Vec::new();
        let scope = file.package();
        for message in &file.message_type {
            self.add_message(&mut symbols, scope, message);
        }
        for one in &file.enum_type {
            add_enum(&mut symbols, scope, one);
        }
        for service in &file.service {
            let service_name = within(scope, service.name());
            let methods = service.method.iter();
            symbols.extend(methods.map(|method| within(&service_name, method.name())));
            symbols.push(service_name);
        }
        let symbols = symbols.into_iter().map(|symbol| (symbol, name.to_owned()));
        self.symbols.extend(symbols);
    }

    fn add_message(&mut self, symbols: &mut Vec<String>, scope: &str, message: &DescriptorProto) {
        let name = within(scope, message.name());
        let fields = message.field.iter().map(FieldDescriptorProto::name);
        let oneofs = message.oneof_decl.iter().map(OneofDescriptorProto::name);
        symbols.extend(fields.chain(oneofs).map(|member| within(&name, member)));
        for one in &message.enum_type {
            add_enum(symbols, &name, one);
        }
        for nested in &message.nested_type {
            self.add_message(symbols, &name, nested);
        }
        self.messages.insert(name.clone());
        symbols.push(name);
    }

    fn answer(&self, query: Query<'_>) -> Reply {
        match query {
            Query::Services => Reply::Services(self.services.clone()),
            Query::File(name) => self.files.get(name).map_or_else(
                || Reply::not_found("file", name),
                |file| Reply::File(file.clone()),
            ),
            Query::Symbol(name) => {
                let file = self.symbols.get(name);
                let file = file.and_then(|file| self.files.get(file));
                file.map_or_else(
                    || Reply::not_found("symbol", name),
                    |file| Reply::File(file.clone()),
                )
            }
            // There are no extensions.
            Query::Extension(name) => Reply::not_found("extension of", name),
            Query::Extensions(name) if self.messages.contains(name) => {
                Reply::NoExtensions(name.to_owned())
            }
            Query::Extensions(name) => Reply::not_found("message", name),
            Query::Nothing => {
                Reply::Error(Code::InvalidArgument, "message_request is required".into())
            }
        }
    }
}

fn add_enum(symbols: &mut Vec<String>, scope: &str, one: &EnumDescriptorProto) {
    let name = within(scope, one.name());
    for value in &one.value {
        // A value belongs to the scope of its enum; some clients look for it within the enum.
        symbols.push(within(scope, value.name()));
        symbols.push(within(&name, value.name()));
    }
    symbols.push(name);
}

fn within(scope: &str, name: &str) -> String {
    if scope.is_empty() {
        name.to_owned()
    } else {
        format!("{scope}.{name}")
    }
}

/// A request of either version.
#[derive(Clone, Copy)]
enum Query<'a> {
    Services,
    File(&'a str),
    Symbol(&'a str),
    Extension(&'a str),
    Extensions(&'a str),
    Nothing,
}

/// A response of either version.
enum Reply {
    Services(Vec<String>),
    File(Vec<u8>),
    NoExtensions(String),
    Error(Code, String),
}

impl Reply {
    fn not_found(kind: &str, name: &str) -> Self {
        let name = excerpt(name);
        Self::Error(Code::NotFound, format!("{kind} `{name}` not found"))
    }
}

/// The two versions have the same messages under other names.
macro_rules! serve {
    ($version:ident) => {
        #[tonic::async_trait]
        impl server::$version::ServerReflection for ReflectionGrpc {
            type ServerReflectionInfoStream =
                BoxStream<'static, Result<pb::$version::ServerReflectionResponse, Status>>;

            async fn server_reflection_info(
                &self,
                request: Request<Streaming<pb::$version::ServerReflectionRequest>>,
            ) -> Result<Response<Self::ServerReflectionInfoStream>, Status> {
                use pb::$version::{
                    ErrorResponse, ExtensionNumberResponse, FileDescriptorResponse,
                    ListServiceResponse, ServerReflectionResponse, ServiceResponse,
                    server_reflection_request::MessageRequest,
                    server_reflection_response::MessageResponse,
                };

                let (open, index) = (self.open.begin()?, Arc::clone(&self.index));
                let responses = request.into_inner().map(move |request| {
                    let _open = &open;
                    let request = request?;
                    let query = match &request.message_request {
                        Some(MessageRequest::ListServices(_)) => Query::Services,
                        Some(MessageRequest::FileByFilename(name)) => Query::File(name),
                        Some(MessageRequest::FileContainingSymbol(name)) => Query::Symbol(name),
                        Some(MessageRequest::FileContainingExtension(extension)) => {
                            Query::Extension(&extension.containing_type)
                        }
                        Some(MessageRequest::AllExtensionNumbersOfType(name)) => {
                            Query::Extensions(name)
                        }
                        None => Query::Nothing,
                    };
                    let response = match index.answer(query) {
                        Reply::Services(names) => {
                            let named = |name| ServiceResponse { name };
                            let service = names.into_iter().map(named).collect();
                            MessageResponse::ListServicesResponse(ListServiceResponse { service })
                        }
                        Reply::File(file) => {
                            let file_descriptor_proto = vec![file];
                            MessageResponse::FileDescriptorResponse(FileDescriptorResponse {
                                file_descriptor_proto,
                            })
                        }
                        Reply::NoExtensions(base_type_name) => {
                            let extension_number = Vec::new();
                            MessageResponse::AllExtensionNumbersResponse(ExtensionNumberResponse {
                                base_type_name,
                                extension_number,
                            })
                        }
                        Reply::Error(code, error_message) => {
                            let error_code = code.into();
                            MessageResponse::ErrorResponse(ErrorResponse {
                                error_code,
                                error_message,
                            })
                        }
                    };
                    Ok(ServerReflectionResponse {
                        valid_host: request.host.clone(),
                        original_request: Some(request),
                        message_response: Some(response),
                    })
                });
                Ok(Response::new(responses.boxed()))
            }
        }
    };
}

serve!(v1);
serve!(v1alpha);

const GOOGLE_RPC: &str = "google.rpc";
/// How many reflection streams may be open on one port: they are for people and their tools.
const MAX_STREAMS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn file_of(query: Query<'_>) -> Option<String> {
        let index = Index::new(vec!["a.B".to_owned()]).unwrap();
        let Reply::File(file) = index.answer(query) else {
            return None;
        };
        let file = FileDescriptorProto::decode(&*file).unwrap();
        Some(file.name().to_owned())
    }

    #[test]
    fn the_contract_the_details_of_errors_and_all_imports_are_found() {
        for (symbol, file) in [
            ("google.rpc.ErrorInfo", "google/rpc/error_details.proto"),
            (
                "google.rpc.BadRequest.FieldViolation",
                "google/rpc/error_details.proto",
            ),
            ("google.rpc.Status", "google/rpc/status.proto"),
            ("google.protobuf.Any", "google/protobuf/any.proto"),
            ("google.protobuf.Duration", "google/protobuf/duration.proto"),
            (
                "lanyard.v1.PolicyService",
                "lanyard/v1/policy_service.proto",
            ),
            (
                "lanyard.v1.PolicyService.Check",
                "lanyard/v1/policy_service.proto",
            ),
            (
                "lanyard.v1.CheckRequest.token",
                "lanyard/v1/policy_service.proto",
            ),
            ("lanyard.v1.ERROR_REASON_INTERNAL", "lanyard/v1/error.proto"),
            ("grpc.health.v1.Health", "health.proto"),
        ] {
            let found = file_of(Query::Symbol(symbol));
            let found = found.unwrap_or_else(|| panic!("{symbol}"));
            assert!(found.ends_with(file), "{symbol}: {found}");
        }
        let index = Index::new(Vec::new()).unwrap();
        for file in index.files.values() {
            let file = FileDescriptorProto::decode(&**file).unwrap();
            for import in &file.dependency {
                assert!(index.files.contains_key(import), "{import}");
            }
        }
    }

    #[test]
    fn an_unknown_name_is_not_found_and_repeated_as_an_excerpt() {
        let index = Index::new(Vec::new()).unwrap();
        let long = "x".repeat(10_000);
        for query in [
            Query::Symbol(&long),
            Query::File(&long),
            Query::Extension(&long),
            Query::Extensions(&long),
        ] {
            let Reply::Error(code, message) = index.answer(query) else {
                panic!("found");
            };
            assert_eq!(code, Code::NotFound);
            assert!(message.chars().count() < 150, "{message}");
        }
        let known = index.answer(Query::Extensions("lanyard.v1.CheckRequest"));
        assert!(matches!(known, Reply::NoExtensions(_)));
    }
}

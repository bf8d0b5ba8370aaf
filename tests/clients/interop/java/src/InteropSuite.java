import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.lanyard.v1.Capability;
import com.lanyard.v1.CheckRequest;
import com.lanyard.v1.CreateIdentityRequest;
import com.lanyard.v1.IdentityServiceGrpc;
import com.lanyard.v1.IssueTokenRequest;
import com.lanyard.v1.PolicyServiceGrpc;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKMatcher;
import com.nimbusds.jose.jwk.JWKSelector;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.crypto.Ed25519Verifier;
import com.nimbusds.jose.util.JSONObjectUtils;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.TlsChannelCredentials;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import io.grpc.stub.MetadataUtils;
import java.io.File;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.TrustManagerFactory;
import java.security.KeyStore;
import org.junit.jupiter.api.Test;

/** grpc-java with the stubs that protoc generates of the protos, the TLS of the JDK, and nimbus-jose-jwt. */
class InteropSuite {
    private static final URI TLS = URI.create(System.getenv("INTEROP_TLS_ENDPOINT"));
    private static final URI PLAIN = URI.create(System.getenv("INTEROP_PLAIN_ENDPOINT"));
    private static final File CA = new File(System.getenv("INTEROP_CA"));
    private static final String SOCKET = System.getenv("INTEROP_SOCKET");

    /** The id and the secret of a credential of a bootstrap file. */
    record Credential(String id, byte[] secret) {
        @SuppressWarnings("unchecked")
        static Credential of(String variable, String role) throws Exception {
            String text = Files.readString(Path.of(System.getenv(variable)));
            Map<String, Object> members = (Map<String, Object>) JSONObjectUtils.parse(text).get(role);
            byte[] secret = Base64.getDecoder().decode((String) members.get("secret"));
            return new Credential((String) members.get("id"), secret);
        }

        Metadata metadata() throws Exception {
            long now = System.currentTimeMillis();
            JWTClaimsSet claims = new JWTClaimsSet.Builder()
                    .audience("lanyard")
                    .issueTime(new Date(now))
                    .expirationTime(new Date(now + 300_000))
                    .build();
            SignedJWT jwt = new SignedJWT(new JWSHeader.Builder(JWSAlgorithm.HS256).keyID(id).build(), claims);
            jwt.sign(new MACSigner(secret));
            Metadata metadata = new Metadata();
            metadata.put(
                    Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER),
                    "Bearer " + jwt.serialize());
            return metadata;
        }
    }

    private static String issue(ManagedChannel channel, String variable) throws Exception {
        try {
            var identities = IdentityServiceGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(30, TimeUnit.SECONDS)
                    .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(
                            Credential.of(variable, "primary").metadata()));
            var created = identities.createIdentity(CreateIdentityRequest.getDefaultInstance());
            return identities
                    .issueToken(IssueTokenRequest.newBuilder()
                            .setIdentityId(created.getIdentity().getId())
                            .addScopes("chat")
                            .build())
                    .getAccessToken()
                    .getToken();
        } finally {
            channel.shutdownNow();
        }
    }

    private static ManagedChannel tls(String host, ChannelCredentials credentials) {
        return Grpc.newChannelBuilderForAddress(host, TLS.getPort(), credentials).build();
    }

    private static ChannelCredentials trustingFile() throws Exception {
        return TlsChannelCredentials.newBuilder().trustManager(CA).build();
    }

    private static String issueOverTls() throws Exception {
        return issue(tls("127.0.0.1", trustingFile()), "INTEROP_TLS_BOOTSTRAP");
    }

    private static String issueOverPlain() throws Exception {
        ManagedChannel channel = Grpc.newChannelBuilderForAddress(
                        PLAIN.getHost(), PLAIN.getPort(), InsecureChannelCredentials.create())
                .build();
        return issue(channel, "INTEROP_PLAIN_BOOTSTRAP");
    }

    @Test
    void callsOverTlsToEachName() throws Exception {
        for (String host : List.of("127.0.0.1", "localhost")) {
            assertTrue(issue(tls(host, trustingFile()), "INTEROP_TLS_BOOTSTRAP").startsWith("ey"), host);
        }
    }

    @Test
    void callsOverTlsWithTheTrustManagerOfTheJdk() throws Exception {
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        // The trust store that the process was started with.
        factory.init((KeyStore) null);
        ChannelCredentials credentials =
                TlsChannelCredentials.newBuilder().trustManager(factory.getTrustManagers()).build();
        for (String host : List.of("127.0.0.1", "localhost")) {
            assertTrue(issue(tls(host, credentials), "INTEROP_TLS_BOOTSTRAP").startsWith("ey"), host);
        }
    }

    @Test
    void checksOverAUnixSocketByItsAddress() throws Exception {
        EpollEventLoopGroup group = new EpollEventLoopGroup(1);
        try {
            check(NettyChannelBuilder.forAddress(new DomainSocketAddress(SOCKET))
                    .eventLoopGroup(group)
                    .channelType(EpollDomainSocketChannel.class)
                    .usePlaintext()
                    .build());
        } finally {
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }

    @Test
    void checksOverAUnixSocketByItsTarget() throws Exception {
        check(Grpc.newChannelBuilder("unix://" + SOCKET, InsecureChannelCredentials.create()).build());
    }

    private static void check(ManagedChannel channel) throws Exception {
        try {
            String token = issueOverTls();
            var policy = PolicyServiceGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(30, TimeUnit.SECONDS)
                    .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(
                            Credential.of("INTEROP_TLS_BOOTSTRAP", "enforcer").metadata()));
            var request = CheckRequest.newBuilder()
                    .setToken(token)
                    .setCapability(Capability.CAPABILITY_CREATE_CHAT_THREAD)
                    .build();
            for (int call = 0; call < 3; call++) {
                assertTrue(policy.check(request).getDecision().getAllowed());
            }
        } finally {
            channel.shutdownNow();
        }
    }

    @Test
    void nimbusVerifiesATokenByTheJwks() throws Exception {
        verify(issueOverTls(), TLS, "EdDSA");
        verify(issueOverPlain(), PLAIN, "Ed25519");
    }

    /** As a processor of tokens does: a key is selected by the header, `alg` included. */
    private static void verify(String token, URI endpoint, String algorithm) throws Exception {
        SignedJWT jwt = SignedJWT.parse(token);
        assertEquals(algorithm, jwt.getHeader().getAlgorithm().getName());
        JWKSet keys = JWKSet.load(endpoint.resolve("/.well-known/jwks.json").toURL());
        JWKMatcher matcher = JWKMatcher.forJWSHeader(jwt.getHeader());
        List<JWK> matches = new JWKSelector(matcher).select(keys);
        assertEquals(1, matches.size(), () -> keys + " has no key for " + jwt.getHeader());
        assertTrue(jwt.verify(new Ed25519Verifier((OctetKeyPair) matches.get(0))));
    }
}

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.azure.communication.common.CommunicationIdentifier;
import com.azure.communication.common.CommunicationTokenCredential;
import com.azure.communication.common.CommunicationTokenRefreshOptions;
import com.azure.communication.common.CommunicationUserIdentifier;
import com.azure.communication.identity.CommunicationIdentityAsyncClient;
import com.azure.communication.identity.CommunicationIdentityClient;
import com.azure.communication.identity.CommunicationIdentityClientBuilder;
import com.azure.communication.identity.models.CommunicationTokenScope;
import com.azure.communication.identity.models.CommunicationUserIdentifierAndToken;
import com.azure.communication.identity.models.GetTokenForTeamsUserOptions;
import com.azure.core.credential.AccessToken;
import com.azure.core.credential.AzureKeyCredential;
import com.azure.core.exception.HttpResponseException;
import com.azure.core.util.Context;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The Azure Communication Identity SDK for Java, unmodified, against a real server. */
class AzureSuite {
    private static final CommunicationTokenScope CHAT = CommunicationTokenScope.CHAT;
    private static final CommunicationTokenScope VOIP = CommunicationTokenScope.VOIP;
    // This version of the SDK has no constants for these, and takes them all the same.
    private static final CommunicationTokenScope CHAT_JOIN = scope("chat.join");
    private static final CommunicationTokenScope CHAT_JOIN_LIMITED = scope("chat.join.limited");
    private static final CommunicationTokenScope VOIP_JOIN = scope("voip.join");

    private static final String UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";
    private static final String RAW_ID = "8:acs:" + UUID + "_" + UUID;
    private static final Duration DAY = Duration.ofDays(1);

    private final CommunicationIdentityClient client = builder("AZURE_CONNECTION_STRING").buildClient();
    private final CommunicationIdentityAsyncClient async = builder("AZURE_CONNECTION_STRING").buildAsyncClient();

    static Stream<List<CommunicationTokenScope>> scopeSets() {
        return Stream.of(
                List.of(CHAT),
                List.of(VOIP),
                List.of(CHAT_JOIN),
                List.of(CHAT_JOIN_LIMITED),
                List.of(VOIP_JOIN),
                List.of(CHAT, VOIP),
                List.of(CHAT, CHAT_JOIN, CHAT_JOIN_LIMITED),
                List.of(VOIP, VOIP_JOIN),
                List.of(CHAT_JOIN, VOIP_JOIN));
    }

    @Test
    void aUserIsCreatedAndIsACommunicationUser() {
        for (CommunicationUserIdentifier user : List.of(
                client.createUser(),
                client.createUserWithResponse(Context.NONE).getValue(),
                async.createUser().block(),
                async.createUserWithResponse().block().getValue())) {
            assertTrue(user.getId().matches(RAW_ID), user.getId());
            CommunicationIdentifier parsed = CommunicationIdentifier.fromRawId(user.getId());
            assertInstanceOf(CommunicationUserIdentifier.class, parsed);
            assertEquals(user.getId(), parsed.getRawId());
        }
        assertEquals(201, client.createUserWithResponse(Context.NONE).getStatusCode());
    }

    @ParameterizedTest
    @MethodSource("scopeSets")
    void aUserIsCreatedWithATokenOfEachSetOfScopes(List<CommunicationTokenScope> scopes) {
        for (CommunicationUserIdentifierAndToken made : List.of(
                client.createUserAndToken(scopes),
                client.createUserAndTokenWithResponse(scopes, Context.NONE).getValue(),
                async.createUserAndToken(scopes).block(),
                async.createUserAndTokenWithResponse(scopes).block().getValue())) {
            says(made.getUserToken(), made.getUser(), scopes);
            lives(made.getUserToken(), DAY);
        }
    }

    @ParameterizedTest
    @MethodSource("scopeSets")
    void aTokenOfEachSetOfScopesIsHadForAUser(List<CommunicationTokenScope> scopes) {
        CommunicationUserIdentifier user = client.createUser();
        for (AccessToken token : List.of(
                client.getToken(user, scopes),
                client.getTokenWithResponse(user, scopes, Context.NONE).getValue(),
                async.getToken(user, scopes).block(),
                async.getTokenWithResponse(user, scopes).block().getValue())) {
            says(token, user, scopes);
            lives(token, DAY);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {60, 61, 1439, 1440})
    void aTokenLivesAsLongAsItWasAskedFor(int minutes) {
        Duration lifetime = Duration.ofMinutes(minutes);
        List<CommunicationTokenScope> scopes = List.of(CHAT);
        CommunicationUserIdentifier user = client.createUser();
        for (AccessToken token : List.of(
                client.getToken(user, scopes, lifetime),
                client.getTokenWithResponse(user, scopes, lifetime, Context.NONE).getValue(),
                async.getToken(user, scopes, lifetime).block(),
                async.getTokenWithResponse(user, scopes, lifetime).block().getValue(),
                client.createUserAndToken(scopes, lifetime).getUserToken(),
                client.createUserAndTokenWithResponse(scopes, lifetime, Context.NONE).getValue().getUserToken(),
                async.createUserAndToken(scopes, lifetime).block().getUserToken(),
                async.createUserAndTokenWithResponse(scopes, lifetime).block().getValue().getUserToken())) {
            lives(token, lifetime);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {59, 1441})
    void aTokenDoesNotLiveShorterOrLongerThanTheServiceAllows(int minutes) {
        Duration lifetime = Duration.ofMinutes(minutes);
        List<CommunicationTokenScope> scopes = List.of(CHAT);
        CommunicationUserIdentifier user = client.createUser();
        for (Executable call : List.<Executable>of(
                () -> client.getToken(user, scopes, lifetime),
                () -> client.createUserAndToken(scopes, lifetime),
                () -> async.getToken(user, scopes, lifetime).block(),
                () -> async.createUserAndToken(scopes, lifetime).block())) {
            String told = refused(400, "ValidationError", call);
            assertTrue(told.contains("Value must be within the [60, 1440] interval."), told);
        }
    }

    @Test
    void revokedTokensAreDeadAndTheNextOneIsNot() throws Exception {
        CommunicationUserIdentifierAndToken made = client.createUserAndToken(List.of(CHAT));
        CommunicationUserIdentifier user = made.getUser();
        assertEquals("ALLOWED", stateOf(made.getUserToken()));
        client.revokeTokens(user);
        assertEquals("TOKEN_REVOKED", stateOf(made.getUserToken()));
        AccessToken after = client.getToken(user, List.of(CHAT));
        assertEquals("ALLOWED", stateOf(after));
        assertEquals(204, client.revokeTokensWithResponse(user, Context.NONE).getStatusCode());
        assertEquals("TOKEN_REVOKED", stateOf(after));
        async.revokeTokens(user).block();
        assertEquals(204, async.revokeTokensWithResponse(user).block().getStatusCode());
    }

    @Test
    void aDeletedUserIsGoneWithItsTokens() throws Exception {
        CommunicationUserIdentifierAndToken made = client.createUserAndToken(List.of(VOIP));
        client.deleteUser(made.getUser());
        assertEquals("TOKEN_REVOKED", stateOf(made.getUserToken()));
        refused(404, "IdentityNotFound", () -> client.getToken(made.getUser(), List.of(VOIP)));
        refused(404, "IdentityNotFound", () -> async.revokeTokens(made.getUser()).block());
        assertEquals(204, client.deleteUserWithResponse(client.createUser(), Context.NONE).getStatusCode());
        async.deleteUser(client.createUser()).block();
        assertEquals(204, async.deleteUserWithResponse(client.createUser()).block().getStatusCode());
    }

    @Test
    void scopesThatAreNoneAreRefused() {
        CommunicationUserIdentifier user = client.createUser();
        String told = refused(400, "ValidationError", () -> client.getToken(user, List.of()));
        assertTrue(told.contains("Invalid scopes - Scopes field is required."), told);
        List<CommunicationTokenScope> unknown = List.of(CHAT, scope("fly"));
        refused(400, "ValidationError", () -> client.getToken(user, unknown));
        refused(400, "ValidationError", () -> async.createUserAndToken(unknown).block());
    }

    @Test
    void aUserOfAnotherResourceIsOutOfReach() throws Exception {
        CommunicationIdentityClient other = builder("AZURE_OTHER_CONNECTION_STRING").buildClient();
        CommunicationUserIdentifier user = new CommunicationUserIdentifier(env("AZURE_OTHER_USER"));
        AccessToken token = other.getToken(user, List.of(CHAT));
        for (Executable call : List.<Executable>of(
                () -> client.getToken(user, List.of(CHAT)),
                () -> client.revokeTokens(user),
                () -> async.deleteUser(user).block())) {
            refused(401, "IdentityNotOwned", call);
        }
        assertEquals("ALLOWED", stateOf(token));
    }

    @Test
    void aWrongKeyIsDenied() {
        AzureKeyCredential wrong = new AzureKeyCredential(Base64.getEncoder().encodeToString(new byte[32]));
        CommunicationIdentityClient stranger = keyed(env("AZURE_ENDPOINT"), wrong);
        String told = refused(401, "Denied", stranger::createUser);
        assertTrue(told.contains("Denied by the resource provider"), told);
    }

    @Test
    void theExchangeOfATeamsTokenIsRefusedAsForATokenThatIsNotValid() {
        String id = "00000000-0000-0000-0000-000000000001";
        GetTokenForTeamsUserOptions options = new GetTokenForTeamsUserOptions("token", id, id);
        for (Executable call : List.<Executable>of(
                () -> client.getTokenForTeamsUser(options),
                () -> client.getTokenForTeamsUserWithResponse(options, Context.NONE),
                () -> async.getTokenForTeamsUser(options).block(),
                () -> async.getTokenForTeamsUserWithResponse(options).block())) {
            refused(401, "InvalidAccessToken", call);
        }
    }

    @Test
    void anEndpointAndAKeyDoAsWellAsAConnectionString() throws Exception {
        AzureKeyCredential key = new AzureKeyCredential(env("AZURE_CONNECTION_STRING").split("accesskey=")[1]);
        String endpoint = env("AZURE_ENDPOINT").replaceAll("/$", "");
        for (String form : List.of(endpoint, endpoint + "/")) {
            CommunicationUserIdentifierAndToken made = keyed(form, key).createUserAndToken(List.of(CHAT));
            client.revokeTokens(made.getUser());
            assertEquals("TOKEN_REVOKED", stateOf(made.getUserToken()));
        }
    }

    @Test
    void theSecondKeyDoesAsWellAsTheFirst() throws Exception {
        CommunicationIdentityClient second = builder("AZURE_SECONDARY_CONNECTION_STRING").buildClient();
        CommunicationUserIdentifierAndToken made = second.createUserAndToken(List.of(CHAT));
        assertEquals("ALLOWED", stateOf(made.getUserToken()));
        client.deleteUser(made.getUser());
    }

    @Test
    void aTokenCredentialReadsOurTokens() throws Exception {
        CommunicationUserIdentifierAndToken made = client.createUserAndToken(List.of(CHAT));
        String token = made.getUserToken().getToken();
        try (CommunicationTokenCredential fixed = new CommunicationTokenCredential(token)) {
            AccessToken read = fixed.getToken().block();
            assertEquals(token, read.getToken());
            assertEquals(number(token, "exp"), read.getExpiresAt().toEpochSecond());
        }
        CommunicationTokenRefreshOptions options = new CommunicationTokenRefreshOptions(
                () -> client.getToken(made.getUser(), List.of(CHAT)).getToken());
        try (CommunicationTokenCredential refreshed = new CommunicationTokenCredential(options)) {
            assertEquals(made.getUser().getId(), text(refreshed.getToken().block().getToken(), "sub"));
        }
    }

    private static CommunicationIdentityClientBuilder builder(String variable) {
        return new CommunicationIdentityClientBuilder().connectionString(env(variable));
    }

    private static CommunicationIdentityClient keyed(String endpoint, AzureKeyCredential key) {
        return new CommunicationIdentityClientBuilder().endpoint(endpoint).credential(key).buildClient();
    }

    private static CommunicationTokenScope scope(String name) {
        return CommunicationTokenScope.fromString(name);
    }

    /** The body of a call that must be refused with this status and this code. */
    private static String refused(int status, String code, Executable call) {
        HttpResponseException told = assertThrows(HttpResponseException.class, call);
        assertEquals(status, told.getResponse().getStatusCode(), told.getMessage());
        String body = told.getResponse().getBodyAsString().block();
        assertTrue(body.contains("\"code\":\"" + code + "\""), body);
        return body;
    }

    private static void says(
            AccessToken token, CommunicationUserIdentifier user, List<CommunicationTokenScope> scopes) {
        assertEquals(user.getId(), text(token.getToken(), "sub"));
        Set<String> asked = scopes.stream().map(CommunicationTokenScope::toString).collect(Collectors.toSet());
        assertEquals(asked, Set.copyOf(Arrays.asList(text(token.getToken(), "scope").split(" "))));
    }

    /** The token says of itself, and the service of it, that it lives this long from now. */
    private static void lives(AccessToken token, Duration lifetime) {
        long exp = number(token.getToken(), "exp");
        assertEquals(lifetime.toSeconds(), exp - number(token.getToken(), "iat"));
        assertEquals(exp, token.getExpiresAt().toEpochSecond());
        long off = Duration.between(OffsetDateTime.now().plus(lifetime), token.getExpiresAt()).abs().toSeconds();
        assertTrue(off < 60, "off by " + off + " s");
    }

    private static long number(String token, String claim) {
        return Long.parseLong(find(token, "\"" + claim + "\":(\\d+)"));
    }

    private static String text(String token, String claim) {
        return find(token, "\"" + claim + "\":\"([^\"]*)\"");
    }

    private static String find(String token, String pattern) {
        byte[] payload = Base64.getUrlDecoder().decode(token.split("\\.")[1]);
        Matcher matcher = Pattern.compile(pattern).matcher(new String(payload, StandardCharsets.UTF_8));
        assertTrue(matcher.find(), pattern);
        return matcher.group(1);
    }

    /** What the authority says of the token over gRPC. */
    private static String stateOf(AccessToken token) throws Exception {
        Process inspect = new ProcessBuilder(env("LANYARD"), "token", "inspect", token.getToken(), "--field", "reason")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String said = new String(inspect.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, inspect.waitFor(), said);
        return said.strip();
    }

    private static String env(String variable) {
        String value = System.getenv(variable);
        assertTrue(value != null && !value.isEmpty(), variable + " is not set");
        return value;
    }
}

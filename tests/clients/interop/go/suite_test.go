// Package suite calls a real server with grpc-go and the stubs that protoc-gen-go generates of the protos.
package suite

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	lanyardv1 "lanyard/v1"
)

type credential struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
}

// A context with a fresh caller JWT of one role of a bootstrap file.
func callerContext(t *testing.T, variable, role string) context.Context {
	t.Helper()
	text, err := os.ReadFile(os.Getenv(variable))
	must(t, err)
	var bootstrap map[string]json.RawMessage
	must(t, json.Unmarshal(text, &bootstrap))
	var held credential
	must(t, json.Unmarshal(bootstrap[role], &held))
	secret, err := base64.StdEncoding.DecodeString(held.Secret)
	must(t, err)
	now := time.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"aud": "lanyard", "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
	})
	token.Header["kid"] = held.ID
	signed, err := token.SignedString(secret)
	must(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+signed)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func dial(t *testing.T, target string, transport credentials.TransportCredentials) *grpc.ClientConn {
	t.Helper()
	connection, err := grpc.NewClient(target, grpc.WithTransportCredentials(transport))
	must(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	return connection
}

func tlsConnection(t *testing.T, host string) *grpc.ClientConn {
	t.Helper()
	pem, err := os.ReadFile(os.Getenv("INTEROP_CA"))
	must(t, err)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatal("no certificate in INTEROP_CA")
	}
	endpoint, err := url.Parse(os.Getenv("INTEROP_TLS_ENDPOINT"))
	must(t, err)
	return dial(t, host+":"+endpoint.Port(), credentials.NewTLS(&tls.Config{RootCAs: roots}))
}

func issue(t *testing.T, connection *grpc.ClientConn) string {
	t.Helper()
	identities := lanyardv1.NewIdentityServiceClient(connection)
	ctx := callerContext(t, "INTEROP_TLS_BOOTSTRAP", "primary")
	created, err := identities.CreateIdentity(ctx, &lanyardv1.CreateIdentityRequest{})
	must(t, err)
	issued, err := identities.IssueToken(ctx, &lanyardv1.IssueTokenRequest{
		IdentityId: created.GetIdentity().GetId(), Scopes: []string{"chat"},
	})
	must(t, err)
	return issued.GetAccessToken().GetToken()
}

func TestCallsOverTLSToEachName(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "localhost"} {
		if token := issue(t, tlsConnection(t, host)); token == "" {
			t.Error(host, "issued no token")
		}
	}
}

func TestChecksOverAUnixSocket(t *testing.T) {
	token := issue(t, tlsConnection(t, "127.0.0.1"))
	connection := dial(t, "unix:"+os.Getenv("INTEROP_SOCKET"), insecure.NewCredentials())
	policy := lanyardv1.NewPolicyServiceClient(connection)
	checked, err := policy.Check(callerContext(t, "INTEROP_TLS_BOOTSTRAP", "enforcer"), &lanyardv1.CheckRequest{
		Token: token, Capability: lanyardv1.Capability_CAPABILITY_CREATE_CHAT_THREAD,
	})
	must(t, err)
	if !checked.GetDecision().GetAllowed() {
		t.Error(checked)
	}
}

func TestAnErrorCarriesItsReason(t *testing.T) {
	identities := lanyardv1.NewIdentityServiceClient(tlsConnection(t, "127.0.0.1"))
	ctx := callerContext(t, "INTEROP_TLS_BOOTSTRAP", "primary")
	_, err := identities.IssueToken(ctx, &lanyardv1.IssueTokenRequest{IdentityId: "no-id", Scopes: []string{"chat"}})
	refused := status.Convert(err)
	if refused.Code() != codes.InvalidArgument {
		t.Fatal(err)
	}
	for _, detail := range refused.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.GetReason() == "INVALID_FIELD" {
			return
		}
	}
	t.Error("no ErrorInfo in", refused.Details())
}

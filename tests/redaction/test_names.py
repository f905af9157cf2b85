"""What names of fields, variables, flags and headers say about the value behind them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_mcp.redaction.names import Says, is_about, says


def words(text: str) -> list[str]:
    return text.split()


CREDENTIALS = words("""
password PASSWORD Password passwd db_password DB_PASSWORD dbPassword db-password DBPASSWORD
MYSQLROOTPASSWORD PGPASSWORD spring.datasource.password password2 PASSWORD_PROD password_hash
adminPassword keystore_password requirepass MYSQL_PWD dbpass smtp_pass pass pw passphrase token
TOKEN authToken access_token ACCESS_TOKEN refreshToken id_token GITHUB_TOKEN X-Auth-Token
X-Vault-Token bearerToken _authToken NPM_TOKEN SLACK_BOT_TOKEN tokenString TOKEN_GITHUB tokens
secret client_secret clientSecret CLIENT_SECRET clientsecret sharedSecret SECRET_KEY_BASE
jwtSecret apiKey api_key API_KEY APIKey apikey X-API-Key x-api-key STRIPE_API_KEY secretKey
SECRET_KEY secret_access_key AWS_SECRET_ACCESS_KEY accessKey accesskey private_key privateKey
PRIVATE_KEY client-key-data encryptionKey encryption_key signingKey masterKey MASTER_KEY
AccountKey SharedAccessKey authKey license_key LICENSE_KEY session_key hmacKey sshKey unseal_key
deploy-key credential credentials CREDENTIALS awsCredentials creds dsn SENTRY_DSN
connectionString CONNECTION_STRING conn_str ConnectionStrings__Default authorization
Authorization Proxy-Authorization cookie Cookie Set-Cookie salt bearer jwt otp GITHUB_PAT psk
.dockerconfigjson dockercfg .pgpass .netrc .htpasswd vault_secret_id example.com/api-token
example.com/password --password --client-secret -token
""")

MAYBE = words("""
key KEY keys auth AUTH session sessionId JSESSIONID signature sort_key primaryKey cacheKey
partitionKey foreign_key topologyKey passwordKey existingSecretPasswordKey adminPasswordKey
tokenKey accessKeyId AWS_ACCESS_KEY_ID credentialsId token_id private_key_id maxTokens
prompt_tokens existingSecret imagePullSecret pullSecret tlsSecret caSecret certSecret
externalSecret nginx.ingress.kubernetes.io/auth-secret
nginx.ingress.kubernetes.io/auth-tls-secret license nonce seed
""")

NOTHING = words("""
name namespace image user username POSTGRES_USER host port url DATABASE_URL value data id uid
count secretName secretNamespace secretRef secretKeyRef tokenSecretRef passwordSecretName
secretStoreRef secretStore secretTemplate secret_path SECRET_NAME keyRef passwordRef
privateKeySecretRef tokenExpirationSeconds token_ttl TOKEN_TTL TOKEN_URL token_endpoint
tokenType tokenAudience tokenReview tokenAuthFile token-auth-file --token-auth-file
--tls-private-key-file PASSWORD_FILE passwordFile passwordfile credentials_file
credentialsProvider GOOGLE_CREDENTIALS_PATH password_policy passwordMinLength password-reset
passwordAuthentication passwordless KEY_VAULT_NAME publicKey public_key PUBLIC_KEY keyAlgorithm
keySize monkey keyboard hockey compass bypass passthrough passThroughAll passHostHeader
tokenizer tokenization secretariat authorization-mode authenticator author authority cookieName
sessionCookieName checksum/secret checksum/config sha256/token rbac.authorization.k8s.io
secrets-store.csi.k8s.io c.e.shop.TokenService PasswordEncoder JwtTokenFilter token.go
secret.yaml saltLength connection connections connectionTimeout stringData encoding
""")


@pytest.mark.parametrize("name", CREDENTIALS)
def test_these_names_say_credential(name: str) -> None:
    assert says(name) is Says.CREDENTIAL


@pytest.mark.parametrize("name", MAYBE)
def test_these_names_say_maybe_so_only_a_random_value_is_masked(name: str) -> None:
    assert says(name) is Says.MAYBE


@pytest.mark.parametrize("name", [*NOTHING, "", "/", "123", "--", "kubernetes.io/", "é"])
def test_these_names_say_nothing(name: str) -> None:
    assert says(name) is Says.NOTHING


def test_a_name_nobody_would_write_is_not_trusted() -> None:
    assert says("x" * 257) is Says.MAYBE


@given(st.sampled_from(["db", "app", "my", "ROOT", "x1"]), st.sampled_from("_-."))
def test_the_last_word_decides_and_a_word_in_front_changes_nothing(before: str, sign: str) -> None:
    assert says(f"{before}{sign}password") is Says.CREDENTIAL
    assert says(f"{before}{sign}password{sign}file") is Says.NOTHING


@pytest.mark.parametrize("name", ["path", "secretName", "storeClass", "key", "create"])
def test_fields_about_a_credential_are_told_from_those_that_hold_one(name: str) -> None:
    assert is_about(name)


@pytest.mark.parametrize("name", ["", "main", "database", "x"])
def test_a_name_that_means_nothing_is_not_about_anything(name: str) -> None:
    assert not is_about(name)

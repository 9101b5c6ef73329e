/** What proves an identity to a registry. */
export type Credentials =
  | { readonly username: string; readonly password: string }
  /** A refresh token for the registry's token service. */
  | { readonly identityToken: string }
  /** A bearer token, sent as it is. */
  | { readonly registryToken: string };

/** Finds the credentials for a registry; undefined means anonymous. */
export type CredentialSource = (registry: string, signal?: AbortSignal) => Promise<Credentials | undefined>;

/** The `Authorization` of HTTP Basic (RFC 7617). */
export function basicAuthorization({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/**
 * Where a client tells its certificate, URL-encoded PEM as nginx's `$ssl_client_escaped_cert`. The
 * identity provider speaks plain HTTP on loopback, so it believes whoever reaches it: for development
 * and test only.
 */
export const CLIENT_CERTIFICATE_HEADER = 'x-client-cert';

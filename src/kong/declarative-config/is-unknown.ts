/**
 * Whether a text is not what the plugin will get: a reference to one of Kong's vaults, or a variable that decK or the
 * shell fills in before Kong reads the file.
 *
 * @see https://docs.konghq.com/gateway/latest/kong-enterprise/secrets-management/reference-format/
 * @see https://docs.konghq.com/deck/latest/guides/environment-variables/
 */
export function isUnknown(value: unknown): boolean {
  return typeof value === 'string' && /\$\{|^\{vault:\/\//.test(value);
}

import { z } from 'zod';
import { isSecureUrl } from '../../config/fields.ts';

const FORM =
  /^(https?:\/\/[^/?#]+)\/v1\/projects\/-\/serviceAccounts\/([^/?#@:\s]+@[^/?#@:\s]+):generateAccessToken$/;

const WRONG =
  'must be https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{email}:generateAccessToken';

/** A service account to impersonate, and where. */
export interface Impersonation {
  /** The IAM Credentials API, without a slash at its end. */
  endpoint: string;
  service_account: string;
}

/** Where a service account's access tokens are made, which tells the account. */
export const impersonationUrl = z
  .string({ error: WRONG })
  .max(512, { error: WRONG })
  .transform((text, context): Impersonation => {
    const [, endpoint, service_account] = (isSecureUrl(text) && FORM.exec(text)) || [];
    if (endpoint !== undefined && service_account !== undefined) {
      return { endpoint, service_account };
    }
    context.addIssue({ code: 'custom', message: WRONG });
    return z.NEVER;
  });

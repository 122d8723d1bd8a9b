import { foldHeaderName } from '../fold-header-name.ts';
import { MAX_HEADER_SEPARATORS } from '../header-spellings.ts';
import { headerName } from './fields.ts';

/** Credentials of the request itself: what is written there would be taken for them. */
const CREDENTIAL_HEADERS = ['authorization', 'cookie', 'dpop', 'x-serverless-authorization'];

/** A header that the gateway sets for the upstream, and no client can. */
export const upstreamHeaderName = headerName
  .refine((name) => headerName.safeParse(foldHeaderName(name)).success, {
    error: 'must not read like a header that HTTP itself or the gateway uses',
  })
  .refine((name) => !CREDENTIAL_HEADERS.includes(foldHeaderName(name)), {
    error: 'must not be a header that carries credentials',
  })
  .refine((name) => foldHeaderName(name).split('-').length - 1 <= MAX_HEADER_SEPARATORS, {
    error: `must not have more than ${MAX_HEADER_SEPARATORS} of - and _, or its spellings could not all be removed`,
  });

import { z } from 'zod';

/** As Google names service accounts: those of projects, and those it makes itself (`…-compute@developer.…`). */
export const serviceAccountEmail = z
  .string()
  .max(256)
  .regex(/^[a-z0-9][a-z0-9.-]*@(?:[a-z0-9][a-z0-9.-]*\.)?gserviceaccount\.com$/, {
    error: 'must be the e-mail of a service account',
  });

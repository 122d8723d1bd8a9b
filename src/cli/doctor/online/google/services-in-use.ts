import { groupBy } from '../group-by.ts';
import type { Lookups } from '../lookups.ts';
import type { ServiceLookup } from './look-up-service.ts';
import type { Sender, TokenRoute } from './sender.ts';

/** A Cloud Run service, and the routes that lead to it. */
export interface ServiceInUse {
  resource: string;
  lookup: ServiceLookup;
  /** At least one. */
  routes: readonly TokenRoute[];
  accounts: readonly Account[];
}

/** A Google account by which a service is invoked. */
export interface Account {
  sender: Sender;
  /** Undefined where nobody tells it. */
  email: string | undefined;
  /** Names of the routes that have it. */
  routes: readonly string[];
}

/** Everything that routes are known to lead to. */
export function servicesInUse(
  lookups: Pick<Lookups, 'tokenRoutes' | 'service' | 'metadataAccount'>,
): Promise<ServiceInUse[]> {
  const known = lookups.tokenRoutes.filter(({ resource }) => resource !== undefined);
  const byResource = groupBy(known, ({ resource }) => resource ?? '');
  return Promise.all(
    [...byResource].map(async ([resource, routes]): Promise<ServiceInUse> => {
      const [lookup, accounts] = await Promise.all([
        lookups.service(resource),
        accountsOf(routes, lookups),
      ]);
      return { resource, lookup, routes, accounts };
    }),
  );
}

async function accountsOf(
  routes: readonly TokenRoute[],
  { metadataAccount }: Pick<Lookups, 'metadataAccount'>,
): Promise<Account[]> {
  const all = routes.flatMap(({ name, credentials }) =>
    credentials.outcome !== 'usable'
      ? []
      : credentials.senders.map((sender) => ({ name, sender, found: credentials.found })),
  );
  const groups = groupBy(all, ({ sender }) => sender.id_tokens.credential);
  return Promise.all(
    [...groups.values()].flatMap((group) => {
      const [first] = group;
      if (first === undefined) return [];
      const { sender, found } = first;
      const isAttached = sender.email === undefined && found.credentials.type === 'metadata_server';
      return [
        toAccount(
          sender,
          isAttached,
          group.map(({ name }) => name),
        ),
      ];
    }),
  );

  async function toAccount(
    sender: Sender,
    isAttached: boolean,
    names: readonly string[],
  ): Promise<Account> {
    const email = isAttached ? await metadataAccount() : sender.email;
    return { sender, email, routes: names };
  }
}

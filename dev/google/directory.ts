import { createHash } from 'node:crypto';

export interface GroupOptions {
  email: string;
  displayName?: string;
  /** emails of users, service accounts and other groups */
  members: readonly string[];
  /** the organization it belongs to; default is this directory's own */
  customer?: string;
}

export interface Group extends Required<GroupOptions> {
  /** `groups/{id}` */
  resource: string;
}

/** The groups of one Cloud Identity customer, and of others that its users are members of. */
export interface Directory {
  customer: string;
  /** who has the admin role Groups Reader */
  readers: ReadonlySet<string>;
  set(group: GroupOptions): void;
  delete(email: string): void;
  /** by resource; `DIRECT` where the member is named in the group, `INDIRECT` where only groups in it are */
  groupsOf(email: string): { group: Group; relation: 'DIRECT' | 'INDIRECT' }[];
}

export function createDirectory(
  options: readonly GroupOptions[],
  { customer, readers }: { customer: string; readers: readonly string[] },
): Directory {
  const groups = new Map<string, Group>();
  function set(group: GroupOptions): void {
    const email = group.email.toLowerCase();
    groups.set(email, {
      displayName: email.replace(/@.*/, ''),
      customer,
      ...group,
      email,
      members: group.members.map((member) => member.toLowerCase()),
      resource: `groups/${createHash('sha256').update(email).digest('hex').slice(0, 15)}`,
    });
  }
  for (const group of options) set(group);

  function groupsOf(email: string): ReturnType<Directory['groupsOf']> {
    const direct = [...groups.values()].filter(({ members }) => members.includes(email));
    const found = new Set(direct);
    // Groups may contain one another in a circle: each is looked into once.
    for (const { email: inner } of found) {
      for (const group of groups.values()) if (group.members.includes(inner)) found.add(group);
    }
    return [...found]
      .map((group) => ({
        group,
        relation: direct.includes(group) ? ('DIRECT' as const) : ('INDIRECT' as const),
      }))
      .toSorted((a, b) => (a.group.resource < b.group.resource ? -1 : 1));
  }

  return {
    customer,
    readers: new Set(readers),
    set,
    delete: (email) => {
      groups.delete(email.toLowerCase());
    },
    groupsOf: (email) => groupsOf(email.toLowerCase()),
  };
}
